"""Proves an archive of ours: every record of a file, then files against indexes and manifests.

In: a WARC, or a data folder. Out: a Finding for each defect, with file and offset; none when all is
well. `verify_warc` is a pure function of one file, so files can be checked in parallel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.archive import wire
from crawler.archive.cdxj import index_lines, index_path
from crawler.archive.compression import (
    MAX_START,
    Member,
    MemberError,
    WarcError,
    contents,
    find_member,
    members,
    read_member,
)
from crawler.archive.reader import MAX_BLOCK
from crawler.archive.records import RecordHeadError, parse_our_record
from crawler.storage import open_file
from crawler.verification import warc_records
from crawler.verification.findings import Finding, Original, WarcReport
from crawler.verification.others_warc import check_others, is_others

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_MAX_RECORD = MAX_BLOCK + MAX_START


def verify_warc(path: Path) -> WarcReport:
    """Check every record of one WARC; of ours also their order, and the index beside it."""
    report = WarcReport(path)
    if is_others(path):
        check_others(report)
        return report
    try:
        with open_file(path) as file:
            if not _is_other_format(report, file):
                _check_file(report, file)
    except OSError as error:
        report.add(None, "unreadable", error.strerror or str(error))
        return report
    if not any(finding.code in _STRUCTURAL for finding in report.findings):
        _check_index(report)
    return report


# Defects after which the index can't be made again to compare with.
_STRUCTURAL = frozenset({
    "torn_tail", "damaged_member", "not_gzip", "bad_length", "bad_record", "several_records",
    "too_large", "bad_type", "bad_date", "other_format",
})  # fmt: skip


def _is_other_format(report: WarcReport, file: BinaryIO) -> bool:
    """Whether the file is of a format that isn't WARC, which is told by its name."""
    try:
        contents(report.path, file, 0)
    except WarcError as error:
        if error.is_other_format:
            report.add(0, "other_format", error.why)
            return True
    return False


def _check_file(report: WarcReport, file: BinaryIO) -> None:
    exchanges = _Exchanges(report)
    offset: int | None = 0
    while offset is not None:
        try:
            for member in members(file, offset):
                offset = member.offset + member.length
                _check_member(report, file, member, exchanges)
            break
        except MemberError as error:
            offset = find_member(file, error.offset)
            code = _damage_code(file, error.offset, offset)
            is_other = code == "not_gzip"
            report.add(error.offset, code, "no gzip member begins here" if is_other else error.why)
    exchanges.end()
    if report.records == 0:
        report.add(0, "empty_file", "there is no record")


def _damage_code(file: BinaryIO, at: int, following: int | None) -> str:
    file.seek(at)
    if file.read(2) != b"\x1f\x8b":
        return "not_gzip"
    return "torn_tail" if following is None else "damaged_member"


def _check_member(
    report: WarcReport, file: BinaryIO, member: Member, exchanges: _Exchanges
) -> None:
    report.records += 1
    at = member.offset
    if member.size > _MAX_RECORD:
        report.add(at, "too_large", f"a record of {member.size} bytes, which we never write")
        return
    plain = read_member(file, at, member.length, _MAX_RECORD)
    try:
        head, rest = parse_our_record(plain)
    except RecordHeadError as error:
        report.add(at, "bad_record", str(error))
        return
    size = head.length
    if size is not None and rest[size : size + 9] == b"\r\n\r\nWARC/":
        report.add(at, "several_records", "the gzip member holds more than one record")
        return
    if size is None or len(rest) != size + 4 or not rest.endswith(b"\r\n\r\n"):
        length = head.get("Content-Length") or ""
        report.add(
            at, "bad_length", f"Content-Length is {length[:40]!r}, the block {len(rest) - 4}"
        )
        return
    block = rest[:size]
    for code, message in warc_records.check_record(head.fields, block):
        report.add(at, code, message)
    exchanges.take(at, {name.lower(): value for name, value in head.fields}, block)


