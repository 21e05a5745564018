"""`make chaos KILLS=1000`: many histories of kills, in batches that can be resumed.

The state file holds how many kills are done, where they struck, and what was found wrong; a batch
that is cut off goes on after the last whole history. Exit code 1 when anything was wrong; the data
folders of wrong histories are kept.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.history import History
from tests.guard import sitecustomize as guard
from tests.site import Site

KILLS_A_HISTORY = 10


@dataclass
class State:
    """`histories` begun so far are the seeds used; `struck` counts kills by step; `wrong` holds a
    sentence for each thing found, with its seed and folder."""

    histories: int = 0
    kills: int = 0
    runs: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> State:
        if not path.exists():
            return cls()
        stored = json.loads(path.read_text("utf-8"))
        return cls(**stored | {"struck": Counter(stored["struck"])})

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(vars(self), ensure_ascii=False, indent=1), "utf-8")
        partial.replace(path)


def play(seed: int, state: State) -> None:
    """One history with its own site and data folder."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    with Site(seed=1 + seed % 7, regions=["js"], articles=6, daily=2) as site:
        env = site.environment
        history = History(site, folder / "data", env, Random(seed))
        try:
            history.survive(KILLS_A_HISTORY)
            wrongs = history.wrongs()
        except AssertionError as error:
            wrongs = [str(error)]
        if wrongs:
            wrongs.append(" | ".join(history.log))
    state.histories += 1
    state.kills += len(history.kills)
    state.runs += len(history.log)
    state.struck.update(_place(kill) for kill in history.kills)
    state.wrong += [f"seed {seed} ({folder}): {wrong}" for wrong in wrongs]
    if not wrongs:
        shutil.rmtree(folder)


def _place(kill: str) -> str:
    """A kill without its count: `crawler.storage:publish:before`, `at random`."""
    return "at random" if kill.startswith("after ") else kill.rpartition(":")[0]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> int:
    """Plays histories until there were so many kills."""
    parser = ArgumentParser(prog="python -m tests.chaos.batch", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--state", type=Path, default=Path("data/chaos.json"))
    args = parser.parse_args(argv)
    guard.install()
    state = State.load(args.state)
    while state.kills < args.kills:
        play(state.histories, state)
        state.save(args.state)
        _say(f"{state.kills} kills in {state.runs} runs, {len(state.wrong)} wrong")
    for place, count in sorted(state.struck.items()):
        _say(f"{count:6} {place}")
    _say("\n".join(state.wrong) or "nothing lost, nothing twice")
    return 1 if state.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
