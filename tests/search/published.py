"""A data folder with published lines of our own, for the tests of the index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

RUNS = tuple(f"2026010{day}T000000Z-000{day}" for day in range(1, 8))


def line(number: int, title: str | None, body: str | None = None, **more: Any) -> dict[str, Any]:
    """A line with the keys that the index reads."""
    return {
        "schema_version": 1,
        "id": str(number),
        "version": 1,
        "status": "live",
        "gone": None,
        "title": title,
        "subtitle": None,
        "kicker": None,
        "body": body,
        "source": None,
        "images": [],
        "videos": [],
        "region": {"code": "js", "name": "江苏", "gb2260": "320000"},
        "published_at": f"2017-09-28T08:{number % 60:02}:00+08:00",
        "first_seen_at": "2026-01-01T00:00:00Z",
        "fetched_at": "2026-01-01T00:00:00Z",
    } | more


def gone(number: int, title: str, at: str, **more: Any) -> dict[str, Any]:
    """The line of its withdrawal."""
    return line(number, title, None, status="gone", published_at=None, fetched_at=at, **more)


def publish(data_dir: Path, *lines: dict[str, Any], run: int = 0) -> Path:
    """Publish these as the lines of a run."""
    path = data_dir / "jsonl" / "2026" / "01" / f"xinhua-{RUNS[run]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path
