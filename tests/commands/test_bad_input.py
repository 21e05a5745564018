"""What nobody should give to the commands: one clear line each, a documented code, no harm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.processes import crawl, defects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.processes import Crawl

MANY = ",".join(f"x{number}" for number in range(10_000))
NOBODY = {"http_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def data_dir(first: Crawl, tmp_path: Path) -> Path:
    return shutil.copytree(first.data_dir, tmp_path / "data")


@pytest.mark.parametrize(
    "command",
    [("crawl", "xinhua", "-a", f"regions={MANY}"), ("regions", *MANY.split(",")),
     ("export", "--format", "csv", "--region", MANY),
     ("reextract", "a.warc.gz", "--regions", MANY)],
    ids=lambda command: command[0],
)  # fmt: skip
def test_ten_thousand_regions_by_a_slip(
    scrapy_cmd: RunScrapy, data_dir: Path, command: tuple[str, ...]
) -> None:
    done = scrapy_cmd(*command, data_dir=data_dir)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "unknown region 'x0'" in line
    assert len(line) < 200


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("status", "--jsn"), "unknown option --jsn"),
        (("crawl", "xinhua", "--limit=3"), "unknown option --limit=3"),
        (("export", "--format", "gold"), "argument --format: invalid choice"),
        (("export",), "the following arguments are required: --format"),
        (("verify", "-j", "0"), "argument -j: a number from 1 up is wanted"),
        (("crawl", "xinhua", "-a", "limit"), "Invalid -a value"),
    ],
)
def test_a_bad_option_is_one_line(
    scrapy_cmd: RunScrapy, data_dir: Path, command: tuple[str, ...], said: str
) -> None:
    done = scrapy_cmd(*command, data_dir=data_dir)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"scrapy {command[0]}: ")
    assert said in line


def test_an_archive_in_which_nothing_is(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    """One that was begun while no list answered."""
    data_dir = tmp_path / "data"
    begun = crawl("-a", "lists=http://www.js.xinhuanet.com/no/", data_dir=data_dir, env=NOBODY)
    assert begun.exitcode == 4
    for command, code, said in (
        (["status"], 3, "owed      nothing"),
        (["verify", "-j", "1"], 0, "all sound"),
        (["history", "1120000001"], 1, "No article 1120000001 is archived"),
        (["export", "--format", "csv"], 0, "nothing is published yet"),
    ):
        done = scrapy_cmd(*command, data_dir=data_dir)
        assert done.returncode == code, (command, done.stderr)
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_reports_and_parts_that_are_none(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    """Half written, or of another make: told by those who read them, and no harm to a crawl."""
    for name, text in (
        ("20250101T130000Z-aaaa.json", "{ half"), ("20250101T130001Z-aaab.json", "[]"),
        ("20250101T130003Z-aaad-00000.json", '{"run_id":'),
    ):  # fmt: skip
        (data_dir / "runs" / name).write_text(text)
    proved = scrapy_cmd("verify", "-j", "1", "--json", data_dir=data_dir)
    found = json.loads(proved.stdout)["findings"]
    assert proved.returncode == 1
    assert {(one["file"][:20], one["code"]) for one in found} == {
        ("runs/20250101T130000", "bad_manifest"), ("runs/20250101T130001", "bad_manifest"),
        ("runs/20250101T130003", "bad_manifest"),
    }  # fmt: skip
    for command in (["status"], ["export", "--format", "csv"], ["regions"], ["repair"]):
        done = scrapy_cmd(*command, data_dir=data_dir)
        assert done.returncode in (0, 3), done.stderr
        assert "Traceback" not in done.stderr
    on = crawl("-a", "lists=http://www.js.xinhuanet.com/no/", data_dir=data_dir, env=NOBODY)
    assert on.exitcode == 4, on.stderr


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonld"])
def test_a_full_disk_during_an_export(data_dir: Path, tmp_path: Path, form: str) -> None:
    """Nothing is left of it, and the archive is as it was."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=16k tmpfs "$1" && disk="$1" && shift && "$@"; code=$?; '
        'ls -A "$disk"; exit $code'
    )
    export = [sys.executable, "-m", "scrapy", "export", "--format", form,
              "-o", str(disk / "out"), "-s", f"DATA_DIR={data_dir}"]  # fmt: skip
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script, "-", str(disk), *export],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("scrapy export: ")
    assert "No space left" in line
    assert defects(data_dir) == []
