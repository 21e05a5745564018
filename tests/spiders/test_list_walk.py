"""Where walks end, and what they page over. Walks over a list that lives are in
`tests/spiders/test_walk_model.py`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler.clock import now
from crawler.ledger.rows import HoleKind
from crawler.spiders import list_walk
from crawler.spiders.frontier import sighting
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


def endless(walks: Walks, name: str) -> str:
    """A list each of whose pages shows two articles that no other shows, and leads on."""
    for number in range(1, 200):
        url = f"{HOST}/{name}{f'_{number}' if number > 1 else ''}.htm"
        following = {"下一页": f"{HOST}/{name}_{number + 1}.htm"}
        walks.site[url] = page([900_000 - 2 * number, 900_001 - 2 * number], **following)
    return f"{HOST}/{name}.htm"


@pytest.mark.parametrize("arguments", [{}, SINCE], ids=["again", "since"])
def test_a_list_that_never_ends_is_left_after_so_many_pages(
    walks: Walks, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, str]
) -> None:
    monkeypatch.setattr(list_walk, "MOST_PAGES", 20)
    url = endless(walks, "xw/yw")
    walks.run(lists=url)
    assert (len(walks.asked), walks.alarms) == (5, [])
    for number in range(1, 200):  # nothing that it showed is left
        place = url.replace(".htm", f"_{number}.htm") if number > 1 else url
        shifted = [1_800_000 - 2 * number, 1_800_001 - 2 * number]
        walks.site[place] = page(shifted, 下一页=url.replace(".htm", f"_{number + 1}.htm"))
    walks.run(lists=url, **arguments)
    assert 20 <= len(walks.asked) <= 40
    assert any("shows something new on each of 20 pages" in alarm for alarm in walks.alarms)
    # the next run looks at its newest again
    walks.run(lists=url)
    assert walks.asked[0] == url


def holes(walks: Walks, url: str) -> list[tuple[str, date]]:
    """What the walk of a list left unread: kind, and the newest day that it concerns."""
    every = walks.ledger.certificates.holes(date(2020, 3, 5))
    return [(hole.kind, hole.last_day) for hole in every if hole.list_url == url]


def test_pages_that_a_first_walk_left_are_a_hole(walks: Walks) -> None:
    url = endless(walks, "xw/yw")
    walks.run(lists=url)
    assert holes(walks, url) == [(HoleKind.PAGES_LEFT, date(2020, 3, 5))]
    # a later walk leaves it as it is
    walks.run(lists=url)
    assert holes(walks, url) == [(HoleKind.PAGES_LEFT, date(2020, 3, 5))]


def test_a_first_walk_to_the_end_leaves_none(walks: Walks) -> None:
    walks.site = {YW: page([1, 2], 下一页=f"{HOST}/xw/yw_2.htm"), f"{HOST}/xw/yw_2.htm": page([3])}
    walks.run(lists=YW)
    assert holes(walks, YW) == []


def test_a_list_that_moved_goes_over_known_ground(walks: Walks) -> None:
    """Its old address has shown what its pages show."""
    old = endless(walks, "xw/yw")
    walks.run(lists=old, settings={"LIST_MAX_PAGES": 20})
    walks.ledger.addresses.see(
        [sighting(url) for url in sorted(walks.seen)], run_id="run-1", at=now()
    )
    new = endless(walks, "xinwen/yw")
    walks.run(lists=new)
    assert len(walks.asked) == 5
    assert holes(walks, new) == []


@pytest.mark.parametrize(("since", "left"), [("2020-03-06", 1), ("2020-03-05", 0)])
def test_reading_back_closes_it_as_far_as_it_goes(walks: Walks, since: str, left: int) -> None:
    url = endless(walks, "xw/yw")
    walks.run(lists=url)
    walks.site |= {
        f"{HOST}/xw/yw_6.htm": page([7], 下一页=f"{HOST}/xw/yw_7.htm"),
        f"{HOST}/xw/yw_7.htm": page([8], 下一页=f"{HOST}/xw/yw_8.htm").replace(
            b"2020-03/05", b"2019-01/01"
        ),
    }
    walks.run(lists=url, since=since)
    assert len(holes(walks, url)) == left
