"""`scrapy wacz`: what it writes where, and its exit codes."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

from tests.export_formats.test_wacz import PUBLISHED, SAMPLE, two_runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

RUN = PUBLISHED.name.removeprefix("xinhua-").removesuffix(".jsonl")
MONTH = f"{RUN[:4]}-{RUN[4:6]}"


def test_runs_and_months(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    data_dir = tmp_path / "data"
    two_runs(data_dir)
    other = f"{RUN[:-4]}ffff"
    for args, count in (((RUN,), 1), ((other, RUN, RUN), 2), (("--month", MONTH), 2)):
        output = tmp_path / f"{count}.wacz"
        done = scrapy_cmd("wacz", *args, "-o", str(output), data_dir=data_dir)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{count} WARCs with {8 * count} pages written to {output}\n"
        with zipfile.ZipFile(output) as zipped:
            assert len([one for one in zipped.namelist() if one.startswith("archive/")]) == count
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".open"] == []


def test_misuse(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    for args in ((), (RUN, "--month", MONTH), ("--month", "2026-13"), ("../x",)):
        done = scrapy_cmd("wacz", *args, data_dir=SAMPLE)
        assert done.returncode == 2, args
        assert done.stderr.strip()
    done = scrapy_cmd("wacz", RUN, data_dir=tmp_path / "none")
    assert done.returncode == 2
    assert "there is no archive" in done.stderr


def test_what_is_not_archived(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    output = tmp_path / "a.wacz"
    for args in (
        ("20010101T000000Z-0000",),
        (RUN, "20010101T000000Z-0000"),
        ("--month", "2001-01"),
    ):
        done = scrapy_cmd("wacz", *args, "-o", str(output), data_dir=SAMPLE)
        assert done.returncode == 1, args
        assert "nothing is archived of 2001" in done.stderr
    assert not output.exists()


def test_a_damaged_archive_leaves_no_file(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    data_dir, output = tmp_path / "data", tmp_path / "out" / "a.wacz"
    output.parent.mkdir()
    shutil.copytree(SAMPLE, data_dir)
    (lines,) = data_dir.glob("jsonl/*/*/*.jsonl")
    lines.write_bytes(lines.read_bytes()[:-100])
    done = scrapy_cmd("wacz", RUN, "-o", str(output), data_dir=data_dir)
    assert done.returncode == 1
    assert "scrapy verify" in done.stderr
    assert [*output.parent.iterdir()] == []
    done = scrapy_cmd("wacz", RUN, "-o", str(tmp_path / "nowhere" / "a.wacz"), data_dir=SAMPLE)
    assert done.returncode == 5
