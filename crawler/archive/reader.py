"""Reading archives: the records of any WARC one after the other, or the one at an offset.

In: WARC files, compressed member by member, as a whole, or not at all; ours or anyone's. Out:
Records in constant memory. Damage is a WarcError with file and offset.

A large file can be read by several processes, each of them a span of it. Where a record begins
inside a file can only be guessed, since a payload may hold a WARC as well: a reader notes where its
first record and the one after its last begin, and `fit` says whether the spans of a file were read
as one would read it. One WARC of 170 MiB is extracted again with `-j 2` in 23 s by spans and in
37 s as a whole, on a machine of two cores; the CPU time is the same.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.archive.compression import GZIP_MAGIC, contents, find_member, find_plain
from crawler.archive.compression import WarcError as WarcError
from crawler.archive.decode import MAX_BODY
from crawler.archive.records import RecordHead, RecordHeadError, parse_head
from crawler.archive.wire import MAX_HEAD
from crawler.storage import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from crawler.archive.compression import Contents

# Larger blocks are not read into memory; their record comes with `block` None.
MAX_BLOCK = MAX_BODY + MAX_HEAD

# About so many bytes of a file are one span.
SPAN_SIZE = 32 * 1024 * 1024

_MAX_FIELDS = 64 * 1024
_LINE_ENDS = b"\r\n"
_RECORD = b"WARC/"
_FILLING = b"\0\x1a \t\r\n"
_BOM = b"\xef\xbb\xbf"
_CUT_HEAD = "the file ends inside a record (its head)"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place in the file (of its gzip member where there is one), its head and
    its block. `length` is 0 where the member holds further records, so that this one can't be
    read by its place alone. `version` is that of the format, such as "1.1"."""

    path: Path
    offset: int
    length: int
    kind: str
    record_id: str
    date: str
    url: str | None
    headers: tuple[tuple[str, str], ...]
    block: bytes | None
    version: str

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(slots=True)
class FileSpan:
    """The records that begin from `start` up to `end`, and what their reader noted.

    `first` is where the first of them begins; `following` where the next record after them does,
    the file's size where there is none. `is_sure` is False where offsets don't tell records apart.
    """

    start: int
    end: int
    first: int | None = None
    following: int | None = None
    is_sure: bool = True

    def find_first(self, file: BinaryIO) -> int | None:
        """Find and note where the first record of the span probably begins."""
        if self.start == 0:
            self.first = 0
            return 0
        file.seek(0)
        if file.read(len(_RECORD)) == _RECORD:
            self.first = find_plain(file, self.start - 1, self.end)
        else:
            self.first = find_member(file, self.start - 1, self.end)
        return self.first

    def end_at(self, offset: int) -> bool:
        """Note a record that begins after the span. Returns True once a second one is met: only
        then it is known whether offsets tell the records apart."""
        if self.following is None:
            self.following = offset
            return False
        self.is_sure = self.is_sure and offset != self.following
        return True


