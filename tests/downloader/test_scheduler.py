"""How fast each host is asked: delay, Crawl-delay, jitter, one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.downloader.conftest import ARTICLES, NEW, OLD

if TYPE_CHECKING:
    from tests.downloader.conftest import Fetch, Seen
    from tests.site import Site

# Seconds by which a busy machine may shift the moment at which the site sees a request.
CLOCK = 0.25


def is_kept(seen: Seen, host: str, delay: float) -> bool:
    """Whether the host was asked no faster: all in all, and each time but for such shifts."""
    gaps = seen.gaps(host)
    least = min(delay - CLOCK, delay / 2)
    return min(gaps) >= least and sum(gaps) >= len(gaps) * delay - CLOCK


def test_the_delay_is_kept_at_each_host_and_varies(fetch: Fetch) -> None:
    """robots.txt counts as well; several hosts are asked side by side."""
    seen = fetch("-s", "DOWNLOAD_DELAY=0.4", "-s", "DOWNLOAD_DELAY_JITTER=0.5", old=7, new=5)
    assert seen.crawl.exitcode == 0, seen.crawl.stderr
    for host, requests in ((OLD, 8), (NEW, 6)):
        assert len(seen.of(host)) == requests
        gaps = seen.gaps(host)
        assert is_kept(seen, host, 0.4), gaps
        assert max(gaps) - min(gaps) > 0.02, gaps
    assert seen.of(NEW)[0].at < seen.of(OLD)[-1].at


def test_no_delay_really_is_none(fetch: Fetch) -> None:
    """Twenty requests that would take ten seconds with half a second between them."""
    seen = fetch(old=20)
    gaps = sorted(seen.gaps(OLD))
    assert gaps[len(gaps) // 2] < 0.5, gaps


def test_crawl_delay_is_kept_whatever_we_set(site: Site, fetch: Fetch) -> None:
    site.robots[OLD] = "User-agent: *\nCrawl-delay: 0.7\nDisallow: /nothing/\n"
    seen = fetch(old=4)
    assert [entry.path == "/robots.txt" for entry in seen.of(OLD)] == [True] + 4 * [False]
    assert is_kept(seen, OLD, 0.7), seen.gaps(OLD)
    again = fetch("-a", "recheck=all", old=4)  # robots.txt is known, its delay holds at once
    assert len(again.of(OLD)) == 4
    assert is_kept(again, OLD, 0.7), again.gaps(OLD)


def test_a_host_has_one_connection_at_a_time(site: Site, fetch: Fetch) -> None:
    """While an answer is outstanding its host gets no other request; another host does."""
    site.fault("stall", host=OLD, path=ARTICLES, times=1)
    seen = fetch("-s", "DOWNLOAD_TIMEOUT=2", "-s", "RETRY_TIMES=0", old=4, new=4)
    _robots, stalled, after, *_ = seen.of(OLD)
    assert after.at - stalled.at >= 2 - CLOCK
    assert len([one for one in seen.of(NEW) if stalled.at < one.at < after.at]) >= 3
    assert seen.crawl.report["outcomes"] == {"timeout": 1, "published": 7}
