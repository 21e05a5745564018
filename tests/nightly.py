"""Cases that are left to the night: like another case that stays, and seconds long."""

from __future__ import annotations

from typing import Any

import pytest


def shards(by_day: int, all_of_them: int) -> list[Any]:
    """Numbers of like cases, of which `make test` runs so many and the night all."""
    return [*range(by_day), *(at_night(number) for number in range(by_day, all_of_them))]


def at_night(*values: Any) -> Any:
    """The values of a case of `pytest.mark.parametrize` that `make test` leaves out."""
    return pytest.param(*values, marks=pytest.mark.nightly)
