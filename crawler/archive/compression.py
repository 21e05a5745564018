"""The compression of WARC files: their contents, and where in the file these can be gone to.

`contents` reads a file that is compressed member by member, as a whole, or not at all (gzip,
Zstandard): its bytes in constant memory. Empty members and zero bytes at the end are passed over;
what is damaged or is no member is a WarcError with the offset of its beginning.

`members` goes through the gzip members of a file, for those who must know of each whether it is
whole, and `find_member` and `find_plain` find the next record after damage.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import zstandard
from isal import isal_zlib

from crawler.archive.wire import head_end
from crawler.shown_text import shown

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

# With the only method there is (RFC 1952 2.3.1).
_GZIP_MEMBER = GZIP_MAGIC + b"\x08"
# Begins with what is fixed, since that is looked for a hundred times as fast.
_PLAIN = re.compile(
    rb"WARC/[01]\.(?:(?<=\n\r\nWARC/..)|(?<=\n\nWARC/..)|(?<=\0WARC/..))", re.DOTALL
)
_LEAD = len(b"\n\r\n")
_OVERLAP = _LEAD + len(b"WARC/1.")

# How much of a member's contents is kept: enough for every record head we accept.
MAX_START = 64 * 1024

_SHORTEST = 4
_PIECE = 64 * 1024
# So much is searched at a time for the next record.
_SEARCHED = 256 * 1024
# Most members are smaller, and what was read past the end is read again.
_MEMBER = 32 * 1024
_CONTENTS = 1024 * 1024
# zstandard gives all that a piece of input holds, which is up to 32,768 times its size.
_ZSTD_PIECE = 1024
_GZIP = isal_zlib.MAX_WBITS | 16
_IsalError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub is wrong


class WarcError(Exception):
    """A WARC is damaged, or the file is no WARC: says which file, at which offset, and why.
    `is_other_format` is True where the file was recognised as one of another format."""

    def __init__(self, path: Path, offset: int, why: str, *, is_other_format: bool = False) -> None:
        super().__init__(f"{shown(path)} at {offset}: {why}")
        self.path = path
        self.offset = offset
        self.why = why
        self.is_other_format = is_other_format


class _Mark(NamedTuple):
    """Where a member begins: `at` in the contents, `offset` in the file; `end_before` is where
    the member before it ends in the file."""

    at: int
    offset: int
    end_before: int


class Contents(ABC):
    """The contents of a file from an offset on, which can be read and looked ahead in."""

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
        """Return the bytes ahead up to the end of the first blank line, and their number; the
        number is None where no blank line ends within `limit`. What follows the line is not
        looked at."""
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

    def piece(self) -> bytes:
        """The next bytes, as many as are at hand; none where the contents end. Damage is raised
        after all bytes before it were returned, while `take` raises it instead of them."""
        return self.take(self._fill(1))

    def skip(self, size: int) -> int:
        """Pass over up to `size` bytes and return how many there were."""
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
        # where nothing is ahead
        is_end = self._at == self._base + len(self._buffer)
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
    """The contents of a file from an offset on. Raises WarcError that names the format where
    the file is of another one."""
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


class MemberError(Exception):
    """The gzip member at `offset` is damaged or cut short, or none begins there."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(f"at {offset}: {why}")
        self.offset = offset
        self.why = why


@dataclass(frozen=True, slots=True)
class Member:
    """One gzip member: place and length in the file, its contents' size, first and last bytes."""

    offset: int
    length: int
    size: int
    start: bytes
    end: bytes


def members(file: BinaryIO, offset: int = 0) -> Iterator[Member]:
    """All members from `offset` on. Raises MemberError where a member is damaged or cut short."""
    size = file.seek(0, os.SEEK_END)
    while offset < size:
        member = _member_at(file, offset)
        yield member
        offset += member.length


def find_member(file: BinaryIO, after: int, before: int | None = None) -> int | None:
    """The offset of the next member after `after` that holds a WARC record, or None where none
    begins before `before`."""
    position = after + 1
    while before is None or position < before:
        file.seek(position)
        piece = file.read(_SEARCHED)
        if len(piece) < len(_GZIP_MEMBER):
            return None
        found = piece.find(_GZIP_MEMBER)
        while found >= 0:
            if before is not None and position + found >= before:
                return None
            if _begins_record(file, position + found):
                return position + found
            found = piece.find(_GZIP_MEMBER, found + 1)
        position += len(piece) - len(_GZIP_MEMBER) + 1
    return None


def find_plain(file: BinaryIO, after: int, before: int | None = None) -> int | None:
    """The offset of the next record after `after` in an uncompressed file, or None where none
    begins before `before`. It stands after a blank line, of CRLF or bare LF, or a zero byte."""
    position = max(after + 1 - _LEAD, 0)
    while before is None or position < before:
        file.seek(position)
        piece = file.read(_SEARCHED)
        for found in _PLAIN.finditer(piece):
            offset = position + found.start()
            if offset > after:
                return offset if before is None or offset < before else None
        if len(piece) < _SEARCHED:
            return None
        position += len(piece) - _OVERLAP
    return None


def read_member(file: BinaryIO, offset: int, length: int, max_size: int) -> bytes:
    """The contents of the one member that fills exactly this place. Raises MemberError."""
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise MemberError(offset, f"the file ends within the {length} bytes pointed at")
    stream = isal_zlib.decompressobj(wbits=_GZIP)
    try:
        plain: bytes = stream.decompress(data, max_size + 1)
    except _IsalError as error:
        raise MemberError(offset, f"damaged gzip member: {error}") from error
    if len(plain) > max_size:
        raise MemberError(offset, f"the record is over {max_size} bytes")
    if not stream.eof or stream.unused_data:
        raise MemberError(offset, f"the gzip member is not {length} bytes long")
    return plain


def _member_at(file: BinaryIO, offset: int) -> Member:
    file.seek(offset)
    stream = isal_zlib.decompressobj(wbits=_GZIP)
    start = end = b""
    size = read = 0
    try:
        while not stream.eof:
            data = stream.unconsumed_tail
            if not data:
                data = file.read(_MEMBER)
                read += len(data)
            if not data and not stream.unconsumed_tail:
                raise MemberError(offset, "the file ends inside a gzip member")
            plain = stream.decompress(data, _CONTENTS)
            size += len(plain)
            start += plain[: MAX_START - len(start)]
            end = (end + plain)[-4:]
    except _IsalError as error:
        raise MemberError(offset, f"damaged gzip member: {error}") from error
    return Member(offset, read - len(stream.unused_data), size, start, end)


def _begins_record(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    try:
        start = isal_zlib.decompressobj(wbits=_GZIP).decompress(file.read(_SEARCHED), 5)
    except _IsalError:
        return False
    return bool(start == b"WARC/")
