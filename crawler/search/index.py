"""The search index: made from published lines alone, extended run by run.

A row is the text of one version of an article, as its newest line has it. Rows are numbered by the
time of publication, so that the newest hits come first without sorting, and a span of days is a
span of numbers. The index holds no text: a row says where its line stands.

    articles    each article and its state, which a withdrawal changes
    versions    row number → article, version, place of the line
    files       published files and how far they are in
    words       FTS5: bigrams of title, text, captions, source; facets
    letters     FTS5: the characters of title and text, for queries of one; facets
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.clock import BEIJING
from crawler.data_dir import lines_of
from crawler.file_name_escapes import shown
from crawler.search.folding import FOLDING, fold, letters, tokens
from crawler.storage import make_folder, open_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORM = 1  # of the tables below

# SQLite's application_id of an index, by which no other database is taken for one.
APPLICATION_ID = 0x58484958

# Row numbers of a day. What is more goes on in the next day's.
_SLOTS = 1 << 14
_SECONDS_OF_DAY = 24 * 60 * 60
_FIRST_DAY = date(1990, 1, 1)
# Rows of articles without a time stand before all days, by when they were first seen.
_UNDATED = -(1 << 36)

# So much of the files is read between two commits. What is in is searched and not read again.
_COMMIT_BYTES = 32 * 1024 * 1024
# FTS5 keeps so much in memory before it writes a segment, which it must merge with others later.
_HASH_BYTES = 64 * 1024 * 1024

# Every character but a blank is part of a token: the bigrams are ours, and a query for 《 or C++ is
# asked as it stands.
_SIGNS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum())
_TOKENIZER = "ascii tokenchars '{}'".format(_SIGNS.replace("'", "''").replace('"', '""'))
# `body` is the first column because FTS5 spends two bytes a posting on any other.
_TABLES = f"""
CREATE TABLE about (folding INTEGER NOT NULL);
CREATE TABLE files (
    number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, bytes INTEGER NOT NULL,
    done INTEGER NOT NULL
);
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
INSERT INTO about VALUES ({FOLDING});
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORM};
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


class SearchIndexError(Exception):
    """The index can't be used or made: the message says why and what to do."""

    @property
    def message(self) -> str:
        return str(self)


class BusyError(SearchIndexError):
    """Another process is making the index."""


class ForeignFileError(SearchIndexError):
    """What stands at the index's place is something else."""


class Place(NamedTuple):
    """Where a line stands: number of its file, offset, length in bytes."""

    file: int
    offset: int
    length: int


class Update(NamedTuple):
    """What was done: files and lines that are new in the index, and a sentence for each damaged
    line, which is not."""

    files: int
    lines: int
    damaged: list[str]


def update(
    path: Path, data_dir: Path, progress: Callable[[int], object], *, rebuild: bool = False
) -> Update:
    """Bring the index to what is published in the data folder, from its JSONL alone.

    An index that is not there, of an earlier form, or to be built anew, is made beside its place
    and put there when it is whole; if that is interrupted, the next call goes on. `progress` is
    told the bytes read. Raises SearchIndexError, BusyError, and OSError or sqlite3.Error as the
    disk and SQLite do.
    """
    make_folder(path.parent)
    with _alone(path):
        partial = open_path(path)
        if _stands(path, rebuild=rebuild):
            return _extended(path, data_dir, progress)
        if partial.exists() and (rebuild or not is_current(partial)):
            partial.unlink()
        done = _extended(partial, data_dir, progress)
        partial.replace(path)
        return done


def _stands(path: Path, *, rebuild: bool) -> bool:
    """Whether there is an index to extend; a damaged one may be made anew, if that is asked."""
    try:
        return path.exists() and is_current(path) and not rebuild
    except ForeignFileError:
        raise
    except SearchIndexError:
        if rebuild:
            return False
        raise


