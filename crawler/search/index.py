"""The search index: made from published lines alone, extended run by run.

A row is the text of one version of an article, as its newest line has it. Rows are numbered by the
time of publication, so that the newest hits come first without sorting, and a span of days is a
span of numbers. The index holds no text: a row says where its line stands.

    articles    each article and its state, which a withdrawal changes
    versions    row number → article, version, place of the line
    words       FTS5: bigrams of title, text, captions, source; facets
    letters     FTS5: the characters of title and text, for queries of one; facets

The facets of a row are its region, year and month of publication, and two that queries need.
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

_FORM = 2  # of the tables below

# Row numbers of a day. What is more goes on in the next day's.
_SLOTS = 1 << 14
_SECONDS_OF_DAY = 24 * 60 * 60
_FIRST_DAY = date(1990, 1, 1)
# Rows of articles without a time stand before all days, by when they were first seen.
_UNDATED = -(1 << 36)
# Beyond any row, as SQLite counts them.
_ALL_ROWS = 1 << 62

# FTS5 keeps so much in memory before it writes a segment, which it must merge with others later.
# It also writes one whenever a row has a lower number than the one before.
_HASH_BYTES = 64 * 1024 * 1024

# While an index is made anew its segments aren't merged, up to so many; at the end they all are, in
# steps of so many pages.
_MOST_SEGMENTS = 64
_PAGES_A_STEP = 4000
# What FTS5 does by itself (https://sqlite.org/fts5.html, 6.1 and 6.3): from then on.
_AUTOMERGE, _CRISISMERGE = 4, 16

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
"""
_FULL_TEXT = ("words", "letters")
_CONFIGURE = "INSERT INTO {0} ({0}, rank) VALUES ('{1}', {2});"
_TABLES += "\n".join(
    _CONFIGURE.format(table, option, value)
    for table in _FULL_TEXT
    for option, value in (
        ("hashsize", _HASH_BYTES), ("automerge", 0), ("crisismerge", _MOST_SEGMENTS),
    )
)  # fmt: skip

_WORDS = "rowid, body, title, subtitle, caption, source, facet"
_ADD_WORDS = f"INSERT INTO words ({_WORDS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ADD_LETTERS = "INSERT INTO letters (rowid, letter) VALUES (?, ?)"
# https://sqlite.org/fts5.html, 6.2: a contentless row is deleted by giving its text again
_FORGET_WORDS = f"INSERT INTO words (words, {_WORDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET_LETTERS = "INSERT INTO letters (letters, rowid, letter) VALUES (?, ?, ?)"

# Facets of every row, and of the rows of articles that have several.
_EVERY, _SEVERAL = "every=", "several="
# The same as a query asks for them.
EVERY, SEVERAL = f'"{_EVERY}"', f'"{_SEVERAL}"'


class _Row(NamedTuple):
    """What a row has in the columns of `words`, and in the one of `letters`."""

    words: tuple[str, ...]
    letters: str


class _Columns(NamedTuple):
    """What is indexed of a line."""

    body: str
    title: str
    subtitle: str
    caption: str
    source: str
    letters: str
    facets: str

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
            " ".join(_facets(line)),
        )

    def row(self, *, several: bool) -> _Row:
        """What stands in the tables; `several`: it is one of several versions of its article."""
        facets = f"{self.facets} {_SEVERAL}" if several else self.facets
        words = (self.body, self.title, self.subtitle, self.caption, self.source, facets)
        return _Row(words, f"{self.letters} {facets}")


