"""Alarms, what an operator must hear of: the rules that raise them, and how long each has held.

The state of an alarm is in the reports of the runs alone. In: the reports of earlier runs. Out: the
alarms that a run raises on its regions, those that still hold, and the rows of its report. A region
is quiet, or under its floor; more pages than usual have no layout; a layout's field is found less
often. What counts as odd is counted over pages, not over runs: the newest pages are judged
together, however many runs they come from.
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
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.outcomes import KNOWN_READ, KNOWN_UNREAD, NEW, NEW_UNREAD, PictureOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# Alarms on a host: a run that asked it for something looked at them, whatever its regions.
HOST = "host_given_up:"

# The ids of those on the index of a web archive, which only runs over that archive look at.
INDEXES = ("index:", "index_cut_off:")

_NUMBER = re.compile("[0-9]+")

# How far back reports are looked at. What has been so for longer is taken to be usual.
HISTORY = timedelta(days=21)

# What a region's usual number of articles is can't be learnt from fewer earlier runs.
LEAST_RUNS = 7

# A region that had so many articles a day is quiet after so many days without one.
USUAL_A_DAY = 1
QUIET_DAYS = 3

# A floor is a number of new articles in so many days.
FLOOR_DAYS = 7

# The newest pages or records are judged together as soon as there are so many of them: few tell a
# sharp change within two hourly runs, more a gradual one.
WINDOWS = (8, 20, 60)

# What came before the newest ones counts as usual from so many on.
LEAST_BEFORE = 20

# An alarm is raised when chance would give what is seen less often than this.
CHANCE = 1 / 2000

# None of so many pictures that can be archived is no chance.
PICTURES = 20

# The share of pages without their layout that is taken for usual: while nothing is known of a
# region, and at least.
UNCLAIMED_UNTIL_KNOWN = 0.125
UNCLAIMED_AT_LEAST = 0.05

# The fields whose fill rate is watched, and by how much it must have fallen.
FIELDS = ("title", "published_at", "source", "body", "reporters", "editors")
DROP = 0.2

_LARGEST_SAMPLE = 1000  # 2 ** 1000 is still a float


@dataclass(frozen=True, slots=True)
class Alarm:
    """A sentence for the operator.

    `id` names the kind of alarm and what it is about. It stays the same while the alarm holds,
    though the numbers in `text` change.
    """

    id: str
    text: str
    region: str | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """An alarm of a run, and when the run began that raised it first."""

    alarm: Alarm
    since: str

    def row(self) -> dict[str, Any]:
        """The alarm as a report has it."""
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
    `archive` is the index of the web archive that was crawled.
    """

    started_at: str
    finished_at: datetime
    watched: frozenset[str]
    regions: Mapping[str, Counts]
    fallback: Counts
    fields: Mapping[tuple[str, str], Counts]
    hosts: frozenset[str]
    states: Mapping[str, State]
    archive: str = ""

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
            archive=str((report.get("captures") or {}).get("source", "")),
        )

    def looked_at(self, alarm: Alarm) -> bool:
        """Whether the run can tell that an alarm no longer holds."""
        if alarm.id.startswith(HOST):
            return alarm.id.removeprefix(HOST) in self.hosts
        if alarm.id.startswith(INDEXES):
            return bool(self.archive) and alarm.id.endswith(f":{self.archive}")
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
    """The rows of `alarm_states` in the report of a run that began at `started_at`. `held` are the
    alarms that held before it."""
    states: dict[str, dict[str, Any]] = {}
    for alarm in alarms:
        before = held.get(alarm.id)
        row = State(alarm, before.since if before else started_at).row()
        states.setdefault(alarm.id, row | {"is_new": before is None})
    return list(states.values())


def over(alarms: Iterable[Alarm], current: Seen, held: Mapping[str, State]) -> list[dict[str, Any]]:
    """The rows of `alarms_over` in a run's report: alarms that held before it, whose cause it
    looked at and did not find."""
    holding = {alarm.id for alarm in alarms}
    return [
        state.row()
        for key, state in held.items()
        if key not in holding and current.looked_at(state.alarm)
    ]


