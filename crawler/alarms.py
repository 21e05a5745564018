"""Alarms, what an operator must hear of, and how long each has held.

The state of an alarm is in the reports of the runs alone. In: the reports of earlier runs. Out: the
alarms that still hold, and the rows of a run's report. Which alarms a run raises on its regions is
told in `alarm_rules.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Alarms on a host: a run that asked it for something looked at them, whatever its regions.
HOST = "host_given_up:"

# The ids of those on the index of a web archive, which only runs over that archive look at.
INDEXES = ("index:", "index_cut_off:")

_NUMBER = re.compile("[0-9]+")


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
