"""Run reports as later runs read them, and what bounds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.alarms import FIELDS
from crawler.exporters.report import CorrectionCounts, build_report, corrections_in, earlier_reports
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from pathlib import Path

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 9, tzinfo=UTC)
RUN = "20260309T000000Z-0000"


def write(data_dir: Path, run_id: str, **values: Any) -> None:
    folder = data_dir / "runs"
    folder.mkdir(exist_ok=True)
    report = {
        "run_id": run_id,
        "started_at": run_id,
        "finished_at": "2026-03-01T00:00:00Z",
        "reason": "finished",
        "narrowed": False,
        "regions": {},
    }
    (folder / f"{run_id}.json").write_text(json.dumps(report | values))


def found(data_dir: Path) -> list[str]:
    return [one.started_at for one in earlier_reports(data_dir, since=SINCE, before=RUN)]


def test_those_since_then_and_before_the_run(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    write(tmp_path, "20260228T235959Z-0001")
    write(tmp_path, "20260301T000000Z-0002")
    write(tmp_path, "20260303T000000Z-0004", reason="killed")
    write(tmp_path, "20260302T000000Z-0003", narrowed=True)
    write(tmp_path, RUN)
    write(tmp_path, "20270101T000000Z-0005")
    assert found(tmp_path) == [
        "20260301T000000Z-0002", "20260302T000000Z-0003", "20260303T000000Z-0004",
    ]  # fmt: skip


def test_older_ones_are_not_even_opened(tmp_path: Path) -> None:
    write(tmp_path, "20260301T000000Z-0001")
    (tmp_path / "runs" / "20260228T000000Z-0000.json").symlink_to("/nowhere")
    assert len(found(tmp_path)) == 1


def test_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    """It must not keep every later run from its end."""
    write(tmp_path, "20260301T000000Z-0001")
    for number, content in enumerate((b"", b"\0" * 99, b"[]", b"{}", b'{"run_id": ')):
        (tmp_path / "runs" / f"2026030{2 + number}T000000Z-0000.json").write_bytes(content)
    (tmp_path / "runs" / "20260307T000000Z-0000.json").mkdir()
    (tmp_path / "runs" / "20260308T000000Z-0000.json").symlink_to("nothing")
    assert len(found(tmp_path)) == 1


def made(tmp_path: Path, stats: dict[str, Any], **values: Any) -> dict[str, Any]:
    ledger = new_ledger(tmp_path / "ledger.sqlite")
    report = build_report(
        ledger, run_id=RUN, started_at=SINCE, finished_at=NOW, command="", narrowed=False,
        reason="finished", seq=1, parts=0, files=(), stats=stats, **values,
    )  # fmt: skip
    ledger.close()
    return report


def test_a_region_without_addresses_stands_in_it(tmp_path: Path) -> None:
    assert made(tmp_path, {}, regions=("js", "he"))["regions"] == {"he": {}, "js": {}}


def test_fields_that_no_record_has_are_counted_as_none(tmp_path: Path) -> None:
    stats = {
        "crawler/fields/js/Main2017/records": 3,
        "crawler/fields/js/Main2017/title": 2,
        "crawler/fields/he/Main2017/records": 1,
        "crawler/fields//fallback/records": 1,
    }
    report = made(tmp_path, stats)
    none = dict.fromkeys(FIELDS, 0)
    assert report["fields"] == {
        "Main2017": none | {"records": 4, "title": 2},
        "fallback": none | {"records": 1},
    }
    assert report["region_fields"]["js"] == {"Main2017": none | {"records": 3, "title": 2}}
    assert report["region_fields"][""] == {"fallback": none | {"records": 1}}


def test_corrections_are_counted_by_key() -> None:
    counts = CorrectionCounts(("summary",), looked_at=9)
    counts.add(("title", "body"))
    counts.add(("body",))
    counts.left["empty"] += 2
    assert counts.as_json() == {
        "fields": ["summary"], "looked_at": 9, "written": 2, "keys": {"body": 2, "title": 1},
        "left": {"empty": 2},
    }  # fmt: skip


def test_those_of_a_killed_run_are_in_its_files(tmp_path: Path) -> None:
    rows = []
    for number, keys in enumerate((["title"], ["title", "body"])):
        name = f"jsonl/2026/01/xinhua-r-{number:05}.jsonl"
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"corrects": {"keys": keys}}) + "\n")
        rows.append({"path": name})
    rows.append({"path": "sightings/2026/01/xinhua-r.jsonl"})

    assert corrections_in(tmp_path, rows) == {
        "fields": [], "looked_at": None, "written": 2, "keys": {"body": 1, "title": 2}, "left": {},
    }  # fmt: skip
