"""What disturbs the runs of a simulation, planned before the first one and by the seed alone.

Outages of the whole site or of its articles (up to three runs long) and kills, as many as the
shares say; which runs they meet doesn't depend on what any run does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.history import STEPS

# What the whole site, or all its articles, do while it is out: one after the other.
OUTAGES: tuple[dict[str, Any], ...] = (
    {"kind": "503"},
    {"kind": "404"},
    {"kind": "reset"},
    {"kind": "500", "path": "/robots.txt"},
    {"kind": "error_page"},
    {"kind": "502"},
    {"kind": "404", "path": "*/c*.htm*"},
    {"kind": "soft404"},
    {"kind": "redirect_front", "path": "*/c*.htm*"},
)


# How often a run takes a step however fast it is; the others once, if at all.
AT_LEAST = {"commit": 3, "write": 5, "see": 5, "add_answer": 5}


@dataclass(frozen=True)
class Trouble:
    """Of one run: the fault of the whole site and the step at which the run is killed, if any."""

    outage: dict[str, Any] = field(default_factory=dict)
    kill: str = ""


def plan(runs: int, *, seed: int, outages: float, kills: float) -> list[Trouble]:
    """The troubles, run by run. Of the runs a share `outages` is the first of an outage, and of
    those left a share `kills` is to be killed. The first two runs and the last are quiet."""
    planned = [Trouble()] * runs
    rng = Random(f"outages {seed}")
    for number, start in enumerate(sorted(_some(range(2, runs - 1), outages, rng))):
        for at in range(start, min(start + rng.randint(1, 3), runs - 1)):
            planned[at] = Trouble(outage=OUTAGES[number % len(OUTAGES)])
    rng = Random(f"kills {seed}")
    steps = rng.sample(STEPS, len(STEPS))
    left = [at for at in range(2, runs - 1) if not planned[at].outage]
    for number, at in enumerate(_some(left, kills, rng)):
        planned[at] = Trouble(kill=_kill(steps[number % len(steps)], rng))
    return planned


def _some(runs: range | list[int], share: float, rng: Random) -> list[int]:
    return rng.sample(runs, round(share * len(runs)))


def _kill(step: str, rng: Random) -> str:
    most = AT_LEAST.get(step.rpartition(".")[2].rpartition(":")[2], 1)
    return f"{step}:{rng.choice(('before', 'after'))}:{rng.randint(1, most)}"
