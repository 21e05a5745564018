"""Cases that are left to the night: like another case that stays, and seconds long."""

from __future__ import annotations

from typing import Any

import pytest


def at_night(*values: Any) -> Any:
    """The values of a case of `pytest.mark.parametrize` that `make test` leaves out."""
    return pytest.param(*values, marks=pytest.mark.nightly)
