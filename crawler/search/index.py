"""The search index: made from published lines alone, extended run by run.

A row is the text of one version of an article, as its newest line has it. Rows are numbered by the
time of publication, so that the newest hits come first without sorting, and a span of days is a
span of numbers. The index holds no text: a row says where its line stands.

    articles    each article and its state, which a withdrawal changes
    versions    row number → article, version, place of the line
    words       FTS5: bigrams of title, text, captions, source; facets
    letters     FTS5: the characters of title and text, for queries of one; facets
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.clock import BEIJING
from crawler.line_index import IndexedLines, Kind, Place, UnreadableLineError, revision
from crawler.search.folding import FOLDING, fold, letters, tokens

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_FORM = 1  # of the tables below

# Row numbers of a day. What is more goes on in the next day's.
_SLOTS = 1 << 14
_SECONDS_OF_DAY = 24 * 60 * 60
_FIRST_DAY = date(1990, 1, 1)
# Rows of articles without a time stand before all days, by when they were first seen.
_UNDATED = -(1 << 36)

# FTS5 keeps so much in memory before it writes a segment, which it must merge with others later.
_HASH_BYTES = 64 * 1024 * 1024

# Every character but a blank is part of a token: the bigrams are ours, and a query for 《 or C++ is
# asked as it stands.
_SIGNS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum())
_TOKENIZER = "ascii tokenchars '{}'".format(_SIGNS.replace("'", "''").replace('"', '""'))
# `body` is the first column because FTS5 spends two bytes a posting on any other.
_TABLES = f"""
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, status TEXT NOT NULL,
    fetched_at TEXT NOT NULL, revision INTEGER NOT NULL
);
CREATE TABLE versions (
    row INTEGER PRIMARY KEY, article INTEGER NOT NULL, version INTEGER NOT NULL,
    fetched_at TEXT NOT NULL, revision INTEGER NOT NULL,
    file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL
);
CREATE INDEX versions_of_article ON versions (article);
CREATE VIRTUAL TABLE words USING fts5(
    body, title, subtitle, caption, source, facet,
    content='', columnsize=0, tokenize="{_TOKENIZER}"
);
CREATE VIRTUAL TABLE letters USING fts5(
    letter, content='', columnsize=0, detail=none, tokenize="{_TOKENIZER}"
);
INSERT INTO words (words, rank) VALUES ('hashsize', {_HASH_BYTES});
INSERT INTO letters (letters, rank) VALUES ('hashsize', {_HASH_BYTES});
"""

_WORDS = "rowid, body, title, subtitle, caption, source, facet"
_ADD_WORDS = f"INSERT INTO words ({_WORDS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ADD_LETTERS = "INSERT INTO letters (rowid, letter) VALUES (?, ?)"
# https://sqlite.org/fts5.html, 6.2: a contentless row is deleted by giving its text again
_FORGET_WORDS = f"INSERT INTO words (words, {_WORDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET_LETTERS = "INSERT INTO letters (letters, rowid, letter) VALUES (?, ?, ?)"

# Facets beside those of regions: of every row, and of articles that have several.
EVERY = '"every="'
SEVERAL = '"several="'


class _Writer:
    """An open index that is being extended."""

    def __init__(self, database: sqlite3.Connection, lines: IndexedLines) -> None:
        self._database = database
        self._lines = lines

    def flush(self) -> None:
        """Nothing is kept in memory but by FTS5, which writes at a commit."""

    def add(self, line: dict[str, Any], place: Place) -> None:
        """Take a line in: what it says of its article's state and, if it has content, its text in
        the place of an earlier reading of the same version."""
        try:
            columns, wanted = _Columns.of(line), row_of(line)
            version, state = int(line["version"]), (str(line["fetched_at"]), revision(line))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UnreadableLineError(
                f"no article line ({type(error).__name__}: {error})"
            ) from error
        number = self._article(str(line["id"]), str(line["status"]), state)
        if line["status"] == "gone":
            return
        others = self._database.execute(
            "SELECT row, version, fetched_at, revision, file, offset, length FROM versions"
            " WHERE article = ?",
            (number,),
        ).fetchall()
        same = [other for other in others if other[1] == version]
        if same and (same[0][2], same[0][3]) > state:
            return
        if len(others) == 1 and not same:  # its row is from now on one of several
            self._mark_several(others[0][0], Place(*others[0][4:]))
        for other in same:
            self._remove(other[0], Place(*other[4:]), several=len(others) > 1)
        row = self._free_row(wanted)
        self._insert(row, columns, several=len(others) > len(same))
        self._database.execute(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row, number, version, *state, *place),
        )

    def _article(self, article: str, status: str, state: tuple[str, int]) -> int:
        """The article's number; its state is that of its newest line."""
        self._database.execute(
            "INSERT INTO articles (id, status, fetched_at, revision) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET status = excluded.status,"
            " fetched_at = excluded.fetched_at, revision = excluded.revision"
            " WHERE (excluded.fetched_at, excluded.revision) >= (fetched_at, revision)",
            (article, status, *state),
        )
        found = self._database.execute("SELECT number FROM articles WHERE id = ?", (article,))
        return int(found.fetchone()[0])

    def _free_row(self, wanted: int) -> int:
        """The first number from there on that is free."""
        taken = self._database.execute("SELECT 1 FROM versions WHERE row = ?", (wanted,))
        if taken.fetchone() is None:
            return wanted
        found = self._database.execute(
            "SELECT row + 1 FROM versions AS one WHERE row >= ? AND NOT EXISTS"
            " (SELECT 1 FROM versions WHERE row = one.row + 1) ORDER BY row LIMIT 1",
            (wanted,),
        )
        return int(found.fetchone()[0])

    def _insert(self, row: int, columns: _Columns, *, several: bool) -> None:
        for sql, values in columns.statements(row, several=several):
            self._database.execute(sql, values)

    def _mark_several(self, row: int, place: Place) -> None:
        columns = _Columns.of(self._lines.read(place))
        for sql, values in columns.statements(row, several=False, delete=True):
            self._database.execute(sql, values)
        self._insert(row, columns, several=True)

    def _remove(self, row: int, place: Place, *, several: bool) -> None:
        columns = _Columns.of(self._lines.read(place))
        for sql, values in columns.statements(row, several=several, delete=True):
            self._database.execute(sql, values)
        self._database.execute("DELETE FROM versions WHERE row = ?", (row,))