def is_current(path: Path) -> bool:
    """Whether a file is an index that today's code can ask and extend. Raises SearchIndexError for
    one that is no index at all: nobody wants it overwritten."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise SearchIndexError(f"{shown(path)} can't be read: {error.strerror}") from error
    # https://sqlite.org/fileformat.html, 1.3: user version at 60, application id at 68
    application = int.from_bytes(head[68:72], "big")
    if not head:
        return False
    if not head.startswith(b"SQLite format 3\0") or application not in {APPLICATION_ID, 0}:
        raise ForeignFileError(f"{shown(path)} is no search index of ours; give another INDEX")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    try:
        if application == 0:
            if database.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
                raise ForeignFileError(f"{shown(path)} is another database; give another INDEX")
            return False
        if int.from_bytes(head[60:64], "big") != FORM:
            return False
        return bool(database.execute("SELECT folding FROM about").fetchone() == (FOLDING,))
    except sqlite3.DatabaseError as error:
        raise SearchIndexError(
            f"the search index {shown(path)} is damaged ({error}): `scrapy index --rebuild`"
        ) from error
    finally:
        database.close()


def _extended(path: Path, data_dir: Path, progress: Callable[[int], object]) -> Update:
    writer = _Writer.open(path, data_dir)
    try:
        return writer.add_files(progress)
    finally:
        writer.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making the same index."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    lock = os.open(path.with_name(f"{path.name}.lock"), flags, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BusyError(f"another process is making {shown(path)}") from error
    finally:
        os.close(lock)


class _Writer:
    """An open index that is being extended."""

    def __init__(self, database: sqlite3.Connection, data_dir: Path) -> None:
        self._database = database
        self._data_dir = data_dir
        self._names: dict[int, str] = dict(database.execute("SELECT number, name FROM files"))

    @classmethod
    def open(cls, path: Path, data_dir: Path) -> Self:
        database = sqlite3.connect(path, isolation_level=None, timeout=60)
        # what a transaction changes stays in memory until its commit: readers wait only for that
        database.execute("PRAGMA cache_spill = OFF")
        database.execute("PRAGMA secure_delete = OFF")
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            database.executescript(f"BEGIN; {_TABLES} COMMIT;")
        return cls(database, data_dir)

    def close(self) -> None:
        self._database.close()

    def add_files(self, progress: Callable[[int], object]) -> Update:
        known = {
            name: (number, size, done)
            for number, name, size, done in self._database.execute(
                "SELECT number, name, bytes, done FROM files"
            )
        }
        files, lines, damaged = 0, 0, []
        pending = 0
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for path in lines_of(self._data_dir):
                name = path.relative_to(self._data_dir).as_posix()
                size = path.stat().st_size
                number, indexed_size, done = known.pop(name, (None, size, 0))
                if size != indexed_size:
                    raise _other_archive(f"{name} has {size} bytes, not {indexed_size}")
                if number is None:
                    sql = "INSERT INTO files (name, bytes, done) VALUES (?, ?, 0)"
                    number = self._database.execute(sql, (name, size)).lastrowid
                    assert number is not None
                    self._names[number] = name
                files += done < size
                progress(done)
                for offset, line in _lines_after(path, done):
                    try:
                        self._add(_decoded(line), Place(number, offset, len(line)))
                        lines += 1
                    except _BadLineError as error:
                        damaged.append(f"{name}, offset {offset}: {error}")
                    progress(len(line))
                    pending += len(line)
                    done = offset + len(line)
                    if pending >= _COMMIT_BYTES:
                        self._note(number, done)
                        self._database.execute("COMMIT")
                        self._database.execute("BEGIN IMMEDIATE")
                        pending = 0
                self._note(number, done)
            if known:
                raise _other_archive(f"{min(known)} isn't there")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        return Update(files, lines, damaged)

    def _note(self, number: int, done: int) -> None:
        self._database.execute("UPDATE files SET done = ? WHERE number = ?", (done, number))

    def _add(self, line: dict[str, Any], place: Place) -> None:
        """Take a line in: what it says of its article's state and, if it has content, its text in
        the place of an earlier reading of the same version."""
        try:
            columns, wanted = _Columns.of(line), row_of(line)
            version, state = int(line["version"]), (str(line["fetched_at"]), _revision(line))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise _BadLineError(f"no article line ({type(error).__name__}: {error})") from error
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
        columns = _Columns.of(self._read(place))
        for sql, values in columns.statements(row, several=False, delete=True):
            self._database.execute(sql, values)
        self._insert(row, columns, several=True)

    def _remove(self, row: int, place: Place, *, several: bool) -> None:
        columns = _Columns.of(self._read(place))
        for sql, values in columns.statements(row, several=several, delete=True):
            self._database.execute(sql, values)
        self._database.execute("DELETE FROM versions WHERE row = ?", (row,))

    def _read(self, place: Place) -> dict[str, Any]:
        """A line that is in the index: FTS5 must be told what it is to forget."""
        name = self._names[place.file]
        try:
            return read_line(self._data_dir / name, place)
        except (OSError, ValueError) as error:
            raise _other_archive(f"{name} can't be read at {place.offset}: {error}") from error


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


def read_line(path: Path, place: Place) -> dict[str, Any]:
    """The published line at a place. Raises OSError, and ValueError where there is none."""
    with path.open("rb") as file:
        file.seek(place.offset)
        return _decoded(file.read(place.length))


def _revision(line: dict[str, Any]) -> int:
    """Which reading of its version a line is; those of schema version 1 have no corrections."""
    return int(line.get("revision") or 0)


class _BadLineError(ValueError):
    """A published line is not what DATA_FORMAT.md says."""


def _decoded(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise _BadLineError("cut off")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLineError(f"no JSON ({error})") from error
    if not isinstance(found, dict):
        raise _BadLineError("no object")
    return found


def _lines_after(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from an offset on, with theirs."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            yield offset, line
            offset += len(line)


def _other_archive(why: str) -> SearchIndexError:
    return SearchIndexError(
        f"the index was made of another archive: {why}; `scrapy verify` tells if a file is damaged,"
        " `scrapy index --rebuild` makes the index anew"
    )
