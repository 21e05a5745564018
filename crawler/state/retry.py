"""When a failing address is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

RETRY_SCHEDULE: tuple[timedelta, ...] = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=30),
)
"""The wait after the first, second, … failure in a row; the last one holds for all further."""


def retry_at(at: datetime, attempts: int) -> datetime:
    """When to try again after the failure at `at`, the `attempts`-th (from 1) in a row."""
    return at + RETRY_SCHEDULE[min(attempts, len(RETRY_SCHEDULE)) - 1]
