"""Hosts: how long each is left alone, and what its robots.txt said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from crawler.ledger.rows import Hold, Robots
from crawler.ledger.schema import holds, robots

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crawler.ledger.connection import LedgerConnection


class Hosts:
    """What every run must know of a host before it asks it for anything."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def hold(self, host: str, until: datetime, reason: str) -> None:
        """Leave a host alone until then; a longer hold that is in force stays."""
        before = self._connection.row(select(holds.c.until).where(holds.c.host == host))
        if before is None or before.until < until:
            self._connection.upsert(holds, [{"host": host, "until": until, "reason": reason}])

    def holds(self, at: datetime) -> list[Hold]:
        """All holds in force at `at`, by host."""
        rows = self._connection.rows(select(holds).where(holds.c.until > at).order_by(holds.c.host))
        return [Hold(**row._mapping) for row in rows]

    def robots(self, origin: str, at: datetime, max_age: timedelta | None = None) -> Robots | None:
        """The robots.txt answer of an origin (`https://host:port`) that was kept last; None when
        `max_age` is given and it is older at `at`."""
        query = select(robots).where(robots.c.origin == origin, robots.c.fetched_at <= at)
        if max_age is not None:
            query = query.where(robots.c.fetched_at >= at - max_age)
        row = self._connection.row(query)
        return None if row is None else Robots(**row._mapping)

    def store_robots(
        self, origin: str, fetched_at: datetime, status: int | None, body: bytes
    ) -> None:
        """Keep a robots.txt answer (`status` None: none came); the caller bounds `body`."""
        row = {"origin": origin, "fetched_at": fetched_at, "status": status, "body": body}
        self._connection.upsert(robots, [row])
