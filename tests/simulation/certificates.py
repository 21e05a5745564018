"""Days with outages, a dead column, lists that overflow and a kill, and what was certified of them.

Three regions: `js` as it is, `he` whose lists all show a few articles only, with no further page,
`zj` whose front page shows columns alone and whose column of static articles dies. The truth of a
day: which of the articles that were published on it, and may be fetched, were not archived when it
was closed. Where none is missing the day may be doubted only for what was truly so: a list of which
nothing was left that it had shown at the look before, one that answered no more, an outage from the
day's end until it was closed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from tests.chaos.soundness import faults_of, lines_of
from tests.simulation.days import Days
from tests.simulation.troubles import Trouble
from tests.site import Site
from tests.site.reading import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.simulation.days import Run

REGIONS = ("js", "he", "zj")
CAP = 2
DEAD = "news/zjyw.htm"
OUT = Trouble(outage={"kind": "503"})
ALL_OUT = "outage 503"
KILL = "crawler.runner.run:write_report:before:1"


@dataclass
class Certified:
    """`verdicts` by day and region as certified, `missing` the ids that were in truth, `unfounded`
    the reasons that aren't true; `alarms` the days told of, with how often."""

    days: list[date]
    verdicts: dict[tuple[date, str], str] = field(default_factory=dict)
    missing: dict[tuple[date, str], list[str]] = field(default_factory=dict)
    unfounded: dict[tuple[date, str], list[str]] = field(default_factory=dict)
    certificates: dict[date, dict[str, Any]] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)
    exitcodes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[tuple[date, str]]:
        """Days that were called complete and are not."""
        return [key for key, ids in self.missing.items() if ids and self._is_complete(key)]

    @property
    def doubted(self) -> list[tuple[date, str]]:
        """Days that are complete and were not called so, for a reason that isn't true."""
        return [key for key, ids in self.missing.items() if not ids and self.unfounded.get(key)]

    @property
    def lucky(self) -> list[tuple[date, str]]:
        """Days of which nothing is missing though lists had holes of which nobody can tell."""
        return [
            key
            for key, ids in self.missing.items()
            if not ids and not self._is_complete(key) and not self.unfounded.get(key)
        ]

    def _is_complete(self, key: tuple[date, str]) -> bool:
        return self.verdicts.get(key) == "complete"


def simulate(
    data_dir: Path, *, days: int, a_day: int, outages: Sequence[tuple[float, float]],
    dead_from: float, kill_at: float, daily: int = 4, seed: int = 7,
    regions: Sequence[str] = REGIONS,
) -> Certified:  # fmt: skip
    """Play the days; `outages` are from and to which day the whole site is out, `kill_at` is the
    day whose first run is killed as it ends."""
    with Site(seed=seed, regions=regions, articles=6, daily=daily) as site:
        site.world.caps["he"] = CAP
        site.world.bare.add("zj")
        site.world.dead["zj", DEAD] = dead_from
        played = Days(site, data_dir, a_day=a_day)
        troubles = list(_troubles(days * a_day, a_day, outages, kill_at))
        played.play(troubles)
        return certified(played, days)


def certified(played: Days, days: int) -> Certified:
    """What was certified of days that were played, held against the truth."""
    site, data_dir = played.site, played.data_dir
    first = site.world.start.date() + timedelta(days=1)
    found = Certified([first + timedelta(days=n) for n in range(days - 4)])
    _read(found, data_dir)
    _hold_against(found, site.truth(), data_dir, played.runs)
    for day, told in found.certificates.items():
        for region, row in told["regions"].items():
            found.unfounded[day, region] = [*_unfounded(played, told, row)]
    found.exitcodes = Counter(run.exitcode for run in played.runs)
    found.faults = faults_of(data_dir)
    return found


