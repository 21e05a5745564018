"""Holds: waits, back-off and the breaker of one host never touch another."""

from crawler.downloader.holds import BREAKER_FAILURES, Holds
from crawler.outcomes import Outcome


def test_unknown_host_is_ready() -> None:
    holds = Holds()
    assert holds.ready_at("a") == 0
    assert holds.closed("a") is None


def test_a_longer_wait_stands() -> None:
    holds = Holds()
    holds.wait("a", 10, now=100)
    holds.wait("a", 2, now=101)
    assert holds.ready_at("a") == 110
    assert holds.ready_at("b") == 0


def test_backoff_doubles_from_one_second() -> None:
    holds = Holds()
    assert holds.failed("a", "HTTP 503", now=0) is False
    assert holds.ready_at("a") == 1
    assert holds.failed("a", "HTTP 503", now=1) is False
    assert holds.ready_at("a") == 3


def test_failures_in_a_row_open_the_breaker_of_that_host() -> None:
    holds = Holds()
    opened = [holds.failed("a", "timeout", now=n) for n in range(BREAKER_FAILURES)]
    assert opened == [False] * (BREAKER_FAILURES - 1) + [True]
    closed = holds.closed("a")
    assert closed is not None
    assert closed.outcome is Outcome.DEFERRED
    assert "timeout" in closed.reason
    assert holds.closed("b") is None
    assert list(holds.closed_hosts()) == ["a"]


def test_a_page_that_fails_again_and_again_opens_no_breaker() -> None:
    holds = Holds()
    assert not any(holds.failed("a", "timeout", now=n, page="/1") for n in range(9))
    assert holds.ready_at("a") == 8 + 1
    opened = [holds.failed("a", "timeout", now=9, page=page) for page in ("/2", "/1", "/3")]
    assert opened == [False, False, True]


def test_two_pages_that_fail_by_turns_open_no_breaker() -> None:
    holds = Holds()
    assert not any(holds.failed("a", "timeout", now=n, page=f"/{n % 2}") for n in range(9))


def test_a_success_forgets_failures() -> None:
    holds = Holds()
    for n in range(2 * BREAKER_FAILURES):
        holds.failed("a", "HTTP 500", now=n)
        holds.succeeded("a")
    assert holds.closed("a") is None


def test_the_first_reason_to_close_stands() -> None:
    holds = Holds()
    holds.close("a", "robots", Outcome.ROBOTS_UNREACHABLE)
    holds.close("a", "later")
    closed = holds.closed("a")
    assert closed is not None
    assert (closed.outcome, closed.reason) == (Outcome.ROBOTS_UNREACHABLE, "robots")


def test_obeyed_waits_are_counted() -> None:
    holds = Holds()
    holds.obey("a", 5, now=0)
    assert holds.waits("a") == 1
    assert holds.waits("b") == 0
    assert holds.ready_at("a") == 5
