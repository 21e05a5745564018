"""How robots.txt is asked for, and how long its rules hold, by RFC 9309."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.utils.test import get_crawler

from crawler.downloader.failures import Ended, HostHeld
from crawler.downloader.holds import Holds
from crawler.downloader.robots import RobotsMiddleware
from crawler.downloader.robots_rules import UnknownRulesError, rules_of
from crawler.exporters.publisher import Publisher
from crawler.outcomes import Outcome
from tests.downloader.conftest import OLD
from tests.downloader.proxy import Reply, Table
from tests.nightly import at_night
from tests.processes import crawl
from tests.run_parts import facts
from tests.scrapy_process import DAYS_CLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.downloader.conftest import Fetch


HERE = f"http://{OLD}"
ROBOTS = f"{HERE}/robots.txt"
ARTICLE = f"{HERE}/2020-01/01/c_1125000001.htm"
DENIED = Reply(200, b"User-agent: *\nDisallow: /2020-01/\n")


def outcomes(replies: dict[str, Reply], tmp_path: Path) -> tuple[list[str], dict[str, int]]:
    """What a crawl of the article asked a proxy for, and how it ended."""
    with Table(replies) as proxy:
        done = crawl("-a", f"urls={ARTICLE}", "-s", "DOWNLOAD_DELAY=0",
                     data_dir=tmp_path / "data", env=proxy.environment)  # fmt: skip
    return proxy.asked, done.report["outcomes"]


def test_a_host_that_refuses_its_robots_txt_is_crawled(tmp_path: Path) -> None:
    asked, ended = outcomes({ROBOTS: Reply(403)}, tmp_path)
    assert asked == [ROBOTS, ARTICLE]
    assert ended == {"missing": 1}


@pytest.mark.parametrize(
    "instead",
    [Reply(404), at_night(Reply(200)), at_night(Reply(302, location=f"{HERE}/"))],
    ids=["404", "nothing", "the front page"],
)
def test_rules_that_are_suddenly_gone_are_obeyed_for_a_week(tmp_path: Path, instead: Reply) -> None:
    """Section 2.4 lets a crawler keep rules where robots.txt can't be had. After a week without
    them there are none; what stands in their place never counts as rules."""
    replies = {ROBOTS: DENIED, f"{HERE}/": Reply(200, b"<html>Xinhua</html>")}
    day, ended = 24 * 3600, []
    with Table(replies) as proxy:
        for at in (0, 6.9 * day, 7.3 * day, 7.4 * day):
            clock = {"PYTHONPATH": str(DAYS_CLOCK), "XINHUA_CLOCK_SHIFT": str(at)}
            done = crawl("-a", f"urls={ARTICLE}", "-s", "DOWNLOAD_DELAY=0",
                         data_dir=tmp_path / "data", env=proxy.environment | clock)  # fmt: skip
            ended += done.report["outcomes"]
            replies[ROBOTS] = instead
    assert ended == ["robots_denied", "robots_denied", "missing", "pending"]
    assert proxy.asked.count(ROBOTS) == 3  # no rules are kept for a day as well


def chain(length: int, last: Reply) -> dict[str, Reply]:
    """A robots.txt that stands behind so many redirects, from host to host of the site."""
    stops = [ROBOTS, *(f"http://www.news.cn/robots{number}.txt" for number in range(length))]
    hops = {stop: Reply(301, location=to) for stop, to in pairwise(stops)}
    return hops | {stops[-1]: last}


@pytest.mark.parametrize(
    ("replies", "ended"),
    [
        (chain(1, DENIED), {"robots_denied": 1}),
        (chain(5, DENIED), {"robots_denied": 1}),
        (chain(6, DENIED), {"robots_unreachable": 1}),
        (chain(1, Reply(404)), {"missing": 1}),
        (chain(1, Reply(500)), {"robots_unreachable": 1}),
        ({ROBOTS: Reply(302, location="http://www.ymnews.cn/robots.txt")},
         {"robots_unreachable": 1}),
        ({ROBOTS: Reply(302, location=ROBOTS)}, {"robots_unreachable": 1}),
    ],
    ids=["1", "5", "6", "to 404", "to 500", "out of the domains", "in a circle"],
)  # fmt: skip
def test_redirects_are_followed_five_times(
    replies: dict[str, Reply], ended: dict[str, int], tmp_path: Path
) -> None:
    """Section 2.3.1.2: the rules are the first host's, wherever they stand."""
    asked, found = outcomes(replies, tmp_path)
    assert found == ended
    assert len(asked) <= 6
    assert not [one for one in asked if "ymnews" in one]


@pytest.mark.nightly
def test_a_run_of_days_asks_again_after_one(fetch: Fetch) -> None:
    """A second is half a day; some pages later the rules are a day old."""
    env = {"PYTHONPATH": str(DAYS_CLOCK), "XINHUA_CLOCK_SPEED": str(12 * 3600)}
    seen = fetch("-s", "DOWNLOAD_DELAY=0.5", "-s", "DOWNLOAD_DELAY_JITTER=0", old=8, env=env)
    paths = [entry.path == "/robots.txt" for entry in seen.of(OLD)]
    assert paths[0]
    assert paths.count(True) >= 2
    assert seen.crawl.report["outcomes"] == {"published": 8}
    assert seen.crawl.report["robots"] == {"requests": paths.count(True), "unreachable": 0}


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


def test_a_host_that_others_leave_alone_for_long_is_put_off() -> None:
    """Its robots.txt was not asked for, so nothing is known of it."""
    middleware = Faulty(HostHeld(Outcome.DEFERRED, "HTTP 429, 3600 s from now"))
    assert middleware.ended() is Outcome.DEFERRED
    closed = middleware.holds.closed(HOST)
    assert closed
    assert closed.outcome is Outcome.DEFERRED
    assert middleware.publisher.alarms() == []


@pytest.mark.parametrize("error", [MemoryError(), TypeError("nobody foresaw this")])
def test_an_error_of_ours_closes_no_host(error: Exception) -> None:
    middleware = Faulty(error)
    assert middleware.ended() is Outcome.PENDING
    assert middleware.holds.closed(HOST) is None
    (alarm,) = middleware.publisher.alarms()
    assert f"http://{HOST}/robots.txt is asked for again: {type(error).__name__}" in alarm.text
    assert middleware.ended() is None
