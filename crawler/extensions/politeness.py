"""How each host was treated in this run, for the report: requests, gaps, waits, what 304s saved.

Reads `size` in a request's meta: the bytes that its answer had when it was last sent in full.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.utils.httpobj import urlparse_cached

from crawler.context import attached
from crawler.downloader.holds import Holds

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

STAT = "crawler/hosts"

# The median gap is that of so many last requests, so a long run needs no more memory.
_GAPS = 1000


@dataclass(slots=True)
class _Host:
    requests: int = 0
    not_modified: int = 0
    bytes_saved: int = 0
    last: float | None = None
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_GAPS))


class Politeness:
    """Listens to the downloader; sets one stat when the spider closes."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        watcher = cls(crawler)
        crawler.signals.connect(watcher._asked, signal=signals.request_reached_downloader)
        crawler.signals.connect(watcher._received, signal=signals.response_downloaded)
        crawler.signals.connect(watcher._closed, signal=signals.spider_closed)
        return watcher

    def _asked(self, request: Request) -> None:
        host = self._hosts[urlparse_cached(request).hostname or ""]
        moment = monotonic()
        if host.last is not None:
            host.gaps.append(moment - host.last)
        host.last = moment
        host.requests += 1

    def _received(self, response: Response, request: Request) -> None:
        if response.status == 304:
            host = self._hosts[urlparse_cached(request).hostname or ""]
            host.not_modified += 1
            host.bytes_saved += request.meta.get("size") or 0

    def _closed(self) -> None:
        holds = attached(self._crawler, Holds)
        rows: dict[str, dict[str, Any]] = {
            name: {
                "requests": host.requests,
                "median_gap_seconds": round(median(host.gaps), 2) if host.gaps else None,
                "not_modified": host.not_modified,
                "bytes_saved": host.bytes_saved,
                "waits_obeyed": holds.waits(name) if holds else 0,
            }
            for name, host in sorted(self._hosts.items())
        }
        if self._crawler.stats:
            self._crawler.stats.set_value(STAT, rows)
