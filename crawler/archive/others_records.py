"""Records as other crawlers store them, brought back to what the one decoder reads.

In: the block of a foreign response, its WARC-Date. Out: the same, with what its writer undid taken
off its head, and the time in our form.

A revisit of theirs calls the response that it repeats by one of its names. Re-extraction makes
lines by this rule, and `scrapy verify` proves them by it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from crawler.archive import wire
from crawler.archive.decode import DecodeError, decode
from crawler.archive.records import digest_key
from crawler.clock import iso

if TYPE_CHECKING:
    from crawler.archive.reader import Record
    from crawler.items import Page

# What a page may be called by: its payload digest, its address and time, its record's id.
Names = tuple[str, str, str]

# Stands in the warcinfo of every file of ours.
_OUR_SOFTWARE = b"software: xinhua-archive/"

_HTTP = re.compile(rb"\AHTTP/([23])(?= )")
_STATUS = re.compile(rb"HTTP/[0-9](?:\.[0-9])? [0-9]{3}\b")
_CHUNKED = re.compile(rb"\r?\ntransfer-encoding[ \t]*:[^\r\n]*(?=\r?\n)", re.IGNORECASE)
_CODED = re.compile(
    rb"\r?\ncontent-encoding[ \t]*:[ \t]*(?:x-)?(gzip|deflate|br|zstd)[ \t]*(?=\r?\n)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    rb"\r?\ncontent-length[ \t]*:[ \t]*(?:([0-9]{1,18})[ \t]*|[^\r\n]*)(?=\r?\n)", re.IGNORECASE
)
_CHUNK_SIZE = re.compile(rb"[ \t]*[0-9A-Fa-f]{1,32}[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]{0,1000}<[!?a-zA-Z]")

# W3C's profile of ISO 8601, which WARC-Date is of, down to a year alone and to nanoseconds (ISO
# 28500:2017 5.4), and the fourteen digits of the formats before it.
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?)?)?)?)?"
    r" ?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)
_LEAP_SECOND = 60


def is_our_warcinfo(record: Record) -> bool:
    """Whether a file's first record says that we wrote the file; then its blocks are as on the
    wire."""
    return _OUR_SOFTWARE in (record.block or b"")


def as_stored(block: bytes) -> bytes:
    """A foreign response without the headers that its writer has undone.

    Some crawlers store the entity de-chunked or decompressed under the headers as sent. Only where
    the body plainly is not what its header says, or is longer, is the header taken off; anything
    else is left to the decoder. Browsers' status lines of HTTP/2 and 3 name no minor version.
    """
    try:
        head, body = wire.split_response(block)
    except wire.WireError:
        return block
    head = _HTTP.sub(rb"HTTP/\1.0", head)
    if body and _CHUNKED.search(head) and not _CHUNK_SIZE.match(body):
        head = _CHUNKED.sub(b"", head)
    if _CODED.search(head) and _MARKUP.match(body):
        head = _CODED.sub(b"", head)
        head = _LENGTH.sub(b"", head)
    length = _LENGTH.search(head)
    if length and length[1] and int(length[1]) < len(body) and not _CODED.search(head):
        head = _LENGTH.sub(b"", head)
    return head + body


def is_bare(kind: str, content_type: str, block: bytes) -> bool:
    """Whether a record's block is what its address gave, without an HTTP head: a resource's is (ISO
    28500:2017 6.4), but for writers that store the response under that type."""
    is_http = content_type.lower().startswith("application/http") or _STATUS.match(block)
    return kind == "resource" and not is_http


def as_response(content_type: str, block: bytes) -> bytes:
    """What a resource record holds, as a response: its Content-Type is that of the content."""
    line = f"Content-Type: {' '.join(content_type.split())}\r\n" if content_type else ""
    return b"HTTP/1.0 200 OK\r\n" + line.encode("latin-1", "replace") + b"\r\n" + block


def fetched_at(warc_date: str) -> str | None:
    """A WARC-Date in our form: to the second, of a date of less precision the earliest moment it
    may mean, in UTC where it names no zone. None where it names no moment."""
    text = warc_date.strip()
    found = _DATE.fullmatch(text) or _DIGITS.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = found[7] if found.re is _DATE else None
    if second == _LEAP_SECOND:
        second -= 1
    try:
        at = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=_zone(zone))
        return iso(at)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


@dataclass(frozen=True, slots=True)
class OthersRevisit:
    """A revisit: the article at `url` was unchanged on `date`. The response that it repeats has
    one of `names`; the first of them that is known counts."""

    url: str
    date: str
    names: Names

    def repeats(self, names: Names) -> bool:
        """Whether it repeats the page of these names."""
        pairs = zip(names, self.names, strict=True)
        return any(ours and ours == theirs for ours, theirs in pairs)


def names_of(page: Page) -> Names:
    """What revisits may call a page: its payload digest ("" for an empty body), its address and
    time, and its record's id."""
    digest = digest_key(page.warc.payload_digest) if page.warc and page.body else ""
    return digest, f"{page.url} {page.fetched_at}", page.warc.record_id if page.warc else ""


def others_revisit(record: Record, *, is_ours: bool) -> OthersRevisit | None:
    """What a revisit without a page of its own says. None for a revisit of ours, which repeats
    what is published; for a 304, which is no capture of a page; and where the date names no
    moment."""
    profile = record.header("WARC-Profile") or ""
    at = fetched_at(record.date)
    # WARC/1.0 and 1.1 have profiles of their own
    if is_ours or at is None or profile.endswith("/revisit/server-not-modified"):
        return None
    uri = (record.header("WARC-Refers-To-Target-URI") or "").strip("<>")
    date = fetched_at(record.header("WARC-Refers-To-Date") or "")
    original = f"{uri} {date}" if uri and date else ""
    digest = digest_key(record.header("WARC-Payload-Digest") or "")
    record_id = (record.header("WARC-Refers-To") or "").strip("<>")
    names = (digest, original, f"<{record_id}>" if record_id else "")
    return OthersRevisit(record.url or "", at, names)


def holds_page(record: Record) -> bool:
    """Whether a revisit record contains the body nevertheless, as those of old Heritrix do."""
    try:
        return bool(decode(as_stored(record.block or b"")).entity)
    except DecodeError:
        return False
