"""Every command that reads, in a folder where nothing may be written: a read-only mount, and
permissions that don't let us. At rest, after a kill, and while a run writes at the other side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests import scrapy_process
from tests.conftest import PROJECT
from tests.cron import as_mere_user
from tests.processes import ends_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.processes import Crawl

SCRAPY = [sys.executable, "-m", "scrapy"]
MOUNTED = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && "$@"'

# A writer that takes the folder as a run does, sees one address more, and says so.
WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from crawler.data_dir import ledger_file
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Sighting
from crawler.run_lock import take_lock

folder = Path(sys.argv[1])
lock = take_lock(folder)
ledger = Ledger.open(ledger_file(folder))
at = datetime.now(UTC)
run = f"{at:%Y%m%dT%H%M%SZ}-abcd"
ledger.runs.start(run, at, "scrapy crawl xinhua")
seen = [Sighting("http://js.news.cn/2026-03/01/c_1999999999.htm", "1999999999", "js")]
ledger.addresses.see(seen, run_id=run, at=at)
ledger.commit()
print("written", flush=True)
time.sleep(120)
"""


@pytest.fixture(scope="module")
def archive(first: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read-only") / "data"
    shutil.copytree(first.data_dir, folder)
    return folder


@pytest.fixture
def data_dir(archive: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    shutil.copytree(archive, folder)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def writer(data_dir: Path) -> subprocess.Popen[str]:
    """A run that has written to the ledger and goes on."""
    running = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data_dir)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert running.stdout
    assert running.stdout.readline() == "written\n"
    return running


def killed(data_dir: Path) -> None:
    running = writer(data_dir)
    running.send_signal(signal.SIGKILL)
    running.communicate()


def on_a_mount(data_dir: Path) -> list[str]:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    return ["unshare", "-m", "bash", "-c", MOUNTED, "-", str(data_dir)]


def by_permissions(data_dir: Path) -> list[str]:
    for path in (data_dir, *data_dir.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return as_mere_user()


def listing(data_dir: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in data_dir.rglob("*")}


def asked(prefix: list[str], data_dir: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XINHUA_DATA_DIR": str(data_dir)}
    if not prefix:
        return scrapy_process.run(*command, env=environment)
    return subprocess.run(
        [*prefix, *SCRAPY, *command], cwd=PROJECT, env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def all_asked(prefix: list[str], data_dir: Path, *commands: list[str]) -> list[dict[str, Any]]:
    return ends_of(commands, {**os.environ, "XINHUA_DATA_DIR": str(data_dir)}, prefix)


def a_line(data_dir: Path) -> dict[str, Any]:
    file = min((data_dir / "jsonl").rglob("*.jsonl"))
    record: dict[str, Any] = json.loads(file.read_bytes().splitlines()[0])
    return record


WAYS = [on_a_mount, by_permissions]


@pytest.mark.parametrize("way", WAYS)
def test_at_rest(way: Callable[[Path], list[str]], data_dir: Path) -> None:
    """All of them, and nothing is said of it and nothing left."""
    line = a_line(data_dir)
    prefix = way(data_dir)
    before = listing(data_dir)
    output = str(data_dir.with_name("lines.txt"))
    commands = (
        ["status"], ["verify", "-j", "1"], ["regions"], ["history", line["id"]],
        ["explain", line["url"]], ["export", "--format", "text", "-o", output],
    )  # fmt: skip
    for command, end in zip(commands, all_asked(prefix, data_dir, *commands), strict=True):
        assert end["code"] == 0, (command, end)
        assert "copied" not in end["err"]
    assert listing(data_dir) == before


@pytest.mark.parametrize("way", WAYS)
def test_the_report_goes_elsewhere(way: Callable[[Path], list[str]], data_dir: Path) -> None:
    """It needs -o, says so in a line, and is written where that says."""
    prefix = way(data_dir)
    before = listing(data_dir)
    out = data_dir.with_name("report")
    out.mkdir()
    out.chmod(0o777)
    here, there = all_asked(prefix, data_dir, ["report"], ["report", "-o", str(out)])
    assert (here["code"], here["out"]) == (2, "")
    (line,) = here["err"].splitlines()
    assert f"{data_dir / 'report'} can't be written" in line
    assert "-o names another folder" in line
    assert (there["code"], there["err"]) == (0, "")
    assert "运行报告" in (out / "index.html").read_text()
    assert listing(data_dir) == before


@pytest.mark.parametrize("way", WAYS)
def test_the_reading_room(way: Callable[[Path], list[str]], data_dir: Path) -> None:
    """An article, its proof, its page and the report; search says what is wanting."""
    line = a_line(data_dir)
    prefix = way(data_dir)
    before = listing(data_dir)
    room = subprocess.Popen(
        [*prefix, *SCRAPY, "serve", "--port", "0"], cwd=PROJECT,
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir)}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert room.stdout
        base = room.stdout.readline().split()[3].rstrip("/")
        article = f"/articles/{line['id']}"
        told = {}
        for path in (
            "/", article, f"{article}/1/verify", f"{article}/1/page", f"{article}/1/page.wacz",
            "/status", "/search?q=%E6%96%B0", "/changes.atom", "/sitemap.xml",
        ):  # fmt: skip
            with urllib.request.urlopen(base + path, timeout=60) as answer:
                told[path] = answer.read()
    finally:
        os.killpg(room.pid, signal.SIGTERM)
        _, said = room.communicate(timeout=20)
    assert line["title"] in told[article].decode()
    assert "验证通过" in told[f"{article}/1/verify"].decode()
    assert "搜索不可用" in told["/search?q=%E6%96%B0"].decode()
    assert "运行报告" in told["/status"].decode()
    assert "Traceback" not in said
    assert listing(data_dir) == before


@pytest.mark.parametrize("way", WAYS)
def test_after_a_kill_a_copy_is_read_and_that_is_said(
    way: Callable[[Path], list[str]], data_dir: Path
) -> None:
    killed(data_dir)
    assert (data_dir / "state" / "ledger.sqlite-wal").stat().st_size > 0
    prefix = way(data_dir)
    before = listing(data_dir)
    url = "http://js.news.cn/2026-03/01/c_1999999999.htm"
    told, proved = all_asked(prefix, data_dir, ["explain", url], ["verify", "-j", "1"])
    assert (told["code"], len(told["err"].splitlines())) == (0, 1), told
    assert "both were copied to" in told["err"]
    assert "It was first seen" in told["out"]  # which only the log knows
    assert "both were copied to" in proved["err"]
    assert listing(data_dir) == before


@pytest.mark.parametrize("way", WAYS)
def test_while_a_run_writes(way: Callable[[Path], list[str]], data_dir: Path) -> None:
    running = writer(data_dir)
    try:
        done = asked(way(data_dir), data_dir, "status", "--json")
    finally:
        running.kill()
        running.communicate()
    assert done.returncode in (0, 3), done.stderr
    status = json.loads(done.stdout)
    assert status["running"]["waiting"] == 1


def test_a_temporary_folder_without_room(data_dir: Path, tmp_path: Path) -> None:
    killed(data_dir)
    prefix = on_a_mount(data_dir)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=16k tmpfs "$1" && TMPDIR="$1" && export TMPDIR && shift && "$@"'
    )
    full = [*prefix, "bash", "-c", script, "-", str(disk)]
    done = asked(full, data_dir, "status")
    assert done.returncode == 5
    (line,) = done.stderr.splitlines()
    assert "can't be copied to a temporary folder" in line


@pytest.mark.parametrize("schema", ["0001", "9999"])
def test_another_schema_is_one_line(data_dir: Path, schema: str) -> None:
    """No reader migrates."""
    with closing(sqlite3.connect(data_dir / "state" / "ledger.sqlite")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        raw.commit()
    prefix = on_a_mount(data_dir)
    line = a_line(data_dir)
    commands = (["status"], ["history", line["id"]], ["explain", line["url"]])
    for end in all_asked(prefix, data_dir, *commands):
        assert end["code"] == 5
        (said,) = end["err"].splitlines()
        assert f"has schema {schema}" in said


def test_where_there_is_no_archive(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "none", empty):
        for command in (
            ["status"], ["verify"], ["verify", "--json"], ["history", "1120000001"], ["repair"],
            ["explain", "http://js.news.cn/2026-03/01/c_1999999999.htm"],
            ["export", "--format", "csv"],
        ):  # fmt: skip
            done = asked([], folder, *command)
            assert (done.returncode, done.stdout) == (2, ""), (command, done.stdout)
            (line,) = done.stderr.splitlines()
            assert str(folder) in line
    assert not (tmp_path / "none").exists()
    assert not list(empty.iterdir())


def test_a_relative_folder_is_the_projects_from_any_of_its_folders() -> None:
    done = subprocess.run(
        [*SCRAPY, "status"], cwd=PROJECT / "docs",
        env={**os.environ, "XINHUA_DATA_DIR": "no/such/data"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"there is no archive in {PROJECT / 'no/such/data'}: " in done.stderr
