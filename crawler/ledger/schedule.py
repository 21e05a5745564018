"""When an article is looked at again, a failing address tried again, a list asked again. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.ledger.rows import ListState, SourceYield

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


# A picture is given up after so many failures: it is no article, whose loss would be one of text.
PICTURE_TRIES = 5


def next_picture_try(at: datetime, attempts: int) -> datetime | None:
    """When to ask for a picture again after its `attempts`-th failure; None: no more."""
    return next_try(at, attempts) if attempts < PICTURE_TRIES else None


# A list that answered so many times in a row with nothing is given up. If it showed articles once
# it is asked once a day, else when a page links to it, by RETRY_SCHEDULE.
GIVE_UP = 5
_NOTHING_THERE = frozenset({200, 404, 410})

# A list is asked in every run until looks of so many days are known.
LEARNING_DAYS = 14

# How far back a list's looks count, and how far back its latest ones.
LOOK_BACK = timedelta(days=30)
LATELY = timedelta(days=7)

# Looks of so many days are kept; certificates are written of the days before the last two.
KEPT = LOOK_BACK + timedelta(days=7)

# A list that shows so many new articles a day is asked in every run.
NEWS_A_DAY = 6.0

# So many looks for each new article, on average.
LOOKS_AN_ARTICLE = 4

# A list all of whose articles were known elsewhere when they appeared on it waits so much longer.
KNOWN_ELSEWHERE = 3

# The longest waits of a list that brought something in LOOK_BACK, and of one that brought nothing.
LONGEST_WAIT = timedelta(hours=12)
QUIET_WAIT = timedelta(days=1)

# The share of its first page that may be new at the next look, at the pace of its fullest day.
MOST_OF_A_PAGE = 0.5

# Runs don't start to the second: a look that is due so soon is due.
_SLACK = timedelta(minutes=30)


def is_given_up(state: ListState) -> bool:
    """Whether a list answered so often with nothing. Only answers count: no answer says nothing."""
    return state.failures >= GIVE_UP and state.last_status in _NOTHING_THERE


def look_interval(learnt: SourceYield) -> timedelta:
    """How long to wait between two looks at a list; zero: it is asked in every run."""
    if learnt.days < LEARNING_DAYS:
        return timedelta()
    a_day = max(
        learnt.new / learnt.days,
        learnt.recent / learnt.recent_days if learnt.recent_days else 0.0,
    )
    if a_day >= NEWS_A_DAY:
        return timedelta()
    if not learnt.new:
        is_long_quiet = learnt.days >= LOOK_BACK.days - 1
        return QUIET_WAIT if is_long_quiet else LONGEST_WAIT
    wait = timedelta(days=1 / (LOOKS_AN_ARTICLE * a_day))
    if not learnt.first:
        wait *= KNOWN_ELSEWHERE
    return min(wait, LONGEST_WAIT, _until_full(learnt))


def _until_full(learnt: SourceYield) -> timedelta:
    """How soon a list's first page could be half new."""
    return timedelta(days=MOST_OF_A_PAGE * learnt.capacity / learnt.peak)


def next_look(last_at: datetime | None, wait: timedelta) -> datetime | None:
    """From when on a list is due again; None: in every run."""
    return last_at + wait if last_at and wait else None


def is_look_due(last_at: datetime | None, wait: timedelta, now: datetime) -> bool:
    """Whether a list is to be asked by a run that asks now."""
    due_at = next_look(last_at, wait)
    return due_at is None or now >= due_at - min(_SLACK, wait / 10)
