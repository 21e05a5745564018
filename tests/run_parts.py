"""The facts of a run that was never opened, for tests of single components."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawler.arguments import parse
from crawler.context import RunFacts

STARTED_AT = datetime(2026, 3, 1, tzinfo=UTC)


def facts(**values: Any) -> RunFacts:
    """Those of a run of no region that began on 1 March 2026, but for `values`."""
    return RunFacts(**({
        "run_id": "20260301T000000Z-0000",
        "started_at": STARTED_AT,
        "command": "",
        "data_dir": Path("/nowhere"),
        "arguments": parse({}, {}),
        "regions": {},
        "schedule": (),
        "confirm_after": timedelta(hours=6),
    } | values))  # fmt: skip
