"""Proves a WARC that another crawler wrote, by what the standard says and the file itself states.

In: a WARC of any version and compression. Out: a Finding for each defect: damage, lengths, dates,
ids, digests. How ours order and index their records is asked of ours alone (`verify_warc`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.archive import wire
from crawler.archive.compression import WarcError
from crawler.archive.decode import DecodeError, unframe
from crawler.archive.others_records import fetched_at, is_our_warcinfo
from crawler.archive.reader import read_records
from crawler.archive.records import is_digest_of
from crawler.data_dir import FILE_PREFIX
from crawler.file_name_escapes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.archive.reader import Record
    from crawler.verification.findings import WarcReport

_DRAFTS = "0."


def is_others(path: Path) -> bool:
    """Whether a file is a WARC that we did not write: neither its name nor its first readable
    record says that we did. What holds no record is nobody's."""
    if path.name.startswith(FILE_PREFIX):
        return False
    try:
        first = next(read_records(path, on_damage=lambda _: None), None)
    except WarcError:
        return False
    return first is not None and not is_our_warcinfo(first)


def check_others(report: WarcReport) -> None:
    """Check every record of a file, and note what such a check is."""
    ids: set[str] = set()
    versions: set[str] = set()
    unread = 0

    def damaged(error: WarcError) -> None:
        is_torn = "the file ends inside" in error.why
        report.add(error.offset, "torn_tail" if is_torn else "bad_record", error.why)

    for record in read_records(report.path, on_damage=damaged):
        report.records += 1
        versions.add(record.version)
        if record.record_id in ids:
            report.add(record.offset, "duplicate_id", f"{record.record_id} stands there twice")
        ids.add(record.record_id)
        unread += record.block is None
        for code, message in _defects(record):
            report.add(record.offset, code, message)
    named = ", ".join(
        f"WARC/{one}{', a draft' if one.startswith(_DRAFTS) else ''}" for one in sorted(versions)
    )
    what = "records, ids, dates and digests were checked, not order and index"
    too_large = f"; {unread} records are too large for their digests" if unread else ""
    whose = f"{shown(report.path)}: not written by this crawler ({named})"
    report.notes.append(f"{whose}: {what}{too_large}")


def _defects(record: Record) -> Iterator[tuple[str, str]]:
    if not record.record_id:
        yield "bad_record_id", "there is no WARC-Record-ID"
    if not record.kind:
        yield "bad_type", "there is no WARC-Type"
    if fetched_at(record.date) is None:
        yield "bad_date", f"WARC-Date is {record.date[:80]!r}, which names no moment"
    if record.block is None:
        return
    block_digest = record.header("WARC-Block-Digest")
    if block_digest and is_digest_of(block_digest, record.block) is False:
        yield "bad_block_digest", f"{block_digest[:90]} is not the block's digest"
    stated = record.header("WARC-Payload-Digest")
    # of a revisit it is the original's, of what is cut short perhaps that of the whole
    is_part = record.header("WARC-Truncated") or record.header("WARC-Segment-Number")
    if not stated or is_part or record.kind == "revisit":
        return
    if all(is_digest_of(stated, payload) is False for payload in _payloads(record.block)):
        yield "bad_payload_digest", f"{stated[:90]} is not the payload's digest"


def _payloads(block: bytes) -> Iterator[bytes]:
    """What a payload digest is of: the block where it is no HTTP, else the body as stored, or, as
    some crawlers read the standard, the entity without chunks."""
    yield block
    try:
        yield wire.split_response(block)[1]
        yield unframe(block)[1]
    except (wire.WireError, DecodeError):
        return
