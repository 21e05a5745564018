"""The re-check schedule, and the waits after failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.ledger.schedule import next_check, next_try

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
