"""Runs of the crawler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, extract, func, insert, select, update

from crawler.ledger.rows import RunKind, RunRow
from crawler.ledger.schema import leases, runs, visits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.ledger.connection import LedgerConnection

# The key of the advisory lock under which the addresses of runs that are over are forgotten.
_FORGETTING = 0x78696E6866676F


class Runs:
    """When each run began, how it ended, what it counted."""

    def __init__(self, connection: LedgerConnection, *, is_shared: bool = False) -> None:
        self._connection = connection
        self._is_shared = is_shared

    def start(
        self,
        run_id: str,
        started_at: datetime,
        command: str,
        kind: RunKind = RunKind.CRAWL,
        *,
        archives_pictures: bool = False,
    ) -> None:
        """Note a run that begins. With a crawl, the addresses of the crawls before it are
        forgotten as such; of those that are over, where others share the ledger."""
        if kind is RunKind.CRAWL:
            others = visits.c.run_id != run_id
            if self._is_shared:
                on = select(runs.c.run_id).where(runs.c.finished_at.is_(None))
                others = visits.c.run_id.not_in(on)
            if not self._is_shared or self._may_forget():
                self._connection.write(delete(visits).where(others))
        values = {
            "run_id": run_id, "started_at": started_at, "command": command, "kind": kind,
            "counts": {}, "archives_pictures": int(archives_pictures),
        }  # fmt: skip
        self._connection.write(insert(runs).values(values))

    def _may_forget(self) -> bool:
        """Whether no other run is just forgetting the same addresses."""
        lock = func.pg_try_advisory_xact_lock(_FORGETTING).label("is_free")
        row = self._connection.row(select(lock))
        return row is not None and bool(row.is_free)

    def finish(
        self,
        run_id: str,
        finished_at: datetime,
        exit_code: int | None,
        reason: str,
        counts: Mapping[str, int],
    ) -> None:
        """Note how a run ended; a killed one has no exit code. Raises KeyError if it is unknown."""
        statement = (
            update(runs)
            .where(runs.c.run_id == run_id)
            .values(
                finished_at=finished_at, exit_code=exit_code, reason=reason, counts=dict(counts)
            )
        )
        if not self._connection.write(statement):
            raise KeyError(run_id)

    def newest(self, limit: int, kind: RunKind | None = None) -> list[RunRow]:
        """The newest runs, newest first, of all kinds or of one."""
        statement = select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
        if kind is not None:
            statement = statement.where(runs.c.kind == kind)
        return [RunRow(**row._mapping) for row in self._connection.rows(statement.limit(limit))]

    def unfinished(self) -> list[RunRow]:
        """Runs without an end, oldest first: the one that runs now and those that were killed."""
        statement = select(runs).where(runs.c.finished_at.is_(None)).order_by(runs.c.started_at)
        return [RunRow(**row._mapping) for row in self._connection.rows(statement)]

    def leased(self) -> set[str]:
        """The runs that hold a region at the moment, on whichever machine, where they share the
        ledger; else none."""
        # by the server's clock, of the transaction's begin
        holds = (leases.c.until > extract("epoch", func.now())) & leases.c.run_id.is_not(None)
        rows = self._connection.rows(select(leases.c.run_id).where(holds).distinct())
        return {row.run_id for row in rows}

    def ended_since(self, moment: datetime) -> list[str]:
        """The runs that ended at that time or later."""
        statement = select(runs.c.run_id).where(runs.c.finished_at >= moment)
        return [row.run_id for row in self._connection.rows(statement)]
