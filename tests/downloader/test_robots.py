"""RFC 9309 in detail: which answers are rules, which rules are ours, how long they hold."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crawler import settings
from crawler.downloader.robots import MAX_BYTES, bounded, has_rules, rules_of
from tests.downloader.conftest import OLD
from tests.downloader.proxy import Reply, Table
from tests.nightly import at_night
from tests.processes import crawl
from tests.simulation.days import CLOCK

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


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_without_a_robots_txt_all_is_allowed(status: int) -> None:
    """Section 2.3.1.3; what comes with the error is no rule."""
    assert rules_of(status, DENIED.body).can_fetch(ARTICLE, "xinhua-archive")


@pytest.mark.parametrize("status", [None, 301, 304, 429, 500, 502, 503, 504])
def test_an_answer_that_leaves_the_rules_unknown(status: int | None) -> None:
    """Section 2.3.1.4; tests/runner/test_robots_unreadable.py shows what follows from it."""
    with pytest.raises(ValueError, match="HTTP"):
        rules_of(status, b"User-agent: *\nAllow: /\n")


def test_a_host_that_refuses_its_robots_txt_is_crawled(tmp_path: Path) -> None:
    asked, ended = outcomes({ROBOTS: Reply(403)}, tmp_path)
    assert asked == [ROBOTS, ARTICLE]
    assert ended == {"missing": 1}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, DENIED.body, True),
        (206, b"\xef\xbb\xbf USER-AGENT: *", True),
        (404, DENIED.body, False),
        (None, DENIED.body, False),
        (200, b"", False),
        (200, b"Not found", False),
        (200, b"\xef\xbb\xbf\n <!-- User-agent: * -->", False),
    ],
)
def test_which_answers_are_rules(status: int | None, body: bytes, expected: bool) -> None:
    assert has_rules(status, body) is expected


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
            clock = {"PYTHONPATH": str(CLOCK), "XINHUA_CLOCK_SHIFT": str(at)}
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


A, B = f"{HERE}/a.htm", f"{HERE}/b.htm"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", {B}),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", {B}),
        ("user-AGENT: XINHUA-ARCHIVE\ndisallow:/a", {B}),
        ("User-agent: *\nDisallow: /\n\nUser-agent: xinhua-archive\nDisallow: /a", {B}),
        ("User-agent: xinhua-archive\nDisallow: /a\n\nUser-agent: xinhua-archive\nDisallow: /b",
         set()),
        ("User-agent: other\nUser-agent: xinhua-archive\nDisallow: /a\n", {B}),
        ("User-agent: archive\nDisallow: /", {A, B}),
        ("User-agent: xinhua-archive\nDisallow:", {A, B}),
        ("User-agent: *\nDisallow: /\nAllow: /a", {A}),
        ("User-agent: *\nAllow: /a\nDisallow: /a", {A, B}),
        ("User-agent: *\nDisallow: /*.htm$ # pages\nAllow: /b.htm$", {B}),
        ("User-agent: *\nDisallow: /%61.htm", {B}),
        ("Disallow: /", {A, B}),
        ("<html><body>User-agent: *<br>Disallow: /</body></html>", {A, B}),
    ],
)  # fmt: skip
def test_which_rules_are_ours(text: str, allowed: set[str]) -> None:
    """Section 2.2: our group or else `*`, groups of one name together, the longest match."""
    rules = rules_of(200, text.encode())
    agent = settings.ROBOTSTXT_USER_AGENT
    assert {url for url in (A, B) if rules.can_fetch(url, agent)} == allowed


def test_500_kib_are_read_and_no_half_line() -> None:
    """Section 2.5. The line over the limit would forbid more than it says."""
    head = b"User-agent: *\nDisallow: /a\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"\nDisallow: /")) + b"\n"
    long = head + filler + b"Disallow: /c/only.htm\nDisallow: /b\n"
    assert long[:MAX_BYTES].endswith(b"\nDisallow: /")
    rules = rules_of(200, bounded(long))
    assert {url for url in (A, B) if rules.can_fetch(url, "xinhua-archive")} == {B}
    short = long[: MAX_BYTES // 2] + b"\nDisallow: /b\n"
    assert bounded(short) == short


@pytest.mark.nightly
def test_a_run_of_days_asks_again_after_one(fetch: Fetch) -> None:
    """A second is half a day; some pages later the rules are a day old."""
    env = {"PYTHONPATH": str(CLOCK), "XINHUA_CLOCK_SPEED": str(12 * 3600)}
    seen = fetch("-s", "DOWNLOAD_DELAY=0.5", "-s", "DOWNLOAD_DELAY_JITTER=0", old=8, env=env)
    paths = [entry.path == "/robots.txt" for entry in seen.of(OLD)]
    assert paths[0]
    assert paths.count(True) >= 2
    assert seen.crawl.report["outcomes"] == {"published": 8}
    assert seen.crawl.report["robots"] == {"requests": paths.count(True), "unreachable": 0}
