"""Hosts: how long each is left alone, what its robots.txt said, and whose turn it is.

Where several runs share a ledger on a server, a row a host says when the next request to it is
allowed, by the server's clock, so neither the clocks of the crawling machines nor a change of who
crawls matter. A request is claimed by one statement, which also checks the leases of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, text

from crawler.ledger.leases import _MINE, NOW, SupersededError
from crawler.ledger.rows import Hold, Robots
from crawler.ledger.schema import holds, robots

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crawler.ledger.connection import LedgerConnection
    from crawler.ledger.leases import Lease


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


# `before` is what the row says where this run claimed the host last and nobody did since: a request
# that was long on its way to the wire is claimed anew before it is sent. Nothing is claimed upon
# leases that may be over when the request arrives.
_CLAIM: Final = text(
    f"WITH clock AS MATERIALIZED (SELECT {NOW}::float8 AS now),"
    f" mine AS (SELECT count(*) AS held, min(until) AS until FROM ({_MINE}) one),"
    " claimed AS (INSERT INTO host_pace AS pace (host, next_allowed_at)"
    " SELECT :host, now + :seconds FROM clock, mine"
    " WHERE held = :count AND mine.until > now + :lasting"
    " ON CONFLICT (host) DO UPDATE SET next_allowed_at = excluded.next_allowed_at, reason = NULL"
    " WHERE pace.next_allowed_at <= excluded.next_allowed_at - :seconds"
    " OR pace.next_allowed_at = :before"
    " RETURNING next_allowed_at)"
    " SELECT mine.held, claimed.next_allowed_at AS claimed, pace.reason,"
    " pace.next_allowed_at - clock.now AS wait"
    " FROM clock CROSS JOIN mine LEFT JOIN claimed ON true"
    " LEFT JOIN host_pace pace ON pace.host = :host"
)
_POSTPONE: Final = text(
    "INSERT INTO host_pace AS pace (host, next_allowed_at, reason)"
    f" VALUES (:host, {NOW} + :seconds, :reason) ON CONFLICT (host) DO UPDATE"
    " SET next_allowed_at = excluded.next_allowed_at, reason = excluded.reason"
    " WHERE pace.next_allowed_at < excluded.next_allowed_at"
)
# What no row says.
NEVER: Final = -1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: `claimed` is ours, and what the row says now; else the seconds to wait, and
    why where it isn't the host's delay."""

    claimed: float | None
    wait: float = 0.0
    reason: str | None = None

    @property
    def why(self) -> str:
        """Why it isn't ours, in words."""
        return f"{self.reason or 'another crawl holds it'}, {self.wait:.0f} s from now"


class HostPace:
    """The rows of hosts, as one run asks them."""

    def __init__(self, side: LedgerConnection, lease: Lease) -> None:
        self._side = side
        self._lease = lease

    @property
    def lease_seconds(self) -> float:
        """So long a lease of the run holds once it is renewed."""
        return self._lease.seconds

    def claim(self, host: str, seconds: float, before: float = NEVER, lasting: float = 0.0) -> Turn:
        """Ask for the next request to a host; with it nobody may ask it for so many seconds. It
        waits for the next sign of the run where the leases hold for no more than `lasting` seconds.
        Raises SupersededError where the run has lost them."""
        row = self._side.row(
            _CLAIM.bindparams(
                host=host, seconds=seconds, before=before, lasting=lasting,
                run_id=self._lease.run_id, count=self._lease.count,
            )
        )  # fmt: skip
        assert row is not None
        if row.held != self._lease.count:
            raise SupersededError(self._lease.lost())
        if row.claimed is not None:
            return Turn(row.claimed)
        return Turn(None, max(row.wait or 0.0, 0.0), row.reason)

    def postpone(self, host: str, seconds: float, reason: str | None) -> None:
        """No run may ask the host for so long; a longer wait stays."""
        self._side.write(_POSTPONE.bindparams(host=host, seconds=seconds, reason=reason))
