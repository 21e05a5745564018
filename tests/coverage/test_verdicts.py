"""The verdict on a region's day, and the day of an article."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crawler.coverage.verdicts import (
    RegionDay,
    Verdict,
    day_of,
    end_of,
    judge,
    region_days,
    start_of,
)
from crawler.ledger.rows import DayLink, DaySource, Hole, HoleKind
from crawler.ledger.sources import mark
from crawler.outcomes import Outcome

DAY = date(2026, 3, 5)
# Beijing's midnight
START = datetime(2026, 3, 4, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOT, YW, JJ = "http://js.news.cn/", "http://js.news.cn/yw.htm", "http://js.news.cn/jj.htm"
LINK = DayLink(
    "http://js.news.cn/2026-03/05/c_1120000001.htm", "1120000001", "js", DAY, None,
    START + HOUR, ROOT, True, "2026-03-05T08:00:00+08:00", None, False,
)  # fmt: skip


def source(url: str, **values: Any) -> DaySource:
    """A list that was read every hour of the day and after it."""
    whole = {
        "region": "js", "last_ok_at": START + 70 * HOUR, "failures": 0, "completed_at": START,
        "walk_started_at": None, "first_at": START - 900 * HOUR, "looks": 24,
        "hours": (1 << 24) - 1,
    }  # fmt: skip
    return DaySource(url, **(whole | values))


def owed(result: Outcome | None, number: int = 2, **values: Any) -> DayLink:
    link = replace(
        LINK, url=f"http://js.news.cn/2026-03/05/c_112{number:07}.htm",
        article_id=f"112{number:07}", is_archived=False, published_at=None, result=result,
        is_owed=True,
    )  # fmt: skip
    return replace(link, **values)


def hole(url: str, kind: HoleKind = HoleKind.OVERFLOW) -> Hole:
    return Hole(url, START + 9 * HOUR, kind, START, DAY, DAY, None)


def shown(*lists: str, count: int = 9) -> list[frozenset[str]]:
    """Articles that these lists showed, and no others."""
    return [frozenset(map(mark, lists))] * count


def told(**values: Any) -> RegionDay:
    """A day of Jiangsu with one archived article, two lists, all articles of late on both."""
    whole = {
        "archived": [LINK], "not_archived": [], "sources": [source(ROOT), source(YW)],
        "holes": [], "shown_by": lambda region: shown(ROOT, YW),
        "watched_since": {"js": START - 900 * HOUR}, "unread_since": {},
    }  # fmt: skip
    return region_days(DAY, **(whole | values))["js"]


def verdict(**values: Any) -> tuple[Verdict, int]:
    found, reasons = judge(told(**values))
    return found, len(reasons)


COMPLETE, INCOMPLETE, UNKNOWN = Verdict


def test_a_day_on_which_all_was_seen_and_archived() -> None:
    day = told()
    assert judge(day) == (COMPLETE, [])
    assert (day.seen, day.alive, day.hours, day.found_later) == (1, 2, [], [])


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, INCOMPLETE),
        (Outcome.HTTP_ERROR, INCOMPLETE),
        (Outcome.MISSING, INCOMPLETE),
        (Outcome.EXTRACTION_FAILED, INCOMPLETE),
        (Outcome.ROBOTS_UNREACHABLE, INCOMPLETE),
        (Outcome.ROBOTS_DENIED, COMPLETE),
        (Outcome.REFUSED_ADDRESS, COMPLETE),
        (Outcome.NOT_ARTICLE, COMPLETE),
        (Outcome.NOT_HTML, COMPLETE),
        (Outcome.REDIRECTED, COMPLETE),
    ],
)
def test_what_is_not_archived(result: Outcome | None, expected: Verdict) -> None:
    link = owed(result)
    found, reasons = judge(told(not_archived=[link]))
    assert found is expected
    assert any(link.url in one for one in reasons) == (expected is INCOMPLETE)


def test_an_article_at_two_addresses_is_one() -> None:
    mirror = owed(Outcome.TIMEOUT, url="http://www.js.news.cn/2026-03/05/c_1120000002.htm")
    day = told(not_archived=[owed(Outcome.REDIRECT_LOOP, is_owed=False), mirror])
    assert (day.seen, [one.url for one in day.owed]) == (2, [mirror.url])


def test_an_article_that_one_of_its_hosts_forbids_is_owed_at_the_other() -> None:
    mirror = owed(Outcome.TIMEOUT, url="http://www.js.news.cn/2026-03/05/c_1120000002.htm")
    day = told(not_archived=[owed(Outcome.ROBOTS_DENIED), mirror])
    assert ([one.url for one in day.owed], day.refused) == ([mirror.url], [])


def test_hours_without_a_look_say_nothing_by_themselves() -> None:
    """The lists still showed all that had come meanwhile."""
    lists = [source(ROOT, hours=1 << 8, looks=1), source(YW, hours=1 << 9, looks=1)]
    day = told(sources=lists)
    assert judge(day)[0] is COMPLETE
    assert day.hours == [hour for hour in range(24) if hour not in {8, 9}]


@pytest.mark.parametrize("kind", list(HoleKind))
def test_a_hole_of_the_one_list_that_showed_some_articles(kind: HoleKind) -> None:
    alone = [*shown(ROOT, YW), *shown(YW, count=1)]
    found, reasons = judge(told(holes=[hole(YW, kind)], shown_by=lambda region: alone))
    assert found is INCOMPLETE
    assert [YW in one for one in reasons] == [True]


def test_a_hole_of_a_list_whose_articles_others_show() -> None:
    day = told(holes=[hole(YW)])
    assert judge(day) == (COMPLETE, [])
    assert [one.is_covered for one in day.implied] == [True]


def test_holes_of_all_the_lists_that_show_an_article() -> None:
    """Each by itself would be covered by the other."""
    assert verdict(holes=[hole(YW), hole(ROOT)]) == (INCOMPLETE, 2)


def test_a_hole_while_little_is_known_of_the_lists() -> None:
    assert verdict(holes=[hole(YW)], shown_by=lambda region: shown(ROOT, YW, count=2)) == (
        INCOMPLETE, 1
    )  # fmt: skip


def test_a_hole_of_a_list_of_another_region() -> None:
    assert verdict(holes=[hole("http://he.news.cn/yw.htm")]) == (COMPLETE, 0)


def test_a_walk_that_is_still_open() -> None:
    torn = source(YW, completed_at=START - HOUR, walk_started_at=START + 5 * HOUR)
    alone = [*shown(ROOT, YW), *shown(YW)]
    assert verdict(sources=[source(ROOT), torn], shown_by=lambda region: alone) == (INCOMPLETE, 1)
    later = source(YW, completed_at=START + 30 * HOUR, walk_started_at=START + 40 * HOUR)
    assert verdict(sources=[source(ROOT), later], shown_by=lambda region: alone) == (COMPLETE, 0)


def test_a_dead_list_that_showed_articles_no_other_did() -> None:
    dead = source(YW, last_ok_at=START + 3 * HOUR, looks=3)
    alone = [*shown(ROOT, YW), *shown(YW, count=2)]
    day = told(sources=[source(ROOT), dead], shown_by=lambda region: alone)
    found, (reason,) = judge(day)
    assert found is UNKNOWN
    assert YW in reason
    assert "2 articles" in reason
    assert (day.alive, day.silent) == (2, [])  # it was read on this day


def test_dead_lists_on_two_hosts_that_showed_the_same() -> None:
    mirror = YW.replace("js.news.cn", "www.js.xinhuanet.com")
    dead = [source(url, last_ok_at=START - HOUR) for url in (YW, mirror)]
    alone = [*shown(ROOT, YW, mirror), *shown(YW, mirror)]
    day = told(sources=[source(ROOT), *dead], shown_by=lambda region: alone)
    assert judge(day)[0] is UNKNOWN
    assert [one.url for one in day.silent] == [YW, mirror]


def test_a_dead_list_whose_articles_others_show() -> None:
    dead = source(YW, last_ok_at=START - 3 * HOUR, looks=0)
    day = told(sources=[source(ROOT), dead])
    assert judge(day) == (COMPLETE, [])
    assert ([one.url for one in day.silent], day.alive) == ([YW], 1)
    forgotten = source(YW, last_ok_at=START - 800 * HOUR)
    assert told(sources=[source(ROOT), forgotten]).silent == []


def test_a_region_that_nobody_reached_since() -> None:
    lists = [source(url, last_ok_at=START + 3 * HOUR) for url in (ROOT, YW)]
    found, reasons = judge(told(sources=lists, shown_by=lambda region: []))
    assert found is UNKNOWN
    assert "since the day's end" in reasons[0]


def test_a_day_before_the_region_was_watched() -> None:
    lists = [source(ROOT, first_at=START + 30 * HOUR)]
    since = {"js": START + 30 * HOUR}
    found, (reason,) = judge(told(sources=lists, watched_since=since))
    assert found is UNKNOWN
    assert "whole of this day" in reason
    assert region_days(
        DAY, archived=[], not_archived=[], sources=lists, holes=[],
        shown_by=lambda region: [], watched_since=since, unread_since={},
    ) == {}  # fmt: skip


def test_a_region_none_of_whose_lists_was_ever_read() -> None:
    unread = {"he": DAY - timedelta(days=1), "ln": DAY}
    days = region_days(
        DAY, archived=[], not_archived=[], sources=[], holes=[], shown_by=lambda region: [],
        watched_since={}, unread_since=unread,
    )  # fmt: skip
    assert {code: judge(told)[0] for code, told in days.items()} == {"he": UNKNOWN}
    assert days["he"].hours == range(24)


def test_what_was_found_later() -> None:
    late = replace(LINK, first_seen_at=end_of(DAY) + HOUR)
    assert told(archived=[LINK, late]).found_later == [late]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (replace(LINK, published_at="2026-03-04T23:59:00+08:00"), date(2026, 3, 4)),
        (owed(None, list_time="2026-03-06 09:00"), date(2026, 3, 6)),
        (owed(None), DAY),
        (owed(None, day=None, first_seen_at=START - HOUR), date(2026, 3, 4)),
        (owed(None, day=None, first_seen_at=START), DAY),
    ],
)
def test_the_day_of_an_article(link: DayLink, expected: date) -> None:
    assert day_of(link) == expected


def test_days_are_those_of_beijing() -> None:
    assert (start_of(DAY), end_of(DAY)) == (START, START + 24 * HOUR)


def test_pages_that_were_not_read_when_a_list_was_found() -> None:
    """Also of the days before it was found; a list's other holes are of days on which it was read.
    Where other lists showed all that it shows, they say nothing."""
    found = source(JJ, first_at=START + 30 * HOUR, completed_at=START + 30 * HOUR)
    others = {"sources": [source(ROOT), source(YW), found]}
    left = hole(JJ, HoleKind.PAGES_LEFT)
    alone = {"shown_by": lambda region: shown(JJ, count=3) + shown(ROOT, YW)}
    judged, (reason,) = judge(told(holes=[left], **others, **alone))
    assert judged is INCOMPLETE
    assert f"{JJ} has further pages" in reason
    assert "2026-03-05 and before" in reason
    assert verdict(holes=[hole(JJ)], **others, **alone) == (COMPLETE, 0)
    assert verdict(holes=[left], **others, shown_by=lambda region: shown(ROOT, JJ)) == (COMPLETE, 0)
    elsewhere = [source(ROOT), source(YW), replace(found, region="he")]
    assert verdict(holes=[left], sources=elsewhere, **alone) == (COMPLETE, 0)
