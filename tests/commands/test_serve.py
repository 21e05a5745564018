"""How the room is started: where it listens, what it refuses, how it ends."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests import scrapy_process
from tests.room.served import environment, scrapy, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.channel import Archive


@pytest.fixture(scope="module")
def data_dir(archive_of: Any) -> Path:
    """The archive of one run."""
    archive: Archive = archive_of(articles=4)
    archive.run()
    return archive.data_dir


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--behind-proxy"),
        (("--host", "192.0.2.7"), "--behind-proxy"),
        (("--host", "::"), "--behind-proxy"),
        (("--port", "x"), "number"),
        (("--port", "65536"), "number"),
        (("--port", "-1"), ""),
        (("elsewhere",), "unknown argument"),
        (("--host", "192.0.2.7", "--behind-proxy"), "can't listen at 192.0.2.7:8000"),
        (("--host", "no.such.name.invalid", "--behind-proxy"), "can't listen"),
    ],
)
def test_what_is_refused(data_dir: Path, arguments: tuple[str, ...], words: str) -> None:
    done = scrapy("serve", *arguments, data_dir=data_dir)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = scrapy("serve", "--port", str(port), data_dir=data_dir)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def test_no_archive_and_a_damaged_ledger(data_dir: Path, tmp_path: Path) -> None:
    done = scrapy("serve", data_dir=tmp_path / "nothing")
    assert done.returncode == 2
    copy = tmp_path / "data"
    shutil.copytree(data_dir, copy)
    (copy / "state" / "ledger.sqlite").write_bytes(b"no database" * 1000)
    done = scrapy("serve", data_dir=copy)
    assert done.returncode == 5
    assert "damaged" in done.stderr


def test_behind_a_proxy_it_knows_its_names(data_dir: Path) -> None:
    arguments = ("--host", "127.0.0.2", "--behind-proxy", "--name", "archive.example.org")
    process = scrapy_process.start(
        "serve", "--port", "0", *arguments, env=environment(data_dir),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    said = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)
    assert said.startswith("Reading room at http://127.0.0.2:")
    assert process.returncode == 0
    with serving(data_dir, "--behind-proxy", "--name", "archive.example.org") as room:
        headers = {"Host": "archive.example.org", "X-Forwarded-Proto": "https"}
        answer = room.get("/sitemap.xml", headers=headers)
        assert answer.status == 200
        assert "https://archive.example.org/sitemap-0.xml" in answer.text


def test_another_address_is_warned_of(data_dir: Path) -> None:
    process = scrapy_process.start(
        "serve", "--port", "0", "--host", "0.0.0.0", "--behind-proxy", env=environment(data_dir),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    process.stdout.readline()
    process.terminate()
    _, stderr = process.communicate(timeout=20)
    assert "warning" in stderr
    assert process.returncode == 0


def test_search_without_an_index_or_with_an_old_one(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data_dir, copy)
    with serving(copy) as room:
        answer = room.get("/search?q=x")
        assert answer.status == 200
        assert "scrapy index" in answer.text
        assert room.get("/search.atom?q=x").status == 503
        assert 'name="q"' in answer.text
        assert room.get("/").status == 200
        assert scrapy("index", data_dir=copy).returncode == 0
        assert "索引比档案旧" not in room.get("/search").text
        words = "%20".join("abcdefghijklmnopqrstuvwxyz0123456789")
        assert room.get(f"/search?q={words}").status == 400
        newer = next((copy / "jsonl").rglob("*.jsonl"))
        later = newer.with_name("xinhua-20991231T000000Z-0000.jsonl")
        shutil.copy(newer, later)
        answer = room.get("/search")
        assert answer.status == 200
        assert "索引比档案旧" in answer.text
        later.unlink()
        (copy / "state" / "search.sqlite").write_bytes(b"no index" * 1000)
        answer = room.get("/search?q=x")
        assert (answer.status, "搜索不可用" in answer.text) == (200, True)


def test_a_ledger_that_is_being_written_is_read_at_its_last_commit(
    data_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data_dir, copy)
    writer = sqlite3.connect(copy / "state" / "ledger.sqlite", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE articles SET region = 'bj'")
    with serving(copy) as room:
        assert "河北" not in room.get("/regions/bj").text.partition("<main")[2].partition("<h1")[0]
        assert room.get("/").status == 200
        writer.execute("COMMIT")
        writer.close()
        assert room.get("/").status == 200
        (copy / "state" / "ledger.sqlite").write_bytes(b"no database" * 1000)
        answer = room.get("/")
        assert answer.status == 503
        assert "账本" in answer.text
        assert answer.headers["retry-after"]
