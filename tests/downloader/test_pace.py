"""The turns of hosts, as one crawl of several takes them, and BANDWIDTH_MAX."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, cast

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.downloader.failures import HostHeld
from crawler.downloader.pace import LONGEST_WAIT, Bandwidth, Pace
from crawler.ledger.hosts import Turn
from crawler.ledger.leases import _BEATS
from crawler.outcomes import Outcome
from tests.processes import Crawl, crawl
from tests.site import Site

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.ledger.hosts import HostPace


HOST = "js.news.cn"


class _Row:
    """The row of a host, with a clock that stands still."""

    lease_seconds = 60.0

    def __init__(self) -> None:
        self.next = 0.0
        self.lasting = 0.0

    def claim(self, host: str, seconds: float, before: float, lasting: float) -> Turn:
        assert host == HOST
        self.lasting = lasting
        if self.next > 0 and self.next != before:
            return Turn(None, self.next)
        self.next = seconds
        return Turn(seconds)


def test_a_claim_that_is_told_late_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's answer came when a network was back: the lease may be another's by then."""
    row, clock = _Row(), [0.0]
    monkeypatch.setattr("crawler.downloader.pace._now", lambda: clock[0])
    pace = Pace(cast("HostPace", cast("Any", row)), 2.0, lambda _: None)
    claim = row.claim

    def late(host: str, seconds: float, before: float, lasting: float) -> Turn:
        clock[0] += 58
        return claim(host, seconds, before, lasting)

    monkeypatch.setattr(row, "claim", late)
    assert pace.take(HOST, 2.0) == Turn(None)
    error = pace.check(HOST)
    assert error
    assert not error.is_last
    monkeypatch.undo()
    assert pace.check(HOST) is None


