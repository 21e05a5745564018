"""Lines of sightings that are not right: by themselves, one after the other, against the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import as_line
from crawler.verification.sighting_lines import check_sightings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN, AT, LATER = "20260305T040000Z-0a1b", "2026-03-05T04:00:01Z", "2026-03-05T05:00:01Z"
URL = "http://js.news.cn/20260305/" + "0a" * 16 + "/c.html"
APPEARED: dict[str, Any] = {
    "schema_version": 1, "run_id": RUN, "event": "appeared", "at": AT,
    "list": "http://js.news.cn/yw.htm", "region": "js", "page": 1, "article_id": "0a" * 16,
    "url": URL, "also_at": [], "headline": "要闻", "differs": None, "position": 1,
    "time_shown": None, "last_shown_at": None,
}  # fmt: skip
GONE = APPEARED | {"event": "gone", "at": LATER, "position": None, "last_shown_at": AT}


@pytest.fixture
def findings(tmp_path: Path) -> Callable[..., list[str]]:
    def of(*lines: dict[str, Any] | bytes, is_whole: bool = True) -> list[str]:
        path = tmp_path / f"xinhua-{RUN}.jsonl"
        path.write_bytes(b"".join(x if isinstance(x, bytes) else as_line(x) for x in lines))
        report = check_sightings([path], is_whole=is_whole)
        assert report.lines == path.read_bytes().count(b"\n")
        return [f"{one.code} {one.offset}: {one.message}" for one in report.findings]

    return of


def test_what_is_right(findings: Callable[..., list[str]]) -> None:
    again = APPEARED | {"at": LATER}
    further = APPEARED | {"page": 2}
    assert findings(APPEARED, further, GONE, again, further) == []


@pytest.mark.parametrize(
    "line",
    [
        APPEARED | {"run_id": "20260305T040000Z-ffff"},
        APPEARED | {"event": "moved"},
        APPEARED | {"schema_version": 2},
        APPEARED | {"at": "2026-03-05"},
        APPEARED | {"article_id": "0b" * 16},
        APPEARED | {"url": f"{URL}?f=pad"},
        APPEARED | {"page": 0},
        APPEARED | {"page": True},
        APPEARED | {"headline": 7},
        APPEARED | {"also_at": URL},
        APPEARED | {"more": None},
        dict(reversed(APPEARED.items())),
        b"{\n",
        b"[]\n",
        json.dumps(APPEARED).encode() + b"\n",
    ],
)
def test_a_line_that_is_none(findings: Callable[..., list[str]], line: Any) -> None:
    (found,) = findings(line)
    assert found.startswith("bad_sighting 0: line 1: ")


def test_lines_that_contradict_each_other(findings: Callable[..., list[str]]) -> None:
    size = len(as_line(APPEARED))
    assert f"sighting_mismatch {size}:" in findings(APPEARED, APPEARED)[0]
    assert "sighting_mismatch 0:" in findings(GONE)[0]
    assert "last shown" in findings(APPEARED, GONE | {"last_shown_at": "2026-03-05T06:00:00Z"})[0]
    assert findings(GONE, is_whole=False) == []
