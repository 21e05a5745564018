"""Placements of an article, read from published sightings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.data_dir import sightings_name
from crawler.views import placements
from crawler.views.placements import placements_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SEEN = datetime(2026, 9, 30, 1, tzinfo=UTC)


def write(data_dir: Path, run: str, *lines: dict[str, Any]) -> None:
    path = data_dir / sightings_name(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def line(event: str, at: str, **values: Any) -> dict[str, Any]:
    return {
        "event": event, "at": at, "list": "http://www.js.xinhuanet.com/", "article_id": "1234567",
        "url": "http://www.js.xinhuanet.com/c_1234567.htm", "headline": "列表上的标题",
        "differs": True, "position": 3, "last_shown_at": None,
    } | values  # fmt: skip


def test_what_appeared_and_went(tmp_path: Path) -> None:
    write(
        tmp_path, "20260930T004500Z-0001",
        line("appeared", "2026-09-30T00:46:00Z"),
        line("appeared", "2026-09-30T00:47:00Z", list="http://www.js.xinhuanet.com/yw.htm"),
        line("appeared", "2026-09-30T00:47:00Z", article_id="7654321"),
    )  # fmt: skip
    write(tmp_path, "20261001T004500Z-0002",
          line("gone", "2026-10-01T00:46:00Z", last_shown_at="2026-09-30T23:46:00Z"))  # fmt: skip
    write(tmp_path, "20261101T004500Z-0003", line("appeared", "2026-11-01T00:46:00Z", headline="x"))
    (tmp_path / sightings_name("20261002T004500Z-0004")).write_text('{"article_id":"1234567"}\nx\n')
    (first, second, third), unread = placements_of(tmp_path, "1234567", SEEN)
    assert unread is None
    assert (third.since, third.until) == ("2026-11-01T00:46:00Z", None)
    assert (first.headline, first.differs, first.position) == ("列表上的标题", True, 3)
    assert (first.since, first.until) == ("2026-09-30T00:46:00Z", "2026-09-30T23:46:00Z")
    assert (second.list_url, second.until) == ("http://www.js.xinhuanet.com/yw.htm", None)
    assert placements_of(tmp_path, "9999999", SEEN) == ([], None)
    assert placements_of(tmp_path / "nothing", "1234567", SEEN) == ([], None)


def test_years_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On and off again, long after; and where there is too much to read."""
    write(tmp_path, "20260930T004500Z-0001", line("appeared", "2026-09-30T00:46:00Z"))
    write(tmp_path, "20261215T004500Z-0002",
          line("gone", "2026-12-15T00:46:00Z", last_shown_at="2026-12-14T23:46:00Z"))  # fmt: skip
    write(tmp_path, "20280203T004500Z-0003", line("appeared", "2028-02-03T00:46:00Z"))
    shown, unread = placements_of(tmp_path, "1234567", SEEN)
    assert [(one.since, one.until) for one in shown] == [
        ("2026-09-30T00:46:00Z", "2026-12-14T23:46:00Z"), ("2028-02-03T00:46:00Z", None),
    ]  # fmt: skip
    assert unread is None
    monkeypatch.setattr(placements, "LONGEST_READING", -1)
    shown, unread = placements_of(tmp_path, "1234567", SEEN)
    assert [(one.since, one.until) for one in shown] == [("2026-09-30T00:46:00Z", None)]
    assert unread == "2026-12"
