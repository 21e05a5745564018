"""Lines of pictures and of sightings that are not right: by themselves, one after the other, and
against the bytes they point at."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive.decode import decode
from crawler.archive.writer import Exchange, WarcWriter
from crawler.clock import iso, now
from crawler.items import as_line, plain
from crawler.storage import publish
from crawler.verification.file_places import MovedMonths
from crawler.verification.sightings_and_pictures import check_pictures, check_sightings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN = "20260305T040000Z-0a1b"
URL = "http://js.news.cn/20260305/a.jpg"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(90))
WARC = "warc/2026/03/xinhua-20260305T040000Z-0a1b-00000.warc.gz"
FAILED: dict[str, Any] = {
    "schema_version": 1, "run_id": RUN, "article_id": "0a" * 16, "version": 1, "url": URL,
    "outcome": "missing", "detail": "HTTP 404", "at": "2026-03-05T04:00:01Z", "fetched_url": None,
    "type": None, "size": None, "sha256": None, "warc": None,
}  # fmt: skip


@pytest.fixture
def archived(tmp_path: Path) -> dict[str, Any]:
    """The line of a picture that is in a WARC."""
    writer = WarcWriter(tmp_path, lambda *_: WARC, info={}, max_bytes=10**9)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(JPEG), JPEG)
    at = now()
    pointer = writer.write(
        Exchange(URL, at, b"GET /a.jpg HTTP/1.1\r\n\r\n", answer, 1,
                 decoded=decode(answer, max_bytes=10**6))
    )  # fmt: skip
    writer.close()
    for path in writer.take():
        publish(path)
    return FAILED | {
        "outcome": "archived", "detail": None, "at": iso(at), "fetched_url": URL,
        "type": "image/jpeg", "size": len(JPEG), "sha256": hashlib.sha256(JPEG).hexdigest(),
        "warc": plain(pointer),
    }  # fmt: skip


@pytest.fixture
def findings(tmp_path: Path) -> Callable[..., list[str]]:
    def of(*lines: dict[str, Any] | bytes, moved: MovedMonths | None = None) -> list[str]:
        path = tmp_path / f"xinhua-{RUN}.jsonl"
        path.write_bytes(b"".join(x if isinstance(x, bytes) else as_line(x) for x in lines))
        report = check_pictures(path, tmp_path, moved or MovedMonths())
        assert report.lines == len(lines)
        return [f"{one.code} {one.offset}: {one.message}" for one in report.findings]

    return of


def test_what_is_right(findings: Callable[..., list[str]], archived: dict[str, Any]) -> None:
    assert findings(FAILED | {"url": f"{URL}?2"}, archived) == []


@pytest.mark.parametrize(
    "change",
    [
        {"run_id": "20260305T040000Z-ffff"},
        {"schema_version": 2},
        {"article_id": "c_1"},
        {"version": 0},
        {"version": True},
        {"url": None},
        {"outcome": "lost"},
        {"outcome": "pending"},
        {"at": "2026-03-05"},
        {"detail": None},
        {"type": "image/jpeg"},
        {"warc": {}},
        {"more": None},
    ],
)
def test_what_is_no_line_of_ours(
    findings: Callable[..., list[str]], change: dict[str, Any]
) -> None:
    (found,) = findings(FAILED | change)
    assert found.startswith("bad_picture 0: line 1: ")


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b"\xff\n", json.dumps(FAILED).encode() + b"\n"])
def test_what_is_not_written_as_we_do(findings: Callable[..., list[str]], line: bytes) -> None:
    (found,) = findings(line)
    assert found.startswith("bad_picture 0: line 1: ")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sha256": "0" * 64}, "picture_mismatch"),
        ({"size": 93}, "picture_mismatch"),
        ({"type": "image/png"}, "picture_mismatch"),
        ({"at": "2026-03-05T04:00:01Z"}, "picture_mismatch"),
        ({"fetched_url": f"{URL}x"}, "picture_mismatch"),
        ({"url": "http://cdn.example.org/a.jpg"}, "bad_picture"),
        ({"detail": "HTTP 404"}, "bad_picture"),
        ({"sha256": None}, "bad_picture"),
        ({"warc": None}, "bad_pointer"),
        ({"warc": {"file": WARC}}, "bad_pointer"),
    ],
)
def test_what_the_bytes_deny(
    findings: Callable[..., list[str]], archived: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    (found,) = findings(archived | change)
    assert found.startswith(f"{code} 0: line 1: ")


@pytest.mark.parametrize(
    "change", [{"offset": 3}, {"file": "warc/2026/04/a.warc.gz"}, {"file": "../a.warc.gz"},
               {"entity_sha256": "0" * 64}],
)  # fmt: skip
def test_a_pointer_that_leads_elsewhere(
    findings: Callable[..., list[str]], archived: dict[str, Any], change: dict[str, Any]
) -> None:
    (found,) = findings(archived | {"warc": archived["warc"] | change})
    assert found.startswith("bad_pointer 0: line 1: ")


def test_a_picture_has_one_line_a_run(
    findings: Callable[..., list[str]], archived: dict[str, Any]
) -> None:
    (found,) = findings(archived, archived)
    assert "has a line already" in found


def test_of_a_month_that_went_nothing_is_read(
    findings: Callable[..., list[str]], archived: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / WARC).unlink()
    assert findings(archived)
    assert findings(archived, moved=MovedMonths({"warc/2026/03": "tape"})) == []


SIGHTING_RUN, AT, LATER = "20260305T040000Z-0a1b", "2026-03-05T04:00:01Z", "2026-03-05T05:00:01Z"
SIGHTED = "http://js.news.cn/20260305/" + "0a" * 16 + "/c.html"
APPEARED: dict[str, Any] = {
    "schema_version": 1, "run_id": SIGHTING_RUN, "event": "appeared", "at": AT,
    "list": "http://js.news.cn/yw.htm", "region": "js", "page": 1, "article_id": "0a" * 16,
    "url": SIGHTED, "also_at": [], "headline": "要闻", "differs": None, "position": 1,
    "time_shown": None, "last_shown_at": None,
}  # fmt: skip
GONE = APPEARED | {"event": "gone", "at": LATER, "position": None, "last_shown_at": AT}


@pytest.fixture
def sightings(tmp_path: Path) -> Callable[..., list[str]]:
    def of(*lines: dict[str, Any] | bytes, is_whole: bool = True) -> list[str]:
        path = tmp_path / f"xinhua-{SIGHTING_RUN}.jsonl"
        path.write_bytes(b"".join(x if isinstance(x, bytes) else as_line(x) for x in lines))
        report = check_sightings([path], is_whole=is_whole)
        assert report.lines == path.read_bytes().count(b"\n")
        return [f"{one.code} {one.offset}: {one.message}" for one in report.findings]

    return of


def test_sightings_that_are_right(sightings: Callable[..., list[str]]) -> None:
    again = APPEARED | {"at": LATER}
    further = APPEARED | {"page": 2}
    assert sightings(APPEARED, further, GONE, again, further) == []


@pytest.mark.parametrize(
    "line",
    [
        APPEARED | {"run_id": "20260305T040000Z-ffff"},
        APPEARED | {"event": "moved"},
        APPEARED | {"schema_version": 2},
        APPEARED | {"at": "2026-03-05"},
        APPEARED | {"article_id": "0b" * 16},
        APPEARED | {"url": f"{SIGHTED}?f=pad"},
        APPEARED | {"page": 0},
        APPEARED | {"page": True},
        APPEARED | {"headline": 7},
        APPEARED | {"also_at": SIGHTED},
        APPEARED | {"more": None},
        dict(reversed(APPEARED.items())),
        b"{\n",
        b"[]\n",
        json.dumps(APPEARED).encode() + b"\n",
    ],
)
def test_a_sighting_that_is_none(sightings: Callable[..., list[str]], line: Any) -> None:
    (found,) = sightings(line)
    assert found.startswith("bad_sighting 0: line 1: ")


def test_lines_that_contradict_each_other(sightings: Callable[..., list[str]]) -> None:
    size = len(as_line(APPEARED))
    assert f"sighting_mismatch {size}:" in sightings(APPEARED, APPEARED)[0]
    assert "sighting_mismatch 0:" in sightings(GONE)[0]
    assert "last shown" in sightings(APPEARED, GONE | {"last_shown_at": "2026-03-05T06:00:00Z"})[0]
    assert sightings(GONE, is_whole=False) == []