def extraction_failed(url: str, why: str, region: str | None) -> Alarm:
    """The alarm on a page that our code could not read."""
    return Alarm(f"extraction_failed:{url}", f"extraction failed for {url}: {why}", region)


def loose(text: str) -> Alarm:
    """The alarm of a sentence without a rule of its own. Its id is the sentence without its
    numbers."""
    return Alarm(f"told:{_NUMBER.sub('#', text)}", text)


def raised(
    current: Seen,
    earlier: Sequence[Seen],
    held: Mapping[str, State],
    floors: Mapping[str, int],
) -> list[Alarm]:
    """The alarms on the regions that a run saw all of.

    `earlier` are the runs within HISTORY before it, oldest first, `held` the alarms that hold after
    them, `floors` new articles a week by region.
    """
    found: list[Alarm | None] = []
    for region in sorted(current.watched):
        runs = [run for run in (*earlier, current) if region in run.watched]
        if region and len(runs) > LEAST_RUNS:
            new = _NewArticles(region, runs)
            found += [_quiet(new, held), _under_floor(new, floors.get(region))]
        found += [_unclaimed(region, kind, runs, held) for kind in _UNREAD_OF]
        layouts = {layout for run in runs for code, layout in run.fields if code == region}
        for layout, name in product(sorted(layouts), FIELDS):
            found.append(_less_often(region, layout, name, runs, held))
    return [alarm for alarm in found if alarm is not None]


def pictures_failed(outcomes: Mapping[str, int]) -> Alarm | None:
    """The alarm where none of many pictures that a run asked for could be archived; those that may
    not be asked for don't count."""
    counts = Counter({
        name: count for name, count in outcomes.items()
        if name not in {PictureOutcome.ROBOTS_DENIED, PictureOutcome.REFUSED_ADDRESS}
    })  # fmt: skip
    if counts.total() < PICTURES or counts[PictureOutcome.ARCHIVED]:
        return None
    ((most, _),) = counts.most_common(1)
    text = f"none of {counts.total()} pictures could be archived, most ended as {most}"
    return Alarm("pictures_failed", text)


class _NewArticles:
    """How many new articles a region had, by days before the newest run."""

    def __init__(self, region: str, runs: Sequence[Seen]) -> None:
        end, start = runs[-1].finished_at, min(run.finished_at for run in runs)
        self.region = region
        self.days_known = (end - start).days
        self._by_day: Counter[int] = Counter()
        for run in runs:
            self._by_day[(end - run.finished_at).days] += _sum(run.regions.get(region, {}), NEW)

    def within(self, days: int) -> int:
        """The number of new articles in the last `days` days."""
        return sum(self._by_day[day] for day in range(days))

    def usual_before(self, days: int) -> float:
        """The usual number of new articles a day, before the last `days` days."""
        return median(self._by_day[day] for day in range(days, max(self.days_known, days) + 1))


def _quiet(new: _NewArticles, held: Mapping[str, State]) -> Alarm | None:
    """A region that used to have new articles and has none. The alarm holds until there is one: the
    days without any say nothing of what is usual."""
    key = f"quiet:{new.region}"
    if new.within(QUIET_DAYS):
        return None
    if key not in held and new.usual_before(QUIET_DAYS) < USUAL_A_DAY:
        return None
    text = f"region {new.region} is quiet: no new article in {QUIET_DAYS} days"
    return Alarm(key, text, new.region)


def _under_floor(new: _NewArticles, floor: int | None) -> Alarm | None:
    """A region with fewer new articles a week than its file says it has at least."""
    week = new.within(FLOOR_DAYS)
    if floor is None or new.days_known < FLOOR_DAYS or week >= floor:
        return None
    text = f"region {new.region} had {week} new articles in a week, its floor is {floor}"
    return Alarm(f"floor:{new.region}", text, new.region)


