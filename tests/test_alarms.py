"""How long alarms hold, over runs that look and runs that don't."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import alarms
from crawler.alarms import Alarm, Seen
from tests.report_series import HOUR, daily, follow, ids, report

QUIET = Alarm("quiet:js", "region js is quiet: no new article in 3 days", "js")
GIVEN_UP = Alarm("host_given_up:js.news.cn", "js.news.cn was given up: HTTP 503", "js")


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
