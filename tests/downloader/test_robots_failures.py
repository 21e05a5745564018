"""What keeps us from a robots.txt: its host, or ourselves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.utils.test import get_crawler

from crawler.downloader.errors import Ended
from crawler.downloader.holds import Holds
from crawler.downloader.robots import RobotsMiddleware
from crawler.downloader.robots_rules import UnknownRulesError, rules_of
from crawler.exporters.publisher import Publisher
from crawler.outcomes import Outcome
from tests.run_parts import facts

HOST = "js.news.cn"


class Faulty(RobotsMiddleware):
    """Each robots.txt ends so, one after the other; after that there are no rules."""

    def __init__(self, *errors: Exception) -> None:
        self.holds = Holds()
        ledger: Any = SimpleNamespace(hosts=SimpleNamespace(robots=lambda *_: None))
        none: Any = None
        self.publisher = Publisher(facts(), ledger, none, none)
        crawler = get_crawler()
        crawler.stats = cast("Any", SimpleNamespace(inc_value=lambda _: None))
        super().__init__(crawler, self.holds, ledger, self.publisher)
        self._errors = list(errors)

    async def _fetch(self, origin: str) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return rules_of(404, b"")

    def ended(self) -> Outcome | None:
        """How a request of the host ends, None when it goes on."""
        try:
            asyncio.run(self.process_request(Request(f"http://{HOST}/a.htm")))
        except Ended as ended:
            return ended.outcome
        return None


@pytest.mark.parametrize("error", [DownloadTimeoutError(), UnknownRulesError("HTTP 503")])
def test_a_host_that_gives_none_is_closed(error: Exception) -> None:
    middleware = Faulty(error)
    assert middleware.ended() is Outcome.ROBOTS_UNREACHABLE
    assert middleware.holds.closed(HOST)
    assert middleware.publisher.alarms() == []


@pytest.mark.parametrize("error", [MemoryError(), TypeError("nobody foresaw this")])
def test_an_error_of_ours_closes_no_host(error: Exception) -> None:
    middleware = Faulty(error)
    assert middleware.ended() is Outcome.PENDING
    assert middleware.holds.closed(HOST) is None
    (alarm,) = middleware.publisher.alarms()
    assert f"http://{HOST}/robots.txt is asked for again: {type(error).__name__}" in alarm.text
    assert middleware.ended() is None
