"""The alarms on a run's regions, each also shown silent; how long alarms hold, over runs that look
and runs that don't."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import alarms
from crawler.alarms import LEAST_RUNS, Alarm, Seen, pictures_failed
from tests.report_series import (
    HOUR,
    daily,
    fields,
    follow,
    full,
    ids,
    of_js,
    report,
    sentences,
)

QUIET = Alarm("quiet:js", "region js is quiet: no new article in 3 days", "js")
GIVEN_UP = Alarm("host_given_up:js.news.cn", "js.news.cn was given up: HTTP 503", "js")


# --- regions without articles --------------------------------------------------------------------


def test_a_region_that_stops_is_quiet() -> None:
    told = sentences(*daily(4, until=3), report())
    assert told == ["region js is quiet: no new article in 3 days"]


def test_a_region_with_an_article_is_not_quiet() -> None:
    assert sentences(*daily(4, until=2), report()) == []


def test_a_backlog_on_the_first_day_teaches_nothing() -> None:
    assert sentences(of_js(14, published=500), *daily(0)[1:], report()) == []


def test_quiet_lasts_until_an_article_comes_and_is_new_once() -> None:
    """Three weeks without any must not become what is usual."""
    runs = [of_js(day, published=4) for day in range(60, 46, -1)]
    runs += [of_js(day) for day in range(46, 0, -1)]
    last = follow(*runs, report())
    (state,) = last["alarm_states"]
    assert (state["id"], state["region"], state["is_new"]) == ("quiet:js", "js", False)
    # the last article came 47 days ago
    assert state["since"] == runs[16]["started_at"]
    assert [run["alarm_states"][0]["is_new"] for run in runs[16:19]] == [True, False, False]
    over = follow(*runs, of_js(published=1))
    assert (over["alarms"], ids(over["alarms_over"])) == ([], ["quiet:js"])


def test_a_floor_of_the_region_file() -> None:
    runs = [*daily(1), of_js(published=1)]
    assert sentences(*runs, floors={"js": 7}) == []
    assert sentences(*runs, floors={"js": 8}) == [
        "region js had 7 new articles in a week, its floor is 8"
    ]


def test_few_runs_teach_nothing() -> None:
    earlier = daily(4, until=4)[14 - 3 - LEAST_RUNS + 1 :]
    assert len(earlier) == LEAST_RUNS - 1 + 3
    assert sentences(*earlier[: LEAST_RUNS - 1], report(), floors={"js": 100}) == []


def test_a_region_without_any_address_is_watched() -> None:
    assert sentences(*daily(4, until=3), report(regions={})) == [
        "region js is quiet: no new article in 3 days"
    ]


# --- pages without a layout ----------------------------------------------------------------------


def hourly(**outcomes: int) -> list[dict[str, Any]]:
    """Nine hours of four new articles each before two hours ago."""
    return [of_js(hour * HOUR, **({"published": 4} | outcomes)) for hour in range(10, 1, -1)]


def test_a_new_design_is_told_by_the_second_hourly_run() -> None:
    runs = [*hourly(), of_js(HOUR, unknown_layout=4), of_js(ambiguous_layout=4)]
    last = follow(*runs)
    assert last["alarms"] == [
        "no layout, or several, claim 8 of the newest 8 new pages of region js:"
        " a layout has changed"
    ]
    (state,) = last["alarm_states"]
    assert (state["id"], state["region"], state["layout"]) == ("unclaimed_new:js", "js", None)


def test_known_pages_that_are_read_do_not_hide_it() -> None:
    runs = [*hourly(unchanged=50), of_js(HOUR, unknown_layout=4, unchanged=50)]
    assert sentences(*runs, of_js(unknown_layout=4, unchanged=50))


def test_other_regions_do_not_hide_it() -> None:
    def run(hours: int, js: dict[str, int]) -> dict[str, Any]:
        regions = {"js": js, "he": {"published": 90}}
        return report(hours * HOUR, regions=regions, watched=["", "js", "he"])

    runs = [run(hours, {"published": 4}) for hours in range(10, 1, -1)]
    last = follow(*runs, run(1, {"unknown_layout": 4}), run(0, {"unknown_layout": 4}))
    assert ids(last["alarm_states"]) == ["unclaimed_new:js"]


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_an_odd_page_among_eight_raises_nothing(odd: int) -> None:
    assert sentences(*hourly(), of_js(published=8 - odd, unknown_layout=odd)) == []


def test_nor_do_odd_pages_that_are_usual() -> None:
    runs = [of_js(hour * HOUR, published=7, unknown_layout=1) for hour in range(100, -1, -1)]
    follow(*runs)
    assert [run["alarms"] for run in runs if run["alarms"]] == []


def test_a_region_never_read_before() -> None:
    assert sentences(of_js(unknown_layout=25)) != []
    assert sentences(of_js(published=18, unknown_layout=2)) == []


@pytest.mark.parametrize("values", [{"unclaimed": 8}, {"unchanged": 8, "fallback": 8}])
def test_archived_pages_no_layout_claims_any_more(values: dict[str, int]) -> None:
    """Those that the fallback reads, and finds unchanged, count as unread."""
    fallback = {"js": values.pop("fallback", 0)}
    runs = [of_js(hour * HOUR, unchanged=4, not_modified=500) for hour in range(10, 0, -1)]
    assert sentences(*runs, report(regions={"js": values}, fallback=fallback)) == [
        "no layout, or several, claim 8 of the newest 8 known pages of region js:"
        " a layout has changed"
    ]


def test_it_ends_when_pages_are_read_again() -> None:
    bad = [*hourly(), of_js(HOUR, unknown_layout=8)]
    last = follow(*bad, of_js(published=8))
    assert (last["alarms"], ids(last["alarms_over"])) == ([], ["unclaimed_new:js"])
    assert "is_new" not in last["alarms_over"][0]


# --- fields --------------------------------------------------------------------------------------


def test_a_field_that_is_found_less_often() -> None:
    runs = [fields(day, **full(10)) for day in range(7, 0, -1)]
    last = follow(*runs, fields(**full(20, source=9, editors=4)))
    assert last["alarms"] == [
        "layout Main2017: source found in 55% of 20 in region js, before in 100%"
    ]
    (state,) = last["alarm_states"]
    assert (state["id"], state["layout"]) == ("field:js:Main2017:source", "Main2017")


def test_a_field_that_vanished_from_all_records() -> None:
    """Its count is missing, not zero, in reports of earlier versions."""
    row = full(8)
    del row["title"]
    runs = [fields(day, **full(10)) for day in range(7, 0, -1)]
    assert sentences(*runs, fields(**row)) == [
        "layout Main2017: title found in 0% of 8 in region js, before in 100%"
    ]


def test_a_drop_over_several_runs() -> None:
    runs = [fields(hour * HOUR, **full(4)) for hour in range(12, 1, -1)]
    runs += [fields(HOUR, **full(4, source=4)), fields(**full(4, source=4))]
    assert ids(follow(*runs)["alarm_states"]) == ["field:js:Main2017:source"]


def test_a_drop_that_stays_is_not_taken_for_usual_at_once() -> None:
    runs = [fields(day, **full(10)) for day in range(20, 13, -1)]
    runs += [fields(day, **full(10, source=10)) for day in range(13, -1, -1)]
    last = follow(*runs)
    (state,) = last["alarm_states"]
    assert (state["since"], state["is_new"]) == (runs[7]["started_at"], False)


@pytest.mark.parametrize("row", [full(2, source=2), full(8, source=1), full(20, source=4)])
def test_few_records_prove_no_drift(row: dict[str, int]) -> None:
    runs = [fields(day, **full(10)) for day in range(7, 0, -1)]
    assert sentences(*runs, fields(**row)) == []


def test_a_field_that_half_of_the_records_have() -> None:
    runs = [fields(day, **full(10, reporters=5)) for day in range(7, 0, -1)]
    assert sentences(*runs, fields(**full(20, reporters=14))) == []


def test_a_large_run_is_judged_too() -> None:
    assert sentences(of_js(published=0, unknown_layout=100_000)) != []


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ({"missing": 15, "timeout": 5}, "none of 20 pictures could be archived, most ended as mi"),
        ({"missing": 19}, None),
        ({"missing": 40, "archived": 1}, None),
        ({"missing": 5, "robots_denied": 40, "refused_address": 40}, None),
        ({"archived": 40}, None),
        ({}, None),
    ],
)
def test_none_of_many_pictures(outcomes: dict[str, int], told: str | None) -> None:
    alarm = pictures_failed(outcomes)
    assert (alarm.text[: len(told or "")] if alarm else None) == told


# --- how long they hold ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"watched": [], "narrowed": True},
        {"watched": ["he"], "regions": {"he": {"published": 3}, "js": {"published": 1}}},
        {"watched": [], "reason": "shutdown"},
        {"watched": [], "reason": "killed"},
    ],
)
def test_a_run_that_did_not_look_neither_raises_nor_ends(values: dict[str, Any]) -> None:
    runs = daily(4, until=4)
    blind = follow(*runs, report(2 * HOUR), report(HOUR, **values))
    assert (blind["alarms"], blind["alarms_over"]) == ([], [])
    (state,) = follow(*runs, report(2 * HOUR), report(HOUR, **values), report())["alarm_states"]
    assert (state["id"], state["is_new"]) == ("quiet:js", False)


def test_a_host_is_looked_at_by_whoever_asks_it() -> None:
    raised = report(1, told=[GIVEN_UP])
    assert ids(follow(raised, report(hosts={"he.news.cn": {}}))["alarms_over"]) == []
    raised = report(1, told=[GIVEN_UP])
    narrowed = report(watched=[], hosts={"js.news.cn": {}})
    assert ids(follow(raised, narrowed)["alarms_over"]) == [GIVEN_UP.id]


def test_reports_of_a_version_without_states() -> None:
    old = report(1, alarms=[QUIET.text])
    del old["watched"]
    seen = Seen.of(old)
    assert (seen.watched, seen.states) == ({"js", ""}, {})
    assert Seen.of(old | {"narrowed": True}).watched == frozenset()


@pytest.mark.parametrize(
    "values",
    [
        {"regions": []}, {"regions": {"js": {"published": "many"}}}, {"regions": {"js": None}},
        {"finished_at": "yesterday"}, {"finished_at": "2026-03-31T12:00:00"}, {"watched": 5},
        {"alarm_states": [{}]}, {"alarm_states": 7}, {"region_fields": {"js": 3}},
    ],
)  # fmt: skip
def test_what_is_no_report(values: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Seen.of(report(**values))


def test_a_sentence_without_an_id_is_known_again_by_its_words() -> None:
    assert alarms.loose("3 files are lost").id == alarms.loose("14 files are lost").id
    assert alarms.loose("3 files are lost").text == "3 files are lost"
