"""Opening the ledger's file: create, check, migrate, or refuse with what to do.

In: a path. Out: a SQLAlchemy connection to a ledger of today's schema, or a LedgerError; a file
that can't be used is never written to.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from crawler.data_dir import LINES_FOLDER, LINES_SUFFIX
from crawler.ledger import schema
from crawler.ledger.errors import (
    RESTORE,
    NoLedgerError,
    OlderLedgerError,
    from_database,
    ledger_error,
)
from crawler.storage import StorageError, fsync_dir, make_folder

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

logging.getLogger("alembic").setLevel(logging.WARNING)  # else eight lines of its own a run

MIGRATIONS = Path(__file__).with_name("migrations")

# Seconds to wait for another process's lock before the ledger counts as locked.
BUSY_TIMEOUT = 5.0

_PRAGMAS = (
    "PRAGMA cell_size_check=ON",  # cheap look at each page as it is read
    "PRAGMA cache_size=-8192",  # KiB: memory stays the same however large the file is
    "PRAGMA synchronous=FULL",
)


def open_file(path: Path, *, read_only: bool, fresh: bool) -> Connection:
    """A connection to the ledger at `path`, created or migrated if this is the writer.

    A missing ledger beside published files is lost, not new; `fresh` says that a new one is wanted
    all the same (to rebuild it).
    """
    exists = path.is_file() and path.stat().st_size > 0
    if not exists:
        wal, _ = companions(path)
        if wal.is_file() and wal.stat().st_size > 0:  # SQLite would delete it
            problem = "is gone, but its -wal companion is there"
            raise ledger_error(str(path), problem, RESTORE)
        _refuse_if_lost(path, fresh=fresh)
        if read_only:
            raise NoLedgerError(f"The ledger {path} doesn't exist. The first crawl makes it.")
        try:
            make_folder(path.parent)
        except StorageError as error:
            problem = f"can't be created ({error})"
            raise ledger_error(str(path), problem, "See to the folder's permissions.") from error
    engine = _engine(path, read_only=read_only)
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise from_database(str(path), error) from error
    try:
        _prepare(connection, path, read_only=read_only, fresh=fresh)
        if not exists:
            fsync_dir(path.parent)
    except DBAPIError as error:
        connection.close()
        raise from_database(str(path), error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(path: Path, *, read_only: bool) -> Engine:
    name = quote(os.fsencode(path.absolute()))  # of any bytes
    uri = f"file:{name}?mode={'ro' if read_only else 'rwc'}"
    if read_only and _is_at_rest(path):
        uri += "&immutable=1"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where SQLAlchemy says, reads included
        raw = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in _PRAGMAS:
                raw.execute(pragma)
            if not read_only and not _is_foreign(_tables(raw)):
                raw.execute("PRAGMA journal_mode=WAL")  # a copy made by VACUUM INTO isn't
        except sqlite3.Error:
            raw.close()
            raise
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    def begin(connection: Connection) -> None:
        # the writer takes its lock at once, so that a second one is refused before it has read
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "begin", begin)
    return engine


def _is_at_rest(path: Path) -> bool:
    """Whether the ledger lies in a folder where SQLite can't put the companions that reading takes,
    and no run has left them there."""
    wal, shm = companions(path)
    is_open = shm.exists() and wal.exists()
    has_log = wal.exists() and wal.stat().st_size > 0
    return not (is_open or has_log or os.access(path.parent, os.W_OK))


def _tables(raw: sqlite3.Connection) -> set[str]:
    return {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _is_foreign(tables: set[str]) -> bool:
    return bool(tables) and "alembic_version" not in tables


def companions(path: Path) -> tuple[Path, Path]:
    """SQLite's files beside an open database: the log, which holds data, and its index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _refuse_if_lost(path: Path, *, fresh: bool) -> None:
    published = path.parent.parent / LINES_FOLDER
    if not fresh and next(published.rglob(f"*{LINES_SUFFIX}"), None) is not None:
        raise ledger_error(str(path), f"is gone, but {published} holds published lines", RESTORE)


def _prepare(connection: Connection, path: Path, *, read_only: bool, fresh: bool) -> None:
    tables = set(inspect(connection).get_table_names())
    if not tables:  # new, or its making was cut short: a -wal then holds nothing committed
        _refuse_if_lost(path, fresh=fresh)
        if read_only:
            raise NoLedgerError(f"The ledger {path} is empty. The next crawl fills it.")
        migrate(connection)
    elif _is_foreign(tables):
        raise ledger_error(str(path), "is a database, but not a ledger of this crawler", RESTORE)
    else:
        _meet_schema(connection, path, read_only=read_only)
    for table in schema.metadata.sorted_tables:  # a page of each: cheap at any size
        # as it is stored: what was written into a row is for those to judge who read it
        connection.execute(select(text("*")).select_from(table).limit(1)).all()
    connection.commit()


def _meet_schema(connection: Connection, path: Path, *, read_only: bool) -> None:
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == schema.REVISION:
        return
    if found not in revisions():
        problem = f"has schema {found}, newer than this crawler's {schema.REVISION}"
        raise ledger_error(str(path), problem, "Install the crawler that wrote it.")
    if read_only:
        problem = f"has schema {found}, older than this crawler's {schema.REVISION}"
        raise OlderLedgerError(f"The ledger {path} {problem}. The next crawl migrates it.")
    migrate(connection)


def revisions() -> list[str]:
    """The schema versions this code knows, newest first."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _location())
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision` inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _location())
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _location() -> str:
    return str(MIGRATIONS).replace("%", "%%")  # the option is interpolated
