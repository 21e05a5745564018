"""When a host may be asked, where several runs share a ledger on a server.

A row a host says when the next request to it is allowed, by the server's clock, so neither the
clocks of the crawling machines nor a change of who crawls matter. A request is claimed by one
statement, which also checks the leases of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from crawler.ledger.leases import _MINE, NOW, SupersededError

if TYPE_CHECKING:
    from crawler.ledger.connection import LedgerConnection
    from crawler.ledger.leases import Lease

# `before` is what the row says where this run claimed the host last and nobody did since: a request
# that was long on its way to the wire is claimed anew before it is sent.
_CLAIM: Final = text(
    f"WITH clock AS MATERIALIZED (SELECT {NOW}::float8 AS now),"
    f" mine AS (SELECT count(*) AS held FROM ({_MINE}) one),"
    " claimed AS (INSERT INTO host_pace AS pace (host, next_allowed_at)"
    " SELECT :host, now + :seconds FROM clock, mine WHERE held = :count"
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


class HostPace:
    """The rows of hosts, as one run asks them."""

    def __init__(self, side: LedgerConnection, lease: Lease) -> None:
        self._side = side
        self._lease = lease

    @property
    def lease_seconds(self) -> float:
        """So long a lease of the run holds once it is renewed."""
        return self._lease.seconds

    def claim(self, host: str, seconds: float, before: float = NEVER) -> Turn:
        """Ask for the next request to a host; with it nobody may ask it for so many seconds.
        Raises SupersededError where the run has lost its leases."""
        row = self._side.row(
            _CLAIM.bindparams(
                host=host, seconds=seconds, before=before,
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
