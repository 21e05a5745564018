"""What a host's refusals and failures do: waits, back-off, the breaker, holds over runs."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.clock import now
from crawler.ledger.ledger import Ledger
from tests.downloader.conftest import ARTICLES, NEW, OLD
from tests.downloader.test_scheduler import CLOCK
from tests.nightly import at_night

if TYPE_CHECKING:
    from pathlib import Path

    from tests.downloader.conftest import Fetch
    from tests.site import Site


@pytest.mark.parametrize(("status", "header"), [("429", "2"), at_night("503", "date:3")])
def test_a_short_retry_after_is_waited_out(
    site: Site, fetch: Fetch, status: str, header: str
) -> None:
    """An HTTP date counts whole seconds: three may be little more than two."""
    site.fault(status, host=OLD, path=ARTICLES, times=1, retry_after=header)
    seen = fetch(old=3, new=3)
    assert seen.crawl.exitcode == 0, seen.crawl.stderr
    assert seen.crawl.report["outcomes"] == {"published": 6}
    refused = next(one for one in seen.of(OLD) if one.fault)
    after = next(one for one in seen.of(OLD) if one.at > refused.at)
    assert after.at - refused.at >= 2 - CLOCK
    assert all(gap < 2 for gap in seen.gaps(NEW))
    assert seen.crawl.report["hosts"][OLD]["waits_obeyed"] == 1


@pytest.mark.parametrize("header", ["7200", at_night("date:7200")])
def test_a_long_retry_after_defers_the_host_for_this_run_and_those_after(
    site: Site, fetch: Fetch, tmp_path: Path, header: str
) -> None:
    site.fault("503", host=OLD, path=ARTICLES, times=1, retry_after=header)
    seen = fetch(old=4, new=2)
    assert len(seen.of(OLD)) == 2  # robots.txt and the one that was refused
    assert seen.crawl.report["outcomes"] == {"deferred": 4, "published": 2}
    assert seen.crawl.exitcode == 3
    assert any(f"{OLD} was given up: HTTP 503" in one for one in seen.crawl.report["alarms"])
    again = fetch(old=4, new=2)
    assert again.of(OLD) == []
    assert again.crawl.report["outcomes"] == {"deferred": 4, "known": 2}
    with closing(Ledger.of(tmp_path / "data")) as ledger:
        (hold,) = ledger.hosts.holds(now())
        assert hold.host == OLD
        assert timedelta(0) < hold.until - now() <= timedelta(hours=2)
        assert ledger.hosts.holds(hold.until + timedelta(seconds=1)) == []
    _let_go(tmp_path)
    later = fetch(old=4, new=2)
    assert later.crawl.report["outcomes"] == {"published": 4, "known": 2}


def test_a_crawl_delay_too_long_for_a_run_is_kept_over_runs(
    site: Site, fetch: Fetch, tmp_path: Path
) -> None:
    """It would hold up all other hosts: a run asks once, the next not before its time."""
    site.robots[OLD] = "User-agent: *\nCrawl-delay: 3000\nDisallow: /nothing/\n"
    first = fetch(old=3, new=2)
    assert [entry.path for entry in first.of(OLD)] == ["/robots.txt"]
    assert first.crawl.report["outcomes"] == {"deferred": 3, "published": 2}
    (alarm,) = first.crawl.report["alarms"]
    assert "Crawl-delay of 3000 s" in alarm
    assert fetch(old=3).of(OLD) == []
    _let_go(tmp_path)
    later = fetch(old=3)
    assert len(later.of(OLD)) == 1
    assert later.crawl.report["outcomes"] == {"deferred": 2, "published": 1}
    assert fetch(old=3).of(OLD) == []


def _let_go(tmp_path: Path) -> None:
    """Two hours have gone by, as far as the ledger knows."""
    from sqlalchemy import update

    from crawler.ledger.schema import holds

    with closing(Ledger.of(tmp_path / "data")) as ledger:
        ledger.connection.write(update(holds).values(until=datetime(2020, 1, 1, tzinfo=UTC)))
        ledger.commit()


@pytest.mark.parametrize("kind", ["503", at_night("500"), at_night("reset_body")])
def test_a_failure_is_backed_off_from_and_tried_again(site: Site, fetch: Fetch, kind: str) -> None:
    """One second after the first failure, two after the second, then it is there."""
    site.fault(kind, host=OLD, path=ARTICLES, times=2)
    seen = fetch(old=2)
    assert seen.crawl.exitcode == 0, seen.crawl.stderr
    assert seen.crawl.report["outcomes"] == {"published": 2}
    gaps = [gap for gap in seen.gaps(OLD) if gap > 0.7]
    assert gaps[0] >= 1 - CLOCK
    assert gaps[1] >= 2 - CLOCK


@pytest.mark.parametrize("kind", ["403", "412"])
def test_a_refusal_is_backed_off_from_and_not_repeated(site: Site, fetch: Fetch, kind: str) -> None:
    site.fault(kind, host=OLD, path=ARTICLES, times=1)
    seen = fetch(old=3)
    assert seen.crawl.report["outcomes"] == {"challenged": 1, "published": 2}
    _robots, refused, after, _ = seen.of(OLD)
    assert after.at - refused.at >= 1 - CLOCK
    assert after.path != refused.path


@pytest.mark.parametrize(
    ("kind", "outcomes"),
    [
        ("429", {"deferred": 5}),
        at_night("403", {"challenged": 3, "deferred": 2}),
        at_night("500", {"http_error": 1, "deferred": 4}),
        at_night("stall", {"timeout": 1, "deferred": 4}),
        at_night("reset_body", {"truncated": 1, "deferred": 4}),
    ],
)
def test_three_failures_in_a_row_end_that_host_and_no_other(
    site: Site, fetch: Fetch, kind: str, outcomes: dict[str, int]
) -> None:
    site.fault(kind, host=OLD, path=ARTICLES)
    seen = fetch("-s", "DOWNLOAD_TIMEOUT=3", old=5, new=6)
    assert len(seen.of(OLD)) == 1 + 3, [one.path for one in seen.of(OLD)]
    assert len({one.path for one in seen.of(NEW)}) == 1 + 6
    assert seen.crawl.report["outcomes"] == outcomes | {"published": 6}
    assert seen.crawl.exitcode == 3
    (alarm,) = seen.crawl.report["alarms"]
    assert f"{OLD} was given up: 3 failures in a row" in alarm


@pytest.mark.parametrize(("kind", "outcome"), [
    ("500", "http_error"), at_night("stall", "timeout"), at_night("reset_body", "truncated"),
])  # fmt: skip
def test_a_page_that_never_works_is_no_fault_of_its_host(
    site: Site, fetch: Fetch, kind: str, outcome: str
) -> None:
    """Asked for three times, it raises no alarm and keeps no other page from being fetched."""
    site.fault(kind, host=OLD, path=ARTICLES)
    seen = fetch("-s", "DOWNLOAD_TIMEOUT=3", old=1)
    assert len(seen.of(OLD)) == 1 + 3
    assert seen.crawl.report["outcomes"] == {outcome: 1}
    assert (seen.crawl.exitcode, seen.crawl.report["alarms"]) == (0, [])


@pytest.mark.parametrize("header", ["99999999999", at_night("date:99999999")])
def test_a_retry_after_of_years_holds_a_week(
    site: Site, fetch: Fetch, tmp_path: Path, header: str
) -> None:
    site.fault("429", host=OLD, path=ARTICLES, times=1, retry_after=header)
    seen = fetch(old=2)
    assert seen.crawl.report["outcomes"] == {"deferred": 2}
    with closing(Ledger.of(tmp_path / "data")) as ledger:
        (hold,) = ledger.hosts.holds(now())
    assert timedelta(days=6) < hold.until - now() <= timedelta(days=7)


@pytest.mark.parametrize("header", ["soon", "-5", "Fri, 20 Nov 77777777777777777777 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_a_failure_like_any(
    site: Site, fetch: Fetch, header: str
) -> None:
    site.fault("503", host=OLD, path=ARTICLES, times=1, retry_after=header)
    seen = fetch(old=2)
    assert seen.crawl.report["outcomes"] == {"published": 2}
    assert seen.crawl.report["hosts"][OLD]["waits_obeyed"] == 0


@pytest.mark.nightly
def test_a_host_that_waits_long_slows_no_other(site: Site, fetch: Fetch) -> None:
    """The engine by itself looks for work every five seconds only."""
    site.fault("429", host=OLD, path=ARTICLES, times=1, retry_after="14")
    pace = ("-s", "DOWNLOAD_DELAY=1", "-s", "DOWNLOAD_DELAY_JITTER=0")
    seen = fetch(*pace, old=1, new=6)
    assert seen.crawl.report["outcomes"] == {"published": 7}
    assert sorted(seen.gaps(NEW))[-2] < 3, seen.gaps(NEW)


def test_failures_that_are_not_in_a_row_end_nothing(site: Site, fetch: Fetch) -> None:
    """A success between them shows that the host is well."""
    for skip in (0, 2, 4, 6):
        site.fault("403", host=OLD, path=ARTICLES, skip=skip, times=1)
    seen = fetch(old=8)
    assert "deferred" not in seen.crawl.report["outcomes"]
    assert seen.crawl.exitcode == 0, seen.crawl.stderr
