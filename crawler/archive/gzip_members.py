"""A compressed WARC as its gzip members: where each begins and ends, whole or not.

In: a file. Out: Member by Member in constant memory, or DamageError with the offset. Readers of
records stop silently at a torn tail; this one doesn't.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP = isal_zlib.MAX_WBITS | 16
_IsalError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub is wrong
_MAGIC = b"\x1f\x8b\x08"
# Begins with what is fixed, since that is looked for a hundred times as fast.
_PLAIN = re.compile(
    rb"WARC/[01]\.(?:(?<=\n\r\nWARC/..)|(?<=\n\nWARC/..)|(?<=\0WARC/..))", re.DOTALL
)
_LEAD = len(b"\n\r\n")
_OVERLAP = _LEAD + len(b"WARC/1.")
_PIECE = 256 * 1024
_MEMBER = 32 * 1024  # most members are smaller, and what was read past the end is read again

# How much of a member's contents is kept: enough for every record head we accept.
START = 64 * 1024


class DamageError(Exception):
    """A file does not hold what its format says, at `offset`."""

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
    """All members from `offset` on. Raises DamageError where a member is damaged or cut short."""
    size = os.fstat(file.fileno()).st_size
    while offset < size:
        member = _read_member(file, offset)
        yield member
        offset += member.length


def find_member(file: BinaryIO, after: int, before: int | None = None) -> int | None:
    """The offset of the next member after `after` that holds a WARC record, or None where none
    begins before `before`."""
    position = after + 1
    while before is None or position < before:
        file.seek(position)
        piece = file.read(_PIECE)
        if len(piece) < len(_MAGIC):
            return None
        found = piece.find(_MAGIC)
        while found >= 0:
            if before is not None and position + found >= before:
                return None
            if _begins_record(file, position + found):
                return position + found
            found = piece.find(_MAGIC, found + 1)
        position += len(piece) - len(_MAGIC) + 1
    return None


def find_plain(file: BinaryIO, after: int, before: int | None = None) -> int | None:
    """The offset of the next record after `after` in an uncompressed file, or None where none
    begins before `before`. It stands after a blank line, of CRLF or bare LF, or a zero byte."""
    position = max(after + 1 - _LEAD, 0)
    while before is None or position < before:
        file.seek(position)
        piece = file.read(_PIECE)
        for found in _PLAIN.finditer(piece):
            offset = position + found.start()
            if offset > after:
                return offset if before is None or offset < before else None
        if len(piece) < _PIECE:
            return None
        position += len(piece) - _OVERLAP
    return None


def read_member(file: BinaryIO, offset: int, length: int, max_size: int) -> bytes:
    """The contents of the one member that fills exactly that place. Raises DamageError."""
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise DamageError(offset, f"the file ends within the {length} bytes pointed at")
    stream = isal_zlib.decompressobj(wbits=_GZIP)
    try:
        contents: bytes = stream.decompress(data, max_size + 1)
    except _IsalError as error:
        raise DamageError(offset, f"damaged gzip member: {error}") from error
    if len(contents) > max_size:
        raise DamageError(offset, f"the record is over {max_size} bytes")
    if not stream.eof or stream.unused_data:
        raise DamageError(offset, f"the gzip member is not {length} bytes long")
    return contents


def _read_member(file: BinaryIO, offset: int) -> Member:
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
                raise DamageError(offset, "the file ends inside a gzip member")
            contents = stream.decompress(data, 4 * _PIECE)
            size += len(contents)
            start += contents[: START - len(start)]
            end = (end + contents)[-4:]
    except _IsalError as error:
        raise DamageError(offset, f"damaged gzip member: {error}") from error
    return Member(offset, read - len(stream.unused_data), size, start, end)


def _begins_record(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    try:
        start = isal_zlib.decompressobj(wbits=_GZIP).decompress(file.read(_PIECE), 5)
    except _IsalError:
        return False
    return bool(start == b"WARC/")
