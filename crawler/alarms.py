"""What a run's report says when it is held against the reports before it: alarms and their states.

A region that has gone quiet, a layout whose fields are found less often, pages no layout claims.
Pure functions of reports: the state of an alarm is in the reports alone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from math import comb
from statistics import median
from typing import TYPE_CHECKING, Any, Self

from crawler.outcomes import NEW, READ, UNREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# The fields whose fill rate is watched.
FIELDS = ("title", "published_at", "source", "body", "reporters", "editors")

# What a region's usual number of articles is can't be learnt from fewer earlier runs.
LEAST_RUNS = 7

# How far back reports are looked at. What has been so for longer is taken to be usual.
HISTORY = timedelta(days=21)

# A region that had an article a day is quiet after so long without one.
QUIET = timedelta(days=3)

# The newest pages or records are judged together as soon as there are so many of them, however many
# runs they come from: few tell a sharp change within two hourly runs, more a gradual one.
WINDOWS = (8, 20, 60)

# What came before the newest ones counts as usual from so many on.
LEAST_BEFORE = 20

# A fill rate must have fallen by more than this.
DROP = 0.2

# The share of pages without their layout that is taken for usual: while nothing is known of a
# region, and at least.
UNCLAIMED = 0.125
LEAST_UNCLAIMED = 0.05

# An alarm is raised when chance would give what is seen less often than this.
CHANCE = 1 / 2000

# Alarms on a host: a run that asked it for something looked at them, whatever its regions.
HOST = "host_given_up:"

_NEW_UNREAD = NEW & UNREAD
_KNOWN = (READ | UNREAD) - NEW
_KNOWN_UNREAD = UNREAD - NEW

_LARGEST_SAMPLE = 1000  # 2 ** 1000 is still a float


@dataclass(frozen=True, slots=True)
class Alarm:
    """What an operator must hear of.

    `id` is the same for as long as the alarm holds, whatever `text`, a sentence, counts: the kind
    and then what it is about.
    """

    id: str
    text: str
    region: str | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """An alarm of a run, and the start of the run that raised it first."""

    alarm: Alarm
    since: str

    def row(self) -> dict[str, Any]:
        """Its form in a report."""
        alarm = self.alarm
        return {
            "id": alarm.id,
            "region": alarm.region,
            "layout": alarm.layout,
            "since": self.since,
            "text": alarm.text,
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError."""
        alarm = Alarm(str(row["id"]), str(row["text"]), row["region"], row["layout"])
        return cls(alarm, str(row["since"]))


Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is needed of a report.

    `watched` are the codes of the regions the run saw all of, "" among them when these were all
    regions. `regions` holds counts of outcomes by region, `fallback` known pages by region that
    only the fallback reads, `fields` counts of records and their fields by region and layout.
    """

    started_at: str
    finished_at: datetime
    watched: frozenset[str]
    regions: Mapping[str, Counts]
    fallback: Counts
    fields: Mapping[tuple[str, str], Counts]
    hosts: frozenset[str]
    states: Mapping[str, State]

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> Self:
        """Raises ValueError, KeyError, TypeError or AttributeError for what is no report."""
        regions = {str(code): _counts(row) for code, row in report["regions"].items()}
        watched = report.get("watched")
        if watched is None:  # of a version that didn't say
            is_full = report["reason"] == "finished" and not report["narrowed"]
            watched = {*regions, ""} if is_full else ()
        states = [State.of(row) for row in report.get("alarm_states", ())]
        finished_at = datetime.fromisoformat(report["finished_at"])
        if finished_at.tzinfo is None:
            raise ValueError("finished_at has no zone")
        return cls(
            started_at=str(report["started_at"]),
            finished_at=finished_at,
            watched=frozenset(map(str, watched)),
            regions=regions,
            fallback=_counts(report.get("fallback", {})),
            fields={
                (str(region), str(layout)): _counts(row)
                for region, layouts in report.get("region_fields", {}).items()
                for layout, row in layouts.items()
            },
            hosts=frozenset(report.get("hosts", ())),
            states={state.alarm.id: state for state in states},
        )

    def looked_at(self, alarm: Alarm) -> bool:
        """Whether the run can tell that an alarm no longer holds."""
        if alarm.id.startswith(HOST):
            return alarm.id.removeprefix(HOST) in self.hosts
        return alarm.region is None or alarm.region in self.watched


def _counts(row: Mapping[str, Any]) -> Counts:
    return {str(name): int(count) for name, count in row.items()}


def still_held(earlier: Sequence[Seen]) -> dict[str, State]:
    """The alarms that hold after earlier runs, oldest first, by id: those of the newest run that
    looked. A run that didn't look at what an alarm is about neither raises nor ends it."""
    held: dict[str, State] = {}
    for run in earlier:
        ended = [key for key, state in held.items() if run.looked_at(state.alarm)]
        for key in ended:
            del held[key]
        held |= run.states
    return held


