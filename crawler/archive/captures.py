"""Captures of other web archives, as our exchanges with these archives hold them.

In: the page of an exchange as it was recorded, or a record of a WARC of ours. Out: the page that
the archive captured, with the address, time, status and headers of that capture; whatever is no
such exchange stays what it is. The crawl, `verify`, `reextract` and all others that read our
archives come here, so that they see the same page.

Two kinds of exchange are known:

- a replay as it was captured: `id_` after the time in the address, as the Wayback Machine and pywb
  have it. The time is Memento-Datetime's (RFC 7089 2.1.1), without one that in the address; headers
  of the capture that would say something of the exchange have the prefix `X-Archive-Orig-`.
- a range of a WARC file (206, RFC 9110 15.3.7) that is one record, as Common Crawl gives it. The
  record's head tells the address and the time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.archive.decode import MAX_BODY, DecodeError, decode
from crawler.archive.others_records import as_stored, fetched_at
from crawler.archive.records import RecordHeadError, parse_head
from crawler.clock import iso
from crawler.items import Archive, Page

if TYPE_CHECKING:
    from crawler.archive.records import RecordHead

_REPLAY = re.compile(r"https?://[^/?#]+/(?:[^?#]*/)?([0-9]{14})id_/(https?://.+)", re.ASCII)
_ORIGINAL = "x-archive-orig-"
_VALIDATORS = frozenset({"etag", "last-modified"})

_PARTIAL = 206
_RECORD = b"WARC/"
_LONGEST_HEAD = 64 * 1024


def replay_address(archive: str, timestamp: str, url: str) -> str:
    """Where an archive (`https://web.archive.org/web/`) replays a capture unchanged."""
    return f"{archive}{timestamp}id_/{url}"


def may_hold_capture(url: str) -> bool:
    """Whether an exchange at this address may be one with another web archive."""
    return _REPLAY.fullmatch(url) is not None or ".warc" in url


def captured(page: Page) -> Page:
    """The capture that a page of ours holds; the page itself where it is none of another archive.

    Raises DecodeError for a range that is no record, or a record that holds no page.
    """
    replayed = _REPLAY.fullmatch(page.url)
    if replayed is not None:
        return _replayed(page, replayed[1], replayed[2])
    if page.status == _PARTIAL and page.body.startswith(_RECORD):
        return _in_record(page)
    return page


def _replayed(page: Page, timestamp: str, url: str) -> Page:
    at = _memento(page) or fetched_at(timestamp)
    if at is None:
        raise DecodeError("damaged", f"the address of the replay names no moment: {timestamp}")
    originals = tuple(
        (name[len(_ORIGINAL) :], value)
        for name, value in page.headers
        if name.lower().startswith(_ORIGINAL)
    )
    direct = tuple(
        (name, value)
        for name, value in page.headers
        if not name.lower().startswith(_ORIGINAL)
        and not (originals and name.lower() in _VALIDATORS)
    )
    return replace(
        page, url=url, fetched_at=at, headers=(*originals, *direct), archive=_archive(page)
    )


def _memento(page: Page) -> str | None:
    """The time at which the capture was made, by the answer's Memento-Datetime; None without
    one."""
    stated = page.header("Memento-Datetime")
    try:
        moment = parsedate_to_datetime(stated) if stated else None
        if moment is None:
            return None
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _in_record(page: Page) -> Page:
    """The page in the WARC record that a range of a file holds, read as others' records are."""
    head, block = _record(page.body)
    if head.kind != "response":
        raise DecodeError("damaged", f"the range is a record of type {head.kind[:40]!r}")
    reason = head.get("WARC-Truncated")
    if reason:
        raise DecodeError("truncated", f"the capture is cut short ({reason[:40]})")
    if head.get("WARC-Segment-Number"):
        raise DecodeError("truncated", "the record is one segment of several, which aren't joined")
    at = fetched_at(head.get("WARC-Date") or "")
    url = (head.get("WARC-Target-URI") or "").strip("<>")
    if at is None or not url:
        raise DecodeError("damaged", "the record in the range names no address or no moment")
    decoded = decode(as_stored(block), max_bytes=MAX_BODY)
    return replace(
        page, url=url, status=decoded.status, headers=decoded.headers, body=decoded.body,
        fetched_at=at, archive=_archive(page),
    )  # fmt: skip


def _record(body: bytes) -> tuple[RecordHead, bytes]:
    """Split bytes that are exactly one record into its head and its block. Raises DecodeError."""
    end = body.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
    try:
        head = parse_head(body[: max(end, 0)])
    except RecordHeadError as error:
        raise DecodeError("damaged", f"the range is no WARC record: {error}") from error
    start = end + 4
    length = head.length
    if length is None or len(body) - start < length:
        raise DecodeError("truncated", "the range ends inside its record")
    if body[start + length :].strip(b"\r\n"):
        raise DecodeError("damaged", "the range holds more than one record")
    return head, body[start : start + length]


def _archive(page: Page) -> Archive:
    return Archive(urlsplit(page.url).netloc.rpartition("@")[2].lower(), page.url)
