"""Moving a ledger between SQLite and PostgreSQL: every row is copied, then both are compared.

The copy is one transaction, so a kill leaves its target empty. Memory holds some hundred rows.
"""

from __future__ import annotations

from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from crawler.ledger.errors import LedgerError
from crawler.ledger.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import RowMapping, Table

    from crawler.ledger.ledger import Ledger

_AT_ONCE = 500


class CopyError(LedgerError):
    """A ledger can't be copied, or its copy differs; the message names table and row."""


def copy(source: Ledger, target: Ledger) -> dict[str, int]:
    """Copy every row of `source` into the empty `target` and commit once both were compared.

    Returns the number of rows by table. Raises CopyError; LedgerError where one of them fails.
    """
    if not target.is_empty():
        raise CopyError("the ledger to copy to isn't empty")
    copied = {table.name: _copy_table(table, source, target) for table in metadata.sorted_tables}
    for table in metadata.sorted_tables:
        _compare(table, source, target)
    target.commit()
    return copied


def _copy_table(table: Table, source: Ledger, target: Ledger) -> int:
    count = 0
    rows = _rows(table, source)
    while values := [dict(row) for row in islice(rows, _AT_ONCE)]:
        for row in values:
            _check(table, row)
        target.connection.write(insert(table), values)
        count += len(values)
    return count


def _compare(table: Table, source: Ledger, target: Ledger) -> None:
    for ours, theirs in zip_longest(_rows(table, source), _rows(table, target)):
        if ours is None or theirs is None or dict(ours) != dict(theirs):
            row = ours or theirs
            assert row
            raise CopyError(f"the copy differs in {table.name} at {_key(table, row)}")


def _rows(table: Table, ledger: Ledger) -> Iterator[RowMapping]:
    """All rows of a table in the order of its key."""
    statement = select(table).order_by(*table.primary_key.columns)
    try:
        yield from ledger.connection.stream(statement, _AT_ONCE)
    except (ValueError, TypeError) as error:
        raise CopyError(f"{table.name} holds what no ledger writes: {error}") from error


def _check(table: Table, row: dict[str, Any]) -> None:
    """PostgreSQL's texts hold no NUL (its chapter 8.3)."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            raise CopyError(f"{name} of {table.name} at {_key(table, row)} holds a NUL")


def _key(table: Table, row: Any) -> str:
    return ", ".join(str(row[column.name]) for column in table.primary_key)
