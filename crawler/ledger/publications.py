"""Publications: the manifests of parts and the reports of runs, in the order in which they came.

`seq` is the cursor of whoever follows along: it is given while the run's lock is held, also to what
recovery publishes; on a server while no other run takes one, until it is committed. `repair
--ledger` restores every row from `runs/*.json`; a report without `seq` was written before there
were any and has no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from crawler.ledger.connection import silent_for
from crawler.ledger.rows import Publication
from crawler.ledger.schema import publications

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crawler.ledger.connection import LedgerConnection


# The key of the advisory lock under which a number is taken and committed, and the seconds for
# which others wait for one that stands still between these.
_LOCK = 0x78696E68736571
_LONGEST = 60


class Publications:
    """What was published, each once and for good."""

    def __init__(self, connection: LedgerConnection, settle: Callable[[], None]) -> None:
        self._connection = connection
        self._settle = settle

    def next_seq(self) -> int:
        """The number of the next publication, from 1. It is taken once `add` has noted it."""
        row = self._connection.row(select(func.max(publications.c.seq).label("newest")))
        return 1 + ((row.newest if row else None) or 0)

    def add(
        self,
        seq: int,
        path: str,
        *,
        run_id: str,
        part: int | None,
        published_at: datetime,
    ) -> bool:
        """Note a publication; False if this very one was noted already.

        `path` is that of the manifest, relative to DATA_DIR; `part` is None for a run's report.
        Raises ValueError where the number or the path is that of another publication.
        """
        is_either = (publications.c.seq == seq) | (publications.c.path == path)
        known = self._connection.rows(select(publications).where(is_either))
        if known:
            if [(row.seq, row.path) for row in known] == [(seq, path)]:
                return False
            message = f"publication {seq} is {known[0].path} already, not {path}"
            if known[0].path == path:
                message = f"{path} is publication {known[0].seq} already, not {seq}"
            raise ValueError(message)
        values = {
            "seq": seq, "path": path, "run_id": run_id, "part": part, "published_at": published_at,
        }  # fmt: skip
        self._connection.write(insert(publications).values(values))
        return True

    def take(
        self, path: str, *, run_id: str, part: int | None, published_at: datetime, least: int = 1
    ) -> int:
        """The number of a publication: a new one, `least` or above, or the one that was noted for
        this path, whose time is then `published_at`: a kill came between its number and its file.
        """
        if self._connection.raw.dialect.name == "postgresql":
            # Runs that share the ledger take numbers in the order in which they commit them. What
            # waits is told before: from then on this one waits for nobody.
            self._settle()
            lock = func.pg_advisory_xact_lock(_LOCK)
            self._connection.rows(select(silent_for(_LONGEST, in_transaction=True), lock))
        row = self._connection.row(select(publications).where(publications.c.path == path))
        if row is None:
            seq = max(self.next_seq(), least)
            self.add(seq, path, run_id=run_id, part=part, published_at=published_at)
            return seq
        known = update(publications).where(publications.c.path == path)
        self._connection.write(known.values(published_at=published_at))
        return int(row.seq)

    def after(self, seq: int, limit: int = 1000) -> list[Publication]:
        """The publications after the cursor `seq` (0: from the first), in their order."""
        statement = select(publications).where(publications.c.seq > seq)
        rows = self._connection.rows(statement.order_by(publications.c.seq).limit(limit))
        return [Publication(**row._mapping) for row in rows]

    def of_run(self, run_id: str) -> list[Publication]:
        """The publications of a run: its parts in their order, then its report."""
        statement = select(publications).where(publications.c.run_id == run_id)
        rows = self._connection.rows(statement.order_by(publications.c.seq))
        return [Publication(**row._mapping) for row in rows]
