"""Runs: when each began and ended, the addresses of the one that is on, and what was published.

`seq` of a publication (the manifest of a part, the report of a run) is the cursor of whoever
follows along: it is given while the run's lock is held, also to what recovery publishes; on a
server while no other run takes one, until it is committed. `repair --ledger` restores every row
from `runs/*.json`; a report without `seq` was written before there were any and has no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    Text,
    case,
    delete,
    extract,
    func,
    insert,
    literal_column,
    select,
    type_coerce,
    update,
)

from crawler.ledger.connection import silent_for
from crawler.ledger.rows import OpenVisit, Publication, RegionProgress, RunKind, RunRow
from crawler.ledger.schema import leases, publications, runs, visits
from crawler.outcomes import NEW, PROVISIONAL, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
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


# Outcomes are read as text: a row that someone changed is for `verify` to tell of, no error here.
_REGION = func.coalesce(visits.c.region, literal_column("''")).label("of_region")
_ENDED = func.coalesce(
    type_coerce(visits.c.outcome, Text), literal_column(f"'{Outcome.PENDING}'")
).label("ended")
_COUNT = func.count().label("addresses")


class Visits:
    """The addresses of the run that runs or ran last; `Runs.start` forgets those before it.

    The outcome of an address is null while it is open; it is counted as `pending`.
    """

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def count(self, run_id: str) -> int:
        """Distinct article addresses given, found or due in the run."""
        statement = select(func.count()).select_from(visits).where(visits.c.run_id == run_id)
        row = self._connection.row(statement)
        return 0 if row is None else int(row[0])

    def progress(self, run_id: str) -> list[RegionProgress]:
        """How far the run is with each region that it has met an address of, by code."""
        is_open = case((visits.c.outcome.is_(None), 1), else_=0)
        is_asked = case((visits.c.outcome.not_in(PROVISIONAL), 1), else_=0)
        is_new = case((visits.c.outcome.in_(NEW), 1), else_=0)
        statement = select(
            visits.c.region,
            func.count().label("addresses"),
            func.sum(is_open).label("waiting"),
            func.sum(is_new).label("new"),
            func.sum(is_asked).label("asked"),
        ).where(visits.c.run_id == run_id)
        rows = self._connection.rows(statement.group_by(visits.c.region).order_by(visits.c.region))
        return [
            RegionProgress(row.region, row.addresses - row.waiting, row.waiting, row.new, row.asked)
            for row in rows
        ]

    def outcomes(self, run_id: str) -> dict[str, int]:
        """Addresses per outcome, by name. They add up to `count`."""
        rows = self._connection.rows(
            select(_ENDED, _COUNT)
            .where(visits.c.run_id == run_id)
            .group_by(_ENDED)
            .order_by(_ENDED)
        )
        return {row.ended: row.addresses for row in rows}

    def outcomes_by_region(self, run_id: str) -> dict[str, dict[str, int]]:
        """As `outcomes`, per region code; "" holds the addresses of no region."""
        rows = self._connection.rows(
            select(_REGION, _ENDED, _COUNT)
            .where(visits.c.run_id == run_id)
            .group_by(_REGION, _ENDED)
            .order_by(_REGION, _ENDED)
        )
        counts: dict[str, dict[str, int]] = {}
        for row in rows:
            counts.setdefault(row.of_region, {})[row.ended] = row.addresses
        return counts

    def ended_as(self, run_id: str, outcomes: Collection[Outcome], limit: int) -> list[str]:
        """The addresses that ended in one of these outcomes in the run, sorted."""
        statement = (
            select(visits.c.url)
            .where(visits.c.run_id == run_id, visits.c.outcome.in_(outcomes))
            .order_by(visits.c.url)
            .limit(limit)
        )
        return [row.url for row in self._connection.rows(statement)]

    def get(self, run_id: str, url: str) -> tuple[Outcome | None, str | None] | None:
        """How an address ended in the run, with the detail; None if it was not seen in it."""
        row = self._connection.row(
            select(visits.c.outcome, visits.c.detail).where(
                visits.c.run_id == run_id, visits.c.url == url
            )
        )
        return None if row is None else (row.outcome, row.detail)

    def still_open(self, run_id: str, host: str, *, after: int, limit: int) -> list[OpenVisit]:
        """The host's addresses that have no outcome yet in the run, in the order of sighting, from
        the place after `after` on."""
        statement = (
            select(visits.c.url, visits.c.article_id, visits.c.number)
            .where(
                visits.c.run_id == run_id,
                visits.c.host == host,
                visits.c.number > after,
                visits.c.outcome.is_(None),
            )
            .order_by(visits.c.number)
            .limit(limit)
        )
        return [OpenVisit(**row._mapping) for row in self._connection.rows(statement)]

    def end_open(self, run_id: str) -> int:
        """End what is still open as `pending`; the number of addresses. They stay owed."""
        return self._connection.write(
            update(visits)
            .where(visits.c.run_id == run_id, visits.c.outcome.is_(None))
            .values(outcome=Outcome.PENDING)
        )


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
