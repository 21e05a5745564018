"""Reading archives: the records of any WARC one after the other, or the one at an offset.

In: WARC files, compressed member by member, as a whole, or not at all; ours or anyone's. Out:
Records in constant memory. Damage is a WarcError with file and offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastwarc.warc import ArchiveIterator

from crawler.archive import members
from crawler.archive.decode import MAX_BODY
from crawler.archive.wire import MAX_HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from fastwarc.warc import WarcRecord

    from crawler.archive.span import Span

MAX_BLOCK = MAX_BODY + MAX_HEAD
"""Larger blocks are not read into memory; their record comes with `block` None."""

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5"
_ZIP_MAGIC = b"PK"


class WarcError(Exception):
    """A WARC is damaged or is none: which file, at which offset, and why."""

    def __init__(self, path: Path, offset: int, why: str) -> None:
        super().__init__(f"{path} at {offset}: {why}")
        self.path = path
        self.offset = offset
        self.why = why


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place in the file (of its gzip member where there is one), head and block."""

    path: Path
    offset: int
    length: int
    kind: str
    record_id: str
    date: str
    url: str | None
    headers: tuple[tuple[str, str], ...]
    block: bytes | None

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def read_records(
    path: Path,
    *,
    kinds: Collection[str] | None = None,
    span: Span | None = None,
    max_block: int = MAX_BLOCK,
    on_damage: Callable[[WarcError], None] | None = None,
) -> Iterator[Record]:
    """All records of a WARC, or those of some kinds, or of one span, in order.

    Raises WarcError at the first damage; with `on_damage` it is told of each, and reading goes on
    where the next record begins.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise WarcError(path, 0, error.strerror or str(error)) from error
    with file:
        start = span.find_first(file) if span else 0
        told = -1
        while start is not None:
            try:
                yield from _records_from(path, file, start, max_block, kinds, span)
                return
            except WarcError as error:
                if on_damage is None:
                    raise
                start = _next_start(file, start, error.offset)
                is_over = span is not None and (start is None or start >= span.end)
                if error.offset > told and not (is_over and start == error.offset):
                    on_damage(error)
                told = max(told, error.offset)
                if span and is_over:  # and the damage, where the next span begins, is its to tell
                    span.following = file.seek(0, 2) if start is None else start
                    return


def _next_start(file: BinaryIO, start: int, damage: int) -> int | None:
    """Where to go on after damage: maybe just there, when it is the record before that lies."""
    after = damage - 1 if damage > start else start
    file.seek(start)
    if file.read(2) == _GZIP_MAGIC:
        return members.find_member(file, after)
    plain = members.find_plain(file, after)
    return members.find_member(file, after) if plain is None else plain


def record_at(path: Path, offset: int, *, max_block: int = MAX_BLOCK) -> Record:
    """The record that begins at `offset`. Raises WarcError."""
    try:
        with path.open("rb") as file:
            found = next(_records_from(path, file, offset, max_block), None)
    except OSError as error:
        raise WarcError(path, offset, error.strerror or str(error)) from error
    if found is None:
        raise WarcError(path, offset, "no record begins here")
    return found


def _records_from(
    path: Path,
    file: BinaryIO,
    start: int,
    max_block: int,
    kinds: Collection[str] | None = None,
    span: Span | None = None,
) -> Iterator[Record]:
    """The records from one offset on, each yielded when the next one shows where it ends."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(start)
    magic = file.read(2)  # enough to tell them apart
    is_gzip = magic == _GZIP_MAGIC
    file.seek(start)
    if magic == _ZIP_MAGIC:
        why = "a ZIP file, perhaps a WACZ: unpack the WARC files of its archive folder"
        raise WarcError(path, start, why)
    pending: Callable[[int], Record] | None = None
    at = begin = start
    is_read = False
    try:
        for found in ArchiveIterator(file, parse_http=False):
            at = found.stream_pos
            if pending is not None:
                yield pending(at - begin)
                pending = None
            if span and at >= span.end:
                if span.end_at(at):
                    return
                continue
            is_read = False
            block = _block(path, at, found, max_block)
            begin, is_read = at, True
            kind = (found.headers.get("WARC-Type") or "").lower()
            if kinds is None or kind in kinds:
                pending = _record(path, at, found, kind, block)
    except OSError as error:
        if span and span.following is not None:
            return  # damage after the span is the next one's to tell
        why = f"damaged Zstandard: {error}" if magic == _ZSTD_MAGIC else str(error)
        if not is_read:
            raise WarcError(path, at, why) from error
        end = _end_of(path, file, begin, size, is_gzip=is_gzip)
        if pending is not None:
            yield pending(end - begin)
        if not is_gzip:
            end, why = at, f"{why} (after the record at {at})"
        raise WarcError(path, end, why) from error
    if span and span.following is not None:
        return
    end = _end_of(path, file, begin, size, is_gzip=is_gzip) if is_read else start
    if pending is not None:
        yield pending(end - begin)
    if end < size:
        raise WarcError(path, end, "the file ends inside a record")
    if span:
        span.following = size


def _block(path: Path, offset: int, found: WarcRecord, max_block: int) -> bytes | None:
    if found.content_length > max_block:
        return None
    block: bytes = found.reader.read()
    if len(block) < found.content_length:
        why = f"the file ends inside a record: {len(block)} of {found.content_length} bytes"
        raise WarcError(path, offset, why)
    return block


def _record(
    path: Path, offset: int, found: WarcRecord, kind: str, block: bytes | None
) -> Callable[[int], Record]:
    """The record, but for its length."""
    headers = found.headers
    url = headers.get("WARC-Target-URI")
    record_id = headers.get("WARC-Record-ID") or ""
    date = headers.get("WARC-Date") or ""
    url = url.strip("<>") if url else None
    fields = headers.to_tuples()
    return lambda length: Record(path, offset, length, kind, record_id, date, url, fields, block)


def _end_of(path: Path, file: BinaryIO, last: int, size: int, *, is_gzip: bool) -> int:
    """Where the last record read ends: at its member's end, or where the file does."""
    if not is_gzip or last >= size:
        return size
    try:
        return last + next(members.members(file, last)).length
    except members.DamageError as error:
        raise WarcError(path, error.offset, error.why) from error


def parse_record(plain: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Header fields and block of one uncompressed record. Raises ValueError."""
    head, separator, rest = plain.partition(b"\r\n\r\n")
    version, *lines = head.decode("utf-8").split("\r\n")
    if not separator or not version.startswith("WARC/1."):
        raise ValueError("no WARC/1 head")
    pairs = [line.partition(":") for line in lines]
    fields = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    length = next((value for name, value in fields if name.lower() == "content-length"), "")
    if not (length.isascii() and length.isdigit()):
        message = f"not a Content-Length: {length!r}"
        raise ValueError(message)
    block = rest[: int(length)]
    if rest != block + b"\r\n\r\n" or len(block) != int(length):
        message = f"the block is not {length} bytes and two line ends"
        raise ValueError(message)
    return fields, block
