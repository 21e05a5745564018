"""METRICS_FILE: the last run as a Prometheus textfile, for the node exporter's collector.

In: the run's report and what is owed. Out: a file, whole or not at all. Names begin with `xinhua_`;
times are seconds since 1970, sizes bytes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from crawler.outcomes import UNREAD, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_metrics(
    path: Path,
    report: Mapping[str, Any],
    *,
    owed: Mapping[str, int],
    denied: Mapping[str, int],
    oldest_incomplete_day: date | None,
    bytes_free: int,
) -> None:
    """Write the file; `owed` and `denied` hold addresses by region code. Raises OSError."""
    registry = CollectorRegistry()
    started = datetime.fromisoformat(report["started_at"])
    finished = datetime.fromisoformat(report["finished_at"])
    values = {
        "run_end_timestamp_seconds": ("When the last run ended", finished.timestamp()),
        "run_duration_seconds": (
            "How long the last run took", (finished - started).total_seconds(),
        ),
        "run_exit_code": ("Exit code of the last run", report["exit_code"]),
        "alarms": ("Alarms that hold", len(report["alarms"])),
        "disk_free_bytes": ("Free bytes on the disk of the data folder", bytes_free),
    }  # fmt: skip
    if oldest_incomplete_day is not None:
        said = "Start of the oldest day of publication of which something is owed"
        midnight = datetime.combine(oldest_incomplete_day, datetime.min.time(), finished.tzinfo)
        values["oldest_incomplete_day_timestamp_seconds"] = (said, midnight.timestamp())
    for name, (said, value) in values.items():
        Gauge(f"xinhua_{name}", said, registry=registry).set(value)
    outcomes = Gauge(
        "xinhua_addresses", "Addresses of the last run by outcome", ["outcome"], registry=registry
    )
    for outcome in Outcome:
        outcomes.labels(outcome.value).set(report["outcomes"].get(outcome.value, 0))
    waiting = Gauge("xinhua_owed", "Addresses owed by region", ["region"], registry=registry)
    kept_out = Gauge(
        "xinhua_denied", "Addresses that robots.txt forbids, by region", ["region"],
        registry=registry,
    )  # fmt: skip
    unread = Gauge(
        "xinhua_unexplained", "Pages of the last run that no one layout claims, by region",
        ["region"], registry=registry,
    )  # fmt: skip
    for region in sorted({*owed, *denied, *report["regions"]}):
        counts = report["regions"].get(region, {})
        waiting.labels(region).set(owed.get(region, 0))
        kept_out.labels(region).set(denied.get(region, 0))
        unread.labels(region).set(sum(counts.get(one.value, 0) for one in UNREAD))
    write_to_textfile(str(path), registry)
