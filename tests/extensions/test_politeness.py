"""What the report says of each host: requests, gaps, waits, what 304s saved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request, Response

from crawler.extensions import politeness
from crawler.extensions.politeness import STAT, Politeness


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let requests be asked at moments and answered; returns the report's rows."""
    moments: list[float] = []
    monkeypatch.setattr(politeness, "monotonic", lambda: moments.pop(0))
    monkeypatch.setattr(politeness, "attached", lambda *_: None)

    def rows(*asked: tuple[float, str, int, int]) -> dict[str, dict[str, Any]]:
        told: dict[str, Any] = {}
        crawler: Any = SimpleNamespace(stats=SimpleNamespace(set_value=told.__setitem__))
        watcher = Politeness(crawler)
        for at, url, status, size in asked:
            moments.append(at)
            request = Request(url, meta={"size": size} if size else {})
            watcher._asked(request)
            watcher._received(Response(url, status=status), request)
        watcher._closed()
        found: dict[str, dict[str, Any]] = told[STAT]
        return found

    return rows


def test_a_host(seen: Any) -> None:
    js, he = "http://js.news.cn/a", "http://he.news.cn:80/b"
    rows = seen((0, js, 200, 0), (1, he, 304, 700), (1.5, js, 304, 1000), (5, js, 304, 0))
    assert rows == {
        "he.news.cn": {
            "requests": 1, "median_gap_seconds": None, "not_modified": 1, "bytes_saved": 700,
            "waits_obeyed": 0,
        },
        "js.news.cn": {
            "requests": 3, "median_gap_seconds": 2.5, "not_modified": 2, "bytes_saved": 1000,
            "waits_obeyed": 0,
        },
    }  # fmt: skip


def test_nothing_was_asked(seen: Any) -> None:
    assert seen() == {}


def test_a_long_run_needs_no_more_memory(seen: Any) -> None:
    """The median is that of the last thousand gaps."""
    early = [(float(at), "http://js.news.cn/a", 200, 0) for at in range(2000)]
    late = [(2000 + at / 2, "http://js.news.cn/a", 200, 0) for at in range(1, 1001)]
    assert seen(*early, *late)["js.news.cn"]["median_gap_seconds"] == 0.5
