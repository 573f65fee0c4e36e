"""Events on their way in and the answer on its way out, in the frames of the ABI.

```text
batch    u8 format 2, u8 0, u16 tag length, u32 0, i64 shipper's time, tag; then for each event u32 length, bytes
answer   u32 evaluated, rejected, undecided, body length; then for each reject u32 index, offset, reason; body;
         in one part or in several, each of them so
```
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

#: Bytes of events that go to the module in one call: at half as many a match of real events takes a tenth longer.
BATCH_BYTES = 256 << 10
#: The longest event that the module takes. A longer one is cut to one byte more, which is rejected all the same.
EVENT_BYTES = 4 << 20
_UNKNOWN_TIME = -(1 << 63)
_BATCH_HEAD = struct.Struct("<BBHIq")
#: The length of a tag has 16 bits.
_TAG_BYTES = 0xFFFF
_ANSWER_HEAD = struct.Struct("<4I")
_REJECT = struct.Struct("<3I")
_LENGTH = struct.Struct("<I")
_CODES = {
    1: "invalid-json", 2: "invalid-utf8", 3: "lone-surrogate", 4: "too-deep", 5: "not-an-object", 6: "too-large",
    7: "too-many-values",
}  # fmt: skip


@dataclass(frozen=True)
class Reject:
    """An event that could not be evaluated."""

    #: Its place among the events of the call, from 0.
    index: int
    #: Where in the event the trouble is.
    offset: int
    #: `invalid-json`, `invalid-utf8`, `lone-surrogate`, `too-deep`, `not-an-object`, `too-large`, `too-many-values`.
    code: str
    #: The event.
    event: bytes = field(repr=False)


@dataclass(frozen=True)
class Batch:
    """Events that go to the module in one call."""

    #: How many events of the same call went before.
    first: int
    events: list[bytes]
    #: The tag of the log shipper that they came from.
    tag: bytes = b""

    def framed(self) -> bytes:
        """The batch as the module reads it."""
        parts = [_BATCH_HEAD.pack(2, 0, len(self.tag), 0, _UNKNOWN_TIME), self.tag]
        for event in self.events:
            taken = event if len(event) <= EVENT_BYTES else event[: EVENT_BYTES + 1]
            parts += [_LENGTH.pack(len(taken)), taken]
        return b"".join(parts)


def batches(events: Iterable[bytes], size: int, tag: str = "") -> Iterator[Batch]:
    """Batches of about `size` bytes; an event is never divided."""
    tagged = tag.encode()
    if len(tagged) > _TAG_BYTES:
        raise ValueError(f"the tag has {len(tagged)} bytes; {_TAG_BYTES} are the most")
    first, held, length = 0, [], 0
    for event in events:
        held.append(event)
        length += len(event) + _LENGTH.size
        if length >= size:
            yield Batch(first, held, tagged)
            first, held, length = first + len(held), [], 0
    if held:
        yield Batch(first, held, tagged)


@dataclass(frozen=True)
class Answer:
    """What a batch came to."""

    evaluated: int
    undecided: int
    rejects: list[Reject]
    body: bytes

    @classmethod
    def of(cls, parts: list[bytes], batch: Batch) -> Answer:
        """Reads an answer about `batch`. ValueError says what makes no sense in it."""
        evaluated, undecided = 0, 0
        rejects: list[Reject] = []
        bodies: list[bytes] = []
        for part in parts:
            of_part = _part(part, batch)
            evaluated += of_part.evaluated
            undecided += of_part.undecided
            rejects += of_part.rejects
            bodies.append(of_part.body)
        if evaluated + len(rejects) != len(batch.events):
            raise ValueError("evaluated and rejected events are not those of the batch")
        return cls(evaluated, undecided, rejects, b"".join(bodies))


def _part(result: bytes, batch: Batch) -> Answer:
    if len(result) < _ANSWER_HEAD.size:
        raise ValueError("it is shorter than its head")
    evaluated, rejected, undecided, length = _ANSWER_HEAD.unpack_from(result)
    if evaluated + rejected > len(batch.events):
        raise ValueError("evaluated and rejected events are not those of the batch")
    body = _ANSWER_HEAD.size + _REJECT.size * rejected
    if body + length != len(result):
        raise ValueError("its length is not the sum of its parts")
    rejects = [_reject(batch, *numbers) for numbers in _REJECT.iter_unpack(result[_ANSWER_HEAD.size : body])]
    return Answer(evaluated, undecided, rejects, result[body:])


def _reject(batch: Batch, index: int, offset: int, reason: int) -> Reject:
    if index >= len(batch.events):
        raise ValueError("a rejected event lies outside the batch")
    return Reject(batch.first + index, offset, _CODES.get(reason, f"reason-{reason}"), batch.events[index])
