"""The scheduler: queues by host; hands out a request only when its host may be asked now.

A request that would have to wait stays here, so waiting requests never fill the downloader and a
stop waits only for exchanges in flight. A closed host's queue ends `deferred` at once.
"""

from __future__ import annotations

import heapq
import itertools
from collections import OrderedDict
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy.core.scheduler import BaseScheduler
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.asyncio import call_later
from scrapy.utils.httpobj import urlparse_cached
from twisted.python.failure import Failure

from crawler import regions
from crawler.context import attached
from crawler.downloader.failures import Ended
from crawler.downloader.holds import Closed, Holds
from crawler.downloader.pace import LONGEST_WAIT, Bandwidth, Pace

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import CallLaterResult
    from twisted.internet.defer import Deferred

# Another crawl has just asked the host: so many seconds later it is looked again.
_SHORTEST_WAIT = 0.01

_Queue = list[tuple[int, int, "Request"]]


class HostScheduler(BaseScheduler):
    """Queues in memory, one per host, by priority, then first come first served.

    Nothing is kept over a restart: the frontier is rebuilt from lists and the ledger.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._holds = attached(crawler, Holds) or Holds()
        self._bandwidth = attached(crawler, Bandwidth) or Bandwidth(0)
        self._pace = attached(crawler, Pace)
        self._crawler = crawler
        self._queues: OrderedDict[str, _Queue] = OrderedDict()
        self._order = itertools.count()
        self._delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._jitter = crawler.settings.getfloat("DOWNLOAD_DELAY_JITTER")
        self._concurrency = crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._wake: CallLaterResult | None = None
        self._wake_time = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open(self, spider: Spider) -> Deferred[None] | None:  # noqa: ARG002
        if self._crawler.engine:
            # The pace is kept here; slots of the downloader would add their own, unevenly.
            self._crawler.engine.downloader._delay = 0.0
        return None

    def close(self, reason: str) -> Deferred[None] | None:  # noqa: ARG002
        if self._wake:
            self._wake.cancel()
            self._wake = None
        return None

    def has_pending_requests(self) -> bool:
        return bool(self._queues)

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def enqueue_request(self, request: Request) -> bool:
        host = urlparse_cached(request).hostname or ""
        closed = self._holds.closed(host)
        if closed:
            self._end(request, closed)
            return True
        queue = self._queues.setdefault(host, [])
        heapq.heappush(queue, (-request.priority, next(self._order), request))
        return True

    def next_request(self) -> Request | None:
        """The next request whose host may be asked now, the hosts taking turns; None while none
        may. What waits for a closed host is ended."""
        now = monotonic()
        busy = self._busy()
        free_at = self._bandwidth.ready_at(sum(busy.values()))
        earliest = None
        for host in list(self._queues):
            closed = self._holds.closed(host)
            if closed:
                for _, _, request in self._queues.pop(host):
                    self._end(request, closed)
                continue
            if busy.get(host, 0) >= self._concurrency:
                continue
            ready_at = max(self._holds.ready_at(host), free_at)
            if ready_at > now:
                earliest = ready_at if earliest is None else min(earliest, ready_at)
                continue
            if wait := self._claimed(host, now):
                earliest = now + wait if earliest is None else min(earliest, now + wait)
                continue
            return self._take(host, now)
        if earliest is not None:
            self._wake_at(earliest, now)
        return None

    def _claimed(self, host: str, now: float) -> float:
        """Give the host its delay from now on, if no other crawl has its turn; else the seconds
        until then."""
        delay = max(self._delay, self._region_delay(host), self._holds.crawl_delay(host))
        # only upwards: the delay is the least there may be between two requests
        delay *= 1 + uniform(0, self._jitter)  # noqa: S311
        turn = self._pace.take(host, delay) if self._pace else None
        if self._pace and (turn is None or turn.claimed is None):
            wait = max(turn.wait, _SHORTEST_WAIT) if turn else LONGEST_WAIT
            self._holds.pause(host, wait, now)
            if turn and wait > LONGEST_WAIT:
                self._holds.close(host, turn.why)
            return wait
        self._holds.pause(host, delay, now)
        return 0.0

    def _take(self, host: str, now: float) -> Request:
        queue = self._queues[host]
        _, _, request = heapq.heappop(queue)
        if queue:
            self._queues.move_to_end(host)
        else:
            del self._queues[host]
        self._bandwidth.handed_out(now)
        return request

    def _region_delay(self, host: str) -> float:
        """The region file's delay, which -s DOWNLOAD_DELAY on the command line overrules."""
        priority = self._crawler.settings.getpriority("DOWNLOAD_DELAY") or 0
        region = regions.region_of(host)
        if region is None or region.delay is None or priority >= SETTINGS_PRIORITIES["cmdline"]:
            return 0.0
        return region.delay

    def _busy(self) -> dict[str, int]:
        busy: dict[str, int] = {}
        engine = self._crawler.engine
        for request in engine.downloader.active if engine else ():
            host = urlparse_cached(request).hostname or ""
            busy[host] = busy.get(host, 0) + 1
        return busy

    def _wake_at(self, when: float, now: float) -> None:
        """Ask the engine to come back at that time: by itself it polls only every 5 s."""
        if self._wake and self._wake_time > when:
            self._wake.cancel()
            self._wake = None
        if self._wake is None:
            self._wake_time = when
            self._wake = call_later(when - now, self._woken)

    def _woken(self) -> None:
        self._wake = None
        engine = self._crawler.engine
        if engine and engine._slot and not engine._slot.closing:
            engine._slot.nextcall.schedule()

    def _end(self, request: Request, closed: Closed) -> None:
        if request.errback:
            failure = Failure(Ended(closed.outcome, closed.reason))  # type: ignore[no-untyped-call]
            failure.request = request  # type: ignore[attr-defined] # as Scrapy's scraper does
            request.errback(failure)
