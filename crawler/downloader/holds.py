"""Which hosts wait, and until when: back-off, breakers and delays of a run.

They are kept here because Scrapy's downloader slots are collected after 60 s without requests. A
host is an exact host name. Times are monotonic seconds, from the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Self

from crawler.clock import iso
from crawler.downloader.pace import LONGEST_WAIT, Pace
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.ledger.rows import Hold

# So many failures in a row end a host's work for the run.
BREAKER_FAILURES = 3

# More is taken for so many seconds: a slip of somebody's clock must not end a host.
LONGEST_HOLD = 7 * 24 * 3600.0

_FIRST_BACKOFF = 1.0


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a host gets no more requests in this run, and how those that wait for it end."""

    outcome: Outcome
    reason: str


@dataclass(slots=True)
class _Host:
    ready_at: float = 0.0
    crawl_delay: float = 0.0
    failures: set[str] = field(default_factory=set)  # since the last success
    closed: Closed | None = None
    waits: int = 0


@dataclass(slots=True)
class Holds:
    """State by host. `closed` hosts get no request for the rest of the run. `pace` tells waits to
    other crawls that share the hosts, if there are any."""

    _hosts: dict[str, _Host] = field(default_factory=dict)
    pace: Pace | None = None

    @classmethod
    def resumed(cls, kept: Iterable[Hold], at: datetime) -> Self:
        """The waits that servers asked earlier runs for and that are not over."""
        holds = cls()
        for hold in kept:
            seconds = (hold.until - at).total_seconds()
            if seconds > LONGEST_WAIT:
                holds.close(hold.host, f"{hold.reason}, held until {iso(hold.until)}")
            else:
                holds.obey(hold.host, seconds, monotonic())
        return holds

    def ready_at(self, host: str) -> float:
        """The earliest time of the next request to the host; 0 when none was asked for."""
        known = self._hosts.get(host)
        return known.ready_at if known else 0.0

    def closed(self, host: str) -> Closed | None:
        known = self._hosts.get(host)
        return known.closed if known else None

    def close(self, host: str, reason: str, outcome: Outcome = Outcome.DEFERRED) -> None:
        """End the host's work for the run; the first reason stands."""
        state = self._state(host)
        state.closed = state.closed or Closed(outcome, reason)

    def crawl_delay(self, host: str) -> float:
        known = self._hosts.get(host)
        return known.crawl_delay if known else 0.0

    def set_crawl_delay(self, host: str, seconds: float, now: float) -> None:
        """The delay robots.txt asks for, which the host's request of just now is owed already."""
        self._state(host).crawl_delay = seconds
        self.wait(host, seconds, now)

    def wait(self, host: str, seconds: float, now: float, reason: str | None = None) -> None:
        """No request to the host for that long, from other crawls either."""
        self.pause(host, seconds, now)
        self.tell(host, seconds, reason)

    def pause(self, host: str, seconds: float, now: float) -> None:
        """No request to the host for that long from this run."""
        state = self._state(host)
        state.ready_at = max(state.ready_at, now + seconds)

    def tell(self, host: str, seconds: float, reason: str | None = None) -> None:
        """Let other crawls that share the host leave it alone for that long."""
        if self.pace:
            self.pace.postpone(host, seconds, reason)

    def obey(self, host: str, seconds: float, now: float) -> None:
        """A wait the server asked for (Retry-After)."""
        self._state(host).waits += 1
        self.wait(host, seconds, now)

    def waits(self, host: str) -> int:
        """How many Retry-After waits were obeyed."""
        known = self._hosts.get(host)
        return known.waits if known else 0

    def succeeded(self, host: str) -> None:
        known = self._hosts.get(host)
        if known:
            known.failures.clear()

    def failed(self, host: str, reason: str, now: float, *, page: str | None = None) -> bool:
        """Back off from 1 s, doubling with each failure; True when this one opened the breaker.
        A `page` that fails again says no more of its host than it did before."""
        state = self._state(host)
        state.failures.add(page or f"{reason} no. {len(state.failures) + 1}")
        count = len(state.failures)
        if count >= BREAKER_FAILURES:
            self.close(host, f"{count} failures in a row, last: {reason}")
            return True
        self.wait(host, _FIRST_BACKOFF * 2 ** (count - 1), now)
        return False

    def closed_hosts(self) -> dict[str, str]:
        """The reasons by host."""
        return {host: state.closed.reason for host, state in self._hosts.items() if state.closed}

    def _state(self, host: str) -> _Host:
        return self._hosts.setdefault(host, _Host())
