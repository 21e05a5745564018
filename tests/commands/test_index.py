"""`scrapy index`: its exit codes, its places, and the crawl that does it at its end."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from crawler.search.search import Query, SearchIndex
from tests import scrapy_process
from tests.conftest import PROJECT
from tests.cron import as_mere_user
from tests.processes import crawl
from tests.search.published import line, publish

if TYPE_CHECKING:
    from pathlib import Path


SCRAPY = [sys.executable, "-m", "scrapy"]


def index(data_dir: Path, *args: str, user: bool = False) -> subprocess.CompletedProcess[str]:
    words = ["index", "-s", f"DATA_DIR={data_dir}", *args]
    if not user:
        return scrapy_process.run(*words, env=os.environ)
    command = [*as_mere_user(), *SCRAPY, *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_what_it_says(tmp_path: Path) -> None:
    path = publish(tmp_path, line(1, "大桥"))
    done = index(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    where = tmp_path / "state" / "search.sqlite"
    assert done.stdout == f"1 lines of 1 files added to {where}\n"
    assert index(tmp_path).stdout == f"0 lines of 0 files added to {where}\n"
    publish(tmp_path, {"id": "no line"}, line(2, "隧道"), run=1)
    done = index(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("1 lines of 1 files")
    assert "xinhua-20260102T000000Z-0002.jsonl, offset 0: no article line" in done.stderr
    path.write_bytes(b"")
    done = index(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--rebuild" in done.stderr
    assert index(tmp_path, "--rebuild").stdout.startswith("1 lines of 1 files")


def test_misuse(tmp_path: Path) -> None:
    for args in (("words",), ("--no",)):
        done = index(tmp_path, *args)
        assert done.returncode == 2
    done = index(tmp_path)
    assert done.returncode == 2
    assert f"there is no archive in {tmp_path}" in done.stderr
    publish(tmp_path, line(1, "大桥"))
    (tmp_path / "letter").write_text("to somebody")
    done = index(tmp_path, "-s", f"INDEX={tmp_path}/letter")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_two_at_once(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    assert index(tmp_path).returncode == 0
    with (tmp_path / "state" / "search.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert index(tmp_path).returncode == 75


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    data_dir, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    publish(data_dir, line(1, "大桥"))
    elsewhere.mkdir()
    for path in (data_dir, *data_dir.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = index(data_dir, user=True)
    assert done.returncode == 2, done.stderr
    assert "INDEX=" in done.stderr
    done = index(data_dir, "-s", f"INDEX={elsewhere}/here.sqlite", user=True)
    assert done.returncode == 0, done.stderr
    with closing(SearchIndex.open(elsewhere / "here.sqlite", data_dir)) as found:
        assert found.search(Query("大桥")).count == 1


def test_a_killed_one_goes_on(tmp_path: Path) -> None:
    for run in range(4):
        publish(tmp_path, *(line(run * 300 + one, f"大桥{one}") for one in range(300)), run=run)
    words = ["index", "-s", f"DATA_DIR={tmp_path}"]
    process = scrapy_process.start(*words, env=os.environ, stdout=subprocess.DEVNULL)
    journal = tmp_path / "state" / "search.sqlite.open-journal"
    while process.poll() is None and not journal.exists():
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = index(tmp_path)
    assert done.returncode == 0, done.stderr
    with closing(SearchIndex.open(tmp_path / "state" / "search.sqlite", tmp_path)) as found:
        assert found.search(Query("大桥")).count == 1200


def test_a_crawl_does_it_at_its_end(tmp_path: Path, proxy: dict[str, str]) -> None:
    words = ("-s", "DOWNLOAD_DELAY=0", "-s", "INDEX_AFTER_CRAWL=True", "-a", "regions=js", "-a")
    assert crawl(*words, "limit=5", data_dir=tmp_path, env=proxy).exitcode == 0
    lines = [
        json.loads(one)
        for path in tmp_path.glob("jsonl/*/*/*.jsonl")
        for one in path.read_text("utf-8").splitlines()
    ]
    with closing(SearchIndex.open(tmp_path / "state" / "search.sqlite", tmp_path)) as found:
        assert found.search(Query()).count == len({one["id"] for one in lines}) == 5
    (tmp_path / "state" / "search.sqlite").write_bytes(b"something else")
    done = crawl(*words, "limit=6", data_dir=tmp_path, env=proxy)
    assert done.exitcode == 0
    assert "the search index isn't up to date" in done.stderr
