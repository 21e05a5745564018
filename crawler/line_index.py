"""An SQLite file made of published lines alone, and extended run by run: what the search index and
the clusters have in common.

In: a data folder and what is kept of a line. Out: a file that is whole where it stands. What was in
before a kill is not read again.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from crawler.data_dir import lines_of
from crawler.shown_text import shown
from crawler.storage import make_folder, open_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# So much of the files is read between two commits.
_COMMIT_BYTES = 32 * 1024 * 1024

_FILES = """
CREATE TABLE files (
    number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, bytes INTEGER NOT NULL,
    done INTEGER NOT NULL
);
"""


class LineIndexError(Exception):
    """The index can't be used or made: the message says why and what to do."""

    @property
    def message(self) -> str:
        return str(self)


class BusyError(LineIndexError):
    """Another process is making the index."""


class ForeignFileError(LineIndexError):
    """What stands at the index's place is something else."""


class UnreadableLineError(ValueError):
    """A published line is not what DATA_FORMAT.md says."""


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


class Writer(Protocol):
    """What an index makes of lines."""

    def add(self, line: dict[str, Any], place: Place) -> None:
        """Take a line in. Raises UnreadableLineError."""

    def flush(self) -> None:
        """Write what was kept in memory; a commit follows."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of index.

    `name` is what sentences call it, `command` makes it. `application` is SQLite's application_id,
    by which no other database is taken for one; `form` changes with the tables and with what is
    kept of a line. `tables` creates them, `writer` extends an open one, `compact` is done once to
    one that was made anew, before it is read.
    """

    name: str
    command: str
    application: int
    form: int
    tables: str
    writer: Callable[[sqlite3.Connection, IndexedLines], Writer]
    compact: Callable[[sqlite3.Connection], None] | None = None

    def is_current(self, path: Path) -> bool:
        """Whether a file is such an index, of today's form. Raises ForeignFileError for one that is
        something else, which nobody wants overwritten, LineIndexError for a damaged one."""
        try:
            with path.open("rb") as file:
                head = file.read(100)
        except OSError as error:
            raise LineIndexError(f"{shown(path)} can't be read: {error.strerror}") from error
        if not head:
            return False
        # https://sqlite.org/fileformat.html, 1.3: user version at 60, application id at 68
        application = int.from_bytes(head[68:72], "big")
        if not head.startswith(b"SQLite format 3\0") or application not in {self.application, 0}:
            raise ForeignFileError(f"{shown(path)} is no {self.name} of ours and is left as it is")
        try:
            with closing(_connect(path)) as database:
                (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                if application:
                    database.execute("SELECT max(number) FROM files").fetchone()
        except sqlite3.DatabaseError as error:
            raise self._damaged(path, error) from error
        if application == 0 and tables:
            raise ForeignFileError(f"{shown(path)} is another database and is left as it is")
        return application != 0 and int.from_bytes(head[60:64], "big") == self.form

    def open(self, path: Path) -> sqlite3.Connection:
        """Open an index to be read. Raises LineIndexError when there is none, it is damaged, or of
        another form than today's code reads."""
        if not path.is_file():
            made = f"`{self.command}` makes it"
            raise LineIndexError(f"there is no {self.name} {shown(path)}: {made}")
        if not self.is_current(path):
            made = f"`{self.command}` makes it anew"
            raise LineIndexError(f"the {self.name} {shown(path)} has an earlier form: {made}")
        database = _connect(path)
        database.execute("PRAGMA query_only = ON")
        return database

    def update(
        self,
        path: Path,
        data_dir: Path,
        progress: Callable[[int], object],
        *,
        rebuild: bool = False,
    ) -> Update:
        """Bring an index to what is published in the data folder, from its JSONL alone.

        An index that is not there, of an earlier form, or to be built anew, is made beside its
        place and put there when it is whole; if that is interrupted, the next call goes on.
        `progress` is told the bytes read. Raises LineIndexError, BusyError, and OSError or
        sqlite3.Error as the disk and SQLite do.
        """
        make_folder(path.parent)
        with _alone(path):
            partial = open_path(path)
            if self._stands(path, rebuild=rebuild):
                try:
                    return self._extend(path, data_dir, progress)
                except sqlite3.OperationalError:  # of the disk
                    raise
                except sqlite3.DatabaseError as error:
                    raise self._damaged(path, error) from error
            if partial.exists() and (rebuild or not self.is_current(partial)):
                partial.unlink()
            done = self._extend(partial, data_dir, progress, is_read=False)
            self._compact(partial)
            partial.replace(path)
            return done

    def _compact(self, partial: Path) -> None:
        """Rewrite an index that is whole and not read yet as a file without free pages."""
        if self.compact is None:
            return
        small = partial.with_name(f"{partial.name}.compact")
        small.unlink(missing_ok=True)
        with closing(_connect(partial)) as database:
            self.compact(database)
            database.execute("VACUUM INTO ?", (str(small),))
        small.replace(partial)

    def _stands(self, path: Path, *, rebuild: bool) -> bool:
        """Whether there is an index to extend; a damaged one may be made anew, if asked."""
        try:
            return path.exists() and self.is_current(path) and not rebuild
        except ForeignFileError:
            raise
        except LineIndexError:
            if rebuild:
                return False
            raise

    def _extend(
        self, path: Path, data_dir: Path, progress: Callable[[int], object], *, is_read: bool = True
    ) -> Update:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as database:
            if is_read:
                # what a transaction changes stays in memory until its commit: readers wait only
                # then
                database.execute("PRAGMA cache_spill = OFF")
            database.execute("PRAGMA secure_delete = OFF")
            if database.execute("PRAGMA application_id").fetchone() == (0,):
                mark = f"PRAGMA application_id = {self.application};"
                mark += f"PRAGMA user_version = {self.form};"
                database.executescript(f"BEGIN; {_FILES} {self.tables} {mark} COMMIT;")
            lines = IndexedLines(database, data_dir, self)
            database.execute("BEGIN IMMEDIATE")
            try:
                done = lines.add_to(self.writer(database, lines), progress)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
            return done

    def _damaged(self, path: Path, error: sqlite3.DatabaseError) -> LineIndexError:
        again = f"`{self.command} --rebuild` makes it anew"
        return LineIndexError(f"the {self.name} {shown(path)} is damaged ({error}): {again}")

    def other_archive(self, why: str) -> LineIndexError:
        """What is said of an index that doesn't fit the archive."""
        again = f"`{self.command} --rebuild` makes it anew"
        return LineIndexError(
            f"the {self.name} was made of another archive: {why}; `scrapy verify` tells if a file"
            f" is damaged, {again}"
        )


class IndexedLines:
    """The published lines of a data folder, and how far an index has them."""

    def __init__(self, database: sqlite3.Connection, data_dir: Path, kind: Kind) -> None:
        self._database = database
        self._data_dir = data_dir
        self._kind = kind
        self._names: dict[int, str] = dict(database.execute("SELECT number, name FROM files"))

    def read(self, place: Place) -> dict[str, Any]:
        """A line that is in the index. Raises LineIndexError when it isn't there any more."""
        name = self._names[place.file]
        try:
            return read_line(self._data_dir / name, place)
        except (OSError, ValueError) as error:
            why = f"{name} can't be read at {place.offset}: {error}"
            raise self._kind.other_archive(why) from error

    def add_to(self, writer: Writer, progress: Callable[[int], object]) -> Update:
        """Give the writer all lines that aren't in yet, in a transaction that is open."""
        sql = "SELECT name, number, bytes, done FROM files"
        known = {name: rest for name, *rest in self._database.execute(sql)}
        files, lines, damaged, pending = 0, 0, [], 0
        for path in lines_of(self._data_dir):
            name, size = path.relative_to(self._data_dir).as_posix(), path.stat().st_size
            number, indexed_size, done = known.pop(name, None) or (
                self._note_new(name, size),
                size,
                0,
            )
            if size != indexed_size:
                raise self._kind.other_archive(f"{name} has {size} bytes, not {indexed_size}")
            files += done < size
            progress(done)
            for offset, line in _lines_after(path, done):
                try:
                    writer.add(_decoded(line), Place(number, offset, len(line)))
                    lines += 1
                except UnreadableLineError as error:
                    damaged.append(f"{name}, offset {offset}: {error}")
                progress(len(line))
                pending += len(line)
                done = offset + len(line)
                if pending >= _COMMIT_BYTES:
                    writer.flush()
                    self._note(number, done)
                    self._database.execute("COMMIT")
                    self._database.execute("BEGIN IMMEDIATE")
                    pending = 0
            self._note(number, done)
        if known:
            raise self._kind.other_archive(f"{min(known)} isn't there")
        writer.flush()
        return Update(files, lines, damaged)

    def _note_new(self, name: str, size: int) -> int:
        sql = "INSERT INTO files (name, bytes, done) VALUES (?, ?, 0)"
        number = self._database.execute(sql, (name, size)).lastrowid
        assert number is not None
        self._names[number] = name
        return number

    def _note(self, number: int, done: int) -> None:
        self._database.execute("UPDATE files SET done = ? WHERE number = ?", (done, number))


def read_line(path: Path, place: Place) -> dict[str, Any]:
    """The published line at a place. Raises OSError, and ValueError where there is none."""
    with path.open("rb") as file:
        file.seek(place.offset)
        return _decoded(file.read(place.length))


def revision(line: dict[str, Any]) -> int:
    """Which reading of its version a line is; those of schema version 1 have no corrections."""
    return int(line.get("revision") or 0)


def _connect(path: Path) -> sqlite3.Connection:
    # for writing where that is allowed, to take back what a killed process left half done
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _decoded(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise UnreadableLineError("cut off")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableLineError(f"no JSON ({error})") from error
    if not isinstance(found, dict):
        raise UnreadableLineError("no object")
    return found


def _lines_after(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from an offset on, with theirs."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            yield offset, line
            offset += len(line)


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
