"""Names of files in the data folder, as DATA_FORMAT.md tells them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawler import data_dir
from crawler.data_dir import folder_of, in_order_of_seq, report_file

if TYPE_CHECKING:
    from pathlib import Path

BEGAN = datetime(2026, 3, 31, 23, 59, 58, tzinfo=UTC)
RUN = "20260331T235958Z-0a1f"


def test_a_run_id_tells_when_the_run_began() -> None:
    run_id = data_dir.new_run_id(BEGAN)
    assert run_id.startswith(f"{data_dir.run_stamp(BEGAN)}-")
    assert data_dir.is_run_id(run_id)
    assert run_id != data_dir.new_run_id(BEGAN)
    assert data_dir.run_began(run_id) == BEGAN


@pytest.mark.parametrize(
    ("name", "run"),
    [
        (f"xinhua-{RUN}.jsonl", RUN),
        (f"xinhua-{RUN}-00012.warc.gz", RUN),
        (f"xinhua-{RUN}-100000.cdxj", RUN),
        (f"xinhua-{RUN}.warc.gz", None),
        (f"xinhua-{RUN}-00012.jsonl", RUN),
        (f"xinhua-{RUN}-12.jsonl", None),
        (f"{RUN}.json", None),
        ("xinhua-20260331.jsonl", None),
    ],
)
def test_the_run_of_a_file(name: str, run: str | None) -> None:
    assert data_dir.run_of(name) == run


def test_published_names() -> None:
    assert data_dir.lines_name(RUN) == f"jsonl/2026/03/xinhua-{RUN}.jsonl"
    assert data_dir.lines_name(RUN, 12) == f"jsonl/2026/03/xinhua-{RUN}-00012.jsonl"
    assert data_dir.part_manifest_name(RUN, 12) == f"runs/{RUN}-00012.json"
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert data_dir.warc_name(RUN, april, 7) == f"warc/2026/04/xinhua-{RUN}-00007.warc.gz"


@pytest.mark.parametrize(
    ("name", "began", "expected"),
    [
        (f"jsonl/2026/03/xinhua-{RUN}.jsonl", None, True),
        (f"jsonl/2026/04/xinhua-{RUN}.jsonl", None, False),
        (f"jsonl/2026/03/xinhua-{RUN}-00000.jsonl", None, True),
        (f"jsonl/2026/04/xinhua-{RUN}-00000.jsonl", None, False),
        (f"warc/2026/04/xinhua-{RUN}-00000.warc.gz", None, True),
        (f"warc/2026/02/xinhua-{RUN}-00000.warc.gz", None, False),
        (f"warc/2026/04/xinhua-{RUN}-00000.warc.gz", "2026-04-01T00:00:00Z", True),
        (f"warc/2026/04/xinhua-{RUN}-00000.warc.gz", "2026-03-31T23:59:59Z", False),
        ("jsonl/2026/03/other.jsonl", None, False),
    ],
)
def test_where_a_file_of_a_run_stands(name: str, began: str | None, expected: bool) -> None:
    assert data_dir.is_placed(name, began) is expected


def test_files_are_found_where_their_names_put_them(tmp_path: Path) -> None:
    names = {
        "lines": data_dir.lines_name(RUN),
        "warc": data_dir.warc_name(RUN, BEGAN, 0),
        "index": data_dir.warc_name(RUN, BEGAN, 0).replace(".warc.gz", ".cdxj"),
        "part": data_dir.lines_name(RUN, 0),
        "manifest": data_dir.part_manifest_name(RUN, 0),
        "other": data_dir.lines_name(f"{RUN[:-1]}1"),
        "open lines": data_dir.lines_name(f"{RUN[:-1]}0") + ".open",
        "open warc": data_dir.warc_name(RUN, BEGAN, 1) + ".open",
    }
    paths = {what: tmp_path / name for what, name in names.items()}
    for path in (*paths.values(), data_dir.report_file(tmp_path, RUN)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert data_dir.is_data_dir(tmp_path)
    assert data_dir.lines_of(tmp_path) == [paths["other"], paths["part"], paths["lines"]]
    assert data_dir.warcs_of(tmp_path) == [paths["warc"]]
    assert data_dir.indexes_of(tmp_path) == [paths["index"]]
    assert data_dir.indexed_by(paths["index"]) == paths["warc"]
    assert data_dir.open_lines_of(tmp_path) == [paths["open lines"]]
    assert data_dir.open_warcs_of(tmp_path) == [paths["open warc"]]
    assert data_dir.open_files_of(tmp_path) == [paths["open warc"], paths["open lines"]]
    assert data_dir.reports_of(tmp_path) == [data_dir.report_file(tmp_path, RUN)]
    assert data_dir.part_manifests_of(tmp_path) == [paths["manifest"]]
    assert data_dir.part_manifests_of(tmp_path, RUN) == [paths["manifest"]]
    assert data_dir.part_manifests_of(tmp_path, RUN[:-1]) == []
    assert data_dir.part_of(paths["manifest"].name) == (RUN, 0)
    assert data_dir.part_of(f"{RUN}.json") is None
    published = [paths["part"], paths["lines"], paths["index"], paths["warc"]]
    assert data_dir.files_of_run(tmp_path, RUN) == published


def test_a_relative_folder_is_relative_to_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of(Settings({"DATA_DIR": "kept/here"})) == data_dir.PROJECT / "kept" / "here"
    assert folder_of(Settings({"DATA_DIR": "/srv/data"})).as_posix() == "/srv/data"


def test_files_in_the_order_in_which_they_were_published(tmp_path: Path) -> None:
    """Two machines' clocks: what the first one published bears the later id."""
    runs = [f"20260304T0{hour}0000Z-000{hour}" for hour in range(1, 6)]
    (tmp_path / "runs").mkdir()
    files = [tmp_path / data_dir.sightings_name(run) for run in runs]
    for run, file, seq in zip(runs, files, (8, 7, None, "?", None), strict=True):
        row = {"path": file.relative_to(tmp_path).as_posix()}
        told = {"run_id": run, "files": [row], "seq": seq}
        if run == runs[2]:
            del told["seq"]
        report_file(tmp_path, run).write_text(json.dumps(told))
    (tmp_path / "runs" / f"{runs[1]}-00000.json").write_text('{"seq": 6, "files": []}')
    report_file(tmp_path, runs[4]).unlink()
    old, later, first, bad, unlisted = files[2], files[0], files[1], files[3], files[4]
    assert in_order_of_seq(tmp_path, files) == [old, first, later, bad, unlisted]
