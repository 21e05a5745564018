"""The search page: its hits, and what it says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.room.served import Served


def test_a_search_shows_hits_with_the_version_that_matches(room: Served) -> None:
    assert "<mark>更新" in room.get(f"/search?q={quote('更新1')}").text
    gone = room.of("gone")
    text = room.get(f"/search?q={quote(gone['title'])}").text
    assert f"/articles/{gone['id']}" in text
    assert "已撤下" in text
