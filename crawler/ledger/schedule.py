"""When an article is looked at again, and when a failing address is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# The wait after the first, second, … failure in a row; the last one holds for all further.
RETRY_SCHEDULE: tuple[timedelta, ...] = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=30),
)


def next_check(
    first_seen_at: datetime,
    published_at: datetime | None,
    now: datetime,
    schedule: Sequence[timedelta],
) -> datetime | None:
    """The first step of the schedule that is still to come, or None after the last.

    `schedule` holds ages since publication (since the first sighting where the page gives no
    time). Steps before the first sighting never were due, and steps missed since are made up for
    by the one check that is being made `now`.
    """
    base = first_seen_at if published_at is None else published_at
    after = max(first_seen_at, now)
    return min((base + age for age in schedule if base + age > after), default=None)


def next_try(at: datetime, attempts: int) -> datetime:
    """When to try again after the failure at `at`, the `attempts`-th (from 1) in a row."""
    return at + RETRY_SCHEDULE[min(attempts, len(RETRY_SCHEDULE)) - 1]
