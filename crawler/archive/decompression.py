"""The contents of a WARC file, uncompressed, and where in the file they can be gone to.

In: a file, compressed member by member, as a whole, or not at all (gzip, Zstandard). Out: its bytes
in constant memory. Empty members and zero bytes at the end are passed over; what is damaged or is
no member is a WarcError with the offset of its beginning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import zstandard
from isal import isal_zlib

from crawler.archive.wire import head_end
from crawler.file_name_escapes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A skippable frame that holds the dictionary of all others stands first, where there is one:
# https://iipc.github.io/warc-specifications/specifications/warc-zstd/
_ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY = 16 * 1024 * 1024
_NO_WARC = {
    b"PK": "a ZIP file, perhaps a WACZ: unpack the WARC files of its archive folder",
    b"BZh": "a bzip2 file: decompress it first",
    b"\xfd7zXZ\0": "an xz file: decompress it first",
    b"7z\xbc\xaf": "a 7-Zip file: unpack it first",
    b"\x04\x22\x4d\x18": "an LZ4 file: decompress it first",
    b"filedesc://": "an ARC file, the format before WARC: make a WARC of it first,"
    " as `warcio recompress` does",
}
_LONGEST_MAGIC = max(map(len, _NO_WARC))

_SHORTEST = 4
_PIECE = 64 * 1024
_CONTENTS = 1024 * 1024
# zstandard gives all that a piece of input holds, which is up to 32,768 times its size.
_ZSTD_PIECE = 1024
_GZIP = isal_zlib.MAX_WBITS | 16
_IsalError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub is wrong


class WarcError(Exception):
    """A WARC is damaged or is none: which file, at which offset, and why; `is_other_format` says
    that the file was known for one of another format."""

    def __init__(self, path: Path, offset: int, why: str, *, is_other_format: bool = False) -> None:
        super().__init__(f"{shown(path)} at {offset}: {why}")
        self.path = path
        self.offset = offset
        self.why = why
        self.is_other_format = is_other_format


class _Mark(NamedTuple):
    """A member that begins at `at` of the contents: its offset, where the one before it ends."""

    at: int
    offset: int
    end_before: int


class Contents(ABC):
    """Contents from an offset of the file on, to be read and to be looked ahead in."""

    has_members = True

    def __init__(self, path: Path, file: BinaryIO, start: int) -> None:
        self.path = path
        self._file = file
        self._start = start
        self._buffer = b""
        self._base = 0
        self._at = 0

    def ahead(self, size: int) -> bytes:
        """The next bytes without taking them, fewer only where the contents end."""
        self._fill(size)
        begin = self._at - self._base
        return self._buffer[begin : begin + size]

    def head(self, limit: int) -> tuple[bytes, int | None]:
        """The bytes ahead up to and with a blank line, and the number of them; None for it where
        there is no blank line within the limit. What follows the line is not looked at."""
        count = 0
        while self._fill(count + 1) > count:
            begin = self._at - self._base
            ahead = self._buffer[begin : begin + limit]
            end = head_end(ahead)
            count = len(self._buffer) - begin
            if end is not None or count >= limit:
                return ahead[:end], end
        return self._buffer[self._at - self._base :], None

    def take(self, size: int) -> bytes:
        """The next bytes, fewer only where the contents end."""
        parts = []
        while size > 0 and self._fill(1):
            begin = self._at - self._base
            part = self._buffer[begin : begin + size]
            parts.append(part)
            self._at += len(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass bytes over; how many there were."""
        left = size
        while left > 0 and (count := min(self._fill(1), left)):
            self._at += count
            left -= count
        return size - left

    def _fill(self, size: int) -> int:
        """Read until that many bytes are ahead, or the contents end. Returns how many are ahead."""
        while (count := len(self._buffer) - (self._at - self._base)) < size:
            piece = self._more()
            if not piece:
                break
            self._buffer = self._buffer[self._at - self._base :] + piece
            self._base = self._at
        return count

    def skip_any(self, of: bytes) -> int:
        """Pass over bytes as long as they are among these. Returns how many were passed."""
        count = 0
        while self._fill(1):
            part = self._buffer[self._at - self._base :]
            found = len(part) - len(part.lstrip(of))
            self._at += found
            count += found
            if found < len(part):
                break
        return count

    @abstractmethod
    def _more(self) -> bytes:
        """The next piece, empty where the contents end. Raises WarcError."""

    @abstractmethod
    def place(self) -> tuple[int, bool, int]:
        """Where the next byte can be read from; to be called after looking ahead.

        Returns the offset in the file to seek to, whether reading from that offset begins with the
        byte itself, and the offset at which the bytes before it end.
        """

    @abstractmethod
    def last_member(self) -> int:
        """The offset of the member that holds the last byte taken."""


