"""Pages that list articles show those of the lines, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.room.served import Served


def test_the_front_page_shows_today_and_yesterday_by_region(room: Served) -> None:
    text = room.get("/").text
    assert re.findall(r'id="day-(\d{4}-\d\d-\d\d)"', text) == ["2026-09-13", "2026-09-12"]
    assert 'action="/search"' in text
    shown = set(re.findall(r'/articles/([0-9a-f]+)"', text.partition("<aside>")[0]))
    days = {"2026-09-13", "2026-09-12"}
    expected = {one["id"] for one in room.lines if (one["published_at"] or "")[:10] in days}
    assert shown == expected


def test_a_day_and_a_region_list_what_was_published(room: Served) -> None:
    def listed(path: str) -> set[str]:
        return set(re.findall(r'/articles/([0-9a-f]+)"', room.get(path).text))

    lines = {line["id"]: line for line in room.lines if line["status"] != "gone"}
    days = {line["published_at"][:10] for line in lines.values()}
    for day in sorted(days)[-3:]:
        expected = {one for one, line in lines.items() if line["published_at"][:10] == day}
        assert listed(f"/days/{day}") == expected
    found: set[str] = set()
    months = {day[:7] for day in days}
    for month in months:
        found |= listed(f"/regions/js?month={month}")
    of_js = {one for one, line in lines.items() if (line["region"] or {}).get("code") == "js"}
    assert found == of_js
