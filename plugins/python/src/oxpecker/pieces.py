"""A file's lines cut into events: lines, documents on several lines, arrays, `Records`, objects glued together.

Most lines are one event each and are passed on after a look at both ends. Where a value goes on over lines, or holds
several events, its end is looked for with the standard library's decoder, and the bytes up to there are passed on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Optional

from .errors import InputError

#: The longest line, and the longest event over several lines. A compressed file may unpack to anything.
PIECE_BYTES = 256 << 20
_BLANKS = re.compile(r"[ \t\r\n]*")
_RECORDS = re.compile(r'\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')
#: What is on a line that is not simply one event: the beginning of an array or of Records, or objects side by side.
_SEVERAL = re.compile(rb'\s*(\[|\{\s*"Records"\s*:)|.*\}[ \t]*\{', re.DOTALL)
# Only where a value ends is asked for, so numbers are not converted.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def pieces(file: IO[bytes], name: str) -> Iterator[bytes]:
    """The events of a file, and what should have been one. InputError if a piece is too long."""
    lines = _Lines(file, name)
    while line := lines.next():
        text = line.strip()
        if not text:
            continue
        if text[:1] not in b"{[" or (text[:1] == b"{" and text[-1:] == b"}" and not _has_several(text)):
            yield line.rstrip(b"\r\n")
        else:
            yield from _Cursor(lines, line).pieces()


def _has_several(text: bytes) -> bool:
    # The expression looks at every bracket; most lines are settled by the cheaper questions.
    return (b"}{" in text or b"} {" in text or b'"Records"' in text[:40]) and _SEVERAL.match(text) is not None


class _Lines:
    """The lines of a file, with a way to give back what was not used."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self.name = name
        self._returned: list[bytes] = []
        self._begun = False

    def next(self) -> bytes:
        """The next line; empty at the end."""
        if self._returned:
            return self._returned.pop()
        line = self._file.readline(PIECE_BYTES + 1)
        if not self._begun:
            self._begun = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        self.must_fit(len(line))
        return line

    def take(self, least: int) -> bytes:
        """Whole lines of at least so many bytes together; less at the end."""
        taken = bytearray()
        while len(taken) < least and (line := self.next()):
            taken += line
        return bytes(taken)

    def give_back(self, text: bytes) -> None:
        """Hands lines out once more."""
        *lines, last = text.split(b"\n")
        # An empty line would be taken for the end.
        self._returned += filter(None, [last, *(line + b"\n" for line in reversed(lines))])

    def must_fit(self, length: int) -> None:
        """Refuses what is too long to be held."""
        if length > PIECE_BYTES:
            raise InputError(f"{self.name} has a line or an event of more than {PIECE_BYTES:,} bytes")


class _Broken(Exception):
    """No JSON where the cursor stands."""


class _Cursor:
    """A place in a text that grows by lines while a value is not at its end. Invalid UTF-8 passes through unchanged."""

    def __init__(self, lines: _Lines, first: bytes) -> None:
        self._lines = lines
        self._text = first.decode("utf-8", "surrogateescape")
        self._at = 0
        #: Where the member begins that is being passed over: if it is broken, it is a piece from there on.
        self._member: Optional[int] = None

    def pieces(self) -> Iterator[bytes]:
        """The events of the value that begins here. What stands behind it is given back."""
        try:
            self._peek()
            while len(self._text) - self._at < 64 and self._grow():
                pass
            yield from self._opened()
        except _Broken:
            self._at = self._at if self._member is None else self._member
            # Only this line: what was taken for more of it may be events of their own.
            end = self._text.find("\n", self._at)
            end = len(self._text) if end < 0 else end
            yield self._cut(end).rstrip(b"\r\n")
        rest = self._text[self._at :].encode("utf-8", "surrogateescape")
        if rest:
            self._lines.give_back(rest)

    def _opened(self) -> Iterator[bytes]:
        records = _RECORDS.match(self._text, self._at)
        if records or self._peek() == "[":
            self._at = records.end() if records else self._at + 1
            yield from self._elements()
            if records:
                self._other_members()
            return
        end = self._end()
        line_end = self._text.find("\n", end)
        behind = self._text[end : line_end if line_end >= 0 else None].strip()
        if behind and behind[0] not in "{[":
            raise _Broken
        yield self._cut(end)

    def _elements(self) -> Iterator[bytes]:
        """The elements of the array whose bracket has been passed."""
        if self._peek() != "]":
            while self._peek():
                end = self._end()
                yield self._cut(end)
                if self._peek() != ",":
                    break
                self._at += 1
        self._pass("]")

    def _other_members(self) -> None:
        """Passes over the members behind `Records`, and the bracket."""
        while self._peek() == ",":
            self._member = self._at
            self._at += 1
            self._at = self._end()
            self._pass(":")
            self._at = self._end()
            self._member = None
        self._pass("}")

    def _pass(self, character: str) -> None:
        found = self._peek()
        if not found:
            raise InputError(f"{self._lines.name} ends inside an array")
        if found != character:
            raise _Broken
        self._at += 1

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end of the file."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def _end(self) -> int:
        """Where the value that begins here ends."""
        self._peek()
        while True:
            try:
                return _DECODER.raw_decode(self._text, self._at)[1]
            except json.JSONDecodeError as error:
                # Text that breaks off between two tokens may go on on the next line; within one it may not.
                if self._text[error.pos :].strip(" \t\r\n,") or not self._grow():
                    raise _Broken from None
            except RecursionError:
                raise _Broken from None

    def _cut(self, end: int) -> bytes:
        piece = self._text[self._at : end].encode("utf-8", "surrogateescape")
        self._at = end
        return piece

    def _grow(self) -> bool:
        """Reads on, by as much as is held, so that no text is looked at more than twice; False at the file's end."""
        start = self._at if self._member is None else self._member
        held = self._text[start:]
        more = self._lines.take(max(1, len(held)))
        self._text, self._at = held + more.decode("utf-8", "surrogateescape"), self._at - start
        self._member = None if self._member is None else 0
        self._lines.must_fit(len(held))
        return bool(more)
