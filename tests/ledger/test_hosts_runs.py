"""Holds, robots answers and runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.ledger import Hold
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

HOST = "www.js.xinhuanet.com"


def test_a_host_is_held_until_its_time(ledger: Ledger) -> None:
    assert ledger.holds(T0) == []
    ledger.hold(HOST, T0 + HOUR, "Retry-After 3600 s")
    assert ledger.holds(T0) == [Hold(HOST, T0 + HOUR, "Retry-After 3600 s")]
    assert ledger.holds(T0 + HOUR) == []


def test_the_longer_hold_stays(ledger: Ledger) -> None:
    ledger.hold(HOST, T0 + DAY, "Retry-After")
    ledger.hold(HOST, T0 + HOUR, "breaker")
    assert ledger.holds(T0) == [Hold(HOST, T0 + DAY, "Retry-After")]
    ledger.hold(HOST, T0 + 2 * DAY, "breaker")
    assert ledger.holds(T0) == [Hold(HOST, T0 + 2 * DAY, "breaker")]


def test_robots_answers_age(ledger: Ledger) -> None:
    assert ledger.robots(HOST, T0) is None
    ledger.store_robots(HOST, T0, 200, b"User-agent: *\nDisallow: /\xff")
    found = ledger.robots(HOST, T0 + DAY)
    assert found
    assert (found.status, found.body, found.fetched_at) == (
        200,
        b"User-agent: *\nDisallow: /\xff",
        T0,
    )
    assert ledger.robots(HOST, T0 + DAY + timedelta(seconds=1)) is None
    assert ledger.robots(HOST, T0 - HOUR) is None  # a clock that was set back
    ledger.store_robots(HOST, T0 + HOUR, None, b"")
    found = ledger.robots(HOST, T0 + DAY)
    assert found
    assert found.status is None


def test_runs(ledger: Ledger) -> None:
    ledger.start_run("r1", T0, "scrapy crawl xinhua")
    ledger.start_run("r2", T0 + HOUR, "scrapy crawl xinhua -a limit=3")
    ledger.finish_run("r2", T0 + 2 * HOUR, 3, "sigterm", {"published": 3})
    newest, oldest = ledger.runs(9)
    assert (newest.run_id, newest.exit_code, newest.reason) == ("r2", 3, "sigterm")
    assert newest.counts == {"published": 3}
    assert newest.finished_at == T0 + 2 * HOUR
    assert (oldest.finished_at, oldest.exit_code, oldest.counts) == (None, None, {})
    assert ledger.runs(1) == [newest]
    assert ledger.unfinished_runs() == [oldest]
    with pytest.raises(KeyError):
        ledger.finish_run("r9", T0, 0, "finished", {})


def test_a_run_forgets_the_visits_of_the_one_before(ledger: Ledger) -> None:
    ledger.start_run(RUN, T0, "scrapy crawl xinhua")
    ledger.see([at_site(1)], run_id=RUN, at=T0)
    ledger.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
    ledger.start_run("r2", T0 + HOUR, "scrapy crawl xinhua")
    assert ledger.urls_seen(RUN) == ledger.urls_seen("r2") == 0
    assert ledger.outcomes(RUN) == {}
    assert ledger.address(at_site(1).url)


def test_times_need_a_zone(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without a zone"):
        ledger.hold(HOST, datetime(2026, 1, 1), "no zone")  # noqa: DTZ001
