"""`make simulate DAYS=60`: plays the days, prints the figures as JSON.

Exit code 1 when the data folder isn't sound or something told is not true.
"""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.guard import sitecustomize as guard
from tests.simulation.figures import simulate


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    guard.install()
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        figures = simulate(Path(folder) / "data", days=args.days, seed=args.seed)
    sys.stdout.write(json.dumps(figures.shown(), ensure_ascii=False, indent=1) + "\n")
    return 1 if figures.faults or any(score.wrong for score in figures.scores.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
