"""When an article is looked at again.

In: when it was published and first seen, when it was last looked at, the schedule. Out: a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


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
