"""Reports of runs over days, and the alarms that each gets from those before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crawler import alarms
from crawler.alarms import FIELDS, Seen
from crawler.clock import iso

END = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = 1 / 24


def report(days_ago: float = 0, **values: Any) -> dict[str, Any]:
    moment = END - timedelta(days=days_ago)
    made = {
        "run_id": f"{moment:%Y%m%dT%H%M%SZ}-0000",
        "started_at": iso(moment - timedelta(minutes=5)),
        "finished_at": iso(moment),
        "reason": "finished",
        "narrowed": False,
        "regions": {"js": {"published": 0, "known": 5}},
        "watched": ["", "js"],
    }
    return made | values


def of_js(days_ago: float = 0, **outcomes: int) -> dict[str, Any]:
    return report(days_ago, regions={"js": outcomes})


def full(records: int, **missing: int) -> dict[str, int]:
    return {"records": records} | {name: records - missing.get(name, 0) for name in FIELDS}


def fields(days_ago: float = 0, region: str = "js", **row: int) -> dict[str, Any]:
    return report(days_ago, region_fields={region: {"Main2017": row}})


def follow(*reports: dict[str, Any], floors: dict[str, int] | None = None) -> dict[str, Any]:
    """The last of these reports with its alarms, each of the others given its own first."""
    earlier: list[Seen] = []
    for one in reports:
        current, held = Seen.of(one), alarms.still_held(earlier)
        raised = [*one.pop("told", ()), *alarms.raised(current, earlier, held, floors or {})]
        one["alarms"] = [alarm.text for alarm in raised]
        one["alarm_states"] = alarms.rows(raised, one["started_at"], held)
        one["alarms_over"] = alarms.over(raised, current, held)
        earlier.append(Seen.of(one))
    return reports[-1]


def sentences(*reports: dict[str, Any], **values: Any) -> list[str]:
    found: list[str] = follow(*reports, **values)["alarms"]
    return found


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def daily(count: int, *, until: int = 0) -> list[dict[str, Any]]:
    """A run a day for a fortnight, with so many new articles until so many days ago."""
    return [of_js(day, published=count if day >= until else 0) for day in range(14, 0, -1)]
