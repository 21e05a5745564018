"""All regions over simulated days: what was found by which kind of list, what alarms told, what was
certified.

    python -m tests.simulation.coverage [--days 60] [--a-day 2] [--folder DIR]

Faults are put in at known days: outages of the whole site, short lists that overflow in these, a
dead column, columns that all move, a new design, a host without robots.txt, an article that never
answers, a kill. Prints JSON. Exit code 1 when the data folder is unsound, a day is certified
wrongly or a fault raises no alarm.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.soundness import lines_of
from tests.guard import sitecustomize as guard
from tests.simulation.certificates import DEAD, KILL, OUT, Certified, certified
from tests.simulation.days import Days, Run, beijing
from tests.simulation.troubles import Trouble
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# `World.start` unless it is told otherwise.
FIRST_DAY = date(2026, 9, 1)

SHORT, CAP = "he", 2
BARE, MOVED, REDESIGNED, WITHOUT_ROBOTS, STUBBORN = "zj", "gd", "sc", "hb", "js"


@dataclass(frozen=True)
class Fault:
    """What was wrong from a day on until another, and the ids of the alarms that tell of it."""

    name: str
    since: float
    until: float
    tells: str

    def is_told_by(self, alarm_id: str, day: float) -> bool:
        """Whether an alarm of a day tells of it: one on a day of publication by that day."""
        kind, _, about = alarm_id.partition(":")
        if kind == "coverage":
            day = (date.fromisoformat(about) - FIRST_DAY).days
            return (
                self.since - 1 <= day <= self.until and re.match(self.tells, alarm_id) is not None
            )
        return self.since <= day <= self.until and re.match(self.tells, alarm_id) is not None


def faults(days: float) -> list[Fault]:
    """Those of a simulation of so many days; regions' shares of the time don't change with it."""
    third, end = days / 3, days + 3
    outages = [(third, third + 3), (2 * third, 2 * third + 0.5)]
    return [
        *(
            Fault(f"outage of the site for {until - since:g} days", since, until,
                  "no_list:|host_given_up:|list_unreadable:|dead_lists:|coverage:|quiet:")
            for since, until in outages
        ),
        Fault(f"a dead column of {BARE}", days * 0.8, end,
              f"dead_lists:{BARE}|list_unreadable:.*{BARE}|coverage:"),
        Fault(f"all columns of {MOVED} move", days * 0.6, end,
              f"dead_lists:{MOVED}|list_unreadable:.*{MOVED}"),
        Fault(f"a new design of {REDESIGNED}", days * 0.7, end,
              f".*:{REDESIGNED}(:|$)"),
        Fault(f"robots.txt of {WITHOUT_ROBOTS} answers 500", days * 0.5, days * 0.5 + 1,
              f"no_list:{WITHOUT_ROBOTS}|host_given_up:.*{WITHOUT_ROBOTS}\\."),
        Fault(f"an article of {STUBBORN} answers 500", 3, end, "coverage:2026-09-04"),
    ]  # fmt: skip


def simulate(data_dir: Path, *, days: int, a_day: int, seed: int = 7) -> dict[str, Any]:
    """Play the days; the figures."""
    with Site(seed=seed, articles=4, daily=2) as site:
        world, known = site.world, faults(days)
        world.caps[SHORT] = CAP
        world.bare.add(BARE)
        world.dead[BARE, DEAD] = known[2].since
        world.moves[MOVED] = known[3].since
        world.redesigns[REDESIGNED] = known[4].since
        stubborn = _stubborn(site)
        played = Days(site, data_dir, a_day=a_day)
        moments = [number / a_day for number in range(days * a_day)]
        played.play([_trouble(known, day, days, stubborn) for day in moments])
        found = certified(played, days)
        site.day = moments[-1]
        alarms = _new_alarms(data_dir, played.runs, world.start)
        return {
            "runs": len(played.runs),
            "exit_codes": dict(sorted(Counter(run.exitcode for run in played.runs).items())),
            "requests": len(site.log),
            "recall": _recall(site, data_dir, played.runs[-1]),
            "days": dict(Counter(found.verdicts.values())),
            "missed": [f"{day} {region}" for day, region in found.missed],
            "doubted": [f"{day} {region}" for day, region in found.doubted],
            "holes_that_hid_nothing": len(found.lucky),
            "alarms": [_told(fault, alarms, played.runs, world.start) for fault in known],
            "false_alarms": [*_false_alarms(alarms, known, found)],
            "faults": found.faults,
        }


def _stubborn(site: Site) -> str:
    """The path of an article of the fourth day."""
    site.day = 3.9
    plan = [one for one in site.world.plans(STUBBORN) if not one.hidden][-1]
    return str(plan.path)


def _trouble(known: Sequence[Fault], day: float, days: int, stubborn: str) -> Trouble:
    """What disturbs a run. The stubborn article and robots.txt are faults of single addresses."""
    if any(one.since <= day < one.until for one in known if one.name.startswith("outage")):
        return OUT
    robots = known[-2]
    if robots.since <= day < robots.until:
        return Trouble(
            outage={"kind": "500", "host": f"*{WITHOUT_ROBOTS}.*", "path": "/robots.txt"}
        )
    if day == days // 2 - 2:
        return Trouble(kill=KILL)
    return Trouble(outage={"kind": "500", "path": stubborn}) if day >= 3 else Trouble()


def _recall(site: Site, data_dir: Path, last: Run) -> dict[str, Any]:
    """Of the articles that were published in these days and may be fetched, how many are archived:
    by kind of list, and by region. Those that were withdrawn meanwhile and never seen are apart."""
    kept = {line["id"] for line in lines_of(data_dir)}
    asked, got, withdrawn = Counter[str](), Counter[str](), 0
    by_region, got_of_region = Counter[str](), Counter[str]()
    for region in site.world.channels:
        for plan in site.world.plans(region):
            is_new = site.world.start <= plan.published
            if not is_new or plan.hidden or beijing(plan.published) > last.at:
                continue
            is_kept = plan.task.id in kept
            if not is_kept and site.world.form(plan):
                withdrawn += 1
                continue
            asked[plan.source] += 1
            got[plan.source] += is_kept
            by_region[region] += 1
            got_of_region[region] += is_kept
    return {
        "by_kind": {kind: [got[kind], count] for kind, count in sorted(asked.items())},
        "by_region": {code: [got_of_region[code], n] for code, n in sorted(by_region.items())},
        "withdrawn_before_seen": withdrawn,
    }


def _new_alarms(data_dir: Path, runs: Sequence[Run], start: datetime) -> list[tuple[float, str]]:
    """The day and the id of each alarm that was raised anew."""
    found = []
    for path in sorted(data_dir.glob("runs/*.json")):
        report = json.loads(path.read_bytes())
        at = datetime.fromisoformat(report["started_at"])
        day = round((at - beijing(start)) / timedelta(days=1), 2)
        found += [(day, one["id"]) for one in report["alarm_states"] if one["is_new"]]
    return found


def _false_alarms(
    alarms: Sequence[tuple[float, str]], known: Sequence[Fault], found: Certified
) -> Iterator[str]:
    """Alarms that no fault explains; those on a day of publication that was doubted wrongly."""
    doubted = {f"coverage:{day}" for day, _ in found.doubted}
    for day, key in alarms:
        is_of_a_day = key.startswith("coverage:")
        is_explained = any(fault.is_told_by(key, day) for fault in known)
        if key in doubted if is_of_a_day else not is_explained:
            yield f"day {day:g}: {key}"


def _told(
    fault: Fault, alarms: Sequence[tuple[float, str]], runs: Sequence[Run], start: datetime
) -> dict[str, Any]:
    days = [round((run.at - beijing(start)) / timedelta(days=1), 2) for run in runs]
    met = [day for day in days if day >= fault.since]
    first = min((day for day, key in alarms if fault.is_told_by(key, day)), default=None)
    kinds = Counter(key.partition(":")[0] for day, key in alarms if fault.is_told_by(key, day))
    return {
        "fault": fault.name,
        "from_day": fault.since,
        "raised_by_run": met.index(first) + 1 if first in met else None,
        "alarms": dict(kinds),
    }


def main() -> int:
    parser = ArgumentParser(prog="python -m tests.simulation.coverage", description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--a-day", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    guard.install()
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        data_dir = (args.folder or Path(folder)) / "data"
        told = simulate(data_dir, days=args.days, a_day=args.a_day)
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    is_silent = any(one["raised_by_run"] is None for one in told["alarms"])
    return 1 if told["faults"] or told["missed"] or told["doubted"] or is_silent else 0


if __name__ == "__main__":
    sys.exit(main())