def _troubles(
    runs: int, a_day: int, outages: Sequence[tuple[float, float]], kill_at: float
) -> Iterator[Trouble]:
    for number in range(runs):
        day = number / a_day
        if any(start <= day < end for start, end in outages):
            yield OUT
        else:
            yield Trouble(kill=KILL) if day == kill_at else Trouble()


def _read(found: Certified, data_dir: Path) -> None:
    for path in sorted(data_dir.glob("coverage/*/*/*.json")):
        told = json.loads(path.read_bytes())
        if told["number"]:
            continue
        day = date.fromisoformat(told["day"])
        found.certificates[day] = told
        for region, row in told["regions"].items():
            found.verdicts[day, region] = row["verdict"]
    for path in data_dir.glob("runs/*.json"):
        states = json.loads(path.read_bytes())["alarm_states"]
        found.alarms.update(s["id"] for s in states if s["id"].startswith("coverage:"))


def _hold_against(
    found: Certified, truth: Mapping[str, Any], data_dir: Path, runs: Sequence[Run]
) -> None:
    kept = {line["id"]: line["fetched_at"] for line in reversed(lines_of(data_dir))}
    looks = [run.at for run in runs if run.trouble != ALL_OUT]
    for day in found.days:
        closed = found.certificates.get(day, {}).get("closed", "")
        for region in truth["regions"]:
            found.missing[day, region] = [
                one["id"]
                for one in truth["articles"]
                if one["region"] == region
                and not one["hidden"]
                and _published(one).date() == day
                and kept.get(one["id"], "9") > closed
                and not _was_withdrawn_unseen(one, looks)
            ]


def _published(article: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(article["expected"]["published_at"]))


def _was_withdrawn_unseen(article: Mapping[str, Any], looks: Sequence[datetime]) -> bool:
    """Whether an article was gone from its page and all lists before any run could meet it."""
    if article["listed_on"]:
        return False
    first = next((at for at in looks if at >= _published(article)), None)
    return first is not None and any(
        event["what"] == "withdrawn" and datetime.fromisoformat(event["at"]) <= first
        for event in article["history"]
    )


_NOT_READ = re.compile(r"(\S+) was not read since")
_ID = re.compile(rb"c_(\d{10})\.htm|/([0-9a-f]{32})/c\.html")


def _unfounded(played: Days, told: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    """The reasons against a day that the site doesn't bear out."""
    for one in row["owed"]:
        yield f"{one['url']} is owed"
    for hole in row["implied"]:
        left = _shown(played, hole["list"], hole["since"])
        left &= _shown(played, hole["list"], hole["until"])
        if left and not hole["covered"]:
            yield f"{hole['list']} still showed {left}"
    end = datetime.combine(date.fromisoformat(told["day"]), time.max, BEIJING)
    closed = datetime.fromisoformat(told["closed"])
    is_out = all(run.trouble == ALL_OUT for run in played.runs if end < run.at < closed)
    for reason in row["reasons"]:
        silent = _NOT_READ.match(reason)
        is_of_a_list = silent and _shown(played, silent[1], told["closed"])
        if not is_out and (is_of_a_list or reason.startswith("none of its lists was read")):
            yield reason


def _shown(played: Days, url: str, moment: str) -> set[str]:
    """The articles that a list's first page showed at a moment of a run, while it answered. One is
    left out: that which a front page pins."""
    world = played.site.world
    at = datetime.fromisoformat(moment).astimezone(UTC) + timedelta(hours=8)
    passed = (at.replace(tzinfo=None) - world.start) / timedelta(days=1)
    played.site.day = int(passed * played.a_day) / played.a_day  # a run takes minutes
    pinned = {
        min(world.plans(key), key=lambda plan: plan.published).task.id for key in world.channels
    }
    known = {plan.task.id for key in world.channels for plan in world.plans(key)}
    got = get(played.site, url)
    found = _ID.finditer(got.body) if got.status == 200 else ()
    return {(one[1] or one[2]).decode() for one in found} & known - pinned
