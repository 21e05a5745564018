"""Back-off, Retry-After, retries and the per-host breaker.

Takes the place of Scrapy's RetryMiddleware, which knows neither Retry-After nor hosts. A retry
goes back to the scheduler, which holds it until its host may be asked again.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.utils.httpobj import urlparse_cached

from crawler.clock import now
from crawler.context import required
from crawler.downloader.failures import CaptureError, Ended, ending_of
from crawler.downloader.holds import LONGEST_HOLD, Holds
from crawler.downloader.pace import LONGEST_WAIT, NotInTimeError
from crawler.ledger.ledger import Ledger
from crawler.outcomes import OF_THE_HOST

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

# The server refuses us, whatever the page: 403 and 412 come from the site's own firewall.
BACK_OFF = frozenset({403, 412, 429, 503})

# The same request may succeed later in the run.
RETRY = frozenset({408, 429, 500, 502, 503, 504})

# Numbers from here on, of 31 years, are taken for a time since 1970 rather than for a delay.
_UNIX_TIMES = 1e9

# An answer came that can't be read: of a host it says no more than that it answers.
_OF_THE_ANSWER = frozenset({"damaged", "unsupported"})


class BackoffMiddleware:
    """Counts failures by host, waits, retries RETRY_TIMES, closes a host that keeps failing."""

    def __init__(self, crawler: Crawler, holds: Holds, ledger: Ledger) -> None:
        self._crawler = crawler
        self._holds = holds
        self._ledger = ledger

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, required(crawler, Holds), required(crawler, Ledger))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        host = urlparse_cached(request).hostname or ""
        status = response.status
        if status not in RETRY | BACK_OFF:
            self._holds.succeeded(host)
            return response
        reason = f"HTTP {status}"
        wait = _retry_after(response)
        if wait is not None and wait > LONGEST_WAIT:
            until = now() + timedelta(seconds=wait)
            self._ledger.hosts.hold(host, until, f"{reason}, Retry-After {wait:.0f} s")
            self._holds.tell(host, wait, f"{reason} with Retry-After {wait:.0f} s")
            self._holds.close(host, f"{reason} with Retry-After {wait:.0f} s")
        elif not self._failed(request, reason, is_of_us=status in BACK_OFF) and wait is not None:
            self._holds.obey(host, wait, monotonic())
        if status not in RETRY:
            return response
        closed = self._holds.closed(host)
        # such a status is about us, not about the page
        if closed and status in BACK_OFF:
            raise Ended(closed.outcome, closed.reason)
        return self._retry(request, host, reason) or response

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        if isinstance(exception, NotInTimeError):
            return None if exception.is_last else request
        ending = ending_of(exception, request)
        if ending.outcome not in OF_THE_HOST:
            return None
        host = urlparse_cached(request).hostname or ""
        reason = ending.detail
        if not (isinstance(exception, CaptureError) and exception.kind in _OF_THE_ANSWER):
            self._failed(request, reason)
        return self._retry(request, host, reason)

    def _failed(self, request: Request, reason: str, *, is_of_us: bool = False) -> bool:
        """Count a failure of the host; one that is about us counts each time. True when it closed
        the host."""
        host = urlparse_cached(request).hostname or ""
        page = None if is_of_us else request.url
        return self._holds.failed(host, reason, monotonic(), page=page)

    def _retry(self, request: Request, host: str, reason: str) -> Request | None:
        if request.meta.get("dont_retry") or self._holds.closed(host):
            return None
        assert self._crawler.spider
        again = get_retry_request(request, spider=self._crawler.spider, reason=reason)
        if again:  # `retry_times` goes on with a redirect; this counts for the address
            url, times = request.meta.get("retried", (request.url, 0))
            again.meta["retried"] = (request.url, times + 1 if url == request.url else 1)
        return again


def _retry_after(response: Response) -> float | None:
    """Seconds asked for, from either form of Retry-After (RFC 9110 §10.2.3); of several headers the
    longest. None where none says anything that can be meant."""
    texts = (raw.decode("latin-1") for raw in response.headers.getlist("Retry-After"))
    waits = [wait for text in texts if (wait := _wait(text.strip())) is not None]
    return max(waits, default=None)


def _wait(text: str) -> float | None:
    if text.isascii() and text.isdigit():
        seconds = float(text)
        if seconds >= _UNIX_TIMES:
            seconds -= now().timestamp()
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now()).total_seconds()
    return min(max(0.0, seconds), LONGEST_HOLD)
