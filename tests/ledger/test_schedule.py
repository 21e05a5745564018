"""The re-check schedule, the waits after failures, and how often a list is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.ledger.rows import SourceYield
from crawler.ledger.schedule import (
    LEARNING_DAYS,
    MOST_OF_A_PAGE,
    QUIET_WAIT,
    is_look_due,
    look_interval,
    next_check,
    next_look,
    next_try,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCHEDULE = (6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY)
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def test_each_step_once() -> None:
    at, steps = T0, []
    while (due := next_check(T0, T0, at, SCHEDULE)) is not None:
        steps.append(due - T0)
        at = due
    assert steps == list(SCHEDULE)


def test_steps_before_the_first_sighting_never_were_due() -> None:
    seen = T0 + 2 * DAY
    assert next_check(seen, T0, seen, SCHEDULE) == T0 + 7 * DAY
    old = T0 - 3000 * DAY
    assert next_check(T0, old, T0, SCHEDULE) is None


def test_missed_steps_are_made_up_for_by_one_check() -> None:
    assert next_check(T0, T0, T0 + 20 * DAY, SCHEDULE) == T0 + 30 * DAY


def test_without_a_publication_time_ages_count_from_the_first_sighting() -> None:
    assert next_check(T0, None, T0, SCHEDULE) == T0 + 6 * HOUR


def test_a_time_in_the_future_and_an_empty_schedule() -> None:
    assert next_check(T0, T0 + DAY, T0, SCHEDULE) == T0 + DAY + 6 * HOUR
    assert next_check(T0, T0, T0, ()) is None


hours = st.integers(-20_000, 20_000).map(lambda n: n * HOUR)


@given(hours, hours, st.permutations(SCHEDULE))
def test_the_next_check_is_always_to_come(
    seen: timedelta, now: timedelta, schedule: list[timedelta]
) -> None:
    due = next_check(T0 + seen, T0, T0 + now, schedule)
    assert due is None or (due > T0 + now and due > T0 + seen and due - T0 in schedule)
    assert due == next_check(T0 + seen, T0, T0 + now, SCHEDULE)


def test_the_last_wait_holds_for_all_further_failures() -> None:
    assert next_try(T0, 1) == T0 + HOUR
    assert next_try(T0, 3) == T0 + DAY
    assert next_try(T0, 6) == next_try(T0, 99) == T0 + 30 * DAY


def month(**values: int) -> SourceYield:
    """A list of 20 links looked at on each of 30 days."""
    return SourceYield(**({"days": 30, "looks": 720, "recent_days": 7, "capacity": 20} | values))


@pytest.mark.parametrize(
    ("learnt", "hours"),
    [
        (SourceYield(), 0),
        (month(days=LEARNING_DAYS - 1), 0),
        (month(), 24),  # nothing for a month
        (month(days=LEARNING_DAYS), 12),
        (month(days=29), 24),
        (month(new=720, peak=24, recent=168, first=1), 0),  # hourly
        (month(new=720, peak=24, recent=168), 0),  # hourly, all of it known elsewhere
        (month(new=180, peak=6, recent=42, first=9), 0),
        (month(new=90, peak=3, recent=21, first=9), 2),
        (month(new=30, peak=1, recent=7, first=1), 6),
        (month(new=30, peak=1, recent=7), 12),
        (month(new=4, peak=1, recent=1, first=4), 12),
        (month(new=30, peak=1, recent=70, first=1), 0),  # of late there is more
        (month(new=30, peak=30, recent=0, first=1), 6),
        (month(new=30, peak=30, recent=0, first=1, capacity=5), 2),  # all on one day
        (month(new=1, peak=1, recent=0, first=1, capacity=0), 0),
    ],
)
def test_how_often_a_list_is_asked(learnt: SourceYield, hours: float) -> None:
    assert look_interval(learnt) == hours * HOUR


@given(
    days=st.integers(LEARNING_DAYS, 30), peak=st.integers(1, 200), rest=st.integers(0, 2000),
    capacity=st.integers(0, 200), first=st.integers(0, 50),
)  # fmt: skip
def test_no_list_can_overflow_at_its_pace_or_is_left_for_longer_than_a_day(
    days: int, peak: int, rest: int, capacity: int, first: int
) -> None:
    learnt = SourceYield(
        days=days, new=peak + rest, peak=peak, first=first, capacity=capacity, recent_days=7
    )
    wait = look_interval(learnt)
    assert timedelta() <= wait <= QUIET_WAIT
    assert wait / DAY * peak <= MOST_OF_A_PAGE * capacity + 1e-6  # a wait is in whole microseconds


def test_a_run_that_starts_a_little_early_asks_all_the_same() -> None:
    assert next_look(T0, DAY) == T0 + DAY
    assert next_look(T0, timedelta()) is None
    assert is_look_due(None, DAY, T0)
    assert is_look_due(T0, timedelta(), T0)
    assert not is_look_due(T0, DAY, T0 + 23 * HOUR)
    assert is_look_due(T0, DAY, T0 + DAY - 10 * timedelta(minutes=1))
    assert not is_look_due(T0, 2 * HOUR, T0 + HOUR)
