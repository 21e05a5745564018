"""The download handler that answers from archives and never from the network.

In: the run's ReplayIndex. Out: for each request the archived answer of its URL, read as the live
handler reads it; what isn't archived is refused.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urldefrag

from scrapy.core.downloader.handlers.base import BaseDownloadHandler

from crawler import urls
from crawler.archive.decode import MAX_BODY, DecodeError, largest_page
from crawler.archive.others_records import fetched_at, is_our_warcinfo
from crawler.archive.pointers import name_in, page_of
from crawler.archive.reader import Record, WarcError, read_records, record_at
from crawler.context import RunFacts, required
from crawler.downloader.capture import respond
from crawler.downloader.failures import CaptureError, NotArchivedError
from crawler.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

# Sentences kept.
MAX_DAMAGE = 1000

_OK = 200
_NOT_MODIFIED = 304

_TABLE = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;
CREATE TABLE captures (
    url TEXT PRIMARY KEY, is_page INTEGER, date TEXT, path BLOB, offset INTEGER, is_ours INTEGER,
    article_id TEXT, page INTEGER, address TEXT
) WITHOUT ROWID;
CREATE INDEX of_article ON captures (article_id, page);
CREATE INDEX of_address ON captures (address) WHERE page = 1;
BEGIN;
"""
_ADD = """
INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    is_page = excluded.is_page, date = excluded.date, path = excluded.path,
    offset = excluded.offset, is_ours = excluded.is_ours
WHERE (excluded.is_page, excluded.date) >= (is_page, date)
"""
_FIND = "SELECT path, offset, is_ours FROM captures WHERE "
_AT_URL = f"{_FIND} url = ?"
_OF_ARTICLE = (
    f"{_FIND} article_id = ? AND page = ? ORDER BY address = ? DESC, is_page DESC, date DESC, url"
)
_FIRST_PAGES = "SELECT DISTINCT address FROM captures WHERE page = 1 ORDER BY address"


@dataclass(frozen=True, slots=True)
class ArchivedAnswer:
    """Where a response stands, and whether its block is the wire's."""

    path: Path
    offset: int
    is_ours: bool


class ReplayIndex:
    """One response of every URL, the latest whole page (200), without one the latest answer.
    Revisits and 304s say that it was still so, and are passed over. Memory is constant.

    An article is found at whatever address it was captured.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file that goes with us
        self._database.executescript(_TABLE)
        self.damage: list[str] = []

    @classmethod
    def of(cls, paths: Iterable[Path], *, max_bytes: int = MAX_BODY) -> Self:
        """Read the WARCs. Damage, an article's page that can't be read among it, is told in
        `damage`; what is whole of the file still counts.

        Raises WarcError for a file compressed as a whole, where no record can be gone to.
        """
        index = cls()
        skipped: Counter[str] = Counter()
        for path in paths:
            logger.info("reading %s", shown(path))
            is_ours = False
            for record in read_records(path, on_damage=index._damaged):
                if record.length <= 0:
                    why = "the file is compressed as a whole, not record by record"
                    raise WarcError(path, record.offset, why)
                if record.kind == "warcinfo":
                    is_ours = is_our_warcinfo(record)
                elif not index.add(record, is_ours=is_ours, max_bytes=max_bytes):
                    skipped[record.kind] += 1
        if skipped:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(skipped.items()))
            logger.info("records that are no response or resource: %s", counts)
        return index

    def _damaged(self, error: WarcError) -> None:
        if len(self.damage) < MAX_DAMAGE:
            self.damage.append(f"damaged archive: {error}")

    def add(self, record: Record, *, is_ours: bool, max_bytes: int = MAX_BODY) -> bool:
        """Take a record in, if it is a response, or a resource in others' archives (its block is
        not kept); whether it is one. Only a page that can be read hides others of its URL."""
        if record.url is None or record.kind not in ("response", "resource"):
            return False
        if is_ours and record.kind != "response":
            return False
        article = urls.article(record.url)
        try:
            status = page_of(record, "", is_ours=is_ours, max_bytes=max_bytes).status
        except DecodeError as error:
            status = None
            if article and not record.header("WARC-Truncated"):  # which is no damage
                self._damaged(WarcError(record.path, record.offset, str(error)))
        if status == _NOT_MODIFIED:
            return False
        names = (article.id, article.page, article.url) if article else (None, None, None)
        place = (os.fsencode(record.path), record.offset, is_ours)
        date = fetched_at(record.date) or ""
        self._database.execute(_ADD, (record.url, status == _OK, date, *place, *names))
        return True

    def find(self, url: str) -> ArchivedAnswer | None:
        """The answer to a request; for an article's address that isn't archived its capture at
        another one."""
        row = self._database.execute(_AT_URL, (url,)).fetchone()
        article = None if row else urls.article(url)
        if article:
            values = (article.id, article.page, article.url)
            row = self._database.execute(_OF_ARTICLE, values).fetchone()
        return ArchivedAnswer(Path(os.fsdecode(row[0])), row[1], bool(row[2])) if row else None

    def articles(self) -> Iterator[str]:
        """The canonical addresses of the archived articles, page 1 of each, sorted."""
        for (address,) in self._database.execute(_FIRST_PAGES):
            yield address

    def __len__(self) -> int:
        (count,) = self._database.execute("SELECT count(*) FROM captures").fetchone()
        return int(count)


class ReplayHandler(BaseDownloadHandler):
    """Answers from the archives of the run."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._index = required(crawler, ReplayIndex)
        self._data_dir = required(crawler, RunFacts).data_dir
        self._max_bytes = largest_page(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    async def download_request(self, request: Request) -> Response:
        """Raises NotArchivedError, CaptureError as the live handler does, WarcError."""
        url = urldefrag(request.url)[0]
        place = self._index.find(url)
        if place is None:
            message = f"{url} is in none of the archives"
            raise NotArchivedError(message)
        record = record_at(place.path, place.offset)
        name = name_in(self._data_dir, place.path)
        try:
            page = page_of(record, name, is_ours=place.is_ours, max_bytes=self._max_bytes)
        except DecodeError as error:
            raise CaptureError(error.kind, f"{shown(place.path)}: {error}", None) from error
        request.meta["page"] = page
        return respond(page)
