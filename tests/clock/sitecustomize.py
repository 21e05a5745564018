"""Shifts the product's clock in a real process: CLOCK_SHIFT is in seconds. See `crawler.clock`."""

from __future__ import annotations

import os
import runpy
import sys
from datetime import datetime, timedelta
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

runpy.run_path(str(TESTS / "guard" / "sitecustomize.py"))

if shift := os.environ.get("CLOCK_SHIFT"):
    sys.path.insert(0, str(Path.cwd()))  # the project, or a changed copy of it
    from crawler import clock

    del sys.path[0]
    by, wall = timedelta(seconds=float(shift)), clock.now

    def now() -> datetime:
        return wall() + by

    clock.now = now  # before any other module has taken it
