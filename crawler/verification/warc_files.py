"""One WARC by itself: what `scrapy verify` says of its records and, of ours, of its index.

In: a WARC. Out: a report with a Finding for each defect, with file and offset. Of a file of ours
each record, their order and the index beside it are checked; of one that another crawler wrote, in
any version and compression, what the standard says (ISO 28500) and the file itself states.
`verify_warc` is a pure function of one file, so files can be checked in parallel.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.archive import records, wire
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
from crawler.archive.decode import DecodeError, decode, unframe
from crawler.archive.others_records import fetched_at, is_our_warcinfo
from crawler.archive.reader import MAX_BLOCK, read_records
from crawler.archive.records import RecordHeadError, is_digest_of, parse_our_record
from crawler.clock import now
from crawler.data_dir import FILE_PREFIX
from crawler.media_type import identify
from crawler.shown_text import shown
from crawler.storage import open_file
from crawler.verification.findings import Finding, Original, WarcReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from crawler.archive.reader import Record

# The code of a defect and the sentence.
Defect = tuple[str, str]

_MAX_RECORD = MAX_BLOCK + MAX_START
# Defects after which the index can't be made again to compare with.
_STRUCTURAL = frozenset({
    "torn_tail", "damaged_member", "not_gzip", "bad_length", "bad_record", "several_records",
    "too_large", "bad_type", "bad_date", "other_format",
})  # fmt: skip

_CONTENT_TYPES = {
    "warcinfo": "application/warc-fields",
    "metadata": "application/warc-fields",
    "request": "application/http;msgtype=request",
    "response": "application/http;msgtype=response",
    "revisit": "application/http;msgtype=response",
}
_ID = re.compile(r"<urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}>")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_TRUNCATED = frozenset({"length", "time", "disconnect", "unspecified"})
_PROFILES = frozenset({records.PROFILE_IDENTICAL, records.PROFILE_NOT_MODIFIED})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REPEATABLE = frozenset({"warc-concurrent-to"})
# How the versions of WARC's drafts begin.
_DRAFTS = "0."


def verify_warc(path: Path) -> WarcReport:
    """Check every record of one WARC; of ours also their order, and the index beside it."""
    report = WarcReport(path)
    if _is_others(path):
        _check_others(report)
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


def _is_other_format(report: WarcReport, file: BinaryIO) -> bool:
    """Whether the file is of a known format that isn't WARC; it is reported by the format's
    name."""
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
    for code, message in _check_record(head.fields, block):
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
        for message in _check_warcinfo(block, name):
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
            if not is_marked and _is_cut(self._response, method):
                self._report.add(
                    self._first_at, "unmarked_cut", "the answer is cut short and not marked so"
                )

    def _finish(self) -> None:
        for kind in ("request", "metadata"):
            if self._first and kind not in self._seen:
                self._report.add(self._first_at, f"missing_{kind}", f"it has no {kind} record")

    def end(self) -> None:
        """Report a file without exchanges. The last exchange may lack its end, since recovery
        after a kill keeps each whole record."""
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


# --- one record of ours


def _check_record(fields: tuple[tuple[str, str], ...], block: bytes) -> Iterator[Defect]:
    """What is wrong with a record of ours by itself: its fields, its digests, its block."""
    values = {name.lower(): value for name, value in fields}
    names = [name.lower() for name, _ in fields]
    for name in sorted({n for n in names if names.count(n) > 1} - _REPEATABLE):
        yield "repeated_field", f"{name} stands there {names.count(name)} times"
    kind = values.get("warc-type", "")
    if kind not in _CONTENT_TYPES:
        yield "bad_type", f"no record type of ours: {kind!r}"
        return
    yield from _check_fields(kind, values)
    yield from _check_block_digest(values, block)
    if kind == "response":
        yield from _check_payload(values, block)
        yield from _check_payload_type(values, block)
    elif kind == "revisit":
        yield from _check_revisit(values)
    elif "warc-payload-digest" in values:
        yield "bad_payload_digest", f"a {kind} record has no payload"
    if kind == "request":
        yield from _check_request(values, block)


def _check_fields(kind: str, values: Mapping[str, str]) -> Iterator[Defect]:
    record_id = values.get("warc-record-id", "")
    if not _ID.fullmatch(record_id):
        yield "bad_record_id", f"not a UUID URN: {record_id[:80]!r}"
    date = values.get("warc-date", "")
    if not _is_date(date):
        yield "bad_date", f"not a moment in UTC up to now: {date[:80]!r}"
    content_type = values.get("content-type", "")
    if content_type.replace(" ", "").lower() != _CONTENT_TYPES[kind]:
        yield "bad_content_type", f"{content_type[:80]!r}, not {_CONTENT_TYPES[kind]}"
    url = values.get("warc-target-uri")
    if (kind == "warcinfo") != (url is None) or (url is not None and not _is_http(url)):
        yield "bad_target_uri", f"{kind} record of {url!r}"
    ip = values.get("warc-ip-address")
    if ip is not None and not _is_ip(ip):
        yield "bad_ip", f"not an IP address: {ip[:80]!r}"
    truncated = values.get("warc-truncated")
    if truncated is not None and truncated not in _TRUNCATED:
        yield "bad_truncated", f"not a reason: {truncated[:80]!r}"


def _check_block_digest(values: Mapping[str, str], block: bytes) -> Iterator[Defect]:
    stated = values.get("warc-block-digest")
    if stated is None:
        yield "missing_block_digest", "there is no WARC-Block-Digest"
    elif not is_digest_of(stated, block):
        yield "bad_block_digest", f"{stated[:90]} is not the block's digest"


def _check_payload(values: Mapping[str, str], block: bytes) -> Iterator[Defect]:
    try:
        head, payload = wire.split_response(block)
        wire.parse_response_head(head)
    except wire.WireError as error:
        payload = (
            b"" if isinstance(error, wire.WireTruncatedError | wire.WireTooLargeError) else payload
        )
        # what a server says after HTTP/ is its own: the record keeps it as it came
        is_odd = type(error) is wire.WireError and block[:5].upper() == b"HTTP/"
        if "warc-truncated" not in values and not is_odd:
            yield "bad_http", f"the block is no HTTP response: {error}"
    stated = values.get("warc-payload-digest")
    if stated is None:
        yield "missing_payload_digest", "there is no WARC-Payload-Digest"
    elif not is_digest_of(stated, payload):
        yield "bad_payload_digest", f"{stated[:90]} is not the payload's digest"


def _check_payload_type(values: Mapping[str, str], block: bytes) -> Iterator[Defect]:
    """Check the type of a body that can be decoded; another check reports one that can't."""
    stated = values.get("warc-identified-payload-type")
    if stated is None:
        return
    try:
        shown = identify(decode(block).body)
    except DecodeError:
        return
    if stated != shown:
        yield "bad_payload_type", f"WARC-Identified-Payload-Type is {stated[:80]!r}, not {shown!r}"


