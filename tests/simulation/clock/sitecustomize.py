"""Shifts the product's one clock by XINHUA_CLOCK_SHIFT seconds, from outside the product, and
lets it run XINHUA_CLOCK_SPEED times as fast.

Lint bans every other clock (pyproject.toml), so this moves the whole crawl; monotonic time, by
which requests are paced, goes on as it is. Kills work as in `tests/chaos/killer`.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

runpy.run_path(str(Path(__file__).parents[2] / "chaos" / "killer" / "sitecustomize.py"))

SHIFT = timedelta(seconds=float(os.environ.get("XINHUA_CLOCK_SHIFT", "0")))
SPEED = float(os.environ.get("XINHUA_CLOCK_SPEED", "1"))
START = datetime.now(UTC)


def now() -> datetime:
    return START + SHIFT + (datetime.now(UTC) - START) * SPEED


class Shifter:
    """A finder that puts our `now` into crawler.clock as it is imported."""

    is_found = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "crawler.clock" or self.is_found:
            return None
        self.is_found = True
        spec = importlib.util.find_spec(name)
        assert spec is not None
        loader: Any = spec.loader
        execute = loader.exec_module

        def execute_and_shift(module: ModuleType) -> None:
            execute(module)
            module.now = now

        loader.exec_module = execute_and_shift
        return spec


sys.meta_path.insert(0, Shifter())
