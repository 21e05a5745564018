"""The pace of a run: the turns of hosts that several crawls share, and BANDWIDTH_MAX.

The turns are claimed in the ledger's database (`ledger.hosts`) when the scheduler hands a request
out. What was long on its way from there to the wire, a slow connection or a process that stood
still, is claimed anew just before it is sent, or goes back to the scheduler: meanwhile another
crawl may have asked the host.

BANDWIDTH_MAX is how many bytes a second a run takes from the line, all hosts together. In: the
requests as they are handed out, the bytes of each exchange as it ends. Out: when the next request
may be handed out. An answer comes as fast as its host sends it, for a slowed one would run into its
time-out; the requests after it wait until its time is over. A request under way counts as large as
answers were of late, so that many at once are no burst. Times are monotonic seconds, from the
caller.
"""

from __future__ import annotations

import math
import time
from asyncio import sleep
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crawler.downloader.failures import HostHeld
from crawler.ledger.hosts import NEVER, Turn
from crawler.outcomes import Outcome
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.ledger.hosts import HostPace


# A Retry-After or Crawl-delay up to this many seconds is waited out in the run; a longer one defers
# the host.
LONGEST_WAIT: Final = 60.0

# A claim is sent upon within so many seconds after its answer, or claimed anew. By as much the next
# one is put off, and by what the answer may take at least.
FRESH: Final = 0.02


# A request that the scheduler handed out longer ago waits for a turn of its own before it connects.
_RECENT: Final = 1.0

# Parts of LEASE_SECONDS. What couldn't be delivered while its lease held may not be delivered when
# the network is back; a claim's answer may be so long on its way, and where a host has no delay the
# claim is good for as long again. Together they are less than what a lease that is renewed in time
# still holds for.
_DELIVERED: Final = 1 / 2
_LATE: Final = 1 / 8


class NotInTimeError(Exception):
    """The request was not sent: its host may be asked by another crawl, so it is asked for again;
    or, where `is_last`, nothing may be asked any more."""

    def __init__(self, *, is_last: bool) -> None:
        over = "the run" if is_last else "the turn of the request"
        super().__init__(f"{over} was over before it was sent")
        self.is_last = is_last


@dataclass(slots=True)
class _Claim:
    row: float
    at: float
    seconds: float


class Pace:
    """The claims of one crawl. `delay` is that of a host which the scheduler hasn't claimed yet.
    `failed` is called with a sentence when its leases or its ledger are lost; after that no request
    is allowed."""

    def __init__(self, rows: HostPace, delay: float, failed: Callable[[str], None]) -> None:
        self._rows = rows
        self._delay = delay
        self._failed = failed
        self.deliver_within = rows.lease_seconds * _DELIVERED
        self._recent = min(_RECENT, rows.lease_seconds * _LATE)
        # So long the leases hold at least when a claim is given: until its request has arrived.
        self._lasting = self.deliver_within + 2 * self._recent
        # The answer to a claim may take so long, or the host is claimed anew: twice what the last
        # one took, but no less than half of what it was before.
        self._answered = FRESH
        self._is_lost = False
        self._claims: dict[str, _Claim] = {}

    def take(self, host: str, seconds: float) -> Turn | None:
        """Claim the next request to a host, which is left alone for so long after it; None where
        nothing may be asked any more."""
        return self._claim(host, seconds, NEVER)

    async def turn(self, host: str) -> None:
        """Wait for the host's turn, for a request that the scheduler didn't hand out just now.
        Raises HostHeld where that is too far off."""
        turn = self._confirm(host, _RECENT)
        while turn is not None and turn.claimed is None:
            if turn.wait > LONGEST_WAIT:
                raise HostHeld(Outcome.DEFERRED, turn.why)
            await sleep(min(max(turn.wait, FRESH), _RECENT))
            turn = self._confirm(host, _RECENT)

    def check(self, host: str) -> NotInTimeError | None:
        """Why the request that is about to cross the wire must not; None where it has its turn."""
        turn = self._confirm(host, FRESH)
        if turn is not None and turn.claimed is not None:
            claim = self._claims[host]
            if claim.seconds:  # one claim is for one request: not for one that waited beside it
                claim.row, claim.at = NEVER, -math.inf
            return None
        return NotInTimeError(is_last=turn is None)

    def _confirm(self, host: str, age: float) -> Turn | None:
        """The claim that was made so long ago at most, or it is made anew."""
        known = self._claims.get(host)
        if known is None:
            return self._claim(host, self._delay, NEVER)
        # without a delay only the leases matter, which hold for longer
        if _now() - known.at <= (age if known.seconds else self._recent) and not self._is_lost:
            return Turn(known.row)
        return self._claim(host, known.seconds, known.row)

    def postpone(self, host: str, seconds: float, reason: str | None = None) -> None:
        """Leave a host alone for so long, whoever crawls it."""
        try:
            if not self._is_lost:
                self._rows.postpone(host, seconds, reason)
        except StorageError as error:
            self._lose(error)

    def _claim(self, host: str, seconds: float, before: float) -> Turn | None:
        if self._is_lost:
            return None
        asked, longest = _now(), self._answered if seconds else self._recent
        try:
            taken = seconds + longest + FRESH if seconds else 0.0
            turn = self._rows.claim(host, taken, before, self._lasting)
        except StorageError as error:
            self._lose(error)
            return None
        if turn.claimed is None:
            return turn
        # What comes late was true when it was said: the request would come late, too, and the next
        # one, which this claim has not put off by as much, too soon after it.
        took = _now() - asked
        is_late = took > longest
        if seconds:
            self._answered = min(max(2 * took, longest / 2, FRESH), self._recent)
        if is_late and longest < self._recent:
            return self._claim(host, seconds, turn.claimed)
        self._claims[host] = _Claim(turn.claimed, -math.inf if is_late else _now(), seconds)
        return Turn(None) if is_late else turn

    def _lose(self, error: StorageError) -> None:
        self._is_lost = True
        self._failed(str(error))


def _now() -> float:
    """Seconds that go on while the process stands still or the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


# What an exchange is taken to be until there were some.
_FIRST_GUESS = 32 * 1024.0

# The weight of the newest exchange in what the next ones are taken to be.
_WEIGHT = 0.2


@dataclass(slots=True)
class Bandwidth:
    """The state of a run. `per_second` 0 is no bound."""

    per_second: int
    _free_at: float = 0.0
    _usual: float = _FIRST_GUESS
    _under_way: deque[float] = field(default_factory=deque)  # what each is taken to be

    def ready_at(self, under_way: int) -> float:
        """The earliest time of the next request; 0 without a bound. `under_way`: so many are, which
        is fewer than were handed out when some were dropped before they were sent."""
        while len(self._under_way) > under_way:
            self._free_at -= self._under_way.popleft() / self.per_second
        return self._free_at

    def handed_out(self, now: float) -> None:
        """A request is on its way."""
        if self.per_second:
            self._under_way.append(self._usual)
            self._free_at = max(self._free_at, now) + self._usual / self.per_second

    def spent(self, count: int, began: float) -> None:
        """An exchange that began then took so many bytes."""
        if self.per_second:
            guessed = self._under_way.popleft() if self._under_way else 0.0
            self._free_at = max(self._free_at, began) + (count - guessed) / self.per_second
            self._usual += _WEIGHT * (count - self._usual)