def _check_revisit(values: Mapping[str, str]) -> Iterator[Defect]:
    profile = values.get("warc-profile")
    if profile not in _PROFILES:
        yield "bad_revisit", f"no profile of WARC/1.1: {profile!r}"
    for name in ("warc-refers-to-target-uri", "warc-refers-to-date", "warc-payload-digest"):
        if name not in values:
            yield "bad_revisit", f"there is no {name}"
    if is_digest_of(values.get("warc-payload-digest", ""), b""):
        yield "bad_revisit", "the digest is that of an empty payload"


def _check_request(values: Mapping[str, str], block: bytes) -> Iterator[Defect]:
    try:
        head = wire.parse_request_head(block)
    except wire.WireError as error:
        yield "bad_http", f"the block is no HTTP request: {error}"
        return
    parts = urlsplit(values.get("warc-target-uri", ""))
    asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    hosts = [value for name, value in head.headers if name.lower() == "host"]
    expected = _host(parts.netloc, parts.scheme)
    is_host = [_host(one, parts.scheme) for one in hosts] == [expected]
    if head.target.removesuffix("?") != asked.removesuffix("?") or not is_host:
        yield "mismatched_request", f"asks {hosts} for {head.target[:200]!r}, not the target URI"


def _host(netloc: str, scheme: str) -> str:
    """Host and port without credentials and without the scheme's own port, which a Host header
    leaves out (RFC 9110 7.2)."""
    host, colon, port = netloc.rpartition("@")[2].lower().rpartition(":")
    if colon and port.isdecimal() and int(port) == _DEFAULT_PORTS.get(scheme):
        return host
    return f"{host}{colon}{port}".removesuffix(":")


def _check_warcinfo(block: bytes, name: str) -> Iterator[str]:
    """Whether a file's first record says what wrote the file called `name`, and for which run."""
    lines = block.decode("utf-8", "replace").splitlines()
    said = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    for key in ("software", "format", "operator", "robots"):
        if not said.get(key):
            yield f"there is no {key}"
    run = said.get("run-id")
    if run is None or name.rpartition("-")[0] != FILE_PREFIX + run:
        yield f"run-id is {run!r}, which is not the file's"


def _is_cut(block: bytes, method: str) -> bool:
    """Whether a response's body ends before its own framing says it does."""
    try:
        unframe(block, method=method)
    except DecodeError as error:
        return error.kind == "truncated"
    return False


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        return datetime.fromisoformat(text[:19] + "Z") <= now() + timedelta(days=1)
    except ValueError:
        return False


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and url == records.uri(url)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# --- files that other crawlers wrote


def _is_others(path: Path) -> bool:
    """Whether a file is a WARC that we did not write, by its name and its first readable
    record. False for a file without a record."""
    if path.name.startswith(FILE_PREFIX):
        return False
    try:
        first = next(read_records(path, on_damage=lambda _: None), None)
    except WarcError:
        return False
    return first is not None and not is_our_warcinfo(first)


def _check_others(report: WarcReport) -> None:
    """Check every record of a file, and add a note on what such a check can and can't show."""
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


def _defects(record: Record) -> Iterator[Defect]:
    """What is wrong with a record of another crawler."""
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
