"""The forms of dates."""

from __future__ import annotations

import re

import pytest

from crawler import dates


@pytest.mark.parametrize(
    ("printed", "is_date"),
    [
        ("2016-03-05", True),
        ("2016年3月5", True),
        ("2016 / 3 / 5", True),
        ("1999.12.31", True),
        ("２０１６-０３-０５", False),
        ("1899-12-31", False),
        ("2016--03-05", False),
        ("2016年第3期", False),
    ],
)
def test_a_date(printed: str, is_date: bool) -> None:
    assert (re.fullmatch(dates.DATE, printed) is not None) is is_date


def test_a_date_of_any_width() -> None:
    pattern = rf"{dates.CENTURY_OF_ANY_WIDTH}\d\d{dates.MONTH_AND_DAY}"
    assert all(re.fullmatch(pattern, each) for each in ("２０１６年３月５", "2016-03-05"))


@pytest.mark.parametrize("printed", ["3月5日", "2016年3月5日", "２０１６ 年 ３ 月 ５ 日"])
def test_a_day_in_words(printed: str) -> None:
    assert re.fullmatch(dates.DAY_IN_WORDS, printed)


@pytest.mark.parametrize("printed", ["星期三", "周日", "礼拜五"])
def test_a_weekday(printed: str) -> None:
    assert re.fullmatch(dates.WEEKDAY, printed)
