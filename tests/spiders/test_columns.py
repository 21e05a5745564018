"""Columns: found on every list's first page, nearest first, so many and so deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.spiders.conftest import HOST, ROOT, page

if TYPE_CHECKING:
    from tests.spiders.conftest import Walks

LEADERS, SPEECHES, CALENDAR = f"{HOST}/ldhd/index.htm", f"{HOST}/ldhd/zyjh.htm", f"{HOST}/rl/"


def day(number: int) -> str:
    return f"{HOST}/rl/d{number}.htm"


def month(*numbers: int, **links: str) -> bytes:
    """A page of a calendar: a day's articles and links to other days."""
    return page(numbers[:1], **{f"{n}日": day(n) for n in numbers[1:]}, **links)


def test_a_column_of_a_column(walks: Walks) -> None:
    """The front page leads to one that shows no article, and that to one that does."""
    walks.site = {
        ROOT: page(领导=LEADERS), LEADERS: page(讲话=SPEECHES, 首页="/"), SPEECHES: page([1])
    }  # fmt: skip
    walks.run()
    assert walks.has_seen(1)
    assert [walks.ledger.lists.state(url).depth for url in (ROOT, LEADERS, SPEECHES)] == [0, 1, 2]
    walks.run()
    assert {LEADERS, SPEECHES} <= set(walks.asked)
    assert walks.alarms == []


@pytest.mark.parametrize(("depth", "found"), [(0, 0), (1, 1), (2, 2), (3, 3), (9, 5)])
def test_no_deeper_than_the_limit(walks: Walks, depth: int, found: int) -> None:
    chain = [ROOT, *(f"{HOST}/x{'y' * n}.htm" for n in range(5))]
    walks.site = {
        url: page([n], 下面=below)
        for n, (url, below) in enumerate(zip(chain, [*chain[1:], ROOT], strict=True))
    }
    walks.run(settings={"LIST_MAX_DEPTH": depth})
    assert [url in walks.asked for url in chain] == [n <= found for n in range(6)]


def test_the_nearest_first(walks: Walks) -> None:
    """All columns of the front page are asked before those that one of them names."""
    names = [f"{HOST}/l{n}/" for n in "abc"]
    walks.site = {ROOT: page(**{f"栏目{n}": url for n, url in enumerate(names)})}
    walks.site |= {url: page([n], 下面=f"{url}x.htm") for n, url in enumerate(names)}
    walks.run()
    columns = [url for url in walks.asked if "/l" in url]
    assert columns == [*names, *(f"{url}x.htm" for url in names)]


def test_a_calendar_does_not_run_away(walks: Walks) -> None:
    """Each of its days links to a hundred others. What stands beside it is found all the same,
    and in every later run."""
    walks.site = {ROOT: page([1], 日历=CALENDAR, 领导=LEADERS)}
    walks.site |= {LEADERS: page(讲话=SPEECHES), SPEECHES: page([2])}
    walks.site |= {CALENDAR: month(3, *range(1000, 1100))}
    walks.site |= {day(n): month(n, *range(n + 1, n + 100)) for n in range(1000, 1400)}
    for _ in range(4):
        walks.run()
        assert SPEECHES in walks.asked
        assert len([url for url in walks.asked if "/rl/d" in url]) <= 40
    assert walks.has_seen(1, 2, 3)


def test_the_numbers_of_a_calendar_are_no_columns(walks: Walks) -> None:
    days = {str(n): f"{CALENDAR}2020030{n}.htm" for n in range(1, 8)}
    walks.site = {ROOT: page([1], 日历=CALENDAR), CALENDAR: page([2], **days)}
    walks.site |= {url: page([3], **days) for url in days.values()}
    walks.run()
    assert len([url for url in walks.asked if "/rl/" in url]) <= 3


def test_remembered_lists_take_turns_where_there_are_too_many(walks: Walks) -> None:
    for number in range(60):
        walks.ledger.lists.remember(
            f"{HOST}/a{chr(97 + number % 26)}{number}/", region="gz", depth=1
        )
    walks.site = {ROOT: page([1], 新的=SPEECHES), "*": page([2])}
    walks.run()
    first = {url for url in walks.asked if "/a" in url}
    assert len(first) == 30  # a quarter is kept for new ones
    assert SPEECHES in walks.asked
    walks.run()
    assert len(first | {url for url in walks.asked if "/a" in url}) == 60


