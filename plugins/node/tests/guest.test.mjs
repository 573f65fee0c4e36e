// Modules that trap or lie: each is a typed error, and never an answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AnswerError,
  BrokenError,
  ClosedError,
  Engine,
  MemoryError,
  ModuleError,
  OxpeckerError,
  RefusedError,
  TrapError,
} from "oxpecker-wasm";
import { firstThen, GROW, module, number, OUT_OF_BOUNDS, result, UNREACHABLE } from "./wasm.mjs";

const load = (bodies, answer, limits = {}) =>
  Engine.load(undefined, { filters: "a = 1", module: module(bodies, answer), limits });

function fails(kind, why, bodies, answer, limits) {
  const broken = load(bodies, answer, limits);
  assert.throws(
    () => broken.match({}),
    (error) => {
      assert.ok(error instanceof kind && error instanceof BrokenError && error instanceof OxpeckerError, error);
      assert.equal(error.name, kind.name);
      assert.match(error.message, why);
      assert.match(error.during, /^ox_(match|more|free)$/);
      return true;
    },
  );
  assert.deepEqual([broken.read, broken.evaluated], [0, 0]);
  assert.throws(
    () => broken.match({}),
    (error) => error instanceof ClosedError && /failed before/.test(error.message),
  );
  broken.close();
}

test("the honest one works", () => {
  const honest = load();
  assert.deepEqual(honest.match({}), []);
  assert.equal(honest.evaluated, 1);
});

test("a trap", () => {
  fails(TrapError, /unreachable/, { ox_match: UNREACHABLE });
  fails(TrapError, /out of bounds/, { ox_match: OUT_OF_BOUNDS });
  // A function that calls itself: the stack is used up.
  const itself = [0x20, 0, 0x20, 1, 0x20, 2, 0x10, 6];
  fails(TrapError, /stack/, { ox_match: itself });
});

test("too much memory", () => {
  fails(MemoryError, /more than the 1048576 allowed/, { ox_match: GROW }, undefined, { memoryBytes: 1 << 20 });
});

test("answers that make no sense", () => {
  fails(AnswerError, /not those of the batch/, {}, [2]);
  fails(AnswerError, /not those of the batch/, {}, [255, 255, 255, 255, 2]);
  fails(AnswerError, /sum of its parts/, {}, [0, 0, 0, 0, 1]);
  fails(AnswerError, /sum of its parts/, {}, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
  fails(AnswerError, /outside the batch/, { ox_match: result(256, 28) }, [0, 0, 0, 0, 1, ...Array(11).fill(0), 7]);
  fails(AnswerError, /shorter than its head/, { ox_match: result(256, 4) });
  fails(AnswerError, /outside its memory/, { ox_match: result(-9, 16) });
  fails(AnswerError, /outside its memory/, { ox_match: result(256, -1) });
  const alert = [1, ...Array(11).fill(0), 1, 0, 0, 0, 0x7b];
  fails(AnswerError, /not the JSON/, { ox_match: result(256, 17) }, alert);
});

test("answers in parts", () => {
  const two = [1, ...Array(31).fill(0)];
  const honest = load({ ox_match: result(256, 16, 1), ox_more: result(272, 16) }, two);
  assert.deepEqual([honest.match({}), honest.evaluated], [[], 1]);
  fails(AnswerError, /not those of the batch/, { ox_match: result(256, 16, 1) }, two);
  fails(AnswerError, /more or larger parts/, { ox_match: result(256, 16, 1), ox_more: result(272, 16, 1) }, two);
  fails(TrapError, /unreachable/, { ox_match: result(256, 16, 1), ox_more: UNREACHABLE }, two);
});

test("large parts have a bound together, however many there may be", () => {
  // Thirty parts are as many as there may be; three MB are more than eight times the memory.
  const part = result(256, 100_000, 1);
  const endless = load({ ox_match: part, ox_more: part }, undefined, { memoryBytes: 128 << 10 });
  assert.throws(() => endless.match(Array(30).fill({})), /more or larger parts/);
});

test("blocks that make no sense", () => {
  // Loading needs a block too: the second one is bad.
  fails(AnswerError, /block lies outside/, { ox_alloc: firstThen(1024, -8) });
  fails(AnswerError, /take its block back/, { ox_free: firstThen(0, -1) });
});

test("a status is told and the engine goes on", () => {
  const refusing = load({ ox_match: number(-2) });
  assert.throws(
    () => refusing.match({}),
    (error) => {
      assert.ok(error instanceof RefusedError);
      assert.deepEqual([error.status, error.during], [-2, "ox_match"]);
      return true;
    },
  );
  assert.deepEqual(refusing.flush(), []);
});

test("what is no module", () => {
  const broken = [
    new Uint8Array(),
    Buffer.from("nonsense"),
    module({}, [1], ["b"]),
    module({ ox_match: null }),
    module({ ox_abi_version: number(2) }),
  ];
  for (const wasm of broken) {
    assert.throws(() => Engine.load(undefined, { filters: "a = 1", module: wasm }), ModuleError);
  }
});
