"""Where walks end, and what they page over. Walks over a list that lives are in
`tests/spiders/test_walk_model.py`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler.spiders.list_walk import MOST_GAPS
from tests.spiders.conftest import HOST, node, page

if TYPE_CHECKING:
    from tests.spiders.conftest import Walks

YW = f"{HOST}/xw/yw.htm"
FOLDER = f"{HOST}/xw/"
NODE = "http://qc.wa.news.cn/nodeart/list?nid=117309&pgnum={}&cnt=2&tp=1&orderby=1"
SINCE = {"since": "2019-01-01"}
DEEP = {"LIST_MAX_PAGES": 50}


def nodes(*pages: bytes) -> dict[str, bytes | int]:
    return {NODE.format(number): body for number, body in enumerate(pages, 1)}


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["new", "since"])
@pytest.mark.parametrize("total", [None, 0, 1, 10_000])
def test_a_source_that_repeats_itself_for_ever_ends(
    walks: Walks, arguments: dict[str, str], total: int | None
) -> None:
    """Whatever total it tells."""
    walks.site = {"*": node([1, 2], total)}
    walks.run(lists=NODE.format(1), settings=DEEP, **arguments)
    assert len(walks.asked) <= 3
    assert walks.has_seen(1, 2)
    assert walks.ledger.lists.backfill(NODE.format(1), date(2019, 1, 1)) is None
    assert bool(walks.ledger.lists.state(NODE.format(1)).walk_started_at) == bool(arguments)


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["new", "since"])
def test_two_pages_by_turns_end(walks: Walks, arguments: dict[str, str]) -> None:
    walks.site = nodes(*(node([n % 2, 7], None) for n in range(40)))
    walks.run(lists=NODE.format(1), settings=DEEP, **arguments)
    assert len(walks.asked) <= 4


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["new", "since"])
@pytest.mark.parametrize("total", [5, 6])
def test_the_total_is_the_end(walks: Walks, arguments: dict[str, str], total: int) -> None:
    walks.site = nodes(node([1, 2], total), node([3, 4], total), node([5, 6], total))
    walks.site["*"] = node([7, 8], total)
    walks.run(lists=NODE.format(1), settings=DEEP, **arguments)
    assert walks.asked == [NODE.format(number) for number in (1, 2, 3)]
    assert walks.has_seen(1, 2, 3, 4, 5)


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["new", "since"])
@pytest.mark.parametrize("empty", [[], [None], [None, None]], ids=["empty", "one", "full"])
def test_an_empty_page_in_the_middle_is_paged_over(
    walks: Walks, arguments: dict[str, str], empty: list[None]
) -> None:
    walks.site = nodes(node([1, 2], 7), node(empty, 7), node([3, 4], 7), node([5], 7))
    walks.run(lists=NODE.format(1), settings=DEEP, **arguments)
    assert walks.has_seen(1, 2, 3, 4, 5)
    assert len(walks.asked) == 4


def test_a_gap_in_known_ground_is_paged_over_too(walks: Walks) -> None:
    walks.site = nodes(node([1, 2], 2))
    walks.run(lists=NODE.format(1))
    walks.site = nodes(node([8, 7], 7), node([], 7), node([6, 5], 7), node([1, 2], 7))
    walks.run(lists=NODE.format(1))
    assert walks.has_seen(5, 6, 7, 8)


def test_empty_pages_without_end_end(walks: Walks) -> None:
    walks.site = nodes(node([1, 2], 10_000)) | {"*": node([], 10_000)}
    walks.run(lists=NODE.format(1), settings=DEEP, **SINCE)
    assert len(walks.asked) == 2 + MOST_GAPS


def test_only_pinned_articles_end_a_walk(walks: Walks) -> None:
    """A page without one that is new to the walk ends it, whatever stands below."""
    pages = ([1, 2], [2, 3], [1, 3], [4, 5])
    walks.site = {
        f"{FOLDER}yw{f'_{n}' if n > 1 else ''}.htm": page(shown, 下一页=f"{FOLDER}yw_{n + 1}.htm")
        for n, shown in enumerate(pages, 1)
    }
    walks.run(lists=YW)
    assert len(walks.asked) == 3


# --- pagers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["new", "since"])
def test_a_relative_pager_that_nests(walks: Walks, arguments: dict[str, str]) -> None:
    """Each page links relatively to `page/2/`, `page/3/`, …, and every address answers."""
    numbers = {str(number): f"page/{number}/" for number in range(2, 6)}
    for number in range(1, 6):
        body = page([number], 下一页=f"page/{number + 1}/", **numbers)
        walks.site[FOLDER if number == 1 else f"{FOLDER}page/{number}/"] = body
    walks.site["*"] = page([5], 下一页="page/6/", **numbers)
    walks.run(lists=FOLDER, settings=DEEP, **arguments)
    assert walks.asked[:5] == [FOLDER, *(f"{FOLDER}page/{n}/" for n in range(2, 6))]
    assert len(walks.asked) <= 6
    assert walks.has_seen(1, 2, 3, 4, 5)


def test_a_nesting_pager_names_no_lists(walks: Walks) -> None:
    numbers = {str(number): f"page/{number}/" for number in range(2, 6)}
    root = page([1], 要闻=FOLDER)
    walks.site = {f"{HOST}/": root, "*": page([2], 下一页="page/2/", **numbers)}
    for _ in range(3):
        walks.run()
        assert len([url for url in walks.asked if "/xw/" in url]) <= 2
    assert {one.url for one in walks.ledger.lists.states() if "/page/" in one.url} == set()


def test_both_pagers_of_a_page_are_walked(walks: Walks) -> None:
    """Two lists on one page, each with its numbers: what nothing else leads to is a list."""
    numbers = {" 2 ": "tp_2.htm", " 3 ": "tp_3.htm", "2": "yw_2.htm", "3": "yw_3.htm"}
    walks.site = {f"{HOST}/": page([9], 要闻=YW), YW: page([1], **numbers)}
    walks.site |= {f"{FOLDER}yw_{n}.htm": page([n], **numbers) for n in (2, 3)}
    walks.site |= {f"{FOLDER}tp_{n}.htm": page([n + 10], **numbers) for n in (2, 3)}
    walks.run()
    assert walks.has_seen(1, 2, 3, 12, 13)
    assert len([url for url in walks.asked if "/xw/" in url]) == 5


def test_a_pager_on_the_other_host(walks: Walks) -> None:
    other = FOLDER.replace("www.", "")
    walks.site = {YW: page([1], 下一页=f"{other}yw_2.htm"), f"{other}yw_2.htm": page([2])}
    walks.run(lists=YW)
    assert walks.has_seen(1, 2)


# --- backfills -----------------------------------------------------------------------------------


def test_a_backfill_stopped_by_a_missing_page_is_begun_anew(walks: Walks) -> None:
    walks.site = {YW: page([1], 下一页="yw_2.htm"), f"{FOLDER}yw_2.htm": page([2])}
    walks.run(lists=YW)
    walks.site[f"{FOLDER}yw_2.htm"] = page([2], 下一页="yw_3.htm")
    walks.run(lists=YW, **SINCE)
    assert walks.asked == [YW, f"{FOLDER}yw_2.htm", f"{FOLDER}yw_3.htm"]
    walks.site[f"{FOLDER}yw_3.htm"] = page([3])
    walks.run(lists=YW, **SINCE)
    assert walks.has_seen(3)
