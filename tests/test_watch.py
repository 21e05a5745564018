"""The alarms of a run against its history, each also shown silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crawler import watch
from crawler.clock import iso

END = datetime(2026, 3, 31, 12, tzinfo=UTC)


def report(days_ago: float = 0, *, new: int = 0, **values: Any) -> dict[str, Any]:
    made = {
        "finished_at": iso(END - timedelta(days=days_ago)),
        "outcomes": {"published": new},
        "regions": {"js": {"published": new, "known": 5}},
        "fields": {},
    }
    return made | values


def daily(counts: dict[int, int]) -> list[dict[str, Any]]:
    """One run a day: {days ago: new articles}."""
    return [report(day, new=count) for day, count in counts.items()]


def full(records: int, **missing: int) -> dict[str, int]:
    return {"records": records} | {name: records - missing.get(name, 0) for name in watch.FIELDS}


def test_a_region_that_stops_is_quiet() -> None:
    earlier = daily({day: 0 if day < 3 else 4 for day in range(1, 15)})
    assert watch.alarms(report(), earlier, {}) == ["region js is quiet: no new article in 3 days"]


def test_a_region_with_an_article_is_not_quiet() -> None:
    earlier = daily({day: 0 if day < 2 else 4 for day in range(1, 15)})
    assert watch.alarms(report(), earlier, {}) == []


def test_a_backlog_on_the_first_day_teaches_nothing() -> None:
    earlier = daily({day: 500 if day == 14 else 0 for day in range(1, 15)})
    assert watch.alarms(report(), earlier, {}) == []


def test_a_floor_of_the_region_file() -> None:
    earlier = daily(dict.fromkeys(range(1, 15), 1))
    assert watch.alarms(report(new=1), earlier, {"js": 7}) == []
    assert watch.alarms(report(new=1), earlier, {"js": 8}) == [
        "region js had 7 new articles in a week, its floor is 8"
    ]


def test_few_runs_teach_nothing() -> None:
    earlier = daily(dict.fromkeys(range(4, 10), 4))
    assert len(earlier) == watch.LEAST_RUNS - 1
    assert watch.alarms(report(), earlier, {"js": 100}) == []


def test_a_field_that_is_found_less_often() -> None:
    earlier = [report(day, fields={"Main2017": full(10)}) for day in range(1, 8)]
    now = report(fields={"Main2017": full(20, source=5, editors=4)})
    assert watch.alarms(now, earlier, {}) == [
        "layout Main2017: source found in 75%, before in 100%"
    ]


def test_few_records_prove_no_drift() -> None:
    earlier = [report(day, fields={"Main2017": full(10)}) for day in range(1, 8)]
    now = report(fields={"Main2017": full(19, source=19)})
    assert watch.alarms(now, earlier, {}) == []


def test_pages_no_layout_claims() -> None:
    changed = report(outcomes={"published": 17, "unknown_layout": 2, "ambiguous_layout": 1})
    assert watch.alarms(changed, [], {}) == [
        "no layout, or several, claim 3 of 20 pages: a layout has changed"
    ]
    assert watch.alarms(report(outcomes={"published": 18, "unknown_layout": 2}), [], {}) == []


def test_archived_pages_no_layout_claims_any_more() -> None:
    changed = report(outcomes={"unchanged": 17, "unclaimed": 3, "not_modified": 500})
    assert watch.alarms(changed, [], {}) == [
        "no layout, or several, claim 3 of 20 pages: a layout has changed"
    ]