def rows(
    alarms: Iterable[Alarm], started_at: str, held: Mapping[str, State]
) -> list[dict[str, Any]]:
    """`alarm_states` in the report of a run that began at `started_at`, where `held` are the
    alarms that held before it."""
    states: dict[str, dict[str, Any]] = {}
    for alarm in alarms:
        before = held.get(alarm.id)
        row = State(alarm, before.since if before else started_at).row()
        states.setdefault(alarm.id, row | {"is_new": before is None})
    return list(states.values())


def over(alarms: Iterable[Alarm], current: Seen, held: Mapping[str, State]) -> list[dict[str, Any]]:
    """`alarms_over` in a run's report: what held before it, was looked at and holds no longer."""
    holding = {alarm.id for alarm in alarms}
    return [
        state.row()
        for key, state in held.items()
        if key not in holding and current.looked_at(state.alarm)
    ]


def watch(
    current: Seen,
    earlier: Sequence[Seen],
    held: Mapping[str, State],
    floors: Mapping[str, int],
) -> list[Alarm]:
    """The alarms on the regions that a run saw all of.

    `earlier` are the runs within HISTORY before it, oldest first, `floors` new articles a week by
    region.
    """
    found: list[Alarm] = []
    for region in sorted(current.watched):
        runs = [run for run in (*earlier, current) if region in run.watched]
        if region and len(runs) > LEAST_RUNS:
            found += _quiet(region, runs, held, floors.get(region))
        found += _unclaimed(region, runs, held)
        found += _drift(region, runs, held)
    return found


def _quiet(
    region: str, runs: Sequence[Seen], held: Mapping[str, State], floor: int | None
) -> list[Alarm]:
    """A region without new articles that used to have some, or under its floor. Quiet it stays
    until it has an article: how long it has had none then says nothing of what is usual."""
    end, start = runs[-1].finished_at, min(run.finished_at for run in runs)
    by_day: Counter[int] = Counter()
    for run in runs:
        by_day[(end - run.finished_at).days] += _sum(run.regions.get(region, {}), NEW)
    days_known = (end - start).days
    usual = median(by_day[day] for day in range(QUIET.days, max(days_known, QUIET.days) + 1))
    found = []
    quiet = Alarm(
        f"quiet:{region}", f"region {region} is quiet: no new article in {QUIET.days} days", region
    )
    if (usual >= 1 or quiet.id in held) and not any(by_day[day] for day in range(QUIET.days)):
        found.append(quiet)
    week = sum(by_day[day] for day in range(7))
    if floor is not None and days_known >= 7 and week < floor:
        text = f"region {region} had {week} new articles in a week, its floor is {floor}"
        found.append(Alarm(f"floor:{region}", text, region))
    return found


def _unclaimed(region: str, runs: Sequence[Seen], held: Mapping[str, State]) -> list[Alarm]:
    """More pages than usual that none or several of the layouts claim, among new articles or among
    known ones that were looked at again."""

    found = []
    for kind, counted in (("new", _new_unread), ("known", _known_unread)):
        key = f"unclaimed_{kind}:{region}"
        for unread, of, before, of_before in _windows(
            runs, held.get(key), partial(counted, region=region)
        ):
            usual = (before + 1) / (of_before + 2) if of_before >= LEAST_BEFORE else UNCLAIMED
            if _chance_of_most(of - unread, of, 1 - max(usual, LEAST_UNCLAIMED)) < CHANCE:
                where = f"region {region}" if region else "no region"
                pages = f"{unread} of the newest {of} {kind} pages of {where}"
                text = f"no layout, or several, claim {pages}: a layout has changed"
                found.append(Alarm(key, text, region))
                break
    return found


