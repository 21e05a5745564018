"""`scrapy coverage`: the days it takes, and what it prints; with a ledger: tests/coverage."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from scrapy.exceptions import UsageError

from crawler.commands.coverage import _days, _lines


def test_both_days_are_among_them() -> None:
    assert _days(["2026-02-28", "2026-03-01"]) == [date(2026, 2, 28), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["2026-03-01"], "takes two days"),
        (["2026-03-01", "yesterday"], "a day such as"),
        (["2026-03-02", "2026-03-01"], "is after until"),
        (["2001-01-01", "2026-01-01"], "9132 days are more than 3660"),
    ],
)
def test_what_is_no_span_of_days(given: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        _days(given)


def test_what_is_wanting_of_a_day_is_named() -> None:
    row: dict[str, Any] = {"seen": 3, "archived": 3, "refused": [], "verdict": "complete"}
    wanting = row | {
        "archived": 1, "refused": [{}], "verdict": "incomplete",
        "reasons": ["http://js.news.cn/1.htm is owed: timeout"],
    }  # fmt: skip
    told = {"day": "2026-03-01", "closed": None, "regions": {"he": row, "js": wanting}}
    assert _lines(told) == [
        "2026-03-01  open",
        "  he        complete    3 of 3 archived",
        "  js        incomplete  1 of 3 archived, 1 refused",
        "              http://js.news.cn/1.htm is owed: timeout",
    ]
    assert _lines(told | {"closed": "2026-03-03T17:00:00Z", "regions": {}}) == [
        "2026-03-01  closed 2026-03-03T17:00:00Z"
    ]
