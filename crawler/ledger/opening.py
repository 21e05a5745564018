"""Opening the ledger's SQLite file: create, check, migrate, or refuse with what to do.

A path leads to a SQLAlchemy connection to a ledger of today's schema, or to a LedgerError; a file
that can't be used is never written to. On a database server only `migrate` is needed.

Who may write nothing beside the file reads it, too. A database in WAL mode is read with the help of
its `-shm` file (https://www.sqlite.org/wal.html, "Read-Only Databases"). Where none can be made
there are two ways (`sources`): a ledger whose log (`-wal`) is empty is opened as immutable, which
passes over a log; of one whose log has content both files are copied and read elsewhere.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

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
from crawler.run_lock import is_locked
from crawler.storage import StorageError, fsync_dir, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine


# The header of a log: its salts change when the log is begun anew
# (https://www.sqlite.org/fileformat2.html#walformat).
_LOG_HEADER = 32

_TRIES = 5

# Beginnings of SQLite's names of the errors that mean: the help files can't be made.
NO_HELP_FILES = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR_SHM")


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """How the ledger is opened: SQLite's URI; `note`, what a reader must be told; `done`, to be
    called when it is closed; `seen`, what the file was when it was opened as immutable."""

    uri: str
    note: str = ""
    done: Callable[[], object] = lambda: None
    seen: tuple[int, int] | None = None


def companions(path: Path) -> tuple[Path, Path]:
    """SQLite's files beside an open database: the log, which holds data, and its index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def uri(path: Path, options: str) -> str:
    """SQLite's URI of a file, whose folder's name may hold any bytes."""
    return f"file:{quote(os.fsencode(path.absolute()))}?{options}"


def sources(path: Path) -> Iterator[DatabaseSource]:
    """The ways to read it, to be tried in this order. Raises LedgerError."""
    can_help = os.access(path.parent, os.W_OK)
    # a run that writes on the other side of a mount keeps the help file for us
    if can_help or _is_live(path):
        was_clean = not any(one.exists() for one in companions(path))
        done = (lambda: _tidy(path)) if can_help and was_clean else (lambda: None)
        yield DatabaseSource(uri(path, "mode=ro"), done=done)
    if _log_header(path):
        yield _copied(path)
    else:
        yield DatabaseSource(uri(path, "mode=ro&immutable=1"), seen=state_of(path))


def _is_live(path: Path) -> bool:
    try:
        return is_locked(path.parent.parent)
    except OSError:
        return False


def state_of(path: Path) -> tuple[int, int]:
    """What differs once somebody wrote to the file itself."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _tidy(path: Path) -> None:
    """Take away the help files that reading made: SQLite leaves that to the last one who closes and
    may write. Left behind they would belong to whoever read, and keep the next run from writing."""
    if not companions(path)[1].exists() or _log_header(path) or not os.access(path, os.W_OK):
        return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, timeout=0)) as raw,
    ):
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _copied(path: Path) -> DatabaseSource:
    """A copy of the ledger and its log in a temporary folder, as it was at one moment.

    The log is copied last: whatever was moved from it into the ledger meanwhile stands in it still,
    unless it was begun anew, which its header shows.
    """
    try:
        folder = TemporaryDirectory(prefix="ledger-")
        copy = Path(folder.name) / path.name
        for _ in range(_TRIES):
            header = _log_header(path)
            shutil.copyfile(path, copy)
            log = companions(copy)[0]
            if header:
                shutil.copyfile(companions(path)[0], log)
            else:
                log.unlink(missing_ok=True)
            if header == _log_header(path):
                note = (
                    f"the ledger {path} has a log and no room beside it to read that: "
                    f"both were copied to {copy.parent} and read there"
                )
                return DatabaseSource(uri(copy, "mode=ro"), note, folder.cleanup)
    except OSError as error:
        problem = f"and its log can't be copied to a temporary folder ({error.strerror})"
        raise ledger_error(str(path), problem, "Make room there or set TMPDIR.") from error
    folder.cleanup()
    problem = "is being written to faster than it can be copied"
    raise ledger_error(str(path), problem, "Ask again, or read it where its folder can be written.")


def _log_header(path: Path) -> bytes:
    try:
        with companions(path)[0].open("rb") as file:
            return file.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""
    except OSError as error:
        problem = f"has a log that can't be read ({error.strerror})"
        raise ledger_error(str(path), problem, "See to its permissions.") from error


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