def test_a_host_has_its_delay_whatever_answers_to_claims_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next claim is put off by what a request is late."""
    clock, delay = 1.0, 0.4
    took = iter([0.001, 0.3, 0.001, 0.9, 0.9, 0.02, 0.05, 0.0, 0.3] + [0.0] * 99)
    monkeypatch.setattr("crawler.downloader.pace._now", lambda: clock)

    class Row(_Row):
        def claim(self, host: str, seconds: float, before: float, lasting: float) -> Turn:
            nonlocal clock
            if self.next > clock and self.next != before:
                return Turn(None, self.next - clock)
            self.next = clock + seconds
            clock += next(took)
            return Turn(self.next)

    row, sent = Row(), list[float]()
    pace = Pace(cast("HostPace", cast("Any", row)), delay, lambda _: None)
    for _ in range(12):
        turn = pace.take(HOST, delay)
        assert turn
        clock += 0.015
        if turn.claimed and pace.check(HOST) is None:
            sent.append(clock)
        clock = max(clock, row.next)
    assert len(sent) >= 10
    assert all(later - earlier >= delay for earlier, later in pairwise(sent))
    assert sent[-1] - sent[-2] < 1.5 * delay


def test_a_claim_is_for_one_request() -> None:
    row, failures = _Row(), list[str]()
    pace = Pace(cast("HostPace", cast("Any", row)), 2.0, failures.append)
    turn = pace.take(HOST, 2.0)
    assert turn
    assert turn.claimed
    assert pace.check(HOST) is None
    # one that has waited for its connection beside the first, or is sent again
    late = pace.check(HOST)
    assert late
    assert not late.is_last
    row.next = 0.0
    assert pace.check(HOST) is None
    assert failures == []


@pytest.mark.parametrize("delay", [0.0, 2.0])
@pytest.mark.parametrize("lease", [1.0, 30.0, 120.0])
def test_a_lease_outlasts_the_request_that_is_sent_upon_it(
    monkeypatch: pytest.MonkeyPatch, lease: float, delay: float
) -> None:
    """The answer to a claim takes its time, the request another, the kernel its own. A lease that
    is renewed in time lasts for longer than all of them."""
    clock, claims, longest, lasting = 0.0, 0, 0.0, 0.0
    monkeypatch.setattr("crawler.downloader.pace._now", lambda: clock)

    class Slow(_Row):
        lease_seconds = lease

        def claim(self, host: str, seconds: float, before: float, lasting: float) -> Turn:
            nonlocal clock, claims
            claims += 1
            clock += answered_after
            return super().claim(host, seconds or 1.0, before, lasting)

    times = [0.01 * 1.3**step for step in range(30)]
    for answered_after, sent_after in product(times, times):
        row = Slow()
        pace = Pace(cast("HostPace", cast("Any", row)), delay, lambda _: None)
        pace.take(HOST, delay)
        clock, claims = clock + sent_after, 0
        if pace.check(HOST) is None and not claims:
            longest = max(longest, answered_after + sent_after)
        lasting = row.lasting
    assert 0 < longest <= lasting - pace.deliver_within
    assert lasting < lease * (1 - 1 / _BEATS)


def test_a_host_that_others_leave_alone_for_long_is_not_waited_for() -> None:
    """Another crawl was just told to come again in an hour; the run would not end before."""

    class Held(_Row):
        def claim(self, host: str, seconds: float, before: float, lasting: float) -> Turn:
            del host, seconds, before, lasting
            return Turn(None, LONGEST_WAIT + 1, "HTTP 429")

    async def wait() -> None:
        pace = Pace(cast("HostPace", cast("Any", Held())), 2.0, lambda _: None)
        async with asyncio.timeout(1):
            await pace.turn(HOST)

    with pytest.raises(HostHeld, match="HTTP 429, 61 s from now") as caught:
        asyncio.run(wait())
    assert caught.value.outcome is Outcome.DEFERRED


def test_no_bound() -> None:
    free = Bandwidth(0)
    for _ in range(3):
        free.handed_out(100.0)
        free.spent(10**9, 100.0)
    assert free.ready_at(3) == 0.0


@pytest.mark.parametrize("size", [1_000, 20_000, 400_000])
@pytest.mark.parametrize("at_once", [1, 4])
def test_over_time_no_more_than_the_bound(size: int, at_once: int) -> None:
    """Answers of a size that take a tenth of a second each, as many at once as may be."""
    bandwidth, now, under_way, sent = Bandwidth(100_000), 1000.0, list[float](), 0
    while now < 1060.0:
        while under_way and under_way[0] + 0.1 <= now:
            bandwidth.spent(size, under_way.pop(0))
            sent += size
        if len(under_way) < at_once and bandwidth.ready_at(len(under_way)) <= now:
            bandwidth.handed_out(now)
            under_way.append(now)
        now += 0.01
    bound = 60 * 100_000
    assert sent <= bound + at_once * size
    fastest = at_once * size * 60 / 0.11
    assert sent >= min(bound, fastest) * 0.85


def test_requests_that_are_dropped_before_they_are_sent_cost_nothing() -> None:
    bandwidth = Bandwidth(1000)
    for _ in range(5):
        bandwidth.handed_out(10.0)
    assert bandwidth.ready_at(5) > 100
    assert bandwidth.ready_at(0) == pytest.approx(10.0)


def rate(done: Crawl) -> float:
    """Bytes on the wire a second, from the archive."""
    count = 0
    for path in done.data_dir.rglob("*.warc.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                if record.rec_type in ("request", "response"):
                    count += len(record.content_stream().read())
    began, ended = (
        datetime.fromisoformat(done.report[key]) for key in ("started_at", "finished_at")
    )
    return count / (ended - began).total_seconds()


def test_a_run_stays_below_it(tmp_path: Path) -> None:
    bound = 50_000
    with Site(regions=["js", "he"], articles=12) as site:
        done = crawl(
            "-a", "regions=js,he", "-s", "DOWNLOAD_DELAY=0", "-s", f"BANDWIDTH_MAX={bound}",
            data_dir=tmp_path / "data", env=site.environment,
        )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert 0.6 * bound < rate(done) < 1.1 * bound
