"""Opening: a ledger that can't be used is refused with what to do, and left as it was; one beside
which nothing may be written is read.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from crawler.ledger import opening, schema
from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import Ledger
from crawler.outcomes import Outcome
from tests.ledger.conftest import RUN, T0, at_site

if TYPE_CHECKING:
    from collections.abc import Iterator


NEWEST = schema.REVISION
NEXT_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("holds", sa.Column("note", sa.Text))
    {failing}
"""


@pytest.mark.parametrize("left", [0, 32, None])
def test_one_whose_making_was_cut_short_is_made_again(path: Path, left: int | None) -> None:
    """Killed before, at, or after the first bytes of the log; nothing was committed."""
    path.parent.mkdir(parents=True)
    log = path.with_name("ledger.sqlite-wal")
    with closing(sqlite3.connect(path.with_name("made"), isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("PRAGMA cache_size=1")
        made.execute("BEGIN IMMEDIATE")
        for number in range(200):
            made.execute(f"CREATE TABLE t{number} (x)")
        shutil.copy(path.with_name("made"), path)
        content = path.with_name("made-wal").read_bytes()
        made.execute("ROLLBACK")
    assert len(content) > 32
    log.write_bytes(content[:left])
    with closing(Ledger.open(path)) as ledger:
        assert ledger.runs.newest(1) == []


def refused(path: Path, match: str, *, read_only: bool = False) -> None:
    """Opening fails with `match`, names the file, and changes no byte in its folder."""
    before = {file: file.read_bytes() for file in path.parent.glob("*")}
    with pytest.raises(LedgerError, match=match) as caught:
        Ledger.open(path, read_only=read_only)
    assert str(path) in str(caught.value)
    after = {file: file.read_bytes() for file in path.parent.glob("*")}
    assert {file: after[file] for file in before} == before


def test_a_new_one_is_durable_and_in_wal_mode(path: Path) -> None:
    with closing(Ledger.open(path)) as ledger:
        pragmas = [
            ledger.connection.row(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous")
        ]
        assert [row[0] for row in pragmas if row] == ["wal", 2]
    with closing(Ledger.open(path)) as ledger:
        assert ledger.runs.newest(9) == []


def test_missing_for_a_reader(path: Path) -> None:
    refused(path, "doesn't exist", read_only=True)
    assert not path.parent.exists()


def test_lost_beside_published_files(path: Path) -> None:
    published = path.parent.parent / "jsonl" / "2026" / "01" / "xinhua-r1.jsonl"
    published.parent.mkdir(parents=True)
    published.write_text("{}\n")
    refused(path, "is gone, but .* holds published lines.*repair --ledger")
    path.parent.mkdir()
    path.touch()
    refused(path, "is gone")
    with closing(Ledger.open(path, fresh=True)) as ledger:
        assert ledger.runs.newest(9) == []


def test_lost_with_its_log_left_behind(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.with_name("ledger.sqlite-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(100))
    refused(path, "-wal companion")


def test_a_kill_while_it_was_made(path: Path) -> None:
    """SQLite makes the file before the schema's transaction is committed."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
    assert path.stat().st_size
    refused(path, "is empty", read_only=True)
    with closing(Ledger.open(path)) as ledger:
        assert ledger.runs.newest(9) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_not_a_database(path: Path, read_only: bool) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x00garbage" * 999)
    refused(path, "is damaged .*To restore", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_cut_short(filled: Path, read_only: bool) -> None:
    size = filled.stat().st_size
    with filled.open("r+b") as file:
        file.truncate(size // 2)
    refused(filled, "is damaged .*To restore", read_only=read_only)


def test_damage_is_reported_when_it_is_met(filled: Path) -> None:
    size = filled.stat().st_size
    with filled.open("r+b") as file:
        file.seek(size // 4)
        file.write(b"\xff" * (size // 2))
    with pytest.raises(LedgerError, match="is damaged"), closing(Ledger.open(filled)) as ledger:
        ledger.addresses.see([at_site(n) for n in range(2000)], run_id="r2", at=T0)


def test_another_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE other (x)")
        raw.commit()
    refused(path, "not a ledger")


@pytest.mark.parametrize("read_only", [False, True])
def test_of_a_newer_crawler(filled: Path, read_only: bool) -> None:
    with closing(sqlite3.connect(filled)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    refused(filled, "schema 9999, newer .*Install the crawler", read_only=read_only)


def test_locked_by_another_writer(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0.01)
    with closing(Ledger.open(filled)) as other:
        other.hosts.hold("host", T0, "reason")
        refused(filled, "is locked by another process")
        with closing(Ledger.open(filled, read_only=True)) as reader:
            assert reader.visits.count(RUN) == 2000


def test_unwritable() -> None:
    """As a user without write access: root, whom nothing stops, becomes one first."""
    code = """
import os, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from crawler.ledger.ledger import Ledger

if os.geteuid() == 0:
    os.setuid(65534)
Ledger.open(Path(sys.argv[1]))
"""
    with TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite")
        Ledger.open(path).close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", code, path], check=False, capture_output=True, text=True
        )
        Path(folder).chmod(0o755)
        assert "LedgerError" in done.stderr, done.stderr
        assert "write access" in done.stderr or "may read and write" in done.stderr


@pytest.fixture
def next_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The crawler of tomorrow: one migration more. Returns the new migration's file."""
    folder = tmp_path / "migrations 100%"
    shutil.copytree(opening.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "versions" / "next.py"
    file.write_text(NEXT_MIGRATION.format(newest=NEWEST, failing=""))
    monkeypatch.setattr(opening, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "REVISION", "next")
    return file


def test_the_first_schema_is_migrated_to_todays(path: Path) -> None:
    """As a crawler of its time left it, with a list in it."""
    path.parent.mkdir(parents=True)
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=NullPool)
    with closing(engine.connect()) as connection:
        opening.migrate(connection, "0001")
        connection.execute(
            text("INSERT INTO lists (url, failures, walk) VALUES ('http://a', 0, 3)")
        )
        connection.commit()
    with closing(Ledger.open(path)) as ledger:
        (state,) = ledger.lists.states()
        assert (state.url, state.capture) == ("http://a", None)
        assert (
            compare_metadata(MigrationContext.configure(ledger.connection.raw), schema.metadata)
            == []
        )


def test_an_older_schema_is_migrated(filled: Path, next_schema: Path) -> None:
    refused(filled, "older than this crawler's next. The next crawl migrates", read_only=True)
    with closing(Ledger.open(filled)) as ledger:
        columns = inspect(ledger.connection.raw).get_columns("holds")
        assert "note" in {column["name"] for column in columns}
        assert ledger.visits.count(RUN) == 2000
        ledger.addresses.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
        ledger.commit()
    with closing(Ledger.open(filled, read_only=True)) as ledger:
        assert ledger.visits.outcomes(RUN) == {"missing": 1, "pending": 1999}


def test_a_failing_migration_leaves_the_old_schema(filled: Path, next_schema: Path) -> None:
    next_schema.write_text(
        NEXT_MIGRATION.format(newest=NEWEST, failing="op.execute('SELECT * FROM nowhere')")
    )
    refused(filled, "nowhere")
    with closing(sqlite3.connect(filled)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]
        assert "note" not in [row[1] for row in raw.execute("PRAGMA table_info(holds)")]


@pytest.fixture
def in_wal(tmp_path: Path) -> Path:
    """A database in WAL mode with a row, in a folder with an odd name."""
    folder = tmp_path / "a?b#c%41" / "state"
    folder.mkdir(parents=True)
    in_wal = folder / "ledger.sqlite"
    with closing(sqlite3.connect(in_wal)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE ferries (name TEXT)")
        made.execute("INSERT INTO ferries VALUES ('一号')")
        made.commit()
    return in_wal


@pytest.fixture
def writer(in_wal: Path) -> Iterator[sqlite3.Connection]:
    """Somebody whose row stands in the log alone."""
    with closing(sqlite3.connect(in_wal)) as connection:
        connection.execute("INSERT INTO ferries VALUES ('二号')")
        connection.commit()
        yield connection


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may write: root may everywhere, so it is said for it."""
    monkeypatch.setattr(opening.os, "access", lambda *_: False)


def count(uri: str) -> int:
    with closing(sqlite3.connect(uri, uri=True)) as opened:
        (number,) = opened.execute("SELECT count(*) FROM ferries").fetchone()
    return int(number)


def test_where_one_may_write_its_log_is_read_and_nothing_is_left(in_wal: Path) -> None:
    first = next(opening.sources(in_wal))
    assert (first.note, first.seen) == ("", None)
    assert count(first.uri) == 1
    first.done()
    assert not any(one.exists() for one in opening.companions(in_wal))


def test_the_help_files_of_others_are_left(in_wal: Path, writer: sqlite3.Connection) -> None:
    first = next(opening.sources(in_wal))
    assert count(first.uri) == 2
    first.done()
    assert all(one.exists() for one in opening.companions(in_wal))


@pytest.mark.usefixtures("read_only")
def test_without_a_log_it_is_read_as_it_stands(in_wal: Path) -> None:
    (source,) = opening.sources(in_wal)
    assert "immutable=1" in source.uri
    assert count(source.uri) == 1
    assert source.seen == opening.state_of(in_wal)
    with closing(sqlite3.connect(in_wal)) as other:
        other.execute("DELETE FROM ferries")
        other.commit()
    os.utime(in_wal, ns=(0, 0))
    assert source.seen != opening.state_of(in_wal)


@pytest.mark.usefixtures("read_only", "writer")
def test_with_a_log_both_are_copied_and_that_is_said(in_wal: Path) -> None:
    (source,) = opening.sources(in_wal)
    assert "both were copied to" in source.note
    copy = Path(unquote(urlsplit(source.uri).path))
    assert copy.parent != in_wal.parent
    assert count(source.uri) == 2
    source.done()
    assert not copy.parent.exists()


@pytest.mark.usefixtures("read_only", "writer")
def test_a_log_that_is_always_begun_anew(in_wal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_log_header", lambda _: os.urandom(8))
    with pytest.raises(LedgerError, match="written to faster than it can be copied"):
        list(opening.sources(in_wal))


@pytest.mark.usefixtures("read_only", "writer")
def test_no_room_for_a_copy(in_wal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "TemporaryDirectory", lambda **_: open("/none/such"))  # noqa: PTH123, SIM115
    with pytest.raises(LedgerError, match="can't be copied to a temporary folder"):
        list(opening.sources(in_wal))


def test_a_log_that_cannot_be_read(in_wal: Path) -> None:
    opening.companions(in_wal)[0].mkdir()
    with pytest.raises(LedgerError, match="has a log that can't be read"):
        list(opening.sources(in_wal))