class _Plain(Contents):
    has_members = False

    def __init__(self, path: Path, file: BinaryIO, start: int) -> None:
        super().__init__(path, file, start)
        self._size = file.seek(0, 2)

    def skip(self, size: int) -> int:
        """By a seek: a block may be larger than what there is time to read."""
        left = max(self._size - self._start - self._at, 0)
        self._at += min(size, left)
        if self._at - self._base > len(self._buffer):
            self._buffer, self._base = b"", self._at
        return min(size, left)

    def _more(self) -> bytes:
        self._file.seek(self._start + self._base + len(self._buffer))
        return self._file.read(_PIECE)

    def place(self) -> tuple[int, bool, int]:
        offset = self._start + self._at
        return offset, True, offset

    def last_member(self) -> int:
        return self._start + self._at - 1


class _Compressed(Contents):
    """Contents of members one after the other; `_pieces` gives each piece and its member's offset,
    and nothing with the offset after it where a member ends."""

    def __init__(self, path: Path, file: BinaryIO, start: int) -> None:
        super().__init__(path, file, start)
        self._marks: deque[_Mark] = deque()
        self._offset = start
        self._newest: int | None = None
        self._end = start
        self._source = self._pieces()

    def _more(self) -> bytes:
        for piece, offset in self._source:
            if not piece:
                self._end = offset
                continue
            if offset != self._newest:
                at = self._base + len(self._buffer)
                self._marks.append(_Mark(at, offset, self._end))
                self._newest = offset
            return piece
        return b""

    def place(self) -> tuple[int, bool, int]:
        self.last_member()
        if self._marks and self._marks[0].at == self._at:
            return self._marks[0].offset, True, self._marks[0].end_before
        is_end = self._at == self._base + len(self._buffer)  # nothing is ahead
        return (self._end, True, self._end) if is_end else (self._offset, False, self._end)

    def last_member(self) -> int:
        while self._marks and self._marks[0].at < self._at:
            self._offset = self._marks.popleft().offset
        return self._offset

    @abstractmethod
    def _pieces(self) -> Iterator[tuple[bytes, int]]:
        """Raises WarcError."""

    def _next_member(
        self, data: bytes, offset: int, magics: tuple[bytes, ...]
    ) -> tuple[bytes, int]:
        """The first bytes of the next member and its offset; no bytes at the end of the file, which
        zero bytes may fill. Raises WarcError for zero bytes elsewhere, which a disk returns for
        what it never wrote, and for what is no member."""
        begin = offset
        while True:
            kept = data.lstrip(b"\0")
            offset += len(data) - len(kept)
            data = kept
            if len(data) >= _SHORTEST:
                break
            more = self._file.read(_PIECE)
            data += more
            if not more:
                break
        if data and offset > begin:
            raise WarcError(self.path, begin, f"{offset - begin} zero bytes, and no record")
        if not data or data.startswith(magics):
            return data, offset
        is_cut = len(data) < _SHORTEST and any(magic.startswith(data) for magic in magics)
        why = "the file ends inside a record" if is_cut else "what follows is no compressed record"
        raise WarcError(self.path, offset, why)


