"""The product's one clock.

Everything that needs the time asks `now()`, which is wall time, so that shifting the clock of a
real process shifts the whole product. Lint bans the other clocks.
"""

from datetime import UTC, datetime, timedelta, timezone

# Xinhua prints Beijing time without a zone; China has had no daylight saving since 1991.
BEIJING = timezone(timedelta(hours=8))


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC to the second with a Z, the form of every UTC time we write."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
