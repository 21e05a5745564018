"""Visits: the addresses of one run, with the outcome of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, case, func, literal_column, select, type_coerce, update

from crawler.ledger.rows import OpenVisit, RegionProgress
from crawler.ledger.schema import visits
from crawler.outcomes import NEW, PROVISIONAL, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from crawler.ledger.connection import LedgerConnection

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
