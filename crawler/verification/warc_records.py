"""What one record must say: fields, digests, and a block that is what its type calls for.

In: a record's fields and block. Out: (code, sentence) for each defect.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.archive import records, wire
from crawler.archive.decode import DecodeError, decode, unframe
from crawler.archive.records import is_digest_of
from crawler.clock import now
from crawler.data_dir import FILE_PREFIX
from crawler.media_type import identify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Defect = tuple[str, str]

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


def check_record(fields: tuple[tuple[str, str], ...], block: bytes) -> Iterator[Defect]:
    """Everything that can be said of a record by itself."""
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
    """It is said of a body that could be decoded; what else may be wrong with one is told apart."""
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


def check_warcinfo(block: bytes, name: str) -> Iterator[str]:
    """Whether a file's first record says what wrote the file called `name`, and for which run."""
    lines = block.decode("utf-8", "replace").splitlines()
    said = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    for key in ("software", "format", "operator", "robots"):
        if not said.get(key):
            yield f"there is no {key}"
    run = said.get("run-id")
    if run is None or name.rpartition("-")[0] != FILE_PREFIX + run:
        yield f"run-id is {run!r}, which is not the file's"


def is_cut(block: bytes, method: str) -> bool:
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
