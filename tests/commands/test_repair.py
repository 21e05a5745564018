"""`scrapy repair`: what a killed crawl left is mended once; a lost ledger is made again."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests import scrapy_process
from tests.processes import Crawl, crawl, defects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

CRAWL = ("-a", "regions=js,he", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")


@pytest.fixture(scope="module")
def killed(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a crawl killed while it wrote, with a half record and a half line."""
    data_dir = tmp_path_factory.mktemp("repair") / "data"
    process = scrapy_process.start(
        "crawl", "xinhua", *CRAWL, "-s", "DOWNLOAD_DELAY=0.05", "-s", "CHECKPOINT_SECONDS=0.1",
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir), **proxy},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while sum(path.read_bytes().count(b"\n") for path in data_dir.rglob("*.jsonl.open")) < 3:
        assert process.poll() is None, "the crawl ended before it was killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    for path in data_dir.rglob("*.open"):
        with path.open("ab") as file:
            file.write(path.read_bytes()[:50])
    assert len(list(data_dir.rglob("*.open"))) == 2
    return data_dir


@pytest.fixture
def data_dir(killed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(killed, tmp_path / "data")


def state_of(data_dir: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(data_dir)): path.read_bytes()
        for folder in ("jsonl", "warc", "runs")
        for path in (data_dir / folder).rglob("*")
        if path.is_file()
    }


def lines_of(data_dir: Path) -> list[bytes]:
    return [
        line
        for path in sorted(data_dir.glob("jsonl/*/*/*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]


def test_nothing_to_do(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    (tmp_path / "new" / "runs").mkdir(parents=True)
    done = scrapy_cmd("repair", data_dir=tmp_path / "new")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing to mend\n", "")
    nowhere = scrapy_cmd("repair", data_dir=tmp_path / "none")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert not (tmp_path / "none").exists()


def test_what_a_kill_left_is_published_and_said(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    (half_lines,) = data_dir.rglob("*.jsonl.open")
    whole = half_lines.read_bytes().rpartition(b"\n")[0].splitlines(keepends=True)
    done = scrapy_cmd("repair", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert "published and indexed, 50 bytes cut" in said[0]
    assert "published" in said[1]
    assert "was killed; its report is written" in said[2]
    assert len(said) == 3
    assert not list(data_dir.rglob("*.open"))
    assert len(lines_of(data_dir)) == len(whole) >= 3
    assert defects(data_dir) == []
    (report,) = data_dir.glob("runs/*.json")
    assert json.loads(report.read_bytes())["reason"] == "killed"


def test_a_line_that_a_failing_disk_damaged_is_cut(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    (half_lines,) = data_dir.rglob("*.jsonl.open")
    first, *others = half_lines.read_bytes().splitlines(keepends=True)
    half_lines.write_bytes(b"".join([first, b"\0" * 900 + b"\n", b"[]\n", *others]))
    done = scrapy_cmd("repair", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"published {len(others)} lines; 2 lines, 50 bytes cut" in done.stdout
    assert lines_of(data_dir) == [first, *others[:-1]]


def test_a_second_repair_changes_nothing(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    scrapy_cmd("repair", data_dir=data_dir)
    before = state_of(data_dir)
    done = scrapy_cmd("repair", data_dir=data_dir)
    assert (done.returncode, done.stdout) == (0, "nothing to mend\n")
    assert state_of(data_dir) == before


def test_the_next_crawl_fetches_only_the_rest(
    data_dir: Path, scrapy_cmd: RunScrapy, proxy: dict[str, str]
) -> None:
    scrapy_cmd("repair", data_dir=data_dir)
    kept = {json.loads(line)["id"] for line in lines_of(data_dir)}
    done = crawl(*CRAWL, data_dir=data_dir, env=proxy)
    assert done.exitcode == 0, done.stderr
    ids = [json.loads(line)["id"] for line in lines_of(data_dir)]
    assert len(ids) == len(set(ids)) > len(kept)
    assert not kept & {line["id"] for line in done.lines}


@pytest.fixture(scope="module")
def whole(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    done = crawl(*CRAWL, data_dir=tmp_path_factory.mktemp("whole") / "data", env=proxy)
    assert done.exitcode == 0, done.stderr
    return done


def test_a_lost_ledger_is_made_again_and_the_next_crawl_adds_nothing(
    whole: Crawl, scrapy_cmd: RunScrapy, proxy: dict[str, str], tmp_path: Path
) -> None:
    data_dir = shutil.copytree(whole.data_dir, tmp_path / "data")
    for path in (data_dir / "state").glob("ledger.sqlite*"):
        path.unlink()
    lost = crawl(*CRAWL, data_dir=data_dir, env=proxy)
    assert lost.exitcode == 5
    assert "is gone" in lost.stderr
    done = scrapy_cmd("repair", "--ledger", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"ledger: made of {len(whole.lines)} lines and 1 runs\nnothing to mend\n"
    )
    before = lines_of(data_dir)
    again = crawl(*CRAWL, data_dir=data_dir, env=proxy)
    assert again.exitcode == 0, again.stderr
    assert again.lines == []
    assert "published" not in again.report["outcomes"]
    assert lines_of(data_dir) == before


def test_a_ledger_in_the_way_is_kept(whole: Crawl, scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    data_dir = shutil.copytree(whole.data_dir, tmp_path / "data")
    path = data_dir / "state" / "ledger.sqlite"
    before = path.read_bytes()
    done = scrapy_cmd("repair", "--ledger", data_dir=data_dir)
    assert done.returncode == 5
    assert "is in the way of a new one" in done.stderr
    assert path.read_bytes() == before


def test_a_line_that_is_none_is_named(whole: Crawl, scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    data_dir = shutil.copytree(whole.data_dir, tmp_path / "data")
    for path in (data_dir / "state").glob("ledger.sqlite*"):
        path.unlink()
    (jsonl,) = data_dir.glob("jsonl/*/*/*.jsonl")
    jsonl.write_bytes(b"{}\n" + jsonl.read_bytes())
    done = scrapy_cmd("repair", "--ledger", data_dir=data_dir)
    assert done.returncode == 1
    assert f"{jsonl.relative_to(data_dir)} line 1 is no record" in done.stderr
    assert f"made of {len(whole.lines)} lines" in done.stdout


def test_while_a_run_holds_the_folder_it_does_nothing(
    data_dir: Path, scrapy_cmd: RunScrapy
) -> None:
    before = state_of(data_dir)
    with (data_dir / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = scrapy_cmd("repair", data_dir=data_dir)
    assert done.returncode == 75
    assert "another run holds" in done.stderr
    assert state_of(data_dir) == before


def test_bad_usage(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    assert scrapy_cmd("repair", "everything").returncode == 2
    (tmp_path / "file").write_text("no folder")
    done = scrapy_cmd("repair", data_dir=tmp_path / "file")
    assert done.returncode == 2
    assert "there is no archive in " in done.stderr
