"""Lines that were made from a revisit record of another crawler's archive.

A crawler may keep a response once and write of each later look a revisit: the same response, at
this address and time (ISO 28500:2017 6.7). A line made from one points at the response, and has
`url` and `fetched_at` of the revisit. In: a line and the pages it points at, then archives. Out:
the pages with the line's address and time, and the revisits that the line needs and no archive has.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from crawler import urls
from crawler.archive.others_records import holds_page, is_our_warcinfo, names_of, others_revisit
from crawler.archive.reader import WarcError, read_records
from crawler.archive.wacz import WACZ_SUFFIX, warcs_in
from crawler.storage import WARC_SUFFIXES, is_there, paths_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crawler.archive.others_records import Names, OthersRevisit
    from crawler.items import Page

_ARCHIVES = (*WARC_SUFFIXES, WACZ_SUFFIX)

_TABLE = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4096;
CREATE TABLE needed (
    url TEXT, date TEXT, digest TEXT, original TEXT, record_id TEXT,
    number INTEGER, offset INTEGER, id TEXT);
CREATE INDEX of_url ON needed (url, date);
BEGIN;
"""


@dataclass(frozen=True, slots=True)
class NeededRevisit:
    """A revisit of the response with these names, at `url` and on `date`; of the further pages of
    an article a line tells no date."""

    url: str
    date: str | None
    names: Names


def pages_of_line(
    line: Mapping[str, Any], pages: Sequence[Page], is_ours: Callable[[Page], bool]
) -> tuple[list[Page], list[NeededRevisit]]:
    """The pages with the address and time that the line gives them, and the revisits it needs for
    that. Pages in our own archives stay as they are: we make no lines from revisits there."""
    further = line["page_urls"][1:] if isinstance(line["page_urls"], list) else []
    told, needed = list(pages), []
    for number, (page, url) in enumerate(zip(pages, [line["url"], *further], strict=False)):
        date = line["fetched_at"] if number == 0 else page.fetched_at
        if (url, date) == (page.url, page.fetched_at) or is_ours(page):
            continue
        if isinstance(url, str) and isinstance(date, str) and urls.article(url):
            told[number] = replace(page, url=url, fetched_at=date)
            needed.append(NeededRevisit(url, date if number == 0 else None, names_of(page)))
    return told, needed


class NeededRevisits:
    """The revisits that the lines of one file need, kept on disk until they are found."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._left = 0

    def add(self, needed: NeededRevisit, number: int, offset: int, article_id: str) -> None:
        """Keep a revisit and the line that needs it."""
        if self._database is None:
            # a file that goes with this object
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.executescript(_TABLE)
        row = (needed.url, needed.date, *needed.names, number, offset, article_id)
        self._database.execute("INSERT INTO needed VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._left += 1

    def look_in(self, archives: Iterable[Path]) -> None:
        """Look for the revisits in one archive after the other, until none is left. Raises
        OSError, as of a full disk; then nothing is known of those left."""
        for archive in archives:
            if not self._left:
                return
            with suppress(WarcError), TemporaryDirectory() as folder:
                for warc, _ in warcs_in(archive, Path(folder)):
                    for revisit in revisits_in(warc):
                        self._found(revisit)
                    if warc != archive:
                        warc.unlink()

    def _found(self, revisit: OthersRevisit) -> None:
        assert self._database
        rows = self._database.execute(
            "SELECT rowid, digest, original, record_id FROM needed"
            " WHERE url = ? AND (date = ? OR date IS NULL)",
            (revisit.url, revisit.date),
        ).fetchall()
        for row, digest, original, record_id in rows:
            if revisit.repeats((digest, original, record_id)):
                self._database.execute("DELETE FROM needed WHERE rowid = ?", (row,))
                self._left -= 1

    def left(self) -> Iterator[tuple[int, int, str, str, str | None]]:
        """Line, offset, article id, address and date of those not found."""
        if self._database:
            yield from self._database.execute(
                "SELECT number, offset, id, url, date FROM needed ORDER BY rowid"
            )


def archives_near(files: Iterable[Path], folders: Iterable[Path]) -> Iterator[Path]:
    """Files that lines point into, then the archives that lie beside them, then those in
    folders."""
    known = {path: None for path in files if is_there(path)}
    yield from known
    for folder in dict.fromkeys([*(path.parent for path in known), *folders]):
        for path in sorted({*folder.iterdir(), *paths_elsewhere(folder)}):
            if path.name.endswith(_ARCHIVES) and path not in known and is_there(path):
                yield path


def revisits_in(path: Path) -> Iterator[OthersRevisit]:
    """All revisits of articles in a WARC; what is damaged is passed over."""
    is_ours = False
    for record in read_records(path, kinds={"warcinfo", "revisit"}, on_damage=lambda _: None):
        if record.kind == "warcinfo":
            is_ours = is_our_warcinfo(record)
        elif urls.article(record.url or "") is not None and not holds_page(record):
            revisit = others_revisit(record, is_ours=is_ours)
            if revisit is not None:
                yield revisit
