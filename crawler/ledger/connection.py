"""The ledger's one connection and its one open transaction.

All parts of the ledger share one. It turns database errors into LedgerError and knows the one
statement that dialects spell differently.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)

from crawler.ledger.errors import RESTORE, LedgerError, from_database, ledger_error
from crawler.ledger.opening import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Executable, Row, RowMapping, Table

    from crawler.ledger.opening import DatabaseSource

    # What to set where a row is there, made of the row that is given.
    Changes = Callable[[Any], Mapping[str, Any]]

T = TypeVar("T")

_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

# Values in one IN list: far below every database's bound on parameters.
CHUNK = 500

# Milliseconds in which `write_at_once` waits for another's lock, then PostgreSQL's code.
_LOCK_WAIT = 500
_LOCK_NOT_AVAILABLE = "55P03"


class _LockedError(Exception):
    """A lock was in the way."""


class LedgerConnection:
    """One connection and its one open transaction; `raw` is SQLAlchemy's.

    `path` is the SQLite file, None on a database server, whose name is then `where`. A failure ends
    the transaction, so whatever is asked afterwards is refused with that failure. `on_failure` is
    called with it before it is raised, so that the run hears of it whoever may catch it.
    """

    def __init__(
        self,
        raw: Connection,
        path: Path | None,
        source: DatabaseSource | None = None,
        where: str = "",
    ) -> None:
        self.raw = raw
        self.source = source  # of a reader
        self._path = path
        self._inode = path.stat().st_ino if path else None
        self._where = where or str(path)
        self._failure: LedgerError | None = None
        self.on_failure: Callable[[LedgerError], None] = _ignore

    def commit(self) -> None:
        """Make everything since the last commit durable. Call it after WARC and JSONL."""
        if self._path and not self._same_file(self._path):
            problem = "was removed or replaced while it was open"
            raise self._failed(ledger_error(self._where, problem, RESTORE))
        self._guard(self.raw.commit)

    def close(self) -> None:
        """Close the file; what was not committed is forgotten. A writer empties the log first: the
        last one who closes does so by itself, but not while somebody reads. Never fails."""
        try:
            self.raw.rollback()
            if self._path and self.source is None:
                driver = self.raw.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (DatabaseError, sqlite3.Error):
            pass  # a broken file can't even roll back; what broke it was raised before
        try:
            self.raw.close()
        except DatabaseError:
            self.raw.invalidate()
        if self.source:
            self.source.done()

    def check_unchanged(self) -> None:
        """Raise LedgerError when the file was written to while it was read as immutable: what was
        read may be of two moments."""
        seen = self.source.seen if self.source else None
        if self._path and seen is not None and seen != state_of(self._path):
            problem = "was written to while it was read where nothing can be written"
            raise ledger_error(self._where, problem, "Ask again.")

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Every row a statement gives. Raises LedgerError, as all that follow."""
        return self._guard(lambda: self.raw.execute(statement).all())

    def row(self, statement: Executable) -> Row[Any] | None:
        """The first row a statement gives, None without one."""
        return self._guard(lambda: self.raw.execute(statement).first())

    def stream(self, statement: Executable, at_once: int) -> Iterator[RowMapping]:
        """The rows a statement gives, `at_once` of them in memory."""
        streamed = statement.execution_options(yield_per=at_once)
        result = self._guard(lambda: self.raw.execute(streamed))
        try:
            yield from result.mappings()
        except DatabaseError as error:
            raise self._failed(from_database(self._where, error)) from error
        finally:
            result.close()

    def write(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run one statement, for each of `rows` if given; the number of rows it touched."""
        if rows is not None and not rows:
            return 0
        return self._guard(lambda: self.raw.execute(statement, rows).rowcount)

    def write_at_once(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> bool:
        """The same on a server, unless a lock of another transaction is in the way: then False,
        and nothing is written. Only for a connection that commits each statement."""
        try:
            return self._guard(lambda: self._unlocked(statement, rows))
        except _LockedError:
            return False

    def _unlocked(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> bool:
        self.raw.exec_driver_sql(f"SET lock_timeout = '{_LOCK_WAIT}ms'")
        try:
            self.raw.execute(statement, rows)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise _LockedError from error
            raise
        finally:
            if not self.raw.invalidated:
                self.raw.exec_driver_sql("SET lock_timeout = 0")
        return True

    def upsert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        update: Collection[str] | Changes | None = None,
    ) -> None:
        """Insert rows; where the key exists, set the columns `update` (all given ones if None), or
        what it makes of the row that is given. In the order of their keys: two runs that write the
        same rows don't wait for each other."""
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        if self._path is None and all(name in rows[0] for name in keys):
            rows = sorted(rows, key=lambda row: [row[name] for name in keys])
        statement = upsert(self.raw.dialect.name, table, list(rows[0]), update)
        # SQLAlchemy makes one statement of many rows on a server only if it returns something.
        is_batch = len(rows) > 1 and self._path is None
        self.write(
            statement.returning(next(iter(table.primary_key))) if is_batch else statement, rows
        )

    def _same_file(self, path: Path) -> bool:
        try:
            return path.stat().st_ino == self._inode
        except OSError:
            return False

    def _guard(self, action: Callable[[], T]) -> T:
        if self._failure:
            raise self._failure
        try:
            return action()
        except (IntegrityError, ProgrammingError, DataError):
            raise  # our own mistake, not the file's state
        except DatabaseError as error:
            raise self._failed(from_database(self._where, error)) from error

    def _failed(self, error: LedgerError) -> LedgerError:
        self._failure = error
        self.on_failure(error)
        return error


def _ignore(error: LedgerError) -> None:
    """Nobody listens yet."""


def silent_for(seconds: float, *, in_transaction: bool = False) -> Any:
    """On a server: what ends the session of a process that has said nothing for so long within a
    transaction, because it stands still or its network is away, and so what it has locked; 0 for
    never. `in_transaction`: within this one alone."""
    name = "idle_in_transaction_session_timeout"
    return func.set_config(name, _milliseconds(seconds), in_transaction)


def idle_for(seconds: float) -> Any:
    """The same outside of transactions."""
    return func.set_config("idle_session_timeout", _milliseconds(seconds), False)


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def in_order(table: Table, *conditions: Any, skip_locked: bool = False) -> Any:
    """Rows of a table, for the WHERE of an UPDATE or DELETE, that are locked before in the order of
    their keys: so two transactions that write the same rows don't wait for each other.
    `skip_locked` leaves out those that another one writes, which then must not matter."""
    keys = list(table.primary_key)
    chosen = select(*keys).where(*conditions).order_by(*keys)
    key = tuple_(*keys) if len(keys) > 1 else keys[0]
    return key.in_(chosen.with_for_update(skip_locked=skip_locked))


def upsert(
    dialect: str,
    table: Table,
    columns: Sequence[str],
    update: Collection[str] | Changes | None,
) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of `columns` that, where the key exists, sets `update` (None: all but the key), or
    what it makes of the row that is given."""
    insert = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    if callable(update):
        return insert.on_conflict_do_update(index_elements=keys, set_=update(insert.excluded))
    changed = [name for name in columns if name not in keys] if update is None else update
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=keys)
    changes = {name: insert.excluded[name] for name in changed}
    return insert.on_conflict_do_update(index_elements=keys, set_=changes)
