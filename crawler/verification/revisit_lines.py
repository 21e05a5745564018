"""Lines that tell a page by a revisit: another address or time over the response it repeats.

In: the pages that a line points at, then archives. Out: the pages as the line tells them, and those
Claims for which no archive has the revisit. They are kept on disk, and archives are read only where
there are any.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from crawler import urls
from crawler.archive.others_records import is_our_warcinfo
from crawler.archive.reader import WarcError, read_records
from crawler.archive.revisits import holds_page, means, names_of, repeat_of
from crawler.archive.wacz import warcs_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crawler.archive.revisits import Names, Repeat
    from crawler.items import Page

ARCHIVES = (".warc.gz", ".warc", ".warc.zst", ".wacz")

_TABLE = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4096;
CREATE TABLE claims (
    url TEXT, date TEXT, digest TEXT, original TEXT, record_id TEXT,
    number INTEGER, offset INTEGER, id TEXT);
CREATE INDEX of_url ON claims (url, date);
BEGIN;
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """That the page of these names stood unchanged at `url`, on `date`; of a further page the line
    tells no date."""

    url: str
    date: str | None
    names: Names


def as_told(
    line: Mapping[str, Any], pages: Sequence[Page], is_ours: Callable[[Page], bool]
) -> tuple[list[Page], list[Claim]]:
    """The pages at the addresses and time the line tells, with a Claim for each whose record says
    otherwise. A page stays as it is where no revisit could say so: in an archive of ours."""
    further = line["page_urls"][1:] if isinstance(line["page_urls"], list) else []
    told, claims = list(pages), []
    for number, (page, url) in enumerate(zip(pages, [line["url"], *further], strict=False)):
        date = line["fetched_at"] if number == 0 else page.fetched_at
        if (url, date) == (page.url, page.fetched_at) or is_ours(page):
            continue
        if isinstance(url, str) and isinstance(date, str) and urls.article(url):
            told[number] = replace(page, url=url, fetched_at=date)
            claims.append(Claim(url, date if number == 0 else None, names_of(page)))
    return told, claims


class Claims:
    """What the lines of one file claim, until a revisit proves it."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._left = 0

    def add(self, claim: Claim, number: int, offset: int, article_id: str) -> None:
        """Keep a claim and which line makes it."""
        if self._database is None:
            self._database = sqlite3.connect("", isolation_level=None)  # a file that goes with us
            self._database.executescript(_TABLE)
        row = (claim.url, claim.date, *claim.names, number, offset, article_id)
        self._database.execute("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._left += 1

    def settle(self, archives: Iterable[Path]) -> None:
        """Look for revisits, in one archive after the other, until no claim is left. Raises
        OSError: a full disk proves nothing."""
        for archive in archives:
            if not self._left:
                return
            with suppress(WarcError), TemporaryDirectory() as folder:
                for warc, _ in warcs_in(archive, Path(folder)):
                    for repeat in repeats_in(warc):
                        self._prove(repeat)
                    if warc != archive:
                        warc.unlink()

    def _prove(self, repeat: Repeat) -> None:
        assert self._database
        rows = self._database.execute(
            "SELECT rowid, digest, original, record_id FROM claims"
            " WHERE url = ? AND (date = ? OR date IS NULL)",
            (repeat.url, repeat.date),
        ).fetchall()
        for row, digest, original, record_id in rows:
            if means(repeat, (digest, original, record_id)):
                self._database.execute("DELETE FROM claims WHERE rowid = ?", (row,))
                self._left -= 1

    def left(self) -> Iterator[tuple[int, int, str, str, str | None]]:
        """Line, offset, article id, address and date of what isn't proved."""
        if self._database:
            yield from self._database.execute(
                "SELECT number, offset, id, url, date FROM claims ORDER BY rowid"
            )


def archives_near(files: Iterable[Path], folders: Iterable[Path]) -> Iterator[Path]:
    """Files that lines point into, then the archives that lie beside them, then those in
    folders."""
    known = {path: None for path in files if path.is_file()}
    yield from known
    for folder in dict.fromkeys([*(path.parent for path in known), *folders]):
        for path in sorted(folder.iterdir()):
            if path.name.endswith(ARCHIVES) and path not in known and path.is_file():
                yield path


def repeats_in(path: Path) -> Iterator[Repeat]:
    """All Repeats of articles in a WARC; what is damaged is passed over."""
    is_ours = False
    for record in read_records(path, kinds={"warcinfo", "revisit"}, on_damage=lambda _: None):
        if record.kind == "warcinfo":
            is_ours = is_our_warcinfo(record)
        elif urls.article(record.url or "") is not None and not holds_page(record):
            repeat = repeat_of(record, is_ours=is_ours)
            if repeat is not None:
                yield repeat
