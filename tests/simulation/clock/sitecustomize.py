"""Shifts the product's one clock by XINHUA_CLOCK_SHIFT seconds, from outside the product, and
lets it run XINHUA_CLOCK_SPEED times as fast.

Lint bans every other clock (pyproject.toml), so this moves the whole crawl; monotonic time, by
which requests are paced, goes on as it is. Kills work as in `tests/chaos/killer`.
"""

from __future__ import annotations

import os
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

killer = runpy.run_path(str(Path(__file__).parents[2] / "chaos" / "killer" / "sitecustomize.py"))

SHIFT = timedelta(seconds=float(os.environ.get("XINHUA_CLOCK_SHIFT", "0")))
SPEED = float(os.environ.get("XINHUA_CLOCK_SPEED", "1"))
START = datetime.now(UTC)


def now() -> datetime:
    return START + SHIFT + (datetime.now(UTC) - START) * SPEED


def shift(module: ModuleType) -> None:
    vars(module)["now"] = now


killer["on_import"]("crawler.clock", shift)
