"""An index of published lines: extended by what is new, made anew where it can't be."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler import line_index
from crawler.line_index import (
    BusyError,
    ForeignFileError,
    IndexedLines,
    Kind,
    LineIndexError,
    Place,
    Update,
    read_line,
    revision,
)

if TYPE_CHECKING:
    from pathlib import Path

RUNS = ("20260305T040000Z-0a1b", "20260306T040000Z-0a1c")


class Titles:
    """Keeps the title of each line and where it stands."""

    def __init__(self, database: sqlite3.Connection, lines: IndexedLines) -> None:
        self._database = database

    def add(self, line: dict[str, Any], place: Place) -> None:
        if line["title"] == "kill":
            raise KeyboardInterrupt
        self._database.execute("INSERT INTO titles VALUES (?, ?, ?, ?)", (line["title"], *place))

    def flush(self) -> None:
        """Nothing is kept in memory."""


TABLES = "CREATE TABLE titles (title TEXT, file INTEGER, offset INTEGER, length INTEGER);"
KIND = Kind("list of titles", "scrapy titles", 0x7E57, 1, TABLES, Titles)


class Archive:
    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.index = folder / "state" / "titles.sqlite"

    def write(self, run: int, *titles: str, more: bytes = b"") -> Path:
        """Publish a file of lines."""
        path = self.data_dir / f"jsonl/2026/03/xinhua-{RUNS[run]}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps({"title": title}).encode() + b"\n" for title in titles)
        path.write_bytes(b"".join(lines) + more)
        return path

    def update(self, *, kind: Kind = KIND, rebuild: bool = False) -> Update:
        return kind.update(self.index, self.data_dir, lambda _: None, rebuild=rebuild)

    def titles(self) -> list[str]:
        with closing(KIND.open(self.index)) as database:
            return [title for (title,) in database.execute("SELECT title FROM titles")]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_what_is_new_is_added(archive: Archive) -> None:
    archive.write(0, "ferry", "rope")
    assert archive.update() == Update(1, 2, [])
    archive.write(1, "tide")
    assert archive.update() == Update(1, 1, [])
    assert archive.update() == Update(0, 0, [])
    assert archive.titles() == ["ferry", "rope", "tide"]


def test_a_line_is_read_where_it_stands(archive: Archive) -> None:
    path = archive.write(0, "ferry", "rope")
    archive.update()
    with closing(KIND.open(archive.index)) as database:
        (row,) = database.execute("SELECT file, offset, length FROM titles WHERE title = 'rope'")
        place = Place(*row)
        lines = IndexedLines(database, archive.data_dir, KIND)
        assert lines.read(place) == read_line(path, place) == {"title": "rope"}
        path.unlink()
        with pytest.raises(LineIndexError, match="made of another archive"):
            lines.read(place)


@pytest.mark.parametrize("line", [b"{", b"[]\n", b'{"title"\n', b"[" * 100_000 + b"\n"])
def test_a_damaged_line_is_told_and_passed_over(archive: Archive, line: bytes) -> None:
    path = archive.write(0, "ferry", more=line)
    name = path.relative_to(archive.data_dir).as_posix()
    done = archive.update()
    assert (done.files, done.lines, len(done.damaged)) == (1, 1, 1)
    assert done.damaged[0].startswith(f"{name}, offset {len(path.read_bytes()) - len(line)}: ")


def test_after_a_kill_it_goes_on(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed isn't read again; nobody sees an index that isn't whole."""
    monkeypatch.setattr(line_index, "_COMMIT_BYTES", 1)
    archive.write(0, "ferry", "kill")
    with pytest.raises(KeyboardInterrupt):
        archive.update()
    with pytest.raises(LineIndexError, match="there is no list of titles"):
        archive.titles()
    archive.write(0, "ferry", "tide")
    assert archive.update() == Update(1, 1, [])
    assert archive.titles() == ["ferry", "tide"]


def test_of_another_archive(archive: Archive) -> None:
    path = archive.write(0, "ferry")
    archive.update()
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(LineIndexError, match="was made of another archive"):
        archive.update()
    path.unlink()
    with pytest.raises(LineIndexError, match="isn't there"):
        archive.update()
    archive.write(1, "tide")
    assert archive.update(rebuild=True) == Update(1, 1, [])


def test_what_is_no_such_index(archive: Archive) -> None:
    """A file of others is left as it is; an earlier form is made anew, a damaged one on demand."""
    archive.write(0, "ferry")
    archive.index.parent.mkdir()
    archive.index.write_bytes(b"a letter to a friend, longer than the head of a database" * 3)
    for rebuild in (False, True):
        with pytest.raises(ForeignFileError, match="is left as it is"):
            archive.update(rebuild=rebuild)
    archive.index.unlink()
    with closing(sqlite3.connect(archive.index)) as database:
        database.execute("CREATE TABLE friends (name TEXT)")
    with pytest.raises(ForeignFileError, match="is another database"):
        archive.update()
    archive.index.unlink()
    former = Kind(KIND.name, KIND.command, KIND.application, 0, TABLES, Titles)
    archive.update(kind=former)
    with pytest.raises(LineIndexError, match="has an earlier form"):
        archive.titles()
    assert archive.update() == Update(1, 1, [])
    archive.index.write_bytes(archive.index.read_bytes()[:100] + b"\xff" * 8000)
    with pytest.raises(LineIndexError, match="is damaged"):
        archive.update()
    assert archive.update(rebuild=True) == Update(1, 1, [])


def test_only_one_process_makes_it(archive: Archive) -> None:
    archive.write(0, "ferry")
    archive.update()
    with (archive.index.parent / "titles.sqlite.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            archive.update()


def test_the_revision_of_a_line() -> None:
    assert [revision(line) for line in ({}, {"revision": 0}, {"revision": 2})] == [0, 0, 2]
