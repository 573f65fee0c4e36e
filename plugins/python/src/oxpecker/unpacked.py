"""gzip, unpacked as far as it can be. The standard library's reader loses what it has read when it finds a file cut."""

from __future__ import annotations

import io
import zlib
from typing import IO, Any

_CHUNK = 64 << 10
#: zlib's name for gzip with any window.
_GZIP = 16 + zlib.MAX_WBITS


class Unpacked(io.RawIOBase):
    """The content of all members. Where the file is cut or broken it ends, and `failure` says why."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(_GZIP)
        self._input = b""
        self._ended = False
        self.failure = ""

    def readable(self) -> bool:
        """As every raw stream says."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpacks at most as much as there is room for."""
        while not self._ended:
            try:
                found = self._unpack(len(buffer))
            except zlib.error as error:
                self._fail(str(error))
                break
            if found:
                buffer[: len(found)] = found
                return len(found)
        return 0

    def _unpack(self, most: int) -> bytes:
        if self._member.eof:
            self._input = self._member.unused_data or self._packed.read(_CHUNK)
            if not self._input:
                self._ended = True
                return b""
            self._member = zlib.decompressobj(_GZIP)
        elif not self._input:
            self._input = self._packed.read(_CHUNK)
            if not self._input:
                self._fail("it ends before its end is marked")
                return b""
        found = self._member.decompress(self._input, most)
        self._input = self._member.unconsumed_tail
        return found

    def _fail(self, why: str) -> None:
        self._ended = True
        self.failure = why
