"""Events from files and from a program's own values, each as the bytes that it came in.

Bytes are never parsed and printed again: the spelling of numbers, escapes and duplicate keys are the engine's to judge.
What cannot be cut into events is handed on in one piece, so that the engine rejects it and it is counted.
"""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Optional, Union

from .errors import InputError
from .pieces import pieces
from .unpacked import Unpacked

#: One event: JSON text, or a mapping that is written as JSON.
Event = Union[bytes, bytearray, memoryview, str, Mapping[str, Any]]
#: What the engine's calls take: an event; the text of a file of events; or an iterable of events.
Events = Union[Event, Iterable[Event]]

log = logging.getLogger("oxpecker")
_ENDINGS = (".json", ".ndjson", ".jsonl", ".log")


def read_events(
    *sources: Union[str, os.PathLike[str], IO[bytes]], on_error: Optional[Callable[[InputError], object]] = None
) -> Iterator[bytes]:
    """The events of files, folders and open binary files, one after the other.

    NDJSON, a JSON document, an array, CloudTrail's `{"Records": […]}`, objects glued together; gzip or not. Folders are
    walked in the order of names. A file that cannot be read to its end gives what can be read, then InputError, which
    ends the reading; with `on_error` that is called, and reading goes on with the next file.
    """
    for source in sources:
        if isinstance(source, (str, os.PathLike)):
            for path in _files(Path(source)):
                yield from _told(_of_path(path), str(path), on_error)
        else:
            name = str(getattr(source, "name", "the stream"))
            yield from _told(_of_file(source, name), name, on_error)


def _told(events: Iterator[bytes], name: str, on_error: Optional[Callable[[InputError], object]]) -> Iterator[bytes]:
    while True:
        try:
            event = next(events, None)
        except (InputError, OSError) as error:
            if on_error is None:
                raise
            on_error(error if isinstance(error, InputError) else InputError(f"cannot read {name}: {error}"))
            return
        if event is None:
            return
        yield event


def events_of(events: Events) -> Iterator[bytes]:
    """The bytes of each event that a call was given."""
    if isinstance(events, str):
        events = events.encode("utf-8", "surrogatepass")
    if isinstance(events, (bytes, bytearray, memoryview)):
        yield from pieces(io.BytesIO(bytes(events)), "the text")
    elif isinstance(events, os.PathLike):
        raise TypeError("events of a file are read with read_events(path)")
    elif isinstance(events, Mapping):
        yield from _of_value(events)
    else:
        for event in events:
            yield from _of_value(event)


def _of_value(event: Any) -> Iterator[bytes]:
    if isinstance(event, Mapping):
        records = event.get("Records")
        if len(event) == 1 and isinstance(records, list):
            for record in records:
                yield _written(record)
        else:
            yield _written(event)
        return
    if isinstance(event, str):
        event = event.encode("utf-8", "surrogatepass")
    if not isinstance(event, (bytes, bytearray, memoryview)):
        raise TypeError(f"an event is JSON text (bytes or str) or a mapping, not {type(event).__name__}")
    line = bytes(event).rstrip(b"\r\n")
    if line.strip():
        yield line


def _written(event: Any) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.name.startswith(".") or entry.name == "CloudTrail-Digest":
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _files(entry)
        elif entry.name.lower().removesuffix(".gz").endswith(_ENDINGS) and entry.is_file():
            yield entry
        else:
            log.warning("passed over %s: its name ends in none of %s, with or without .gz", entry, ", ".join(_ENDINGS))


def _of_path(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _of_file(file, str(path))


def _of_file(file: IO[bytes], name: str) -> Iterator[bytes]:
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic == b"\x28\xb5\x2f\xfd":
        raise InputError(f"{name} is zstd, which is not read here: unpack it first (zstd -d)")
    if magic[:2] != b"\x1f\x8b":
        yield from pieces(buffered, name)
        return
    unpacked = Unpacked(buffered)
    yield from pieces(io.BufferedReader(unpacked, 256 << 10), name)
    if unpacked.failure:
        raise InputError(f"{name} is cut or broken: {unpacked.failure}")