class _Writer:
    """An open index that is being extended.

    Rows wait in memory until a commit and go in by their numbers, the order in which FTS5 takes
    them without writing a segment for every few.
    """

    def __init__(self, database: sqlite3.Connection, lines: IndexedLines) -> None:
        self._database = database
        self._lines = lines
        self._removed: dict[int, _Row] = {}
        self._added: dict[int, _Row] = {}

    def flush(self) -> None:
        """Write the rows that wait; a commit follows."""
        for number in sorted({*self._removed, *self._added}):
            if removed := self._removed.get(number):
                self._database.execute(_FORGET_WORDS, ("delete", number, *removed.words))
                self._database.execute(_FORGET_LETTERS, ("delete", number, removed.letters))
            if added := self._added.get(number):
                self._database.execute(_ADD_WORDS, (number, *added.words))
                self._database.execute(_ADD_LETTERS, (number, added.letters))
        self._removed.clear()
        self._added.clear()

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
        self._added[row] = columns.row(several=len(others) > len(same))
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
        """A number that is free: the first from there on; where there is none that day, the last
        before. A day that is full goes on in the next one."""
        taken = self._database.execute("SELECT 1 FROM versions WHERE row = ?", (wanted,))
        if taken.fetchone() is None:
            return wanted
        (after,) = self._database.execute(
            "SELECT row + 1 FROM versions AS one WHERE row >= ? AND NOT EXISTS"
            " (SELECT 1 FROM versions WHERE row = one.row + 1) ORDER BY row LIMIT 1",
            (wanted,),
        ).fetchone()
        if after // _SLOTS == wanted // _SLOTS or wanted < 0:
            return int(after)
        (before,) = self._database.execute(
            "SELECT row - 1 FROM versions AS one WHERE row <= ? AND NOT EXISTS"
            " (SELECT 1 FROM versions WHERE row = one.row - 1) ORDER BY row DESC LIMIT 1",
            (wanted,),
        ).fetchone()
        return int(before if before // _SLOTS == wanted // _SLOTS else after)

    def _mark_several(self, row: int, place: Place) -> None:
        columns = _Columns.of(self._lines.read(place))
        if row not in self._added:
            self._removed[row] = columns.row(several=False)
        self._added[row] = columns.row(several=True)

    def _remove(self, row: int, place: Place, *, several: bool) -> None:
        if self._added.pop(row, None) is None:
            self._removed[row] = _Columns.of(self._lines.read(place)).row(several=several)
        self._database.execute("DELETE FROM versions WHERE row = ?", (row,))


def _compact(database: sqlite3.Connection) -> None:
    """Merge all segments into one, a piece in each transaction; then FTS5 may merge by itself.
    https://sqlite.org/fts5.html, 6.6: fewer than two changes tell that there is nothing to merge.
    """
    for table in _FULL_TEXT:
        pages = -_PAGES_A_STEP  # below 0: a merge of all of them begins
        while True:
            before = database.total_changes
            database.execute(_CONFIGURE.format(table, "merge", pages))
            if database.total_changes - before < 2:
                break
            pages = _PAGES_A_STEP
        database.execute(_CONFIGURE.format(table, "automerge", _AUTOMERGE))
        database.execute(_CONFIGURE.format(table, "crisismerge", _CRISISMERGE))


INDEX = Kind(
    "search index", "scrapy index", 0x58484958, (_FORM << 16) | FOLDING, _TABLES, _Writer, _compact
)


def _facets(line: dict[str, Any]) -> Iterator[str]:
    yield _EVERY
    if line["region"]:
        yield f"region={line['region']['code']}"
    if line["published_at"]:
        day = _beijing(line["published_at"])
        yield f"year={day:%Y}"
        yield f"month={day:%Y-%m}"


def row_of(line: dict[str, Any]) -> int:
    """The number that a line's row has if it is free."""
    if line["published_at"] is None:
        seen = datetime.fromisoformat(line["first_seen_at"] or line["fetched_at"])
        return _UNDATED + int(seen.replace(tzinfo=seen.tzinfo or UTC).timestamp())
    at = _beijing(line["published_at"])
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return first_row(at.date()) + seconds * _SLOTS // _SECONDS_OF_DAY


def _beijing(published_at: str) -> datetime:
    at = datetime.fromisoformat(published_at)
    return at.replace(tzinfo=BEIJING) if at.tzinfo is None else at.astimezone(BEIJING)


def first_row(day: date) -> int:
    """The first row number of a day of publication."""
    return max((day - _FIRST_DAY).days, 0) * _SLOTS


def rows_of_days(since: date | None, until: date | None) -> tuple[int, int]:
    """The first and last row number of days, both included. Without both, those of articles without
    a time are among them."""
    low = first_row(since) if since else 0 if until else -_ALL_ROWS
    high = first_row(until) + _SLOTS - 1 if until else _ALL_ROWS
    return low, high
