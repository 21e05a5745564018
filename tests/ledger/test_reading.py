"""How a ledger is read by those who may write nothing beside it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from crawler.ledger import reading
from crawler.ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database in WAL mode with a row, in a folder with an odd name."""
    folder = tmp_path / "a?b#c%41" / "state"
    folder.mkdir(parents=True)
    path = folder / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE ferries (name TEXT)")
        made.execute("INSERT INTO ferries VALUES ('一号')")
        made.commit()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody whose row stands in the log alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO ferries VALUES ('二号')")
        connection.commit()
        yield connection


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may write: root may everywhere, so it is said for it."""
    monkeypatch.setattr(reading.os, "access", lambda *_: False)


def count(uri: str) -> int:
    with closing(sqlite3.connect(uri, uri=True)) as opened:
        (number,) = opened.execute("SELECT count(*) FROM ferries").fetchone()
    return int(number)


def test_where_one_may_write_its_log_is_read_and_nothing_is_left(path: Path) -> None:
    first = next(reading.sources(path))
    assert (first.note, first.seen) == ("", None)
    assert count(first.uri) == 1
    first.done()
    assert not any(one.exists() for one in reading.companions(path))


def test_the_help_files_of_others_are_left(path: Path, writer: sqlite3.Connection) -> None:
    first = next(reading.sources(path))
    assert count(first.uri) == 2
    first.done()
    assert all(one.exists() for one in reading.companions(path))


@pytest.mark.usefixtures("read_only")
def test_without_a_log_it_is_read_as_it_stands(path: Path) -> None:
    (source,) = reading.sources(path)
    assert "immutable=1" in source.uri
    assert count(source.uri) == 1
    assert source.seen == reading.state_of(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM ferries")
        other.commit()
    os.utime(path, ns=(0, 0))
    assert source.seen != reading.state_of(path)


@pytest.mark.usefixtures("read_only", "writer")
def test_with_a_log_both_are_copied_and_that_is_said(path: Path) -> None:
    (source,) = reading.sources(path)
    assert "both were copied to" in source.note
    copy = Path(unquote(urlsplit(source.uri).path))
    assert copy.parent != path.parent
    assert count(source.uri) == 2
    source.done()
    assert not copy.parent.exists()


@pytest.mark.usefixtures("read_only", "writer")
def test_a_log_that_is_always_begun_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_log_header", lambda _: os.urandom(8))
    with pytest.raises(LedgerError, match="written to faster than it can be copied"):
        list(reading.sources(path))


@pytest.mark.usefixtures("read_only", "writer")
def test_no_room_for_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "TemporaryDirectory", lambda **_: open("/none/such"))  # noqa: PTH123, SIM115
    with pytest.raises(LedgerError, match="can't be copied to a temporary folder"):
        list(reading.sources(path))


def test_a_log_that_cannot_be_read(path: Path) -> None:
    reading.companions(path)[0].mkdir()
    with pytest.raises(LedgerError, match="has a log that can't be read"):
        list(reading.sources(path))
