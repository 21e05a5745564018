"""Holds and robots answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.ledger.rows import Hold
from tests.ledger.conftest import DAY, HOUR, T0

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
    assert ledger.hosts.robots(HOST, T0, DAY) is None
    ledger.hosts.store_robots(HOST, T0, 200, b"User-agent: *\nDisallow: /\xff")
    found = ledger.hosts.robots(HOST, T0 + DAY, DAY)
    assert found
    assert (found.status, found.body, found.fetched_at) == (
        200,
        b"User-agent: *\nDisallow: /\xff",
        T0,
    )
    assert ledger.hosts.robots(HOST, T0 + DAY + timedelta(seconds=1), DAY) is None
    assert ledger.hosts.robots(HOST, T0 + 400 * DAY) == found
    assert ledger.hosts.robots(HOST, T0 - HOUR, DAY) is None  # a clock that was set back
    ledger.hosts.store_robots(HOST, T0 + HOUR, None, b"")
    found = ledger.hosts.robots(HOST, T0 + DAY, DAY)
    assert found
    assert found.status is None