class _Gzip(_Compressed):
    def _pieces(self) -> Iterator[tuple[bytes, int]]:
        self._file.seek(self._start)
        data, offset = self._next_member(b"", self._start, (GZIP_MAGIC,))
        while data:
            stream = isal_zlib.decompressobj(wbits=_GZIP)
            read = len(data)
            try:
                while not stream.eof:
                    piece = stream.decompress(data, _CONTENTS)
                    if piece:
                        yield piece, offset
                    data = stream.unconsumed_tail
                    if not data and not stream.eof:
                        data = self._file.read(_PIECE)
                        read += len(data)
                        if not data and not piece:
                            why = "the file ends inside a record (a gzip member)"
                            raise WarcError(self.path, offset, why)
            except _IsalError as error:
                why = f"damaged gzip member: {error}"
                raise WarcError(self.path, offset, why) from error
            end = offset + read - len(stream.unused_data)
            yield b"", end
            data, offset = self._next_member(stream.unused_data, end, (GZIP_MAGIC,))


class _Zstd(_Compressed):
    def _pieces(self) -> Iterator[tuple[bytes, int]]:
        known, begin = self._dictionary()
        start = max(self._start, begin)
        self._file.seek(start)
        data, offset = self._next_member(b"", start, (ZSTD_MAGIC,))
        decompressor = zstandard.ZstdDecompressor(dict_data=known)
        while data:
            stream = decompressor.decompressobj()
            read = len(data)
            try:
                while not stream.eof:
                    head, data = data[:_ZSTD_PIECE], data[_ZSTD_PIECE:]
                    if not head:
                        data = self._file.read(_PIECE)
                        read += len(data)
                        if not data:
                            why = "damaged Zstandard: incomplete frame"
                            raise WarcError(self.path, offset, why)
                        continue
                    piece = stream.decompress(head)
                    if piece:
                        yield piece, offset
            except zstandard.ZstdError as error:
                why = f"damaged Zstandard: {error}"
                raise WarcError(self.path, offset, why) from error
            rest = stream.unused_data + data
            end = offset + read - len(rest)
            yield b"", end
            data, offset = self._next_member(rest, end, (ZSTD_MAGIC,))

    def _dictionary(self) -> tuple[zstandard.ZstdCompressionDict | None, int]:
        """The dictionary that the file begins with, which may be compressed itself, and where it
        ends."""
        self._file.seek(0)
        head = self._file.read(8)
        if head[:4] != _ZSTD_DICTIONARY:
            return None, 0
        size = int.from_bytes(head[4:], "little")
        data = self._file.read(min(size, _MAX_DICTIONARY))
        if len(data) < size:
            raise WarcError(self.path, 0, "no whole Zstandard dictionary of up to 16 MiB")
        try:
            if data[:4] == ZSTD_MAGIC:
                data = zstandard.ZstdDecompressor().stream_reader(data).read(_MAX_DICTIONARY)
            return zstandard.ZstdCompressionDict(data), 8 + size
        except zstandard.ZstdError as error:
            raise WarcError(self.path, 0, f"damaged Zstandard dictionary: {error}") from error


def contents(path: Path, file: BinaryIO, start: int) -> Contents:
    """The contents of a file from an offset on. Raises WarcError for a file of another format, with
    its name."""
    file.seek(start)
    head = file.read(_LONGEST_MAGIC)
    if head.startswith(GZIP_MAGIC):
        found: Contents = _Gzip(path, file, start)
    elif head.startswith((ZSTD_MAGIC, _ZSTD_DICTIONARY)):
        found = _Zstd(path, file, start)
    else:
        found = _Plain(path, file, start)
    first = found.ahead(_LONGEST_MAGIC) if start == 0 else b""
    for magic, why in _NO_WARC.items():
        if first.startswith(magic):
            raise WarcError(path, start, why, is_other_format=True)
    return found