def spans_of(path: Path) -> list[tuple[int, int]]:
    """The start and end of each span of a file; a single span where the file can't be divided."""
    size = path.stat().st_size
    with open_file(path) as file:
        start = file.read(len(_RECORD))
    can_be = start == _RECORD or start.startswith(GZIP_MAGIC)
    count = max(round(size / SPAN_SIZE), 1) if can_be else 1
    return list(pairwise(size * number // count for number in range(count + 1)))


def fit(spans: Iterable[FileSpan]) -> bool:
    """Whether every span begins with the record that was found to follow the span before it."""
    expected = 0
    for span in spans:
        if expected >= span.end:
            # a record before is that long
            if span.first is not None:
                return False
            continue
        if span.first != expected or not span.is_sure or span.following is None:
            return False
        expected = span.following
    return True


def read_records(
    path: Path,
    *,
    kinds: Collection[str] | None = None,
    span: FileSpan | None = None,
    max_block: int = MAX_BLOCK,
    on_damage: Callable[[WarcError], None] | None = None,
) -> Iterator[Record]:
    """All records of a WARC, or those of some kinds, or of one span, in order.

    Raises WarcError at the first damage; with `on_damage` it is told of each, and reading goes on
    where the next record begins.
    """
    try:
        file = open_file(path)
    except OSError as error:
        raise WarcError(path, 0, error.strerror or str(error)) from error
    span = span or FileSpan(0, sys.maxsize)
    with file:
        start = span.find_first(file)
        told = -1
        while start is not None:
            try:
                yield from _records_from(path, file, start, span, max_block, kinds)
                return
            except WarcError as error:
                if on_damage is None:
                    raise
                start = _next_start(file, start, error.offset)
                is_over = start is None or start >= span.end
                # damage where the next span begins is its to tell
                if error.offset > told and not (is_over and start == error.offset):
                    on_damage(error)
                told = max(told, error.offset)
                if is_over:
                    span.following = file.seek(0, 2) if start is None else start
                    return


def _next_start(file: BinaryIO, start: int, damage: int) -> int | None:
    """The offset of the next record after damage in one that begins at `start`; None where there
    is none. It may be `damage` itself: a wrong Content-Length shows where the next record begins,
    and that one may be whole."""
    after = damage - 1 if damage > start else start
    file.seek(start)
    if file.read(2) == GZIP_MAGIC:
        return find_member(file, after)
    plain = find_plain(file, after)
    return find_member(file, after) if plain is None else plain


def record_at(path: Path, offset: int, *, max_block: int = MAX_BLOCK) -> Record:
    """The record that begins at `offset`. Raises WarcError."""
    try:
        with open_file(path) as file:
            span = FileSpan(offset, sys.maxsize)
            found = next(_records_from(path, file, offset, span, max_block), None)
    except OSError as error:
        raise WarcError(path, offset, error.strerror or str(error)) from error
    if found is None:
        raise WarcError(path, offset, "no record begins here")
    return found


def _records_from(
    path: Path,
    file: BinaryIO,
    start: int,
    span: FileSpan,
    max_block: int,
    kinds: Collection[str] | None = None,
) -> Iterator[Record]:
    """The records from one offset on, up to the end of the span, each yielded when what follows
    shows that it is whole."""
    try:
        source = contents(path, file, start)
        if source.ahead(len(_BOM)) == _BOM:
            source.skip(len(_BOM))
        source.skip_any(_LINE_ENDS)
        while source.ahead(1):
            at, is_first, _ = source.place()
            if at >= span.end and span.end_at(at):
                return
            head, length = _head(source, at)
            block = _block(source, at, length, max_block)
            damage = _next(source, at)
            _, is_last, end = source.place()
            is_alone = is_first and is_last
            span.is_sure = span.is_sure and is_alone
            if span.following is None and (kinds is None or head.kind in kinds):
                yield _record(head, path, at, end - at if is_alone else 0, block)
            if damage:
                raise damage
    except WarcError:
        if span.following is not None:
            # damage after the span is the next one's to tell
            return
        raise
    if span.following is None:
        span.following = file.seek(0, 2)


def _record(head: RecordHead, path: Path, offset: int, length: int, block: bytes | None) -> Record:
    # wget has it in <> in WARC/1.0
    url = (head.get("WARC-Target-URI") or "").strip("<>") or None
    record_id = head.get("WARC-Record-ID") or ""
    # the standard wants it in <>
    if record_id and not record_id.startswith("<"):
        record_id = f"<{record_id}>"
    date = head.get("WARC-Date") or ""
    return Record(
        path, offset, length, head.kind, record_id, date, url, head.fields, block, head.version
    )


def _head(source: Contents, at: int) -> tuple[RecordHead, int]:
    """Read the head of the next record; return it with the length of the block. Raises
    WarcError."""

    def fail(why: str) -> WarcError:
        return WarcError(source.path, at, why)

    raw, end = source.head(_MAX_FIELDS)
    try:
        head = parse_head(raw)
    except RecordHeadError as error:
        if raw[:5] == _RECORD[: len(raw)] and b"\n" not in raw:
            raise fail(_CUT_HEAD) from error
        raise fail(str(error)) from error
    if end is None and len(raw) < _MAX_FIELDS:
        raise fail(_CUT_HEAD)
    if end is None:
        raise fail(f"Invalid WARC header: no end within {_MAX_FIELDS} bytes")
    source.skip(end)
    if source.has_members and source.last_member() != at:
        raise fail("Invalid WARC header: no end within its gzip member")
    if head.length is None:
        stated = head.get("Content-Length") or ""
        raise fail(f"Invalid WARC header: Content-Length is {stated[:40]!r}")
    return head, head.length


def _block(source: Contents, at: int, length: int, max_block: int) -> bytes | None:
    """Read a record's block; None for one that is too large, which is passed over. Raises
    WarcError."""
    block = source.take(length) if length <= max_block else None
    found = source.skip(length) if block is None else len(block)
    if found < length:
        why = f"the file ends inside a record: {found} of {length} bytes"
        raise WarcError(source.path, at, why)
    return block


def _next(source: Contents, at: int) -> WarcError | None:
    """Go to the next record or to the end. Damage met there is returned, to be raised once this
    record was yielded. Raises WarcError where this record isn't as long as its head says."""
    try:
        source.skip_any(_LINE_ENDS)
        if _is_record_or_end(source):
            return None
        begin, _, _ = source.place()
        count = source.skip_any(_FILLING)
        if not source.ahead(1):
            return None
        if source.ahead(len(_RECORD)) == _RECORD:
            return WarcError(source.path, begin, f"{count} bytes that fill, and no record")
    except WarcError as error:
        if error.offset == at:
            raise
        return error
    why = "Invalid WARC header after the block: Content-Length is not its length"
    raise WarcError(source.path, at, why)


def _is_record_or_end(source: Contents) -> bool:
    """Whether a record, a gzip member or the end of the file comes next."""
    ahead = source.ahead(len(_RECORD))
    return ahead == _RECORD[: len(ahead)] or (source.has_members and source.place()[1])
