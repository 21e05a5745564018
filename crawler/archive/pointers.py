"""Pages of archives: what a record holds, and what a line's pointer points at.

In: Records of any WARC, pointers and their data folder. Out: Pages, decoded as the crawl decodes
them; or a WarcError, where the bytes aren't those pointed at.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from crawler.archive import wire
from crawler.archive.captures import captured
from crawler.archive.decode import MAX_BODY, DecodeError, decode
from crawler.archive.others_records import (
    as_response,
    as_stored,
    fetched_at,
    is_bare,
    is_our_warcinfo,
)
from crawler.archive.reader import WarcError, record_at
from crawler.archive.records import digest, is_labelled
from crawler.archive.wacz import MARK
from crawler.items import Page, WarcPointer
from crawler.shown_text import readings, written
from crawler.storage import path_now

if TYPE_CHECKING:
    from crawler.archive.reader import Record
    from crawler.archive.wacz import Unpacked


class MissingFileError(WarcError):
    """The file that a pointer names isn't there."""


def name_in(data_dir: Path, path: Path) -> str:
    """A file's name in pointers: relative to the data folder, absolute when it lies elsewhere."""
    for form in (os.path.abspath, os.path.realpath):
        file, folder = Path(form(path)), Path(form(data_dir))
        if file.is_relative_to(folder):
            return written(file.relative_to(folder).as_posix())
    return written(file.as_posix())


def page_of(record: Record, file: str, *, is_ours: bool, max_bytes: int = MAX_BODY) -> Page:
    """The page of a response record, or of others' resource record, as every reader of archives
    makes it.

    `file` is its file's name in pointers, `is_ours` says that its block is the wire's; then the
    page of an exchange with another web archive is that of the capture. Raises DecodeError, also
    for a capture that says it was cut short or is one segment of several.
    """
    reason = record.header("WARC-Truncated")
    if reason and record.kind != "revisit":
        raise DecodeError("truncated", f"the capture is cut short ({reason})")
    if record.header("WARC-Segment-Number"):
        raise DecodeError("truncated", "the record is one segment of several, which aren't joined")
    if record.block is None:
        raise DecodeError("too_large", "the record is too large for a page")
    at = fetched_at(record.date)
    if at is None:
        raise DecodeError("damaged", f"WARC-Date is {record.date[:40]!r}, which names no moment")
    if not record.record_id:
        raise DecodeError("damaged", "there is no WARC-Record-ID, by which a line could name it")
    content_type = record.header("Content-Type") or ""
    if is_ours:
        block = record.block
    elif is_bare(record.kind, content_type, record.block):
        block = as_response(content_type, record.block)
    else:
        block = as_stored(record.block)
    decoded = decode(block, max_bytes=max_bytes)
    payload_digest = record.header("WARC-Payload-Digest")
    if payload_digest is None or not is_labelled(payload_digest):
        payload_digest = digest(wire.split_response(block)[1])
    page = Page(
        url=record.url or "",
        status=decoded.status,
        headers=decoded.headers,
        body=decoded.body,
        fetched_at=at,
        warc=WarcPointer(
            file=file,
            offset=record.offset,
            length=record.length,
            record_id=record.record_id,
            payload_digest=payload_digest,
            entity_sha256=decoded.entity_sha256,
        ),
    )
    return captured(page) if is_ours else page


def read_page(
    data_dir: Path,
    pointer: WarcPointer,
    *,
    max_bytes: int = MAX_BODY,
    unpacked: Unpacked | None = None,
) -> Page:
    """The page a pointer points at: place, id and digests are checked, and it is decoded as the
    crawl decoded it. Into a WACZ it leads only with `unpacked`. Raises WarcError when the bytes are
    not there or are others, DecodeError when they hold no page.
    """
    path = pointed_at(data_dir, pointer, unpacked)
    record = record_at(path, pointer.offset)

    def check(what: str, actual: object, expected: object) -> None:
        if actual != expected:
            raise WarcError(path, pointer.offset, f"{what} is {actual}, not {expected}")

    is_ours = is_our_file(path)
    # old Heritrix writes some revisits with their body
    if is_ours or record.kind not in ("revisit", "resource"):
        check("the record's type", record.kind, "response")
    check("the record's id", record.record_id, pointer.record_id)
    check("the record's length", record.length, pointer.length)
    # others' digests may be of another kind
    if is_ours and record.block is not None:
        check("the block digest", digest(record.block), record.header("WARC-Block-Digest"))
    page = page_of(record, pointer.file, is_ours=is_ours, max_bytes=max_bytes)
    assert page.warc
    check("the payload digest", page.warc.payload_digest, pointer.payload_digest)
    check("the entity's SHA-256", page.warc.entity_sha256, pointer.entity_sha256)
    return page


@lru_cache(maxsize=64)
def is_our_file(path: Path) -> bool:
    """Whether we wrote a WARC, by its first record; False where that can't be read."""
    try:
        return is_our_warcinfo(record_at(path, 0))
    except WarcError:
        return False


def pointed_at(data_dir: Path, pointer: WarcPointer, unpacked: Unpacked | None = None) -> Path:
    """The file that a pointer names, under the name it has while its run is on too. Raises
    WarcError."""
    # an absolute name stays as it is
    path = data_dir / pointer.file
    for file in readings(pointer.file):
        path = data_dir / file
        package, mark, name = file.partition(MARK)
        is_packed = bool(mark) and not path.is_file()
        if ".." in PurePosixPath(package if is_packed else file).parts:
            raise WarcError(path, pointer.offset, "the pointer leads out of the data folder")
        if is_packed and unpacked and (data_dir / package).is_file():
            found = unpacked.warc(data_dir / package, mark + name)
            if found:
                return found
        found = path_now(path)
        if found:
            return found
    raise MissingFileError(path, pointer.offset, "no such file")
