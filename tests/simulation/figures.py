"""One simulation from beginning to end, and its figures."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos.soundness import faults_of, lines_of
from tests.simulation.days import Days, Run, beijing
from tests.simulation.score import Score, score
from tests.simulation.troubles import plan
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGIONS = ("js", "he")


@dataclass(frozen=True)
class Figures:
    """`faults` are what is unsound in the data folder, `hosts` requests by host, `size` bytes by
    kind of file; `unclaimed` looks met archived articles in a design no layout knows."""

    scores: dict[str, Score]
    faults: list[str]
    runs: list[Run]
    hosts: dict[str, int]
    size: dict[str, int]
    lines: int
    unclaimed: int

    def shown(self) -> dict[str, Any]:
        return {
            "runs": len(self.runs),
            "troubles": dict(Counter(run.trouble.partition(" ")[0] or "none" for run in self.runs)),
            "exit_codes": dict(sorted(Counter(run.exitcode for run in self.runs).items())),
            "requests": sum(self.hosts.values()),
            "hosts": self.hosts,
            "bytes": self.size,
            "lines": self.lines,
            "unclaimed": self.unclaimed,
            **{name: one.shown() for name, one in self.scores.items()},
            "missed": {name: one.missed for name, one in self.scores.items() if one.missed},
            "wrong": {name: one.wrong for name, one in self.scores.items() if one.wrong},
            "faults": self.faults,
        }


def simulate(
    data_dir: Path, *, days: int, seed: int, a_day: int = 4, daily: int = 2,
    outages: float = 0.06, kills: float = 0.12, after_run: Callable[[], object] = lambda: None,
) -> Figures:  # fmt: skip
    """Play the days and score them. For their last third the last region has a new design."""
    with Site(seed=seed, regions=REGIONS, articles=8, daily=daily) as site:
        site.world.redesigns[REGIONS[-1]] = days * 2 / 3
        played = Days(site, data_dir, a_day=a_day, after_run=after_run)
        played.play(plan(days * a_day, seed=seed, outages=outages, kills=kills))
        listed = []
        for number in range(len(played.runs)):
            site.day = number / a_day
            listed.append({
                one["id"] for one in site.truth()["articles"]
                if one["listed_on"] and one["state"] == "live"
            })  # fmt: skip
        lines = lines_of(data_dir)
        redesigns = {
            key: beijing(site.world.start + timedelta(days=day))
            for key, day in site.world.redesigns.items()
        }
        return Figures(
            scores=score(site.truth(), lines, played.runs, listed, redesigns),
            faults=faults_of(data_dir),
            runs=played.runs,
            hosts={host: row["requests"] for host, row in site.stats().items()},
            size={
                kind: sum(path.stat().st_size for path in data_dir.rglob(f"*{kind}"))
                for kind in (".warc.gz", ".jsonl", ".sqlite")
            },
            lines=len(lines),
            unclaimed=sum(_unclaimed(path) for path in data_dir.glob("runs/*.json")),
        )


def _unclaimed(report: Path) -> int:
    return int(json.loads(report.read_bytes())["outcomes"].get("unclaimed", 0))
