"""Revisits of others' archives: by what they call the response that they repeat.

In: Records of foreign WARCs, and pages. Out: Repeats, and the names they may call pages by. A
revisit means the page that has one of its names: re-extraction makes lines by this rule, and
`scrapy verify` proves them by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.archive.decode import DecodeError, decode
from crawler.archive.digests import digest_key
from crawler.archive.others_records import as_stored, fetched_at

if TYPE_CHECKING:
    from crawler.archive.reader import Record
    from crawler.items import Page


Names = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An article's page that stood unchanged at `url` on `date`; what repeats it has one of
    `names`, the first one known counts."""

    url: str
    date: str
    names: Names


def names_of(page: Page) -> Names:
    """What revisits may call a page: its payload digest, "" for that of nothing; its address and
    time; its record's id."""
    digest = digest_key(page.warc.payload_digest) if page.warc and page.body else ""
    return digest, f"{page.url} {page.fetched_at}", page.warc.record_id if page.warc else ""


def means(repeat: Repeat, names: Names) -> bool:
    """Whether a revisit repeats the page of these names."""
    return any(ours and ours == theirs for ours, theirs in zip(names, repeat.names, strict=True))


def repeat_of(record: Record, *, is_ours: bool) -> Repeat | None:
    """What a revisit without a page of its own says. Ours repeat what is published and give None;
    so does a 304, which is no capture of a page, and one whose date names no moment."""
    profile = record.header("WARC-Profile") or ""
    at = fetched_at(record.date)
    if is_ours or at is None or profile.endswith("/revisit/server-not-modified"):  # 1.0 or 1.1
        return None
    uri = (record.header("WARC-Refers-To-Target-URI") or "").strip("<>")
    date = fetched_at(record.header("WARC-Refers-To-Date") or "")
    original = f"{uri} {date}" if uri and date else ""
    digest = digest_key(record.header("WARC-Payload-Digest") or "")
    record_id = (record.header("WARC-Refers-To") or "").strip("<>")
    names = (digest, original, f"<{record_id}>" if record_id else "")
    return Repeat(record.url or "", at, names)


def holds_page(record: Record) -> bool:
    """Whether a revisit was written with its body all the same, as old Heritrix does."""
    try:
        return bool(decode(as_stored(record.block or b"")).entity)
    except DecodeError:
        return False
