"""Walks: known ground moves only when a walk is complete."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import WarcPointer
from crawler.ledger.lists import KEPT_WALKS
from crawler.ledger.rows import Backfill, ListCapture, ListState, PageState, Validators
from tests.ledger.conftest import HOUR, T0

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

LIST = "http://www.js.xinhuanet.com/yw.htm"
PAGE_2 = "http://www.js.xinhuanet.com/yw_2.htm"


def answer(ledger: Ledger, url: str = LIST, *, links: tuple[str, ...] = (), **values: Any) -> None:
    options: dict[str, Any] = {
        "at": T0, "status": 200, "region": "js",
        "validators": Validators(values.pop("etag", '"l1"'), None, values.pop("capture", None)),
    }  # fmt: skip
    ledger.lists.add_answer(url, links=links, **options | values)


def further(
    ledger: Ledger, url: str = PAGE_2, *, links: tuple[str, ...] = (), **values: Any
) -> None:
    options: dict[str, Any] = {"at": T0, "status": 200}
    ledger.lists.add_page_answer(LIST, url, links=links, **options | values)


def test_a_list_never_asked(ledger: Ledger) -> None:
    assert ledger.lists.state(LIST) == ListState(LIST)
    assert ledger.lists.known_links(LIST, ["a"]) == set()


def test_links_are_known_ground_once_the_walk_is_complete(ledger: Ledger) -> None:
    ledger.lists.start_walk(LIST, at=T0)
    answer(ledger, links=("a", "b", "a"))
    further(ledger, links=("c",))
    assert ledger.lists.known_links(LIST, ["a", "b", "c", "d"]) == set()
    ledger.lists.finish_walk(LIST, at=T0 + HOUR)
    assert ledger.lists.known_links(LIST, ["a", "b", "c", "d"]) == {"a", "b", "c"}
    assert ledger.lists.state(LIST).completed_at == T0 + HOUR


def test_a_walk_that_was_cut_off_hides_nothing(ledger: Ledger) -> None:
    answer(ledger, links=("a", "b"))
    ledger.lists.finish_walk(LIST, at=T0)
    ledger.lists.start_walk(LIST, at=T0 + HOUR)
    answer(ledger, links=("x", "y"))
    ledger.lists.save_walk(LIST, PAGE_2, 2)

    state = ledger.lists.state(LIST)
    assert (state.resume_url, state.resume_page) == (PAGE_2, 2)
    assert state.walk_started_at == T0 + HOUR
    assert ledger.lists.known_links(LIST, ["a", "x"]) == {"a"}

    ledger.lists.start_walk(LIST, at=T0 + 2 * HOUR)  # the next run takes the open walk up
    assert ledger.lists.state(LIST) == state
    further(ledger, links=("z",))
    ledger.lists.finish_walk(LIST, at=T0 + 2 * HOUR)
    assert ledger.lists.known_links(LIST, ["a", "x", "y", "z"]) == {"a", "x", "y", "z"}
    state = ledger.lists.state(LIST)
    assert (state.walk_started_at, state.resume_url, state.resume_page) == (None, None, None)


def walk(ledger: Ledger, *links: str) -> None:
    ledger.lists.start_walk(LIST, at=T0)
    answer(ledger, links=links)
    ledger.lists.finish_walk(LIST, at=T0)


def test_a_walk_without_news_forgets_nothing(ledger: Ledger) -> None:
    """It read the first page only: those below are still known ground."""
    walk(ledger, *"abcdef")
    for _ in range(3 * KEPT_WALKS):
        walk(ledger, "a", "b")
    assert ledger.lists.known_links(LIST, [*"abcdefx"]) == {*"abcdef"}


def test_known_ground_is_the_last_few_walks_that_met_something_new(ledger: Ledger) -> None:
    walk(ledger, "old", "older")
    for number in range(KEPT_WALKS - 1):
        walk(ledger, f"new {number}", "old")
    assert ledger.lists.known_links(LIST, ["old", "older"]) == {"old", "older"}
    walk(ledger, "newest", "old")
    assert ledger.lists.known_links(LIST, ["old", "older"]) == {"old"}


def test_an_answer_that_could_not_be_read_is_a_failure(ledger: Ledger) -> None:
    answer(ledger)
    answer(ledger, is_readable=False, etag='"of a page without links"')
    state = ledger.lists.state(LIST)
    assert (state.etag, state.last_status, state.failures) == ('"l1"', 200, 1)


def test_a_list_is_remembered_from_before_it_is_asked(ledger: Ledger) -> None:
    ledger.lists.remember(LIST, region="js", depth=2)
    assert [(one.url, one.last_at, one.depth) for one in ledger.lists.states(["js"])] == [
        (LIST, None, 2)
    ]


def test_a_list_is_as_deep_as_the_shortest_way_to_it(ledger: Ledger) -> None:
    for depth in (3, 1, 2):
        ledger.lists.remember(LIST, region="js", depth=depth)
    assert ledger.lists.state(LIST).depth == 1


def test_a_page_is_no_list(ledger: Ledger) -> None:
    answer(ledger, links=("a",))
    further(ledger, links=("b",), status=500)
    further(ledger, links=("b",), status=404)
    assert [one.url for one in ledger.lists.states()] == [LIST]
    assert ledger.lists.state(PAGE_2) == ListState(PAGE_2)
    assert ledger.lists.pages(PAGE_2) == [PageState(LIST, PAGE_2, 404, T0, 2)]
    assert ledger.lists.pages(LIST) == []
    further(ledger)
    assert ledger.lists.pages(PAGE_2)[0].failures == 0


def test_validators_may_be_kept_later(ledger: Ledger) -> None:
    ledger.lists.add_answer(LIST, at=T0, status=200, region="js")
    assert ledger.lists.state(LIST).etag is None
    ledger.lists.keep_validators(LIST, Validators('"l3"', "then", None))
    state = ledger.lists.state(LIST)
    assert (state.etag, state.last_modified, state.capture) == ('"l3"', "then", None)


def test_a_backfill_beside_the_walk(ledger: Ledger) -> None:
    """One for each day asked for; it is forgotten when it is done."""
    since, other = date(2017, 9, 1), date(2016, 9, 1)
    walk(ledger, "a")
    assert ledger.lists.backfill(LIST, since) is None
    ledger.lists.start_backfill(LIST, since, at=T0)
    ledger.lists.start_backfill(LIST, other, at=T0)
    ledger.lists.save_backfill(LIST, since, PAGE_2, 2)
    ledger.lists.start_backfill(LIST, since, at=T0 + HOUR)
    assert ledger.lists.backfill(LIST, since) == Backfill(LIST, since, T0, PAGE_2, 2)
    assert ledger.lists.backfill(LIST, other) == Backfill(LIST, other, T0, None, None)
    assert ledger.lists.state(LIST).walk_started_at is None
    assert [one.url for one in ledger.lists.states()] == [LIST]
    ledger.lists.finish_backfill(LIST, since)
    assert ledger.lists.backfill(LIST, since) is None
    assert ledger.lists.backfill(LIST, other) is not None


def test_the_capture_is_that_of_the_validators(ledger: Ledger) -> None:
    pointer = WarcPointer("warc/a.warc.gz", 1, 2, "<urn:uuid:1>", "sha1:A", "b" * 64)
    capture = ListCapture(LIST, T0, pointer)
    answer(ledger, capture=capture)
    answer(ledger, status=304, etag=None, at=T0 + HOUR)
    answer(ledger, status=500, etag=None, at=T0 + HOUR)
    assert ledger.lists.state(LIST).capture == capture
    answer(ledger, etag='"l2"', at=T0 + HOUR)  # archived elsewhere
    assert ledger.lists.state(LIST).capture is None


def test_health_and_validators_by_answer(ledger: Ledger) -> None:
    answer(ledger)
    answer(ledger, status=304, etag=None, at=T0 + HOUR)
    state = ledger.lists.state(LIST)
    assert (state.etag, state.last_status, state.last_ok_at) == ('"l1"', 304, T0 + HOUR)
    for hours, status in ((2, 503), (3, None)):
        answer(ledger, status=status, etag='"error page"', at=T0 + hours * HOUR)
    state = ledger.lists.state(LIST)
    assert (state.etag, state.last_status, state.failures) == ('"l1"', None, 2)
    assert (state.last_at, state.last_ok_at) == (T0 + 3 * HOUR, T0 + HOUR)
    answer(ledger, etag='"l2"')
    assert (ledger.lists.state(LIST).etag, ledger.lists.state(LIST).failures) == ('"l2"', 0)


def test_lists_of_regions(ledger: Ledger) -> None:
    answer(ledger)
    answer(ledger, "http://www.he.xinhuanet.com/", region="he")
    assert [state.region for state in ledger.lists.states()] == ["he", "js"]
    assert [state.url for state in ledger.lists.states(["js"])] == [LIST]


def test_without_an_open_walk(ledger: Ledger) -> None:
    answer(ledger)
    with pytest.raises(ValueError, match="no walk"):
        ledger.lists.save_walk(LIST, PAGE_2, 2)
    with pytest.raises(ValueError, match="no walk"):
        ledger.lists.finish_walk(LIST, at=T0)


def test_a_look_is_never_before_the_one_before_it(ledger: Ledger) -> None:
    """Another machine's clock may be ahead, or ours was."""
    ledger.lists.add_answer(LIST, at=T0 + HOUR, status=200, region="js")
    ledger.lists.add_answer(LIST, at=T0, status=200, region="js")
    state = ledger.lists.state(LIST)
    assert (state.last_ok_at, state.last_at) == (T0 + HOUR, T0)
