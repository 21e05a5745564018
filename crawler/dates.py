"""The forms of dates and times that the site prints, as parts of regular expressions.

`\\d` in them is a digit of any width, as pages print both. The lists' own pattern is in ASCII.
"""

from __future__ import annotations

from typing import Final

# A site that went online in 1997 prints no other centuries.
CENTURY: Final = "(?:19|20)"
CENTURY_OF_ANY_WIDTH: Final = "(?:[1１][9９]|[2２][0０])"

AFTER_YEAR: Final = "[-年/.]"
AFTER_MONTH: Final = "[-月/.]"

# Behind a year: its month and day. The site also prints blanks beside the marks.
MONTH_AND_DAY: Final = rf"\s?{AFTER_YEAR}\s?\d{{1,2}}\s?{AFTER_MONTH}\s?\d{{1,2}}"

# 2017-09-28, 2017年9月28日 (without 日), 2017 / 9 / 28.
DATE: Final = rf"{CENTURY}\d\d{MONTH_AND_DAY}"

# The beginning of a date in a line: as far as its year.
DATE_BEGINS: Final = rf"{CENTURY}\d\d\s?{AFTER_YEAR}\s?\d"

# A day in words, as datelines have it: 9月28日, 2017 年 9 月 28 日.
DAY_IN_WORDS: Final = r"(?:\d{4}\s?年\s?)?\d{1,2}\s?月\s?\d{1,2}\s?日"

WEEKDAY: Final = "(?:星期|周|礼拜)."

# What the CMS prints before a time of day; texts say 凌晨, 傍晚 and others as well.
HALF_OF_DAY: Final = "上午|下午"