def test_what_is_over_the_budget_is_found_by_a_later_run(walks: Walks) -> None:
    """The page that names it is asked without validators until all of it is remembered."""
    names = [f"{HOST}/l{chr(97 + n)}.htm" for n in range(20)]
    walks.site = {ROOT: page([1], **{f"栏目{n}": url for n, url in enumerate(names)})}
    walks.site |= dict.fromkeys(names, page([2]))
    settings = {"LIST_MAX_COLUMNS": 16}
    walks.run(settings=settings)
    assert len([url for url in walks.asked if "/l" in url]) == 16
    assert walks.ledger.lists.state(ROOT).etag is None
    walks.run(settings=settings)
    walks.run(settings=settings)
    assert all(walks.ledger.lists.state(url).last_at for url in names)
    assert walks.ledger.lists.state(ROOT).etag is not None


@pytest.mark.parametrize("kill", range(1, 9))
def test_a_kill_loses_no_column(walks: Walks, kill: int) -> None:
    """Where the front page's answer is committed and its columns aren't, its validators aren't."""
    walks.site = {
        ROOT: page([1], 领导=LEADERS), LEADERS: page(讲话=SPEECHES), SPEECHES: page([2])
    }  # fmt: skip
    walks.run(kill=kill)
    state = walks.ledger.lists.state(ROOT)
    assert state.etag is None or walks.ledger.lists.state(LEADERS).walk_started_at is not None
    walks.run()
    assert walks.has_seen(1, 2)


def test_a_page_that_only_leads_on_is_given_up_in_time(walks: Walks) -> None:
    """What it leads to is remembered."""
    walks.site = {ROOT: page([1], 领导=LEADERS), LEADERS: page(讲话=SPEECHES), SPEECHES: page([2])}
    for _ in range(6):
        walks.run()
    assert LEADERS not in walks.asked
    assert SPEECHES in walks.asked
    assert walks.alarms == []


def test_a_list_that_shows_columns_for_articles_is_an_alarm(walks: Walks) -> None:
    walks.site = {ROOT: page([1], 领导=LEADERS), LEADERS: page([2]), SPEECHES: page([3])}
    walks.run()
    walks.site[LEADERS] = page(讲话=SPEECHES)
    walks.run()
    assert SPEECHES in walks.asked
    (alarm,) = walks.alarms
    assert LEADERS in alarm


def test_pages_of_a_pager_belong_to_their_list(walks: Walks) -> None:
    """Words on the front page name one that was walked as a page."""
    yw = f"{HOST}/yw.htm"
    numbers = {str(n): f"{HOST}/yw_{n}.htm" for n in range(2, 5)}
    pages = {
        f"{HOST}/yw_{n}.htm": page([n], 下一页=f"{HOST}/yw_{n + 1}.htm", **numbers)
        for n in range(2, 4)
    }
    walks.site = {
        ROOT: page([9], 要闻=yw), yw: page([1], 下一页=f"{HOST}/yw_2.htm", **numbers),
        f"{HOST}/yw_4.htm": page([4]), **pages,
    }  # fmt: skip
    walks.run()
    assert len([url for url in walks.asked if "/yw" in url]) == 4
    walks.site[ROOT] = page([9], 要闻=yw, 旧闻=f"{HOST}/yw_3.htm")
    walks.run()
    assert [url for url in walks.asked if "/yw" in url] == [yw]
    assert {one.url for one in walks.ledger.lists.states() if "/yw" in one.url} == {yw}


def test_with_lists_given_no_column_is_looked_for(walks: Walks) -> None:
    walks.site = {LEADERS: page([1], 讲话=SPEECHES)}
    walks.run(lists=LEADERS)
    assert walks.asked == [LEADERS]
    walks.site |= {ROOT: page([2], 领导=LEADERS), SPEECHES: page([3])}
    walks.run()
    walks.run()
    assert walks.has_seen(1, 2, 3)  # it is near the root after all
