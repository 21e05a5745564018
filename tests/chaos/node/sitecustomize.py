"""Lets a site see which process asks: NODE and the process's number stand in its User-Agent. Shifts
the clock as `tests/clock` does."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]

if node := os.environ.get("NODE"):
    os.environ["XINHUA_CONTACT"] = f"{node}-{os.getpid()}@example.org"

runpy.run_path(str(TESTS / "clock" / "sitecustomize.py"))
