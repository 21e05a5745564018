"""robots.txt by RFC 9309. Scrapy's own middleware lets requests through where it can't be read.

4xx: no rules (§2.3.1.3), unless there were some within RULES_LAST. 5xx, 429, timeouts, broken or
cut answers, more than REDIRECT_MAX_TIMES redirects or one out of the two domains: disallow
(§2.3.1.4, I11). Answers are kept for up to 24 hours (§2.4), over runs, in the ledger; a longer run
asks again. Crawl-delay isn't in the RFC; it is kept, over runs where it is long.
"""

from __future__ import annotations

import logging
from asyncio import ensure_future
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from crawler.clock import now
from crawler.context import required
from crawler.downloader.failures import Ended, HostHeld, ending_of, raise_alarm
from crawler.downloader.holds import LONGEST_HOLD, Holds
from crawler.downloader.pace import LONGEST_WAIT
from crawler.downloader.resolver import REFUSED
from crawler.downloader.robots_rules import UnknownRulesError, bounded, has_rules, rules_of
from crawler.exporters.publisher import Publisher
from crawler.ledger.ledger import Ledger
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from asyncio import Future

    from protego import Protego
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# RFC 9309 §2.4: a cached robots.txt is not used for longer than a day.
MAX_AGE = timedelta(hours=24)

# Rules that were seen within this time are obeyed when suddenly there are none: the 404, the page
# or the empty answer in their place may be an outage's, and would open what they forbid.
RULES_LAST = timedelta(days=7)

_NEVER = datetime.min.replace(tzinfo=UTC)


class RobotsMiddleware:
    """Asks each scheme and host for its rules once a day, then lets through or ends the request."""

    def __init__(
        self, crawler: Crawler, holds: Holds, ledger: Ledger, publisher: Publisher
    ) -> None:
        self._crawler = crawler
        self._holds = holds
        self._ledger = ledger
        self._publisher = publisher
        self._agent = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._rules: dict[str, Future[Protego]] = {}
        self._stale_at: dict[str, datetime] = {}
        self._fetched: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured("ROBOTSTXT_OBEY is off")
        holds, ledger = required(crawler, Holds), required(crawler, Ledger)
        return cls(crawler, holds, ledger, required(crawler, Publisher))

    async def process_request(self, request: Request) -> Request | None:
        if request.meta.get("dont_obey_robotstxt"):
            return None
        parts = urlparse_cached(request)
        if parts.path == "/robots.txt":
            return None
        origin = f"{parts.scheme}://{parts.netloc}"
        if now() > self._stale_at.get(origin, _NEVER):
            self._stale_at[origin] = now() + MAX_AGE
            self._rules[origin] = ensure_future(self._ask(origin))
        rules = await self._rules[origin]
        if not rules.can_fetch(request.url, self._agent):
            raise Ended(Outcome.ROBOTS_DENIED, f"{origin}/robots.txt disallows {request.url}")
        if origin in self._fetched:
            # robots.txt took this request's turn at the host: back to the scheduler, as the first
            self._fetched.remove(origin)
            request.priority += 1
            return request
        return None

    async def _ask(self, origin: str) -> Protego:
        host = urlsplit(origin).hostname or ""
        kept = self._ledger.hosts.robots(origin, now(), MAX_AGE)
        if kept:
            self._stale_at[origin] = kept.fetched_at + MAX_AGE
        try:
            rules = rules_of(kept.status, kept.body) if kept else await self._fetch(origin)
        except HostHeld as held:
            self._holds.close(host, held.detail, held.outcome)
            raise
        except Exception as error:
            ending = ending_of(error, Request(f"{origin}/robots.txt"))
            if ending.is_ours and not isinstance(error, UnknownRulesError):
                self._stale_at.pop(origin, None)  # it is asked for again
                raise_alarm(self._publisher, f"{origin}/robots.txt", ending.detail, error)
                raise Ended(Outcome.PENDING, f"{origin}/robots.txt: {ending.detail}") from error
            self._count("unreachable")
            outcome, reason = Outcome.ROBOTS_UNREACHABLE, f"{origin}/robots.txt: {error}"
            if host in REFUSED:
                outcome, reason = Outcome.REFUSED_ADDRESS, REFUSED[host]
            self._holds.close(host, reason, outcome)
            raise Ended(outcome, reason) from error
        delay = rules.crawl_delay(self._agent)
        if delay:
            self._obey(host, delay)
        return rules

    def _obey(self, host: str, delay: float) -> None:
        """Keep the Crawl-delay. One too long to be waited out closes the host after one request."""
        self._holds.set_crawl_delay(host, delay, monotonic())
        if delay > LONGEST_WAIT:
            until = now() + timedelta(seconds=min(delay, LONGEST_HOLD))
            reason = f"robots.txt asks for a Crawl-delay of {delay:.0f} s"
            self._ledger.hosts.hold(host, until, reason)
            self._holds.tell(host, min(delay, LONGEST_HOLD), reason)
            self._holds.close(host, reason)

    async def _fetch(self, origin: str) -> Protego:
        engine = self._crawler.engine
        assert engine
        request = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            meta={"dont_obey_robotstxt": True, "dont_retry": True, "kind": "robots"},
        )
        self._count("requests")
        response = await engine.download_async(request)
        status, body = response.status, bounded(response.body)
        rules = rules_of(status, body)
        self._fetched.add(origin)
        before = self._ledger.hosts.robots(origin, now(), RULES_LAST)
        if before and has_rules(before.status, before.body) and not has_rules(status, body):
            logger.warning("%s/robots.txt has no rules any more: the last are obeyed", origin)
            return rules_of(before.status, before.body)
        self._ledger.hosts.store_robots(origin, now(), status, body)
        return rules

    def _count(self, name: str) -> None:
        assert self._crawler.stats
        self._crawler.stats.inc_value(f"crawler/robots/{name}")
