"""One instance of the module: bytes in, bytes out. Every number that it gives is checked before it is used.

```text
block = ox_alloc(n)    write n bytes at block    status = call(block, n, …)    read ox_result_len() bytes at
ox_result_ptr()        ox_free(block)
```
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, TypeVar, Union

import wasmtime

from .errors import AnswerError, BrokenError, ClosedError, DeadlineError, ModuleError, NoRoomError, TrapError

E = TypeVar("E", bound=BrokenError)
ABI_VERSION = 1
#: The exports that are called, with the number of their parameters.
_EXPORTS = {
    "ox_abi_version": 0, "ox_alloc": 1, "ox_free": 1, "ox_result_ptr": 0, "ox_result_len": 0, "ox_load": 2,
    "ox_match": 3, "ox_flush": 0, "ox_save": 0, "ox_restore": 2, "ox_stats": 0, "ox_eval": 2, "ox_detect": 3,
    "ox_window": 3, "ox_more": 0,
}  # fmt: skip
_BATCH_CALLS = ("ox_match", "ox_eval", "ox_detect", "ox_window", "ox_more")
#: The status of an answer that goes on.
_PART = 1
#: All parts of an answer together may have as many times the bytes that the module may hold. What is more comes of fewer
#: events at a time.
_PARTS_MEMORY = 8
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Limits:
    """What an engine may use."""

    #: The most linear memory that the module may hold.
    memory_bytes: int = 256 << 20
    #: Seconds that a call with a batch may take, None for any time; loading, flushing, saving and restoring get ten
    #: times as many. Code that can be stopped runs a little slower.
    deadline: Optional[float] = None


class Ticker:
    """Counts the epochs by which wasmtime stops code, while calls with a deadline are under way."""

    SECONDS = 0.01

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._calls = 0
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None

    def __enter__(self) -> None:
        with self._changed:
            self._calls += 1
            # A fork leaves the object and takes the thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="oxpecker-deadline", daemon=True)
                self._thread.start()
            self._changed.notify()

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._calls -= 1

    def _run(self) -> None:
        while self._awaited():
            time.sleep(self.SECONDS)
            self._engine.increment_epoch()

    def _awaited(self) -> bool:
        """Waits for calls; False, and the thread ends, if there have been none for a while."""
        with self._changed:
            if self._calls == 0 and not self._changed.wait(1.0) and self._calls == 0:
                self._thread = None
                return False
            return True


@dataclass(frozen=True)
class _Code:
    engine: wasmtime.Engine
    module: wasmtime.Module
    ticker: Ticker


@functools.lru_cache(maxsize=4)
def _compiled(wasm: bytes, stoppable: bool, cached: bool) -> _Code:
    config = wasmtime.Config()
    config.epoch_interruption = stoppable
    if cached:
        # Where there is no folder for it the code is compiled anew: slower, never wrong.
        with contextlib.suppress(wasmtime.WasmtimeError):
            config.cache = True
    engine = wasmtime.Engine(config)
    try:
        module = wasmtime.Module(engine, wasm)
    except wasmtime.WasmtimeError as error:
        raise ModuleError("not a WebAssembly module that can run here") from error
    if module.imports:
        raise ModuleError("the module has imports, and may have none")
    return _Code(engine, module, Ticker(engine))


@functools.lru_cache(maxsize=1)
def _shipped() -> bytes:
    return (_DATA / "oxpecker.wasm").read_bytes()


def shipped_rules() -> Path:
    """The folder of the rules that come with the package."""
    return _DATA / "rules"


class Guest:
    """An instance. Calls from several threads wait for each other: an instance has one memory and one result."""

    def __init__(self, module: Union[bytes, Path, None], limits: Limits, cached: bool = False) -> None:
        wasm = _shipped() if module is None else module if isinstance(module, bytes) else module.read_bytes()
        self._limits = limits
        self._code = _compiled(wasm, limits.deadline is not None, cached)
        self._lock = threading.RLock()
        self._over: Optional[str] = None
        self._store = wasmtime.Store(self._code.engine)
        self._store.set_limits(memory_size=limits.memory_bytes, instances=1, memories=1)
        self._give_time("the start")
        try:
            exports = wasmtime.Instance(self._store, self._code.module, []).exports(self._store)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise ModuleError(f"the module does not start within {limits.memory_bytes:,} bytes of memory") from error
        self._memory, self._functions = _checked(self._store, exports)
        version = self._run("ox_abi_version")
        if version != ABI_VERSION:
            raise ModuleError(f"the module speaks version {version} of the ABI, this package version {ABI_VERSION}")

    def call(self, name: str, payload: Optional[bytes] = None, *more: int) -> tuple[int, bytes]:
        """The status and the result of a call. `payload` goes to the module in a block that is freed again."""
        with self._lock:
            if payload is None:
                status = self._run(name)
            else:
                # No block is empty: one byte more than is used.
                block = self._run("ox_alloc", len(payload) + 1)
                if block == 0:
                    raise NoRoomError(name, len(payload))
                self._write(name, block & 0xFFFFFFFF, payload)
                status = self._run(name, block, len(payload), *more)
                result = self._result(name)
                if self._run("ox_free", block) != 0:
                    raise self._broken(AnswerError(name, "it does not take its block back"))
                return status, result
            return status, self._result(name)

    def parts(self, name: str, payload: bytes, *more: int, most: int) -> tuple[int, list[bytes]]:
        """The same of a call whose answer may come in several parts, of which there can be so many."""
        room = _PARTS_MEMORY * self._limits.memory_bytes
        with self._lock:
            status, result = self.call(name, payload, *more)
            parts = [result]
            while status == _PART:
                room -= len(result)
                if len(parts) > most or room < 0:
                    raise self.broken(name, "it has more or larger parts than there can be")
                status, result = self.call("ox_more")
                parts.append(result)
            return status, parts

    def broken(self, during: str, what: str) -> AnswerError:
        """The error for an answer that makes no sense; the instance is over."""
        return self._broken(AnswerError(during, what))

    def close(self) -> None:
        """Gives the memory back."""
        with self._lock:
            self._over = self._over or "the engine is closed"
            self._store.close()

    @property
    def memory_bytes(self) -> int:
        """Linear memory in use."""
        with self._lock:
            self._must_live()
            return self._memory.data_len(self._store)

    def _must_live(self) -> None:
        if self._over is not None:
            raise ClosedError(self._over)

    def _seconds(self, name: str) -> float:
        deadline = self._limits.deadline or 0.0
        return deadline if name in _BATCH_CALLS else 10 * deadline

    def _give_time(self, name: str) -> None:
        if self._limits.deadline is not None:
            # One more: the epoch under way has partly passed.
            self._store.set_epoch_deadline(math.ceil(self._seconds(name) / Ticker.SECONDS) + 1)

    def _run(self, name: str, *arguments: int) -> int:
        self._must_live()
        function = self._functions[name]
        try:
            if self._limits.deadline is None:
                return int(function(self._store, *arguments))
            self._give_time(name)
            with self._code.ticker:
                return int(function(self._store, *arguments))
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise self._trapped(name, error) from None

    def _trapped(self, name: str, error: Exception) -> Exception:
        code = error.trap_code if isinstance(error, wasmtime.Trap) else None
        if code is wasmtime.TrapCode.INTERRUPT:
            return self._broken(DeadlineError(name, f"it took longer than {self._seconds(name):g} s"))
        cause = code.name.lower().replace("_", " ") if code else "unknown cause"
        held = f"{self._memory.data_len(self._store):,} of {self._limits.memory_bytes:,} bytes of memory in use"
        return self._broken(TrapError(name, f"trap: {cause}; {held}"))

    def _broken(self, error: E) -> E:
        self._over = f"this engine has failed before: {error}"
        self._store.close()
        return error

    def _write(self, name: str, address: int, payload: bytes) -> None:
        if address + len(payload) > self._memory.data_len(self._store):
            raise self._broken(AnswerError(name, "its block lies outside its memory"))
        self._memory.write(self._store, payload, address)

    def _result(self, name: str) -> bytes:
        address = self._run("ox_result_ptr") & 0xFFFFFFFF
        length = self._run("ox_result_len") & 0xFFFFFFFF
        if length == 0:
            return b""
        if address + length > self._memory.data_len(self._store):
            raise self._broken(AnswerError(name, "its result lies outside its memory"))
        return bytes(self._memory.read(self._store, address, address + length))


def _checked(store: wasmtime.Store, exports: Any) -> tuple[wasmtime.Memory, dict[str, wasmtime.Func]]:
    memory = exports.get("memory")
    if not isinstance(memory, wasmtime.Memory):
        raise ModuleError("the module exports no memory")
    functions: dict[str, wasmtime.Func] = {}
    for name, parameters in _EXPORTS.items():
        function = exports.get(name)
        if not isinstance(function, wasmtime.Func):
            raise ModuleError(f"the module has no function {name}")
        kind = function.type(store)
        types = [str(parameter) for parameter in kind.params]
        if types != ["i32", "i32", "i64"][:parameters] or [str(result) for result in kind.results] != ["i32"]:
            raise ModuleError(f"the module's function {name} has another type")
        functions[name] = function
    return memory, functions
