"""Holds, robots answers and runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.rows import Hold
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

HOST = "www.js.xinhuanet.com"


def test_a_host_is_held_until_its_time(ledger: Ledger) -> None:
    assert ledger.hosts.holds(T0) == []
    ledger.hosts.hold(HOST, T0 + HOUR, "Retry-After 3600 s")
    assert ledger.hosts.holds(T0) == [Hold(HOST, T0 + HOUR, "Retry-After 3600 s")]
    assert ledger.hosts.holds(T0 + HOUR) == []


def test_the_longer_hold_stays(ledger: Ledger) -> None:
    ledger.hosts.hold(HOST, T0 + DAY, "Retry-After")
    ledger.hosts.hold(HOST, T0 + HOUR, "breaker")
    assert ledger.hosts.holds(T0) == [Hold(HOST, T0 + DAY, "Retry-After")]
    ledger.hosts.hold(HOST, T0 + 2 * DAY, "breaker")
    assert ledger.hosts.holds(T0) == [Hold(HOST, T0 + 2 * DAY, "breaker")]


def test_robots_answers_age(ledger: Ledger) -> None:
    assert ledger.hosts.robots(HOST, T0) is None
    ledger.hosts.store_robots(HOST, T0, 200, b"User-agent: *\nDisallow: /\xff")
    found = ledger.hosts.robots(HOST, T0 + DAY)
    assert found
    assert (found.status, found.body, found.fetched_at) == (
        200,
        b"User-agent: *\nDisallow: /\xff",
        T0,
    )
    assert ledger.hosts.robots(HOST, T0 + DAY + timedelta(seconds=1)) is None
    assert ledger.hosts.robots(HOST, T0 - HOUR) is None  # a clock that was set back
    ledger.hosts.store_robots(HOST, T0 + HOUR, None, b"")
    found = ledger.hosts.robots(HOST, T0 + DAY)
    assert found
    assert found.status is None


def test_runs(ledger: Ledger) -> None:
    ledger.runs.start("r1", T0, "scrapy crawl xinhua")
    ledger.runs.start("r2", T0 + HOUR, "scrapy crawl xinhua -a limit=3")
    ledger.runs.finish("r2", T0 + 2 * HOUR, 3, "sigterm", {"published": 3})
    newest, oldest = ledger.runs.newest(9)
    assert (newest.run_id, newest.exit_code, newest.reason) == ("r2", 3, "sigterm")
    assert newest.counts == {"published": 3}
    assert newest.finished_at == T0 + 2 * HOUR
    assert (oldest.finished_at, oldest.exit_code, oldest.counts) == (None, None, {})
    assert ledger.runs.newest(1) == [newest]
    assert ledger.runs.unfinished() == [oldest]
    with pytest.raises(KeyError):
        ledger.runs.finish("r9", T0, 0, "finished", {})


def test_a_run_forgets_the_visits_of_the_one_before(ledger: Ledger) -> None:
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
    ledger.addresses.see([at_site(1)], run_id=RUN, at=T0)
    ledger.addresses.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
    ledger.runs.start("r2", T0 + HOUR, "scrapy crawl xinhua")
    assert ledger.visits.count(RUN) == ledger.visits.count("r2") == 0
    assert ledger.visits.outcomes(RUN) == {}
    assert ledger.addresses.get(at_site(1).url)


def test_times_need_a_zone(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without a zone"):
        ledger.hosts.hold(HOST, datetime(2026, 1, 1), "no zone")  # noqa: DTZ001
