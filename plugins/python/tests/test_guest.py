"""Modules that trap, never end, or lie: each is a typed error, and never an answer."""

import time
import unittest
from typing import Any

import wasmtime

import oxpecker
from oxpecker import (
    AnswerError,
    BrokenError,
    ClosedError,
    DeadlineError,
    Engine,
    Limits,
    ModuleError,
    RefusedError,
    TrapError,
)  # fmt: skip

#: Functions with what they do unless a test says otherwise: the load report lies at 0, an answer to one event at 256.
FUNCTIONS = {
    "ox_abi_version": ("", "i32.const 1"),
    "ox_alloc": ("(param i32)", "i32.const 1024"),
    "ox_free": ("(param i32)", "i32.const 0"),
    "ox_result_ptr": ("", "global.get $at"),
    "ox_result_len": ("", "global.get $length"),
    "ox_load": ("(param i32 i32)", "(global.set $at (i32.const 0)) (global.set $length (i32.const 56)) i32.const 0"),
    "ox_match": ("(param i32 i32 i64)", "(global.set $at (i32.const 256)) (global.set $length (i32.const 16)) i32.const 0"),
    "ox_flush": ("", "(global.set $length (i32.const 0)) i32.const 0"),
    "ox_save": ("", "i32.const 0"),
    "ox_restore": ("(param i32 i32)", "i32.const 0"),
    "ox_stats": ("", "i32.const 0"),
    "ox_eval": ("(param i32 i32)", "i32.const 0"),
    "ox_detect": ("(param i32 i32 i64)", "i32.const 0"),
    "ox_window": ("(param i32 i32 i64)", "i32.const 0"),
    "ox_more": ("", "i32.const 0"),
}  # fmt: skip
REPORT = r"{\"rules\":0,\"disabled\":0,\"rule_ids\":[\"r\"],\"problems\":[]}".ljust(56 + 16)


def module(answer: str = r"\01\00\00\00", more: str = "", **bodies: str) -> bytes:
    functions = "\n".join(
        f'(func (export "{name}") {parameters} (result i32) {bodies.get(name, body)})'
        for name, (parameters, body) in FUNCTIONS.items()
        if bodies.get(name) != ""
    )
    return bytes(
        wasmtime.wat2wasm(f"""(module {more} (memory (export "memory") 2)
      (global $at (mut i32) (i32.const 0)) (global $length (mut i32) (i32.const 0))
      (data (i32.const 0) "{REPORT}") (data (i32.const 256) "{answer}") {functions})""")
    )


def engine(limits: Limits = Limits(), **changes: str) -> Engine:
    return Engine.load(filters="a = 1", module=module(**changes), limits=limits, cache=False)


