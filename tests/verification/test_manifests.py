"""The manifests of parts: against their files, against their run's report, and their numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import manifests_of, part_manifests_of, part_of
from crawler.verification.file_places import MovedMonths
from crawler.verification.manifests import Manifest, check_numbers, check_part, check_parts
from tests.exporters.test_parts import RUN, LongRun

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
