"""What one archive alone can't give: pages of articles of several pages, revisits, and originals.

In: rows told while files are read, one store a file. Out: the rows of all stores together, sorted,
from disk, so that memory stays the same however many there are.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

from crawler.archive.others_records import OthersRevisit, names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from crawler.items import Page

_TABLES = """
CREATE TABLE IF NOT EXISTS captures (
    article_id TEXT, page INTEGER, url TEXT, date TEXT,
    path BLOB, name TEXT, offset INTEGER, is_ours INTEGER);
CREATE TABLE IF NOT EXISTS revisits (
    url TEXT, date TEXT, digest TEXT, original TEXT, record_id TEXT);
CREATE TABLE IF NOT EXISTS originals (
    key TEXT PRIMARY KEY, path BLOB, name TEXT, offset INTEGER, is_ours INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ids (
    key TEXT, path BLOB, name TEXT, offset INTEGER, is_ours INTEGER, sha256 TEXT,
    PRIMARY KEY (key, sha256)) WITHOUT ROWID;
"""

# Their columns but for where a file lies.
_COLUMNS: Final = {
    "captures": ("article_id", "page", "url", "date", "name", "offset", "is_ours"),
    "revisits": ("url", "date", "digest", "original", "record_id"),
    "originals": ("key", "name", "offset", "is_ours"),
    "ids": ("key", "name", "offset", "is_ours", "sha256"),
}

# A store that a kill leaves half written is made again with its part.
_FAST = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4096;"


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a capture stands: the file, its name in pointers, the record's offset; `is_ours` says
    that its blocks are as on the wire."""

    path: str
    name: str
    offset: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class PageCapture:
    """One page of an article of several pages: captured at `url` on `date`."""

    article_id: str
    page: int
    url: str
    date: str
    place: RecordPlace


class CrossArchiveStore:
    """One store, in a file or, for a single archive, in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        self._database.executescript(_FAST + _TABLES + "BEGIN;")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.execute("COMMIT")
        self._database.close()

    def add_page(self, capture: PageCapture) -> None:
        row = (capture.article_id, capture.page, capture.url, capture.date, *_values(capture.place))
        self._database.execute("INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def add_revisit(self, revisit: OthersRevisit) -> None:
        row = (revisit.url, revisit.date, *revisit.names)
        self._database.execute("INSERT INTO revisits VALUES (?, ?, ?, ?, ?)", row)

    def add_original(self, page: Page, place: RecordPlace) -> None:
        """Keep a page under the names by which revisits may call it; the first page met under a
        name stays."""
        assert page.warc
        *names, record_id = names_of(page)
        rows = [(name, *_values(place)) for name in names if name]
        statement = "INSERT OR IGNORE INTO originals VALUES (?, ?, ?, ?, ?)"
        self._database.executemany(statement, rows)
        row = (record_id, *_values(place), page.warc.entity_sha256)
        self._database.execute("INSERT OR IGNORE INTO ids VALUES (?, ?, ?, ?, ?, ?)", row)

    def take(self, path: Path) -> None:
        """Add all that another store holds."""
        self._database.execute("COMMIT")
        self._database.execute("ATTACH ? AS other", (os.fsencode(path),))
        self._database.execute("BEGIN")
        for table in ("captures", "revisits", "originals", "ids"):
            self._database.execute(
                f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table}"  # noqa: S608 - ours
            )
        self._database.execute("COMMIT")
        self._database.execute("DETACH other")
        self._database.execute("BEGIN")

    def rows(self) -> Iterator[list[Any]]:
        """All that the store holds as plain values, to be kept beside the lines of its file. Where
        a file lies on this machine is left out: its name in pointers says what is wanted."""
        for table, columns in _COLUMNS.items():
            names = ", ".join(columns)
            for row in self._database.execute(f"SELECT {names} FROM {table}"):  # noqa: S608 - ours
                yield [table, *row]

    def add_rows(self, rows: Iterable[list[Any]], place: Callable[[str], Path]) -> None:
        """Add what `rows` gave; `place` says where the file of a name in pointers lies."""
        for table, *values in rows:
            columns = _COLUMNS[table]
            names = [*columns]
            if "name" in columns:
                names.append("path")
                values.append(os.fsencode(place(values[columns.index("name")])))
            marks = ", ".join("?" * len(names))
            self._database.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
                values,
            )

    def revisits(self) -> Iterator[tuple[OthersRevisit, RecordPlace | None]]:
        """Every revisit in the order they were told, with the place of what it repeats."""
        # an id that several pages have names none of them
        rows = self._database.execute(
            "SELECT r.*, coalesce(d.path, o.path, i.path), coalesce(d.name, o.name, i.name),"
            " coalesce(d.offset, o.offset, i.offset), coalesce(d.is_ours, o.is_ours, i.is_ours)"
            " FROM revisits r LEFT JOIN originals d ON d.key = r.digest"
            " LEFT JOIN originals o ON o.key = r.original"
            " LEFT JOIN (SELECT * FROM ids GROUP BY key HAVING count(*) = 1) i"
            " ON i.key = r.record_id ORDER BY r.rowid"
        )
        for url, date, digest, original, record_id, *place in rows:
            revisit = OthersRevisit(url, date, (digest, original, record_id))
            yield revisit, None if place[0] is None else _place(place)

    def articles(self) -> Iterator[Iterator[PageCapture]]:
        """The captures, article by article, each by date."""
        rows = self._database.execute("SELECT * FROM captures ORDER BY article_id, date, rowid")
        captures = (
            PageCapture(article_id, page, url, date, _place(place))
            for article_id, page, url, date, *place in rows
        )
        for _, group in groupby(captures, key=attrgetter("article_id")):
            yield group


def _values(place: RecordPlace) -> tuple[bytes, str, int, bool]:
    return os.fsencode(place.path), place.name, place.offset, place.is_ours


def _place(values: Sequence[Any]) -> RecordPlace:
    path, name, offset, is_ours = values
    return RecordPlace(os.fsdecode(path), name, offset, bool(is_ours))
