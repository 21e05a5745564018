"""Opening a ledger on a PostgreSQL server: check, migrate, or refuse with what to do.

Times, outcomes and addresses are compared and sorted by code point, so every text column has the
collation C, whatever the database's own is. One process at a time writes: it holds an advisory lock
for as long as its connection lives (PostgreSQL 15, 13.3.5).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from crawler.ledger import location, schema
from crawler.ledger.errors import (
    RESTORE_SERVER,
    LedgerInUseError,
    NoLedgerError,
    from_database,
    ledger_error,
)
from crawler.ledger.opening import meet_schema, migrate

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

# Seconds until a server counts as out of reach, and in which a dead connection is noticed.
CONNECT_TIMEOUT: Final = 10
_KEEPALIVE: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

# The first half of the advisory lock's key; the second is the schema's name.
_LOCK: Final = 0x78696E68

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


def open_server(url: URL, *, read_only: bool, is_lost: bool) -> Connection:
    """A connection to the ledger in a database, made or migrated unless `read_only`.

    `is_lost`: the data folder holds lines that this ledger must know of, so an empty one is
    refused. Raises LedgerError; LedgerInUseError where another process writes to it.
    """
    where = location.shown(url)
    connection = _connect(url, where, read_only=read_only)
    try:
        _prepare(connection, where, read_only=read_only, is_lost=is_lost)
    except DBAPIError as error:
        connection.close()
        raise from_database(where, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(url: URL, where: str, *, read_only: bool) -> Connection:
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        connect_args={
            "application_name": f"xinhua-archive {os.uname().nodename} {os.getpid()}"[:63],
            "connect_timeout": CONNECT_TIMEOUT,
            "client_encoding": "utf8",
            **_KEEPALIVE,
        },
    )
    # Many rows are one statement, as psycopg2's dialect has it by itself.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    try:
        connection = engine.connect()
    except (DBAPIError, UnicodeError) as error:
        if not isinstance(error, DBAPIError):
            raise ledger_error(where, f"can't be opened ({error})", RESTORE_SERVER) from error
        raise from_database(where, error) from error
    return connection.execution_options(postgresql_readonly=True) if read_only else connection


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
    key = {"lock": _LOCK}
    taken = connection.execute(
        text("SELECT pg_try_advisory_lock(:lock, hashtext(current_schema()))"), key
    ).scalar()
    if not taken:
        holder = connection.execute(_HOLDER, key).scalar() or "another process"
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
