"""Reports against themselves, their files and lines; the manifests of parts: against their files,
against their run's report, and their numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import manifests_of, part_manifests_of, part_of
from crawler.exporters.run_parts import rows_of
from crawler.verification.file_places import MovedMonths
from crawler.verification.findings import LinesReport
from crawler.verification.manifests import (
    Manifest,
    check_lines_of_runs,
    check_listed_once,
    check_manifest,
    check_numbers,
    check_part,
    check_parts,
)
from tests.exporters.test_run_parts import RUN, LongRun

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT, PARTS = f"{RUN}.json", [f"{RUN}-0000{n}.json" for n in range(3)]
LINES = f"jsonl/2026/03/xinhua-{RUN}-00001.jsonl"
ZERO = "0" * 64


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A run of three parts, with its report."""
    run = LongRun(tmp_path)
    for number in range(3):
        run.write(number)
        run.checkpoint()
    run.close()
    return tmp_path


def told(data_dir: Path, name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((data_dir / "runs" / name).read_bytes())
    return manifest


def rewrite(data_dir: Path, name: str, **values: Any) -> None:
    (data_dir / "runs" / name).write_text(json.dumps(told(data_dir, name) | values))


def report_of(data_dir: Path) -> list[Manifest]:
    """The run's report as `check_manifest` reads it."""
    if not (data_dir / "runs" / REPORT).exists():
        return []
    said = told(data_dir, REPORT)
    names = [row["path"] for row in said["files"]]
    path = data_dir / "runs" / REPORT
    return [
        Manifest(
            path, told={"run_id": RUN}, listed=names,
            seq=said["seq"], parts=said["parts"], rows=said["files"],
        )
    ]  # fmt: skip


def found(data_dir: Path) -> list[tuple[str, str]]:
    reports = report_of(data_dir)
    reported = [one.run_id for one in reports]
    paths = part_manifests_of(data_dir)
    parts = [check_part(data_dir, path, {}, reported, MovedMonths()) for path in paths]
    findings = [finding for part in parts for finding in part.findings]
    findings += check_parts(reports, parts)
    findings += check_numbers([*reports, *parts])
    return [(finding.file.name, finding.code) for finding in findings]


def without_report(data_dir: Path) -> None:
    (data_dir / "runs" / REPORT).unlink()


def test_what_a_run_leaves_is_sound(data_dir: Path) -> None:
    assert [path.name for path in manifests_of(data_dir)] == [*PARTS, REPORT]
    assert found(data_dir) == []
    without_report(data_dir)
    assert found(data_dir) == []


def other_row(data_dir: Path) -> None:
    rows = told(data_dir, PARTS[1])["files"]
    rewrite(data_dir, PARTS[1], files=[rows[0] | {"sha256": ZERO}, *rows[1:]])


def other_rows_without_report(data_dir: Path) -> None:
    other_row(data_dir)
    without_report(data_dir)


def lines_gone_without_report(data_dir: Path) -> None:
    (data_dir / LINES).unlink()
    without_report(data_dir)


def not_json(data_dir: Path) -> None:
    (data_dir / "runs" / PARTS[1]).write_text("{")
    without_report(data_dir)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (other_row, (REPORT, "bad_manifest")),
        (other_rows_without_report, (Path(LINES).name, "manifest_mismatch")),
        (lines_gone_without_report, (Path(LINES).name, "missing_file")),
        (not_json, (PARTS[1], "bad_manifest")),
        (lambda d: (d / "runs" / PARTS[1]).unlink(), (REPORT, "bad_manifest")),
        (lambda d: (d / "runs" / PARTS[0]).unlink(), (PARTS[1], "bad_manifest")),
        (lambda d: rewrite(d, PARTS[1], seq=1), (PARTS[1], "bad_manifest")),
        (lambda d: rewrite(d, PARTS[1], seq=9), (PARTS[2], "bad_manifest")),
        (lambda d: rewrite(d, PARTS[1], seq=None), (PARTS[1], "bad_manifest")),
        (lambda d: rewrite(d, PARTS[1], part=2), (PARTS[1], "bad_manifest")),
        (lambda d: rewrite(d, PARTS[1], run_id=f"{RUN[:-1]}0"), (PARTS[1], "bad_manifest")),
        (lambda d: rewrite(d, REPORT, parts=2), (REPORT, "bad_manifest")),
        (lambda d: rewrite(d, REPORT, seq=2), (REPORT, "bad_manifest")),
    ],
)
def test_what_contradicts_is_found(
    data_dir: Path, spoil: Callable[[Path], object], expected: tuple[str, str]
) -> None:
    spoil(data_dir)
    assert expected in found(data_dir)


def test_names() -> None:
    assert [part_of(name) for name in (PARTS[2], REPORT)] == [(RUN, 2), None]