class _Exchanges:
    """Follows the order of records: warcinfo, then response or revisit, request, metadata."""

    def __init__(self, report: WarcReport) -> None:
        self._report = report
        self._warcinfo_id: str | None = None
        self._first: dict[str, str] = {}
        self._first_at = 0
        self._response: bytes | None = None
        self._seen: set[str] = set()

    def take(self, at: int, values: dict[str, str], block: bytes) -> None:
        kind = values.get("warc-type", "")
        record_id = values.get("warc-record-id", "")
        if self._report.ids.setdefault(record_id, at) != at:
            self._report.add(at, "duplicate_id", f"{record_id} stands there twice")
        self._report.began = self._report.began or values.get("warc-date")
        if self._report.records == 1 and kind != "warcinfo":
            self._report.add(at, "missing_warcinfo", "the first record is no warcinfo")
        if kind == "warcinfo":
            self._take_warcinfo(at, values, record_id, block)
            return
        if self._warcinfo_id and values.get("warc-warcinfo-id") != self._warcinfo_id:
            self._report.add(at, "dangling_reference", "WARC-Warcinfo-ID is not this file's")
        concurrent_to = values.get("warc-concurrent-to")
        if kind in ("response", "revisit") or (kind == "request" and concurrent_to is None):
            self._begin(at, kind, values, block)
        else:
            self._follow(at, kind, values, block)
        if kind == "revisit":
            self._report.originals.append(
                Original(
                    at,
                    values.get("warc-refers-to-target-uri", ""),
                    values.get("warc-refers-to-date", ""),
                    values.get("warc-payload-digest", ""),
                )
            )

    def _take_warcinfo(self, at: int, values: dict[str, str], record_id: str, block: bytes) -> None:
        if self._report.records > 1:
            self._report.add(at, "second_warcinfo", "a warcinfo that isn't the first record")
            return
        self._warcinfo_id = record_id
        name = self._report.path.name
        if values.get("warc-filename") != name:
            stated = values.get("warc-filename")
            self._report.add(at, "bad_filename", f"WARC-Filename is {stated!r}, not {name!r}")
        for message in warc_records.check_warcinfo(block, name):
            self._report.add(at, "bad_warcinfo", message)

    def _begin(self, at: int, kind: str, values: dict[str, str], block: bytes) -> None:
        self._finish()
        self._first = values
        self._first_at = at
        self._seen = {kind}
        self._response = block if kind == "response" else None

    def _follow(self, at: int, kind: str, values: dict[str, str], block: bytes) -> None:
        concurrent_to = values.get("warc-concurrent-to")
        if not self._first or concurrent_to != self._first.get("warc-record-id"):
            missing = "missing_response" if kind == "request" else "dangling_reference"
            self._report.add(at, missing, f"the record it belongs to isn't here: {concurrent_to}")
            return
        if kind in self._seen:
            self._report.add(at, "repeated_record", f"the exchange has a {kind} record already")
        self._seen.add(kind)
        for name in ("warc-target-uri", "warc-date"):
            if values.get(name) != self._first.get(name):
                self._report.add(at, "mismatched_exchange", f"{name} differs from its response's")
        if kind == "request" and self._response is not None:
            is_marked = "warc-truncated" in self._first
            method = block[:5].partition(b" ")[0].decode("latin-1")
            if not is_marked and warc_records.is_cut(self._response, method):
                self._report.add(
                    self._first_at, "unmarked_cut", "the answer is cut short and not marked so"
                )

    def _finish(self) -> None:
        for kind in ("request", "metadata"):
            if self._first and kind not in self._seen:
                self._report.add(self._first_at, f"missing_{kind}", f"it has no {kind} record")

    def end(self) -> None:
        """The last exchange may lack its end: recovery keeps each whole record after a kill."""
        if self._warcinfo_id is not None and self._report.records == 1:
            self._report.add(0, "empty_file", "there is nothing but the warcinfo")


def _check_index(report: WarcReport) -> None:
    path = index_path(report.path)
    try:
        stated = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        report.add(None, "missing_index", f"there is no {path.name}")
        return
    except (OSError, UnicodeDecodeError) as error:
        report.findings.append(Finding(path, None, "unreadable", str(error)))
        return
    try:
        lines = index_lines(report.path)
    except (WarcError, wire.WireError) as error:
        report.add(None, "bad_record", str(error))
        return
    if stated != lines:
        where = next(
            (n for n, (a, b) in enumerate(zip(stated, lines, strict=False), 1) if a != b),
            min(len(stated), len(lines)) + 1,
        )
        message = f"line {where} isn't what the WARC gives ({len(stated)} lines of {len(lines)})"
        report.findings.append(Finding(path, None, "index_mismatch", message))
