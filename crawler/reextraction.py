"""JSONL again from archives, ours or anyone's: the same extraction, no network, constant memory.

In: one WARC file and filters. Out: records, in the order of their captures, and counts of what was
left out and why. The fields of history are at their defaults: they come from a ledger.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from crawler import pages as layouts
from crawler import regions, urls
from crawler.archive.decode import DecodeError, decode
from crawler.archive.reader import read_records, record_at
from crawler.clock import BEIJING, iso
from crawler.extraction import is_empty
from crawler.items import Draft, Page, WarcPointer, as_record
from crawler.pipelines import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from crawler.archive.reader import Record, WarcError

_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_GZIPPED = re.compile(rb"\r\ncontent-encoding:[ \t]*(?:x-)?gzip[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[^\r\n]*(?=\r\n|\Z)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\r\n]{0,1000})?\r\n")

WAITING = 1000
"""So many multi-page articles wait for their further pages at a time; the oldest give way."""

ORIGINALS = 100_000
"""So many payloads of a file are remembered for revisits of them."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which captures are wanted: regions by code, hosts by name, days of capture (Beijing time)."""

    regions: Collection[str] | None = None
    hosts: Collection[str] | None = None
    since: date | None = None
    until: date | None = None

    def wants(self, url: str, captured_at: str) -> bool:
        if self.hosts is not None and urls.host_of(url) not in self.hosts:
            return False
        if self.regions is not None:
            region = regions.region_of_url(url)
            if region is None or region.code not in self.regions:
                return False
        if self.since is None and self.until is None:
            return True
        try:
            day = datetime.fromisoformat(captured_at).astimezone(BEIJING).date()
        except ValueError:
            return False
        return (self.since or date.min) <= day <= (self.until or date.max)


@dataclass(slots=True)
class Tally:
    """What became of a file's captures: `records` by name, and sentences on damage."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def reextract(
    path: Path,
    name: str,
    wanted: Filter,
    tally: Tally,
    *,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """The records of one WARC file's articles.

    `name` is the file's name in the pointers; `on_read` is told the bytes of each record read.
    Damage is noted in `tally` and reading goes on after it where that is possible. Articles of
    several pages come when their last page has been met.
    """
    waiting: OrderedDict[str, _Parts] = OrderedDict()
    for page, address in _pages(path, name, wanted, tally, on_read):
        try:
            draft = layouts.read(page)
        except layouts.NotAnArticle as error:
            tally.counts[error.kind] += 1
            continue
        if address.page == 1:
            waiting[address.id] = _Parts((draft, page))
        elif address.id not in waiting:
            tally.counts["incomplete"] += 1
            continue
        else:
            waiting[address.id].further[urls.canonical(page.url)] = (draft, page)
        whole = waiting[address.id].whole()
        if whole is None:
            if len(waiting) > WAITING:
                waiting.popitem(last=False)
                tally.counts["incomplete"] += 1
            continue
        del waiting[address.id]
        drafts, pages = zip(*whole, strict=True)
        article = normalise(layouts.join(drafts), pages)
        if is_empty(article):
            tally.counts["empty"] += 1
            continue
        tally.counts["records"] += 1
        yield as_record(article)
    tally.counts["incomplete"] += len(waiting)


@dataclass(slots=True)
class _Parts:
    """The pages of one article met so far."""

    first: tuple[Draft, Page]
    further: dict[str, tuple[Draft, Page]] = field(default_factory=dict)

    def whole(self) -> list[tuple[Draft, Page]] | None:
        """All pages in the order the crawl asks for them, or None while one is missing."""
        read = [self.first]
        known = {urls.canonical(self.first[1].url)}
        queue = list(self.first[0].next_pages)
        for url in queue:  # grows while it is walked
            if url in known:
                continue
            known.add(url)
            part = self.further.get(url)
            if part is None:
                return None
            read.append(part)
            queue += part[0].next_pages
        return read


def _pages(
    path: Path,
    name: str,
    wanted: Filter,
    tally: Tally,
    on_read: Callable[[int], None] | None,
) -> Iterator[tuple[Page, urls.ArticleUrl]]:
    """The article pages of a file: 200s in scope, revisits resolved within the file."""
    is_ours = False
    originals: OrderedDict[str, int] = OrderedDict()

    def damaged(error: WarcError) -> None:
        tally.problems.append(str(error))

    for record in read_records(path, on_damage=damaged):
        if on_read:
            on_read(record.length)
        if record.kind == "warcinfo":
            is_ours = b"xinhua-archive/" in (record.block or b"")
        url = record.url or ""
        address = urls.article(url)
        if record.kind not in {"response", "revisit"} or address is None:
            continue
        if not wanted.wants(url, record.date):
            tally.counts["filtered"] += 1
            continue
        capture: Record | None = record
        digest = record.header("WARC-Payload-Digest")
        if record.kind == "revisit":
            capture = _original(path, originals.get(digest or ""))
        elif digest:
            originals[digest] = record.offset
            if len(originals) > ORIGINALS:
                originals.popitem(last=False)
        page = _page(record, capture, name, tally, is_ours=is_ours)
        if page is not None:
            yield page, address


def _original(path: Path, offset: int | None) -> Record | None:
    return None if offset is None else record_at(path, offset)


def _page(
    record: Record, capture: Record | None, name: str, tally: Tally, *, is_ours: bool
) -> Page | None:
    """The page of a record whose bytes `capture` holds, or None with the reason counted."""
    if capture is None:
        tally.counts["unresolved_revisit"] += 1
    elif capture.block is None:
        tally.counts["too_large"] += 1
    elif capture.header("WARC-Truncated"):
        tally.counts["truncated"] += 1
    else:
        try:
            decoded = decode(capture.block if is_ours else as_stored(capture.block))
        except DecodeError as error:
            tally.counts[error.kind] += 1
            return None
        if decoded.status == 200:
            return Page(
                url=record.url or "",
                status=decoded.status,
                headers=decoded.headers,
                body=decoded.body,
                fetched_at=_fetched_at(record.date),
                warc=WarcPointer(
                    file=name,
                    offset=capture.offset,
                    length=capture.length,
                    record_id=capture.record_id,
                    payload_digest=capture.header("WARC-Payload-Digest") or "",
                    entity_sha256=decoded.entity_sha256,
                ),
            )
        tally.counts["not_200"] += 1
    return None


def _fetched_at(warc_date: str) -> str:
    """A WARC-Date, which may have fractions of a second, in our form."""
    try:
        return iso(datetime.fromisoformat(warc_date))
    except ValueError:
        return warc_date


def as_stored(block: bytes) -> bytes:
    """A foreign response without the headers that its writer has undone.

    Some crawlers store the entity de-chunked or decompressed under the headers as sent. Only where
    the body plainly is not what its header says is the header taken off; anything else is left to
    the decoder.
    """
    head, separator, body = block.partition(b"\r\n\r\n")
    if _CHUNKED.search(head) and not _CHUNK_SIZE.match(body):
        head = _CHUNKED.sub(b"", head)
    if _GZIPPED.search(head) and not _CHUNKED.search(head) and not body.startswith(b"\x1f\x8b"):
        head = _GZIPPED.sub(b"", head)
        head = _LENGTH.sub(b"", head)
    return head + separator + body