def _new_unread(run: Seen, region: str) -> tuple[int, int]:
    counts = run.regions.get(region, {})
    return _sum(counts, _NEW_UNREAD), _sum(counts, NEW)


def _known_unread(run: Seen, region: str) -> tuple[int, int]:
    counts = run.regions.get(region, {})
    return _sum(counts, _KNOWN_UNREAD) + run.fallback.get(region, 0), _sum(counts, _KNOWN)


def _drift(region: str, runs: Sequence[Seen], held: Mapping[str, State]) -> list[Alarm]:
    """Fields that a layout's records have less often than before."""
    found = []
    layouts = {layout for run in runs for code, layout in run.fields if code == region}
    for layout, name in product(sorted(layouts), FIELDS):
        key = f"field:{region}:{layout}:{name}"
        counted = partial(_missing, region=region, layout=layout, name=name)
        for missing, of, before, of_before in _windows(runs, held.get(key), counted):
            if of_before < LEAST_BEFORE:
                continue
            was, now = 1 - before / of_before, 1 - missing / of
            usual = 1 - (before + 1) / (of_before + 2)
            if was - now > DROP and _chance_of_most(of - missing, of, usual) < CHANCE:
                where = f"of {of} in region {region}" if region else f"of {of} in no region"
                text = f"layout {layout}: {name} found in {now:.0%} {where}, before in {was:.0%}"
                found.append(Alarm(key, text, region, layout))
                break
    return found


def _missing(run: Seen, region: str, layout: str, name: str) -> tuple[int, int]:
    counts = run.fields.get((region, layout), {})
    records = counts.get("records", 0)
    return records - counts.get(name, 0), records


def _windows(
    runs: Sequence[Seen], state: State | None, counted: Callable[[Seen], tuple[int, int]]
) -> Iterable[tuple[int, int, int, int]]:
    """Counts of odd pages for each of WINDOWS: odd and all among the newest, odd and all before.

    `state` is that of an alarm that holds: "before" then means before the run that raised it first.
    Where none of the newest is odd, larger windows, which hold older odd pages, are left out.
    """
    counts = [(run, *counted(run)) for run in runs]
    is_over = False
    for size in WINDOWS:
        odd = of = 0
        rest = len(counts)
        while rest and of < size:
            rest -= 1
            odd, of = odd + counts[rest][1], of + counts[rest][2]
        if of < size:
            return
        before = [
            (one, among)
            for run, one, among in counts[:rest]
            if state is None or run.started_at < state.since
        ]
        if not is_over:
            yield odd, of, sum(one for one, _ in before), sum(among for _, among in before)
        is_over = not odd


def _chance_of_most(most: int, of: int, rate: float) -> float:
    """The chance of at most so many of so many, each with this rate (the binomial distribution)."""
    if of > _LARGEST_SAMPLE:
        most, of = most * _LARGEST_SAMPLE // of, _LARGEST_SAMPLE
    return sum(comb(of, one) * rate**one * (1 - rate) ** (of - one) for one in range(most + 1))


def _sum(counts: Mapping[str, int], names: Iterable[str]) -> int:
    return sum(counts.get(name, 0) for name in names)


def extraction_failed(url: str, why: str, region: str | None) -> Alarm:
    """The alarm on a page that our code could not read."""
    return Alarm(f"extraction_failed:{url}", f"extraction failed for {url}: {why}", region)


_NUMBER = re.compile("[0-9]+")


def loose(text: str) -> Alarm:
    """The alarm of a mere sentence; its id is the sentence with the numbers left out."""
    return Alarm(f"told:{_NUMBER.sub('#', text)}", text)
