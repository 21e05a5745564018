"""Walks against a list that lives: it grows, pins, withdraws; runs are killed and pages fail.

In one process, with the real ledger; a kill is a rollback to the last checkpoint. What must hold:
nothing that the list shows above known ground is missed, and no walk goes on below it.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from scrapy.utils.test import get_crawler

from crawler.items import Page
from tests.column_site import HOST, Column
from tests.new_ledgers import new_ledger
from tests.nightly import shards
from tests.spiders.conftest import begin_walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scrapy.crawler import Crawler

    from crawler.ledger.ledger import Ledger
    from crawler.spiders.list_requests import ListStep
    from crawler.spiders.list_walk import ListWalk

TODAY = date(2026, 9, 1)
NO_ANSWER = 0


def article(number: int) -> str:
    """The address of the list's `number`-th article; three a day."""
    day = TODAY + timedelta(days=number // 3)
    return f"http://{HOST}/{day:%Y-%m/%d}/c_11{10_000_000 + number:08}.htm"


@dataclass
class Runs:
    """Runs over one column. `seen` is what the ledger durably knows; `asked` the pages of the last
    run; `failing` maps a page number to the status it answers with."""

    ledger: Ledger
    folder: Path
    crawler: Crawler
    column: Column = field(default_factory=lambda: Column("/xw/yw.htm"))
    published: int = 0
    seen: set[str] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    failing: dict[int, int] = field(default_factory=dict)
    count: int = 0

    def publish(self, count: int) -> None:
        new = [article(number) for number in range(self.published, self.published + count)]
        self.published += count
        self.column.items[:0] = reversed(new)

    def run(self, *, pages: int | None = None, since: date | None = None) -> ListWalk:
        """One run; with `pages` it is killed after so many list answers."""
        self.count += 1
        spargs = {"lists": self.column.url} | ({"since": str(since)} if since else {})
        walk, _ = begin_walk(self.ledger, self.folder, self.crawler, self.count, spargs)
        self.asked = []
        steps = deque(walk.start())
        while steps:
            if pages is not None and len(self.asked) == pages:
                self.ledger.connection.raw.rollback()
                return walk
            step = steps.popleft()
            steps += self._step(walk, step)
            self.ledger.commit()
        return walk

    def _step(self, walk: ListWalk, step: ListStep) -> list[ListStep]:
        conditions = walk.conditions(step)
        path = step.url.removeprefix(f"http://{HOST}")
        number = self.column.number(path)
        self.asked.append(number or NO_ANSWER)
        status = self.failing.get(number, 200) if number else 404
        if status == NO_ANSWER:
            walk.failed(step, "the network is down")
            return []
        etag = self.column.etag() if self.column.has_validators else None
        if (
            status == 200
            and number == 1
            and etag
            and conditions.get("If-None-Match") == etag.encode()
        ):
            status = 304
        body = self.column.html(number).encode() if number and status == 200 else b""
        headers = (("ETag", etag),) if etag else ()
        found = walk.answered(step, Page(step.url, status, headers, body, "", None))
        self.seen |= {sighting.url for sighting in found.sightings}
        return found.steps

    @property
    def is_open(self) -> bool:
        return self.ledger.lists.state(self.column.url).walk_started_at is not None


@pytest.fixture(scope="module")
def crawler() -> Crawler:
    return get_crawler(
        settings_dict={"LIST_MAX_PAGES": 3, "LIST_MAX_COLUMNS": 10, "LIST_MAX_DEPTH": 3}
    )


@pytest.fixture
def runs(memory: Path, crawler: Crawler) -> Iterator[Runs]:
    with closing(new_ledger(memory / "ledger.sqlite")) as ledger:
        yield Runs(ledger, memory, crawler)


def test_a_list_never_walked_is_walked_a_few_pages(runs: Runs) -> None:
    runs.publish(60)
    runs.run()
    assert runs.asked == [1, 2, 3]


def test_a_list_without_news_is_asked_once_and_conditionally(runs: Runs) -> None:
    runs.publish(60)
    for _ in range(3):
        runs.run()
    assert runs.asked == [1]
    assert not runs.is_open


def test_the_first_known_link_ends_nothing(runs: Runs) -> None:
    """An old article is pinned above ten new ones; the walk stops where a whole page is known."""
    runs.publish(60)
    runs.run()
    runs.column.pinned = [article(58), article(1)]
    runs.publish(10)
    runs.run()
    assert {article(number) for number in range(60, 70)} <= runs.seen
    assert runs.asked == [1, 2, 3]


def test_a_gap_is_paged_through(runs: Runs) -> None:
    runs.publish(60)
    runs.run()
    runs.publish(38)
    runs.run()
    assert {article(number) for number in range(60, 98)} <= runs.seen
    assert len(runs.asked) <= 38 // 5 + 2


@pytest.mark.parametrize("kills", [(1,), (2,), (5,), (2, 1), (2, 2, 3), (6, 1, 1, 1)])
def test_a_gap_survives_kills_and_growth(runs: Runs, kills: tuple[int, ...]) -> None:
    """Each killed run leaves the gap open, and more is published before the next."""
    runs.publish(60)
    runs.run()
    runs.publish(33)
    for pages in kills:
        runs.run(pages=pages)
        runs.publish(12)
    runs.run()
    assert not runs.is_open
    assert {article(number) for number in range(60, runs.published)} <= runs.seen
    runs.run()
    assert runs.asked == [1]


def test_a_resumed_walk_begins_with_the_page_it_read_last(runs: Runs) -> None:
    """What was taken off above moved links up a page."""
    runs.publish(60)
    runs.run()
    runs.publish(40)
    runs.run(pages=4)
    del runs.column.items[:5]
    runs.run()
    assert runs.asked[0] == 4
    assert {article(number) for number in range(60, 95)} <= runs.seen


def test_quiet_walks_do_not_forget_the_ground_below(runs: Runs) -> None:
    """Without validators a quiet list is read each time: its first page, all known."""
    runs.column.has_validators = False
    runs.publish(200)
    runs.run()
    for _ in range(12):
        runs.run()
        assert runs.asked == [1]
    runs.publish(3)
    runs.run()
    assert runs.asked == [1, 2]


def test_a_page_that_is_missing_twice_ends_the_list(runs: Runs) -> None:
    runs.publish(60)
    runs.run()
    runs.publish(30)
    runs.failing = {3: 404}
    runs.run()
    assert runs.is_open
    runs.run()
    assert runs.asked == [1, 2, 3]
    assert not runs.is_open
    runs.run()
    assert runs.asked == [1]


@pytest.mark.parametrize("status", [NO_ANSWER, 503, 404])
def test_a_page_that_fails_once_leaves_the_gap_open(runs: Runs, status: int) -> None:
    runs.publish(60)
    runs.run()
    runs.publish(30)
    runs.failing = {4: status}
    runs.run()
    assert runs.is_open
    runs.failing = {}
    runs.publish(4)
    runs.run()
    assert not runs.is_open
    assert {article(number) for number in range(60, 94)} <= runs.seen


def test_a_page_that_fails_for_long_does_not_keep_the_news_back(runs: Runs) -> None:
    runs.publish(60)
    runs.run()
    runs.publish(30)
    runs.run(pages=3)
    runs.failing = {3: 503}
    for _ in range(5):
        runs.run()
    runs.publish(4)
    runs.run()
    assert article(runs.published - 1) in runs.seen


# --- since -------------------------------------------------------------------------------------


def test_since_goes_back_below_known_ground(runs: Runs) -> None:
    runs.publish(180)  # 60 days
    runs.run()
    runs.publish(6)
    since = TODAY + timedelta(days=30)
    runs.run(since=since)
    wanted = {article(number) for number in range(30 * 3, 186)}
    assert wanted <= runs.seen
    assert len(runs.asked) <= -(-(186 - 90) // 5) + 2  # to `since` and a day's margin, no further
    assert not runs.is_open


def test_since_alone_asks_no_more_than_its_days_of_a_list_never_walked(runs: Runs) -> None:
    runs.publish(180)
    runs.run(since=TODAY + timedelta(days=58))
    assert runs.asked == [1, 2, 3]  # nine articles of three days, then a page older than the margin
    runs.run()
    assert runs.asked == [1, 2, 3]  # the list is still one never walked


def test_since_does_not_hide_a_gap_below_it(runs: Runs) -> None:
    runs.publish(60)
    runs.run()
    runs.publish(60)
    runs.run(since=TODAY + timedelta(days=38))
    runs.run()
    assert {article(number) for number in range(60, 120)} <= runs.seen


@pytest.mark.parametrize("kill", [1, 4, 9, 20])
def test_a_backfill_is_resumed_where_it_stopped(runs: Runs, kill: int) -> None:
    runs.publish(180)
    runs.run()
    since = TODAY + timedelta(days=3)
    runs.run(since=since, pages=kill)
    runs.publish(7)
    runs.run(since=since)
    assert {article(number) for number in range(9, 187)} <= runs.seen
    assert len(runs.asked) <= 38 - kill + 6


def test_other_runs_leave_a_backfill_alone(runs: Runs) -> None:
    runs.publish(180)
    runs.run()
    since = TODAY + timedelta(days=3)
    runs.run(since=since, pages=20)
    runs.publish(4)
    runs.run()
    assert runs.asked == [1, 2]
    runs.run(since=since)
    assert 20 in runs.asked
    assert len(runs.asked) < 25
    assert {article(number) for number in range(9, 184)} <= runs.seen


def test_days_that_no_list_goes_back_to(runs: Runs) -> None:
    """A pinned article of old does not count: the list ends where it ends."""
    runs.publish(30)
    del runs.column.items[-9:]
    runs.column.pinned = [article(0)]
    walk = runs.run(since=TODAY - timedelta(days=10))
    assert walk.reach.unreached() == {"js": ["2026-08-22", "2026-09-03"]}
    assert runs.run(since=TODAY + timedelta(days=5)).reach.unreached() == {}


# --- everything at once -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", shards(10, 24))
def test_nothing_is_missed_and_nothing_asked_in_vain(runs: Runs, seed: int) -> None:
    rng = Random(seed)
    column = runs.column
    column.has_validators = rng.random() < 0.6
    runs.publish(rng.randrange(1, 120))
    runs.run()
    while runs.is_open:
        runs.run()
    first = runs.published
    for _ in range(20):
        new = rng.choice((0, 0, 1, 3, 7, 26))
        runs.publish(new)
        if rng.random() < 0.3 and len(column.items) > 3:  # taken off: one of the newest
            taken = column.items.pop(rng.randrange(3))
            runs.seen.add(taken)
        column.note = rng.choice(("", "", "改版"))
        column.pinned = rng.sample(column.items, k=min(len(column.items), rng.randrange(3)))
        was_whole = not runs.is_open
        troubled = rng.random()
        if troubled < 0.2:
            runs.failing = {rng.randrange(2, 5): rng.choice((NO_ANSWER, 503))}
        is_killed = 0.2 < troubled < 0.5
        runs.run(pages=rng.randrange(1, 4) if is_killed else None)
        runs.failing = {}
        if was_whole and troubled > 0.5:
            assert len(runs.asked) <= new // 5 + 3
        if not (runs.is_open or is_killed):
            missed = {article(n) for n in range(first, runs.published)} - runs.seen
            assert not missed & set(column.items)
    for _ in range(3):
        runs.run()
    assert not runs.is_open
    assert not set(column.items) & {article(n) for n in range(first, runs.published)} - runs.seen
