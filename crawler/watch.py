"""What a run's report says when it is held against the reports before it: alarms, as sentences.

A region that has gone quiet, a layout whose fields are found less often, pages no layout claims.
Pure functions of reports; narrowed runs neither raise nor shape them.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from crawler.outcomes import NEW, READ, UNREAD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Report = Mapping[str, Any]

FIELDS = ("title", "published_at", "source", "body", "reporters", "editors")
"""The fields whose fill rate is watched."""

LEAST_RUNS = 7
"""Nothing is learnt from fewer earlier runs."""

HISTORY = timedelta(days=21)
"""How far back reports are looked at."""

QUIET = timedelta(days=3)
"""A region that had an article a day is quiet after so long without one."""

LEAST_RECORDS = 20
DROP = 0.2
"""A fill rate that falls by more than this, over at least LEAST_RECORDS records, is an alarm."""

UNCLAIMED = 0.1
"""So large a share of pages without their layout says that a layout has changed."""


def alarms(report: Report, earlier: Sequence[Report], floors: Mapping[str, int]) -> list[str]:
    """The alarms of a run that saw all of its regions.

    `earlier` are reports of such runs within HISTORY, `floors` new articles a week by region.
    """
    found = unclaimed(report)
    if len(earlier) >= LEAST_RUNS:
        found += quiet(report, earlier, floors)
        found += drift(report, earlier)
    return found


def quiet(report: Report, earlier: Sequence[Report], floors: Mapping[str, int]) -> list[str]:
    """Regions without new articles that used to have some, or under their floor."""
    end = _finished(report)
    runs = [*earlier, report]
    start = min(map(_finished, runs))
    found = []
    for region in sorted(report["regions"]):
        by_day: Counter[int] = Counter()
        for run in runs:
            by_day[(end - _finished(run)).days] += _new(run, region)
        days_known = (end - start).days
        usual = median(by_day[day] for day in range(QUIET.days, max(days_known, QUIET.days) + 1))
        if usual >= 1 and not any(by_day[day] for day in range(QUIET.days)):
            found.append(f"region {region} is quiet: no new article in {QUIET.days} days")
        week = sum(by_day[day] for day in range(7))
        floor = floors.get(region)
        if floor is not None and days_known >= 7 and week < floor:
            found.append(f"region {region} had {week} new articles in a week, its floor is {floor}")
    return found


def drift(report: Report, earlier: Sequence[Report]) -> list[str]:
    """Fields that a layout's records have less often than in the runs before."""
    found = []
    for layout, counts in sorted(report["fields"].items()):
        before: Counter[str] = Counter()
        for run in earlier:
            before.update(run.get("fields", {}).get(layout, {}))
        if min(counts["records"], before["records"]) < LEAST_RECORDS:
            continue
        for name in FIELDS:
            was, now = before[name] / before["records"], counts[name] / counts["records"]
            if was - now > DROP:
                found.append(f"layout {layout}: {name} found in {now:.0%}, before in {was:.0%}")
    return found


def unclaimed(report: Report) -> list[str]:
    """Too many pages of articles, new ones or known, that none or several of the layouts claim."""
    read, unread = (
        sum(report["outcomes"].get(outcome, 0) for outcome in outcomes)
        for outcomes in (READ, UNREAD)
    )
    if read + unread < LEAST_RECORDS or unread <= UNCLAIMED * (read + unread):
        return []
    return [f"no layout, or several, claim {unread} of {read + unread} pages: a layout has changed"]


def _finished(report: Report) -> datetime:
    return datetime.fromisoformat(report["finished_at"])


def _new(report: Report, region: str) -> int:
    counts = report["regions"].get(region, {})
    return sum(counts.get(outcome, 0) for outcome in NEW)