class Hostile(unittest.TestCase):
    def fails(self, kind: type[BrokenError], why: str, limits: Limits = Limits(), **changes: Any) -> None:
        broken = engine(limits, **changes)
        with self.assertRaisesRegex(kind, why) as caught:
            broken.match({})
        self.assertIn(caught.exception.during, ("ox_match", "ox_more"))
        self.assertEqual((broken.read, broken.evaluated), (0, 0))
        self.assertRaisesRegex(ClosedError, "failed before", broken.match, {})
        broken.close()

    def test_the_honest_one_works(self) -> None:
        with engine() as honest:
            self.assertEqual(honest.match({}), [])
            self.assertEqual(honest.evaluated, 1)

    def test_a_trap(self) -> None:
        self.fails(TrapError, "unreachable", ox_match="unreachable")
        self.fails(TrapError, "memory out of bounds", ox_match="(i32.load (i32.const -4))")

    def test_a_call_that_never_ends(self) -> None:
        begun = time.monotonic()
        self.fails(DeadlineError, "longer than 0.2 s", Limits(deadline=0.2), ox_match="(loop $on (br $on)) i32.const 0")
        self.assertLess(time.monotonic() - begun, 10)
        slow = engine(Limits(deadline=0.05), ox_save="(loop $on (br $on)) i32.const 0")
        self.assertRaisesRegex(DeadlineError, "ox_save: it took longer than 0.5 s", slow.save)

    def test_too_much_memory(self) -> None:
        grow = "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable)) i32.const 0"
        self.fails(TrapError, "of 1,048,576 bytes of memory", Limits(memory_bytes=1 << 20), ox_match=grow)

    def test_answers_that_make_no_sense(self) -> None:
        self.fails(AnswerError, "not those of the batch", answer=r"\02\00\00\00")
        self.fails(AnswerError, "not those of the batch", answer=r"\ff\ff\ff\ff\02\00\00\00")
        self.fails(AnswerError, "sum of its parts", answer=r"\00\00\00\00\01\00\00\00")
        self.fails(AnswerError, "sum of its parts", answer=r"\01\00\00\00" + r"\00" * 8 + r"\05")
        self.fails(AnswerError, "shorter than its head", ox_match="(global.set $length (i32.const 4)) i32.const 0")
        self.fails(AnswerError, "outside its memory", ox_match="(global.set $at (i32.const -9)) i32.const 0")
        self.fails(AnswerError, "outside its memory", ox_match="(global.set $length (i32.const -1)) i32.const 0")
        alerts = "(global.set $at (i32.const 256)) (global.set $length (i32.const 17)) i32.const 0"
        self.fails(AnswerError, "not the JSON", answer=r"\01" + r"\00" * 11 + r"\01\00\00\00{", ox_match=alerts)

    def test_answers_in_parts(self) -> None:
        part = "(global.set $at (i32.const 256)) (global.set $length (i32.const 16)) i32.const 1"
        nothing = "(global.set $at (i32.const 272)) (global.set $length (i32.const 16)) i32.const 0"
        two = {"ox_match": part, "answer": (r"\01" + r"\00" * 15) + r"\00" * 16}
        with engine(**two, ox_more=nothing) as honest:
            self.assertEqual((honest.match({}), honest.evaluated), ([], 1))
        self.fails(AnswerError, "not those of the batch", **two)
        self.fails(AnswerError, "more or larger parts", **two, ox_more=part)
        self.fails(TrapError, "unreachable", **two, ox_more="unreachable")

    def test_large_parts_have_a_bound_together_however_many_there_may_be(self) -> None:
        # Thirty parts are as many as there may be; three MB are more than eight times the memory.
        part = "(global.set $at (i32.const 256)) (global.set $length (i32.const 100000)) i32.const 1"
        endless = engine(Limits(memory_bytes=128 << 10), ox_match=part, ox_more=part)
        with self.assertRaisesRegex(AnswerError, "more or larger parts"):
            endless.match([{}] * 30)

    def test_blocks_that_make_no_sense(self) -> None:
        # Loading needs a block too: the second one is bad.
        second = "(global $calls (mut i32) (i32.const 0))"
        count = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))"
        outside = f"{count} (select (i32.const 1024) (i32.const -8) (i32.eq (global.get $calls) (i32.const 1)))"
        self.fails(AnswerError, "block lies outside", more=second, ox_alloc=outside)
        kept = f"{count} (select (i32.const 0) (i32.const -1) (i32.eq (global.get $calls) (i32.const 1)))"
        self.fails(AnswerError, "take its block back", more=second, ox_free=kept)

    def test_a_status_is_told_and_the_engine_goes_on(self) -> None:
        with engine(ox_match="i32.const -2") as refusing:
            with self.assertRaises(RefusedError) as caught:
                refusing.match({})
            self.assertEqual((caught.exception.status, caught.exception.during), (-2, "ox_match"))
            self.assertEqual(refusing.flush(), [])

    def test_what_is_no_module(self) -> None:
        for wasm in [b"", b"nonsense", module(more='(import "a" "b" (func))'), module(ox_match=""),
                     module(ox_abi_version="i32.const 2"), module(more="(memory 1)")]:  # fmt: skip
            with self.subTest(len(wasm)), self.assertRaises(ModuleError):
                Engine.load(filters="a = 1", module=wasm, cache=False)
        with self.assertRaises(ModuleError):
            engine(Limits(memory_bytes=1))

    def test_all_these_errors_have_one_root(self) -> None:
        for kind in (BrokenError, ModuleError, RefusedError, ClosedError):
            self.assertTrue(issubclass(kind, oxpecker.OxpeckerError))
