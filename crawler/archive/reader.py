"""Reading archives: records of any WARC one after the other, or one page by its pointer.

In: WARC files, compressed member by member, as a whole, or not at all; ours or anyone's. Out:
Records in constant memory, Pages. Damage is a WarcError with file and offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fastwarc.warc import ArchiveIterator

from crawler.archive import members, records
from crawler.archive.decode import MAX_BODY, decode
from crawler.archive.foreign import OURS, as_stored, fetched_at
from crawler.archive.wire import MAX_HEAD
from crawler.durable import OPEN_SUFFIX
from crawler.items import Page, WarcPointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from fastwarc.warc import WarcRecord

MAX_BLOCK = MAX_BODY + MAX_HEAD
"""Larger blocks are not read into memory; their record comes with `block` None."""

_GZIP_MAGIC = b"\x1f\x8b"


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
    max_block: int = MAX_BLOCK,
    on_damage: Callable[[WarcError], None] | None = None,
) -> Iterator[Record]:
    """All records of a WARC, in order.

    Raises WarcError at the first damage; with `on_damage` it is told of each, and reading goes on
    where the next record begins.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise WarcError(path, 0, error.strerror or str(error)) from error
    with file:
        start: int | None = 0
        told = -1
        while start is not None:
            try:
                yield from _records_from(path, file, start, max_block)
                return
            except WarcError as error:
                if on_damage is None:
                    raise
                if error.offset > told:
                    on_damage(error)
                told = max(told, error.offset)
                start = _next_start(file, start, error.offset)


def _next_start(file: BinaryIO, start: int, damage: int) -> int | None:
    """Where to go on after damage: maybe just there, when it is the record before that lies."""
    after = damage - 1 if damage > start else start
    file.seek(start)
    if file.read(2) == _GZIP_MAGIC:
        return members.find_member(file, after)
    return members.find_plain(file, after)


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


def _records_from(path: Path, file: BinaryIO, start: int, max_block: int) -> Iterator[Record]:
    """The records from one offset on, each yielded when the next one shows where it ends."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(start)
    is_gzip = file.read(2) == _GZIP_MAGIC
    file.seek(start)
    pending: Record | None = None
    at = start
    try:
        for found in ArchiveIterator(file, parse_http=False):
            at = found.stream_pos
            if pending is not None:
                yield _ending_at(pending, at)
                pending = None
            pending = _record(path, at, found, max_block)
    except OSError as error:
        if pending is None:
            raise WarcError(path, at, str(error)) from error
        end = _end_of(file, pending, size, is_gzip=is_gzip)
        yield _ending_at(pending, end)
        why = f"{error} (after the record at {at})"
        raise WarcError(path, end if is_gzip else at, why) from error
    end = start if pending is None else _end_of(file, pending, size, is_gzip=is_gzip)
    if pending is not None:
        yield _ending_at(pending, end)
    if end < size:
        raise WarcError(path, end, "the file ends inside a record")


def _record(path: Path, offset: int, found: WarcRecord, max_block: int) -> Record:
    block: bytes | None = None
    if found.content_length <= max_block:
        block = found.reader.read()
        if len(block) < found.content_length:
            why = f"the file ends inside a record: {len(block)} of {found.content_length} bytes"
            raise WarcError(path, offset, why)
    headers = found.headers
    url = headers.get("WARC-Target-URI")
    return Record(
        path=path,
        offset=offset,
        length=0,
        kind=(headers.get("WARC-Type") or "").lower(),
        record_id=headers.get("WARC-Record-ID") or "",
        date=headers.get("WARC-Date") or "",
        url=url.strip("<>") if url else None,
        headers=headers.to_tuples(),
        block=block,
    )


def _ending_at(record: Record, end: int) -> Record:
    return Record(
        record.path,
        record.offset,
        end - record.offset,
        record.kind,
        record.record_id,
        record.date,
        record.url,
        record.headers,
        record.block,
    )


def _end_of(file: BinaryIO, record: Record, size: int, *, is_gzip: bool) -> int:
    """Where the last record read ends: at its member's end, or where the file does."""
    if not is_gzip or record.offset >= size:
        return size
    try:
        return record.offset + next(members.members(file, record.offset)).length
    except members.DamageError as error:
        raise WarcError(record.path, error.offset, error.why) from error


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


def read_page(data_dir: Path, pointer: WarcPointer, *, max_bytes: int = MAX_BODY) -> Page:
    """The page a pointer points at, its id and digests checked, decoded as the crawl decoded it.

    The records of a replayed archive, which stand elsewhere and may be anyone's, have no digests
    to rely on: of them id and entity are checked. Raises WarcError when the bytes are not there or
    are others, DecodeError when they hold no page.
    """
    if PurePosixPath(pointer.file).is_absolute():
        return _read_elsewhere(pointer, max_bytes)
    path, fields, block = _pointed_at(data_dir, pointer)
    values = {name.lower(): value for name, value in fields}

    def check(what: str, actual: str | None, expected: str) -> None:
        if actual != expected:
            raise WarcError(path, pointer.offset, f"{what} is {actual}, not {expected}")

    check("the record's type", values.get("warc-type"), "response")
    check("the record's id", values.get("warc-record-id"), pointer.record_id)
    check("the payload digest", values.get("warc-payload-digest"), pointer.payload_digest)
    check("the block digest", records.digest(block), values.get("warc-block-digest", ""))
    decoded = decode(block, max_bytes=max_bytes)
    check("the entity's SHA-256", decoded.entity_sha256, pointer.entity_sha256)
    return Page(
        url=values.get("warc-target-uri", ""),
        status=decoded.status,
        headers=decoded.headers,
        body=decoded.body,
        fetched_at=values.get("warc-date", ""),
        warc=pointer,
    )


def _read_elsewhere(pointer: WarcPointer, max_bytes: int) -> Page:
    path = Path(pointer.file)
    if ".." in path.parts or not path.is_file():
        raise WarcError(path, pointer.offset, "no such file")
    first, record = record_at(path, 0), record_at(path, pointer.offset)
    if record.kind != "response" or record.record_id != pointer.record_id or record.block is None:
        raise WarcError(path, pointer.offset, f"not the response {pointer.record_id}")
    is_ours = OURS in (first.block or b"")
    decoded = decode(record.block if is_ours else as_stored(record.block), max_bytes=max_bytes)
    if decoded.entity_sha256 != pointer.entity_sha256:
        why = f"the entity's SHA-256 is {decoded.entity_sha256}, not {pointer.entity_sha256}"
        raise WarcError(path, pointer.offset, why)
    return Page(
        url=record.url or "",
        status=decoded.status,
        headers=decoded.headers,
        body=decoded.body,
        fetched_at=fetched_at(record.date),
        warc=pointer,
    )


def _pointed_at(
    data_dir: Path, pointer: WarcPointer
) -> tuple[Path, tuple[tuple[str, str], ...], bytes]:
    relative = PurePosixPath(pointer.file)
    path = data_dir / relative
    if ".." in relative.parts:
        raise WarcError(path, pointer.offset, "the pointer leads out of the data folder")
    if not path.exists():
        path = path.with_name(path.name + OPEN_SUFFIX)  # of the run that is going on
    try:
        with path.open("rb") as file:
            plain = members.read_member(file, pointer.offset, pointer.length, 2 * MAX_BLOCK)
        return path, *parse_record(plain)
    except OSError as error:
        raise WarcError(path, pointer.offset, error.strerror or str(error)) from error
    except members.DamageError as error:
        raise WarcError(path, error.offset, error.why) from error
    except ValueError as error:
        raise WarcError(path, pointer.offset, str(error)) from error
