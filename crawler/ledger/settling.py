"""What a run published and ended, told to the tables in batches.

A page by itself costs some ten statements; hundreds of pages cost little more. Whatever is asked of
the tables meanwhile is asked after what was told before it, so nobody sees a difference; a kill
forgets no more than what wasn't committed anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.ledger.addresses import Addresses
from crawler.ledger.articles import Articles
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.leases import keep_states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Executable, Row, RowMapping, Table

    from crawler.ledger.handed_out import HandedOut
    from crawler.ledger.others import Others
    from crawler.ledger.rows import AddedLine, Ending

# So many lines or endings wait at most.
BATCH = 200


class Settling:
    """Lines and endings that wait to be told, one of each article and one of each address."""

    def __init__(self, connection: LedgerConnection, handed_out: HandedOut, others: Others) -> None:
        self._connection = connection
        self._others = others
        self._handed_out = handed_out
        self._articles = Articles(connection, others=others)
        self._addresses = Addresses(connection)
        self._lines: dict[str, AddedLine] = {}
        self._endings: dict[str, Ending] = {}

    def add_line(self, line: AddedLine) -> None:
        """As `Articles.add_line`, in time."""
        own = {line.record["canonical_url"], *line.record["also_at"]}
        is_second = line.record["id"] in self._lines or not own.isdisjoint(self._endings)
        if is_second or len(self._lines) >= BATCH:
            self.settle()
        self._handed_out.forget(line.record["id"])
        self._lines[line.record["id"]] = line

    def finish(self, ending: Ending) -> None:
        """As `Addresses.finish`, in time."""
        if ending.url in self._endings or len(self._endings) >= BATCH:
            self.settle()
        self._handed_out.forget_address(ending.url)
        self._endings[ending.url] = ending

    def settle(self) -> None:
        """Tell what waits: lines first, since an ending says whether its article is archived.
        Raises LedgerError, KeyError as the methods that it stands for."""
        if not (self._lines or self._endings):
            return
        lines, endings = list(self._lines.values()), list(self._endings.values())
        self._lines.clear()
        self._endings.clear()
        if run_id := self._others.run_id:
            later = [one.record for one in lines if _is_later(one.record)]
            keep_states(self._connection, run_id, [one["id"] for one in later])
        self._articles.add_lines(lines)
        self._addresses.finish_all(endings)


def _is_later(line: Mapping[str, Any]) -> bool:
    """Whether a line isn't the first of its article."""
    return bool(line["version"] > 1 or line["status"] != "live")


class SettledConnection(LedgerConnection):
    """A connection that tells what waits before each statement."""

    def __init__(self, connection: LedgerConnection, settle: Callable[[], None]) -> None:
        self._connection = connection
        self._settle = settle

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        self._settle()
        return self._connection.rows(statement)

    def row(self, statement: Executable) -> Row[Any] | None:
        self._settle()
        return self._connection.row(statement)

    def stream(self, statement: Executable, at_once: int) -> Iterator[RowMapping]:
        self._settle()
        return self._connection.stream(statement, at_once)

    def write(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        self._settle()
        return self._connection.write(statement, rows)

    def upsert(
        self, table: Table, rows: Sequence[Mapping[str, Any]], update: Collection[str] | None = None
    ) -> None:
        self._settle()
        self._connection.upsert(table, rows, update)
