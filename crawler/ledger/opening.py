"""Opening the ledger's SQLite file: create, check, migrate, or refuse with what to do.

A path leads to a SQLAlchemy connection to a ledger of today's schema, or to a LedgerError; a file
that can't be used is never written to. On a database server only `migrate` is needed.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from crawler.data_dir import LINES_FOLDER, has_lines
from crawler.ledger import schema
from crawler.ledger.errors import (
    RESTORE,
    LedgerError,
    NoLedgerError,
    OlderLedgerError,
    from_database,
    ledger_error,
)
from crawler.ledger.reading import NO_HELP_FILES, companions, sources, uri
from crawler.storage import StorageError, fsync_dir, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from crawler.ledger.reading import DatabaseSource

# Alembic would log eight lines of its own in every run.
logging.getLogger("alembic").setLevel(logging.WARNING)

MIGRATIONS = Path(__file__).with_name("migrations")

# Seconds to wait for another process's lock before the ledger counts as locked.
BUSY_TIMEOUT = 5.0

# A cheap look at each page as it is read; memory (in KiB) that stays the same however large the
# file is; and every commit durable.
_PRAGMAS = ("PRAGMA cell_size_check=ON", "PRAGMA cache_size=-8192", "PRAGMA synchronous=FULL")


def open_file(
    path: Path, *, read_only: bool = False, fresh: bool = False
) -> tuple[Connection, DatabaseSource | None]:
    """A connection to the ledger at `path`, created or migrated unless `read_only`; then also how
    it is read.

    A missing ledger beside published files is lost, not new; `fresh` says that a new one is wanted
    all the same (to rebuild it). Raises LedgerError.
    """
    exists = path.is_file() and path.stat().st_size > 0
    if not exists:
        wal, _ = companions(path)
        # SQLite would delete a log that is there without its file.
        if wal.is_file() and wal.stat().st_size > 0:
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
    if read_only:
        return _open_for_reading(path)
    connection = _open(path, uri(path, "mode=rwc"), read_only=False, fresh=fresh)
    if not exists:
        fsync_dir(path.parent)
    return connection, None


def _open_for_reading(path: Path) -> tuple[Connection, DatabaseSource]:
    """The first of the ways to read it that works."""
    failure: LedgerError | None = None
    for source in sources(path):
        try:
            return _open(path, source.uri, read_only=True, fresh=False), source
        except LedgerError as error:
            source.done()
            cause = error.__cause__
            name = getattr(getattr(cause, "orig", None), "sqlite_errorname", "")
            if not name.startswith(NO_HELP_FILES):
                raise
            failure = error
    assert failure is not None
    raise failure


def _open(path: Path, name: str, *, read_only: bool, fresh: bool) -> Connection:
    try:
        connection = _engine(name, read_only=read_only).connect()
    except DBAPIError as error:
        raise from_database(str(path), error) from error
    try:
        _prepare(connection, path, read_only=read_only, fresh=fresh)
    except DBAPIError as error:
        connection.close()
        raise from_database(str(path), error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(name: str, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where SQLAlchemy says, reads included.
        raw = sqlite3.connect(
            name, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in _PRAGMAS:
                raw.execute(pragma)
            # A copy made by VACUUM INTO is not in WAL mode.
            if not read_only and not _is_foreign(_tables(raw)):
                raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error:
            raw.close()
            raise
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    def begin(connection: Connection) -> None:
        # The writer takes its lock at once, so that a second one is refused before it has read.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "begin", begin)
    return engine


def _tables(raw: sqlite3.Connection) -> set[str]:
    return {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _is_foreign(tables: set[str]) -> bool:
    return bool(tables) and "alembic_version" not in tables


def _refuse_if_lost(path: Path, *, fresh: bool) -> None:
    data_dir = path.parent.parent
    if not fresh and has_lines(data_dir):
        published = data_dir / LINES_FOLDER
        raise ledger_error(str(path), f"is gone, but {published} holds published lines", RESTORE)


def _prepare(connection: Connection, path: Path, *, read_only: bool, fresh: bool) -> None:
    tables = set(inspect(connection).get_table_names())
    # Without tables it is new, or its making was cut short: a -wal then holds nothing committed.
    if not tables:
        _refuse_if_lost(path, fresh=fresh)
        if read_only:
            raise NoLedgerError(f"The ledger {path} is empty. The next crawl fills it.")
        migrate(connection)
    elif _is_foreign(tables):
        raise ledger_error(str(path), "is a database, but not a ledger of this crawler", RESTORE)
    else:
        meet_schema(connection, str(path), read_only=read_only, migrated=migrate)
    # One page of each table is read, which is cheap at any size; as it is stored, since what a row
    # holds is for those to judge who read it.
    for table in schema.metadata.sorted_tables:
        connection.execute(select(text("*")).select_from(table).limit(1)).all()
    connection.commit()


def meet_schema(
    connection: Connection,
    where: str,
    *,
    read_only: bool,
    migrated: Callable[[Connection], None],
) -> None:
    """Bring a ledger's schema to today's by `migrated`. Raises LedgerError for a newer one, and for
    an older one that is `read_only`."""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == schema.REVISION:
        return
    if found not in revisions():
        problem = f"has schema {found}, newer than this crawler's {schema.REVISION}"
        raise ledger_error(where, problem, "Install the crawler that wrote it.")
    if read_only:
        problem = f"has schema {found}, older than this crawler's {schema.REVISION}"
        raise OlderLedgerError(f"The ledger {where} {problem}. The next crawl migrates it.")
    migrated(connection)


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
    # The option is interpolated.
    return str(MIGRATIONS).replace("%", "%%")
