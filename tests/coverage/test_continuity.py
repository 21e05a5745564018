"""Whether a walk of a list reaches what the one before it had seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from crawler.coverage.continuity import FIRST_DAY, Reach, head_of, hole_below, hole_of
from crawler.ledger.rows import HoleKind, Source
from crawler.lists.links import ListLink

LIST = "http://js.news.cn/yw.htm"
THEN, NOW = datetime(2026, 3, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, 4, tzinfo=UTC)


def link(day: int, number: int = 0) -> ListLink:
    url = f"http://js.news.cn/2026-03/{day:02}/c_112{day * 100 + number:07}.htm"
    return ListLink(url, url, "要闻", 1)


@dataclass(frozen=True)
class Answer:
    links: list[ListLink]
    total: int | None = None
    skipped: int = 0
    refused: int = 0


def source(*head: ListLink, total: int | None = None) -> Source:
    urls = [one.url for one in head]
    return Source(LIST, THEN, 20, None, None, None, urls, THEN, None, None, total)


def reach(before: Source, *pages: tuple[Answer, int]) -> Reach:
    """What a walk came to that read these pages, each with so many new links."""
    made = Reach(is_from_start=True)
    for answer, new in pages:
        made.read(answer, new, before.head or ())
    return made


def test_the_newest_are_told_by_their_days_not_by_where_they_stand() -> None:
    pinned = "http://js.news.cn/2016-03/03/c_1120000001.htm"
    links = [pinned, *(link(day).url for day in range(20, 10, -1))]
    assert head_of(links) == links[1:6]
    assert head_of([]) == []
    # of a short page: what is pinned would always be met again
    assert head_of(links[:3]) == links[1:3]
    assert head_of([pinned]) == [pinned]


@pytest.mark.parametrize("left", [0, 1, 4])
def test_while_one_of_the_newest_is_left_there_is_no_hole(left: int) -> None:
    before = source(*(link(3, number) for number in range(5)))
    shown = Answer([link(6), link(5), link(3, left)])
    assert hole_of(before, reach(before, (shown, 2)), NOW, is_whole=True) is None


def test_a_list_that_turned_over_has_one() -> None:
    """What went is older than what is left."""
    before = source(link(3))
    shown = Answer([link(6), link(5)])
    hole = hole_of(before, reach(before, (shown, 2)), NOW, is_whole=True)
    assert hole
    assert (hole.kind, hole.since, hole.until) == (HoleKind.OVERFLOW, THEN, NOW)
    assert (hole.first_day, hole.last_day) == (date(2026, 3, 3), date(2026, 3, 5))


def test_a_further_page_joins_or_could_not_be_had() -> None:
    before = source(link(3))
    first, second = Answer([link(6)]), Answer([link(4), link(3)])
    assert hole_of(before, reach(before, (first, 1), (second, 1)), NOW, is_whole=True) is None
    torn = hole_of(before, reach(before, (first, 1)), NOW, is_whole=False)
    assert torn
    assert torn.kind is HoleKind.PAGES_UNREACHED


def test_nothing_new_is_no_hole() -> None:
    """The newest ones were taken off the list."""
    before = source(link(3))
    assert hole_of(before, reach(before, (Answer([link(2)]), 0)), NOW, is_whole=True) is None


def test_the_first_walk_has_none() -> None:
    fresh = Source(LIST, THEN, 20, None, None, None)
    assert hole_of(fresh, reach(fresh, (Answer([link(6)]), 1)), NOW, is_whole=True) is None


@pytest.mark.parametrize(
    ("total", "answer", "new", "missing"),
    [
        (40, Answer([link(6), link(3)], total=43), 1, 2),
        (40, Answer([link(6), link(3)], total=41), 1, None),
        (40, Answer([link(6), link(3)], total=39), 1, None),  # some were taken off
        (40, Answer([link(6), link(3)], total=43, skipped=2), 1, None),  # rows without address
        (40, Answer([link(6), link(3)], total=43, refused=2), 1, None),
        (None, Answer([link(6), link(3)], total=43), 1, None),
        (40, Answer([link(6), link(3)]), 1, None),
    ],
)
def test_a_total_that_grew_by_more_than_was_shown(
    total: int | None, answer: Answer, new: int, missing: int | None
) -> None:
    before = source(link(3), total=total)
    hole = hole_of(before, reach(before, (answer, new)), NOW, is_whole=True)
    assert (hole and (hole.kind, hole.missing)) == (missing and (HoleKind.TOTAL, missing))


def test_of_a_resumed_walk_the_total_says_nothing() -> None:
    before = source(link(3), total=40)
    resumed = reach(before, (Answer([link(6), link(3)], total=90), 1))
    resumed.is_from_start = False
    assert hole_of(before, resumed, NOW + timedelta(days=1), is_whole=True) is None


def undated(time: str | None = None) -> ListLink:
    url = "http://js.news.cn/20261345/" + "0a" * 16 + "/c.html"
    return ListLink(url, url, "要闻", 1, time)


@pytest.mark.parametrize(
    ("shown", "last"),
    [
        ([link(9), link(8), link(7)], date(2026, 3, 7)),
        # what is pinned on top is old
        ([link(1), link(9), link(8)], date(2026, 3, 8)),
        ([link(9), undated()], date(2026, 3, 9)),
        ([link(9), undated("2026-03-04 08:00")], date(2026, 3, 4)),
        ([undated()], date(2026, 3, 6)),
    ],
)
def test_below_a_first_walk_that_was_cut_off_is_a_hole(shown: list[ListLink], last: date) -> None:
    found = hole_below(source(), shown, {one.url for one in shown}, NOW)
    assert found
    assert (found.kind, found.since, found.until) == (HoleKind.PAGES_LEFT, THEN, NOW)
    assert (found.first_day, found.last_day) == (FIRST_DAY, last)


def test_where_all_was_known_elsewhere_there_is_none() -> None:
    shown = [link(9), link(8)]
    assert hole_below(source(), shown, set(), NOW) is None
    assert hole_below(source(), shown, {link(3).url}, NOW) is None
    assert hole_below(source(), [], {link(3).url}, NOW) is None
