"""`scrapy clusters`: what it prints, and its exit codes."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clusters.test_clusters import LINES
from tests.conftest import PROJECT
from tests.cron import as_mere_user
from tests.search.published import publish

if TYPE_CHECKING:
    from tests.conftest import RunScrapy


def test_what_it_prints(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    publish(tmp_path, *LINES)
    done = scrapy_cmd("clusters", data_dir=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    blocks = done.stdout.split("\n\n")
    assert [block.count("\n") for block in blocks] == [2, 4, 1]
    assert "2017-09-28 08:00 · js · - · 题1 · 1\n" in done.stdout
    assert "  copied 2017-09-28 09:00 · js · 河北日报 · 题2 · 2\n" in done.stdout
    assert "\n  quoted by 2017-09-28 20:00 · " in done.stdout
    assert done.stdout.endswith("2 texts were carried again, by 4 articles\n")
    (tmp_path / "state" / "clusters.sqlite").write_bytes(b"something else")
    assert scrapy_cmd("clusters", data_dir=tmp_path).returncode == 1


def test_for_programs(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    publish(tmp_path, *LINES)
    both = json.loads(scrapy_cmd("clusters", "--json", data_dir=tmp_path).stdout)["clusters"]
    assert sorted(one["first"]["id"] for one in both) == ["1", "5"]
    (copy,) = next(one for one in both if one["first"]["id"] == "5")["copies"]
    assert copy == {
        "id": "6", "version": 1, "published_at": "2017-09-28T12:00:00+08:00", "region": "js",
        "source": None, "title": "题6", "url": "http://www.js.xinhuanet.com/c_6.htm",
        "relation": "copied", "share": 1.0, "of_first": 1.0,
    }  # fmt: skip
    later = scrapy_cmd("clusters", "--json", "--since", "2017-09-29", data_dir=tmp_path)
    assert json.loads(later.stdout) == {"clusters": []}
    same = scrapy_cmd("clusters", "--json", "--since", "2017-09-28", data_dir=tmp_path)
    assert json.loads(same.stdout) == {"clusters": both}


def test_misuse_and_damage(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    assert scrapy_cmd("clusters", "--since", "soon", data_dir=tmp_path).returncode == 2
    done = scrapy_cmd("clusters", data_dir=tmp_path / "none")
    assert done.returncode == 2
    assert "there is no archive" in done.stderr
    publish(tmp_path, {"id": "no line"}, *LINES)
    done = scrapy_cmd("clusters", data_dir=tmp_path)
    assert done.returncode == 1
    assert "offset 0: no article line" in done.stderr
    assert "2 texts were carried again" in done.stdout


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    publish(data_dir, *LINES)
    for path in (data_dir, *data_dir.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [*as_mere_user(), sys.executable, "-m", "scrapy", "clusters"]
    done = subprocess.run(
        [*command, "-s", f"DATA_DIR={data_dir}"],
        cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 texts were carried again" in done.stdout
    assert not (data_dir / "state").exists()


def test_two_at_once_and_a_disk_that_fails(tmp_path: Path, scrapy_cmd: RunScrapy) -> None:
    publish(tmp_path, *LINES)
    assert scrapy_cmd("clusters", data_dir=tmp_path).returncode == 0
    with (tmp_path / "state" / "clusters.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert scrapy_cmd("clusters", data_dir=tmp_path).returncode == 75
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "scrapy", "clusters", "-s", f"DATA_DIR={tmp_path}"]
        done = subprocess.run(
            command, cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 5
    assert "can't be written" in done.stderr
