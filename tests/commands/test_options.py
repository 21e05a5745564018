"""Values of options, and what is said of bad ones."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date

import pytest

from crawler.commands.options import count, day, region_codes


def test_values() -> None:
    assert count("12") == 12
    assert day("2017-09-28") == date(2017, 9, 28)
    assert region_codes("js,河北") == {"js", "he"}


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "", "two", "٣"])
def test_no_numbers(value: str) -> None:
    with pytest.raises(ArgumentTypeError, match="from 1 up"):
        count(value)


@pytest.mark.parametrize("value", ["2017-02-30", "20170928", "2017-9-28", "", "yesterday"])
def test_no_days(value: str) -> None:
    with pytest.raises(ArgumentTypeError, match="a day such as 2017-09-28"):
        day(value)


def test_no_region() -> None:
    with pytest.raises(ArgumentTypeError, match="zz"):
        region_codes("js,zz")
