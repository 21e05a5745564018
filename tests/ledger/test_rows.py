"""What rows say of themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.ledger.rows import RegionProgress, left_of

MINUTE = timedelta(minutes=1)


def region(waiting: int, asked: int) -> RegionProgress:
    return RegionProgress("js", ended=asked, waiting=waiting, new=0, asked=asked)


@pytest.mark.parametrize(
    ("waiting", "asked", "left"),
    [(0, 0, timedelta()), (0, 9, timedelta()), (30, 60, MINUTE), (30, 0, None)],
)
def test_time_left_by_the_pace_so_far(waiting: int, asked: int, left: timedelta | None) -> None:
    assert region(waiting, asked).left(2 * MINUTE) == left


def test_a_run_takes_as_long_as_its_slowest_region() -> None:
    """Hosts are asked side by side."""
    assert left_of([], MINUTE) == timedelta()
    assert left_of([region(0, 9)], MINUTE) == timedelta()
    assert left_of([region(30, 0)], MINUTE) is None
    assert left_of([region(30, 0), region(60, 30), region(30, 30)], MINUTE) == 2 * MINUTE