SOUND: dict[str, Any] = {
    "run_id": RUN, "started_at": "2026-03-01T00:00:00Z", "finished_at": "2026-03-01T01:00:00Z",
    "command": "scrapy crawl xinhua", "exit_code": 0, "reason": "finished", "urls_seen": 0,
    "outcomes": {}, "regions": {}, "alarms": [], "seq": 1, "parts": 0,
}  # fmt: skip


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A run of one part: its report, its lines, and the index of a WARC."""
    files = [tmp_path / f"jsonl/2026/03/xinhua-{RUN}.jsonl"]
    files.append(tmp_path / f"warc/2026/03/xinhua-{RUN}-00000.cdxj")
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"{}\n{}\n")
    (tmp_path / "runs").mkdir()
    report = SOUND | {"files": rows_of(tmp_path, files)}
    (tmp_path / "runs" / REPORT).write_text(json.dumps(report))
    return tmp_path


def checked(data_dir: Path) -> Manifest:
    return check_manifest(data_dir, data_dir / "runs" / REPORT, {}, MovedMonths())


def test_a_report_that_is_sound(whole: Path) -> None:
    manifest = checked(whole)
    assert (manifest.findings, manifest.run_id, manifest.parts) == ([], RUN, 0)
    assert len(manifest.listed) == len(told(whole, REPORT)["files"]) > 0


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"run_id": f"{RUN[:-1]}0"}, "it is named"),
        ({"urls_seen": 1}, "its outcomes add up to 0, not to 1"),
        ({"urls_seen": 1, "outcomes": {"published": 1}}, "in its regions together 0"),
        ({"urls_seen": 1, "outcomes": {"lost": 1}, "regions": {"js": {"lost": 1}}}, "no such"),
        ({"outcomes": {"published": True}, "urls_seen": 1}, "an outcome's count is no count"),
        ({"unclaimed": ["http://js.news.cn/"]}, "it names 1 pages"),
        ({"started_at": "2026-03-02T00:00:00Z"}, "started_at is"),
        ({"finished_at": "2025-03-01T00:00:00Z"}, "before it began"),
        ({"exit_code": None, "reason": "finished"}, "its exit code is None"),
        ({"exit_code": 0, "alarms": ["something"]}, "its exit code is 0"),
        ({"exit_code": 3, "alarms": []}, "its exit code is 3"),
        ({"seq": 0}, "TypeError: seq is 0"),
        ({"files": None}, "TypeError: "),
        ({"files": [{"path": "/etc/hosts"}]}, "it leads out of the folder"),
        ({"files": [{"path": "a/../../b"}]}, "it leads out of the folder"),
        ({"files": [{"path": LINES.replace("2026/03", "2026/04")}]}, "no file of this run stands"),
    ],
)
def test_a_report_that_contradicts_itself(whole: Path, values: dict[str, Any], why: str) -> None:
    rewrite(whole, REPORT, **values)
    findings = checked(whole).findings
    assert any(one.code == "bad_manifest" and why in one.message for one in findings), findings


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (Path.unlink, "missing_file"),
        (lambda path: path.write_bytes(path.read_bytes() + b"{}\n"), "manifest_mismatch"),
    ],
)
def test_files_that_are_not_as_listed(
    whole: Path, spoil: Callable[[Path], object], code: str
) -> None:
    path = next(whole.glob("jsonl/*/*/*.jsonl"))
    spoil(path)
    assert {(one.file, one.code) for one in checked(whole).findings} == {(path, code)}


def test_a_month_that_went_is_only_counted(whole: Path) -> None:
    gone = [path for path in whole.glob("warc/*/*/*") if path.is_file()]
    for path in gone:
        path.unlink()
    moved = MovedMonths({"warc/2026": "tape 7"})
    manifest = check_manifest(whole, whole / "runs" / REPORT, {}, moved)
    assert (manifest.findings, manifest.moved) == ([], len(gone))


def test_a_file_is_of_one_run(whole: Path) -> None:
    one = checked(whole)
    other = Manifest(whole / "runs" / "other.json", listed=one.listed[:1])
    (finding,) = check_listed_once([one, other])
    assert finding.message == f"{REPORT} lists {one.listed[0]} as well"


@pytest.mark.parametrize(
    ("outcomes", "corrections", "why"),
    [
        ({"published": 2}, 0, None),
        ({"published": 1}, 0, "it counts 2 published, its lines are 1"),
        ({"published": 2, "gone": 1}, 0, "it counts 0 gone, its lines are 1"),
        ({"published": 2}, 1, "it counts 0 corrections, its lines are 1"),
    ],
)
def test_what_a_run_counts_are_its_lines(
    outcomes: dict[str, int], corrections: int, why: str | None
) -> None:
    said = {
        "run_id": RUN, "outcomes": {"published": 2}, "corrections": 0, "reason": "finished",
        "exit_code": 0,
    }  # fmt: skip
    manifest = Manifest(Path(REPORT), told=said, listed=[LINES])
    report = LinesReport(Path(LINES), corrections=corrections)
    report.outcomes.update(outcomes)
    found = [one.message for one in check_lines_of_runs([manifest], [report])]
    assert found == ([why] if why else [])
    assert list(check_lines_of_runs([manifest], [])) == []  # its lines weren't looked at