def _unclaimed(
    region: str, kind: str, runs: Sequence[Seen], held: Mapping[str, State]
) -> Alarm | None:
    """More pages than usual that none or several of the layouts claim, among new articles or among
    known ones that were looked at again."""
    key = f"unclaimed_{kind}:{region}"
    for window in _windows(runs, held.get(key), partial(_UNREAD_OF[kind], region=region)):
        usual = UNCLAIMED_UNTIL_KNOWN if window.of_before < LEAST_BEFORE else window.usual
        if window.chance(max(usual, UNCLAIMED_AT_LEAST)) < CHANCE:
            where = f"region {region}" if region else "no region"
            pages = f"{window.odd} of the newest {window.of} {kind} pages of {where}"
            text = f"no layout, or several, claim {pages}: a layout has changed"
            return Alarm(key, text, region)
    return None


def _new_unread(run: Seen, region: str) -> tuple[int, int]:
    counts = run.regions.get(region, {})
    return _sum(counts, NEW_UNREAD), _sum(counts, NEW)


def _known_unread(run: Seen, region: str) -> tuple[int, int]:
    counts = run.regions.get(region, {})
    unread, read = _sum(counts, KNOWN_UNREAD), _sum(counts, KNOWN_READ)
    return unread + run.fallback.get(region, 0), unread + read


# How many pages of a run no layout has read, and of how many, by whether they are new.
_UNREAD_OF = {"new": _new_unread, "known": _known_unread}


def _less_often(
    region: str, layout: str, name: str, runs: Sequence[Seen], held: Mapping[str, State]
) -> Alarm | None:
    """A field that a layout's records have less often than before."""
    key = f"field:{region}:{layout}:{name}"
    counted = partial(_missing, region=region, layout=layout, name=name)
    for window in _windows(runs, held.get(key), counted):
        if window.of_before < LEAST_BEFORE:
            continue
        was, now = 1 - window.odd_before / window.of_before, 1 - window.odd / window.of
        if was - now > DROP and window.chance(window.usual) < CHANCE:
            where = f"in region {region}" if region else "in no region"
            found = f"{name} found in {now:.0%} of {window.of} {where}, before in {was:.0%}"
            return Alarm(key, f"layout {layout}: {found}", region, layout)
    return None


def _missing(run: Seen, region: str, layout: str, name: str) -> tuple[int, int]:
    counts = run.fields.get((region, layout), {})
    records = counts.get("records", 0)
    return records - counts.get(name, 0), records


class _Window(NamedTuple):
    """Counts of odd items and of all items: of the newest, and of those before them."""

    odd: int
    of: int
    odd_before: int
    of_before: int

    @property
    def usual(self) -> float:
        """The share of odd items before, by Laplace's rule of succession: never 0 and never 1."""
        return (self.odd_before + 1) / (self.of_before + 2)

    def chance(self, rate: float) -> float:
        """The probability of at least as many odd items among the newest as there are, at the usual
        share (binomial distribution)."""
        regular, of = self.of - self.odd, self.of
        if of > _LARGEST_SAMPLE:
            regular, of = regular * _LARGEST_SAMPLE // of, _LARGEST_SAMPLE
        regular_rate = 1 - rate
        return sum(
            comb(of, one) * regular_rate**one * (1 - regular_rate) ** (of - one)
            for one in range(regular + 1)
        )


def _windows(
    runs: Sequence[Seen], state: State | None, counted: Callable[[Seen], tuple[int, int]]
) -> Iterator[_Window]:
    """A window for each of WINDOWS that the runs fill. `counted` returns the odd items of a run and
    of how many they are.

    `state` is that of an alarm that holds: "before" then means before the run that raised it first.
    A window is left out when the next smaller one has no odd item: its odd items are older.
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
            of_before = sum(among for _, among in before)
            yield _Window(odd, of, sum(one for one, _ in before), of_before)
        is_over = not odd


def _sum(counts: Mapping[str, int], names: Iterable[str]) -> int:
    return sum(counts.get(name, 0) for name in names)