INDEX = Kind("search index", "scrapy index", 0x58484958, (_FORM << 16) | FOLDING, _TABLES, _Writer)


class _Columns(NamedTuple):
    """What is indexed of a line."""

    body: str
    title: str
    subtitle: str
    caption: str
    source: str
    letters: str
    region: str | None

    @classmethod
    def of(cls, line: dict[str, Any]) -> Self:
        title, body = fold(line["title"] or ""), fold(line["body"] or "")
        below = "\n".join(filter(None, (line["kicker"], line["subtitle"])))
        media = (*line["images"], *line["videos"])
        captions = "\n".join(one["caption"] for one in media if one["caption"])
        return cls(
            tokens(body),
            tokens(title),
            tokens(fold(below)),
            tokens(fold(captions)),
            tokens(fold(line["source"] or "")),
            letters(f"{title}\n{body}"),
            line["region"]["code"] if line["region"] else None,
        )

    def statements(
        self, row: int, *, several: bool, delete: bool = False
    ) -> Iterator[tuple[str, tuple[object, ...]]]:
        """The SQL that puts a row in, or takes it out again."""
        facets = ["every="]
        facets += [f"region={self.region}"] if self.region else []
        facets += ["several="] if several else []
        facet = " ".join(facets)
        text = (self.body, self.title, self.subtitle, self.caption, self.source, facet)
        single = f"{self.letters} {facet}"
        if delete:
            yield _FORGET_WORDS, ("delete", row, *text)
            yield _FORGET_LETTERS, ("delete", row, single)
        else:
            yield _ADD_WORDS, (row, *text)
            yield _ADD_LETTERS, (row, single)


def row_of(line: dict[str, Any]) -> int:
    """The number that a line's row has if it is free."""
    if line["published_at"] is None:
        seen = datetime.fromisoformat(line["first_seen_at"] or line["fetched_at"])
        return _UNDATED + int(seen.replace(tzinfo=seen.tzinfo or UTC).timestamp())
    at = datetime.fromisoformat(line["published_at"])
    at = at.replace(tzinfo=BEIJING) if at.tzinfo is None else at.astimezone(BEIJING)
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return first_row(at.date()) + seconds * _SLOTS // _SECONDS_OF_DAY


def first_row(day: date) -> int:
    """The first row number of a day of publication."""
    return max((day - _FIRST_DAY).days, 0) * _SLOTS


def rows_of_days(since: date | None, until: date | None) -> tuple[int, int]:
    """The first and last row number of days, both included. Without both, those of articles without
    a time are among them."""
    low = first_row(since) if since else 0 if until else -(1 << 62)
    high = first_row(until) + _SLOTS - 1 if until else 1 << 62
    return low, high
