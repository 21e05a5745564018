"""The download handler that answers from archives and never from the network.

In: the run's ReplayIndex, or the WARCs of the setting REPLAY_WARCS. Out: for each request the
latest capture of its URL, read as the live handler reads it (I6); what isn't archived is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urldefrag

from scrapy.core.downloader.handlers.base import BaseDownloadHandler

from crawler import urls
from crawler.archive import records, wire
from crawler.archive.decode import MAX_BODY, DecodeError, decode
from crawler.archive.errors import CaptureError, CaptureTooLargeError, NotArchivedError
from crawler.archive.foreign import OURS, as_stored, fetched_at
from crawler.archive.reader import Record, WarcError, read_records, record_at
from crawler.archive.responses import respond
from crawler.context import context_of
from crawler.items import Page, WarcPointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_NOT_MODIFIED = re.compile(rb"HTTP/\d\.\d +304\b")

MAX_DAMAGE = 1000
"""Sentences kept."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a response stands, when it was fetched, and whether its block is the wire's."""

    date: str
    path: Path
    offset: int
    length: int
    is_ours: bool


class ReplayIndex:
    """The latest response of every URL. Revisits and 304s say that it was still so, and are passed
    over.

    An article is found under its canonical address too, whatever tail it was captured with.
    """

    def __init__(self) -> None:
        self._latest: dict[str, Place] = {}
        self._addresses: dict[str, str] = {}
        self._articles: set[str] = set()
        self.damage: list[str] = []

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Self:
        """Read the WARCs. Damage is told in `damage`; what is whole of the file still counts.

        Raises WarcError for a file compressed as a whole, where no record can be gone to.
        """
        index = cls()
        for path in paths:
            is_ours = False
            for record in read_records(path, on_damage=index._damaged):
                if record.length <= 0:
                    why = "the file is compressed as a whole, not record by record"
                    raise WarcError(path, record.offset, why)
                if record.kind == "warcinfo":
                    is_ours = OURS in (record.block or b"")
                index.add(record, is_ours=is_ours)
        return index

    def _damaged(self, error: WarcError) -> None:
        if len(self.damage) < MAX_DAMAGE:
            self.damage.append(f"damaged archive: {error}")

    def add(self, record: Record, *, is_ours: bool) -> None:
        """Take a record in, if it is a response (its block is not kept)."""
        if record.kind != "response" or record.url is None:
            return
        if _NOT_MODIFIED.match(record.block or b""):
            return
        known = self._latest.get(record.url)
        if known is None or record.date >= known.date:
            place = Place(record.date, record.path, record.offset, record.length, is_ours)
            self._latest[record.url] = place
            if urls.article(record.url):
                self._add_address(urls.canonical(record.url), record.url, record.date)

    def _add_address(self, address: str, url: str, date: str) -> None:
        known = self._addresses.get(address)
        if known is None or date >= self._latest[known].date:
            self._addresses[address] = url
            self._articles.add(urls.article_id(address))

    def find(self, url: str) -> Place | None:
        place = self._latest.get(url)
        return place or self._latest.get(self._addresses.get(url, ""))

    def is_elsewhere(self, address: str) -> bool:
        """Whether an article is archived, but at another of its addresses."""
        return self.find(address) is None and urls.article_id(address) in self._articles

    def articles(self) -> Iterator[str]:
        """The canonical addresses of the archived articles, page 1 of each, sorted."""
        for address in sorted(self._addresses):
            article = urls.article(address)
            if article and article.page == 1:
                yield address

    def __len__(self) -> int:
        return len(self._latest)


class ReplayHandler(BaseDownloadHandler):
    """Answers from the run's archives, without a run from those of REPLAY_WARCS (paths)."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._paths = [Path(path) for path in crawler.settings.getlist("REPLAY_WARCS")]
        self._data_dir = Path(crawler.settings["DATA_DIR"]).absolute()
        self._max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE") or MAX_BODY
        context = context_of(crawler)
        self._index = context.replay if context else None

    async def download_request(self, request: Request) -> Response:
        """Raises NotArchivedError, CaptureError as the live handler does, WarcError."""
        if self._index is None:
            self._index = ReplayIndex.of(self._paths)
        url = urldefrag(request.url)[0]
        place = self._index.find(url)
        if place is None:
            message = f"{url} is in none of the archives"
            raise NotArchivedError(message)
        page = read_place(place, self._data_dir, max_bytes=self._max_bytes)
        request.meta["page"] = page
        return respond(page)


def read_place(place: Place, data_dir: Path, *, max_bytes: int = MAX_BODY) -> Page:
    """The page that stands there. Raises CaptureError where the live handler would, WarcError.

    Its pointer's file is relative to `data_dir`, or absolute when the archive is elsewhere.
    """
    record = record_at(place.path, place.offset)
    if record.block is None:
        raise CaptureTooLargeError("too_large", f"{place.path}: the block is too large", None)
    path = place.path.absolute()
    name = path.relative_to(data_dir) if path.is_relative_to(data_dir) else path
    digest = record.header("WARC-Payload-Digest") or _payload_digest(record.block)

    def pointer(entity_sha256: str) -> WarcPointer:
        return WarcPointer(
            name.as_posix(), place.offset, place.length, record.record_id, digest, entity_sha256
        )

    truncated = record.header("WARC-Truncated")
    if truncated:
        raise CaptureError("truncated", f"the capture is cut short ({truncated})", pointer(""))
    try:
        block = record.block if place.is_ours else as_stored(record.block)
        decoded = decode(block, max_bytes=max_bytes)
    except DecodeError as error:
        raise CaptureError(error.kind, str(error), pointer("")) from error
    return Page(
        url=record.url or "",
        status=decoded.status,
        headers=decoded.headers,
        body=decoded.body,
        fetched_at=fetched_at(record.date),
        warc=pointer(decoded.entity_sha256),
    )


def _payload_digest(block: bytes) -> str:
    """Foreign archives may lack it; what is not even HTTP is refused by the decoder anyway."""
    try:
        return records.digest(wire.split_response(block)[1])
    except wire.WireError:
        return records.digest(b"")
