"""Opening a ledger on a PostgreSQL server: check, migrate, or refuse with what to do.

Times, outcomes and addresses are compared and sorted by code point, so every text column has the
collation C, whatever the database's own is. One process at a time writes, or several that share the
ledger and keep out of each other's way by leases: they hold an advisory lock, one alone or several
together, for as long as their connections live (PostgreSQL 15, 13.3.5).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from crawler.ledger import location, schema
from crawler.ledger.errors import (
    RESTORE_SERVER,
    LedgerInUseError,
    NoLedgerError,
    from_database,
    ledger_error,
)
from crawler.ledger.leases import SESSION
from crawler.ledger.opening import meet_schema, migrate

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

# Seconds until a server counts as out of reach, and in which a dead connection is noticed: one that
# nothing is said on, and, in milliseconds, one on which a statement isn't acknowledged. The kernel
# alone would send that again for a quarter of an hour, while the process stands still (tcp(7)).
CONNECT_TIMEOUT: Final = 10
KEEPALIVE: Final = {
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}  # fmt: skip

# The first half of the advisory lock's key; the second is the schema's name.
_LOCK: Final = 0x78696E68

# How long those that share the ledger wait for the one that makes or migrates it: so many times so
# many seconds.
_TRIES: Final = 25
_PAUSE: Final = 0.2

_COLUMNS: Final = text(
    "SELECT c.table_name, c.column_name, c.data_type, c.character_maximum_length AS length"
    " FROM information_schema.columns c JOIN information_schema.tables t USING"
    " (table_catalog, table_schema, table_name)"
    " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
    " AND c.data_type IN ('text', 'character varying')"
    " AND c.collation_name IS DISTINCT FROM 'C' AND c.table_name <> 'alembic_version'"
)
_HOLDER: Final = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = :lock"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def open_server(url: URL, *, read_only: bool, is_lost: bool, shared_as: str = "") -> Connection:
    """A connection to the ledger in a database, made or migrated unless `read_only`.

    `is_lost`: the data folder holds lines that this ledger must know of, so an empty one is
    refused. `shared_as`: the run that writes to it beside others. Raises LedgerError;
    LedgerInUseError where another process writes to it that doesn't share it.
    """
    where = location.shown(url)
    engine = _engine(url, shared_as, isolation="REPEATABLE READ" if read_only else "READ COMMITTED")
    connection = _connect(engine, where, read_only=read_only)
    try:
        if shared_as:
            _prepare_shared(connection, where, is_lost=is_lost)
        else:
            _prepare(connection, where, read_only=read_only, is_lost=is_lost)
    except DBAPIError as error:
        connection.close()
        raise from_database(where, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_side(url: URL, shared_as: str) -> Connection:
    """A further connection of a run that shares the ledger, which commits each statement; its
    engine keeps others for the run's threads. Raises LedgerError."""
    engine = _engine(url, shared_as, isolation="AUTOCOMMIT", pool=QueuePool)
    return _connect(engine, location.shown(url), read_only=False)


def _engine(url: URL, run_id: str, *, isolation: Any, pool: type[Pool] = NullPool) -> Engine:
    place = f"{os.uname().nodename} {os.getpid()}"
    engine = create_engine(
        url,
        poolclass=pool,
        isolation_level=isolation,
        connect_args={
            "application_name": f"{SESSION} {run_id} {place}"[:63].replace("  ", " "),
            "connect_timeout": CONNECT_TIMEOUT,
            "client_encoding": "utf8",
            **KEEPALIVE,
        },
    )
    # Many rows are one statement, as psycopg2's dialect has it by itself.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    return engine


def _connect(engine: Engine, where: str, *, read_only: bool) -> Connection:
    try:
        connection = engine.connect()
    except (DBAPIError, UnicodeError) as error:
        if not isinstance(error, DBAPIError):
            raise ledger_error(where, f"can't be opened ({error})", RESTORE_SERVER) from error
        raise from_database(where, error) from error
    return connection.execution_options(postgresql_readonly=True) if read_only else connection


def _prepare_shared(connection: Connection, where: str, *, is_lost: bool) -> None:
    """Be one of those that write. Who finds no schema of today makes it, alone; the others wait."""
    for _ in range(_TRIES):
        if _lock(connection, "pg_try_advisory_lock_shared"):
            if _is_todays(connection):
                connection.commit()
                return
            _lock(connection, "pg_advisory_unlock_shared")
        if _lock(connection, "pg_try_advisory_lock"):
            _prepare(connection, where, read_only=False, is_lost=is_lost)
            _lock(connection, "pg_advisory_lock_shared")
            _lock(connection, "pg_advisory_unlock")
            _lock(connection, "pg_advisory_unlock")  # `_prepare` has taken it, too
            connection.commit()
            return
        connection.commit()
        connection.execute(text(f"SELECT pg_sleep({_PAUSE})"))
    _take(connection, where)


def _is_todays(connection: Connection) -> bool:
    if "alembic_version" not in inspect(connection).get_table_names():
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found == schema.REVISION


def _lock(connection: Connection, function: str) -> bool:
    """Call one of the functions of advisory locks; whether it did what it is named after."""
    statement = text(f"SELECT {function}(:lock, hashtext(current_schema()))")
    return connection.execute(statement, {"lock": _LOCK}).scalar() is not False


def _prepare(connection: Connection, where: str, *, read_only: bool, is_lost: bool) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        advice = "Make a database with the encoding UTF8 and name that."
        raise ledger_error(where, f"has the encoding {encoding}", advice)
    if not read_only:
        _take(connection, where)
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        ours = tables & set(schema.metadata.tables)
        if ours:
            problem = f"has a table {min(ours)} that is not a ledger's"
            raise ledger_error(where, problem, "Name a database of its own.")
        if is_lost:
            problem = "is empty, but the data folder holds published lines"
            raise ledger_error(where, problem, RESTORE_SERVER)
        if read_only:
            raise NoLedgerError(f"The ledger {where} is empty. The next crawl fills it.")
        _migrate(connection)
    else:
        meet_schema(connection, where, read_only=read_only, migrated=_migrate)
    connection.commit()


def _take(connection: Connection, where: str) -> None:
    """Be the one that writes; the lock outlives transactions and goes with the connection."""
    if not _lock(connection, "pg_try_advisory_lock"):
        holder = connection.execute(_HOLDER, {"lock": _LOCK}).scalar() or "another process"
        raise LedgerInUseError(f"The ledger {where} is in use: {holder} writes to it.")


def _migrate(connection: Connection) -> None:
    """The newest schema, with every text column compared by code point."""
    migrate(connection)
    for row in connection.execute(_COLUMNS).all():
        kind = "text" if row.data_type == "text" else f"varchar({row.length})"
        statement = (
            f'ALTER TABLE "{row.table_name}" ALTER COLUMN "{row.column_name}"'
            f' TYPE {kind} COLLATE "C"'
        )
        connection.execute(text(statement))
