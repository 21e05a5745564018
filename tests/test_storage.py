"""What is on disk after a power cut: every new file has its folder's entry made durable."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.archive.writer import Exchange, WarcWriter
from crawler.data_dir import warc_name
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.report import write_report
from crawler.ledger.ledger import Ledger
from crawler.reextraction.batch import join_parts
from crawler.run_lock import take_lock
from crawler.storage import StorageError, check_disk, make_folder, publish, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def jsonl(data_dir: Path) -> None:
    writer = JsonlWriter(data_dir, "jsonl/2026/03/r.jsonl")
    writer.write({"id": "1"})
    writer.sync()
    writer.close()


def warc(data_dir: Path) -> None:
    writer = WarcWriter(data_dir, partial(warc_name, "r"), info={}, max_bytes=10**9)
    writer.write(Exchange("http://js.news.cn/", NOW, b"GET / HTTP/1.1\r\n\r\n", b"", 1))
    writer.close()


def report(data_dir: Path) -> None:
    write_report(data_dir, {"run_id": "r"})


def ledger(data_dir: Path) -> None:
    Ledger.open(data_dir / "state" / "ledger.sqlite").close()


def lock(data_dir: Path) -> None:
    os.close(take_lock(data_dir))


def output(data_dir: Path) -> None:
    make_folder(data_dir)
    part = data_dir / "part"
    write_atomically(part, b"line\n")
    join_parts([part], data_dir / "out.jsonl")


@pytest.mark.parametrize("write", [jsonl, warc, report, ledger, lock, output])
def test_the_entries_of_new_files_and_folders_are_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    synced: list[tuple[Path, set[str]]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path, {one.name for one in path.iterdir()} if path.is_dir() else set()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    data_dir = tmp_path / "new" / "data"
    write(data_dir)
    made = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert len(made) > 2
    for path in made:
        if path.name.endswith(("-shm", "-wal", "lock")):  # SQLite makes its own durable
            continue
        assert any(path.parent == folder and path.name in names for folder, names in synced), path


def test_what_is_published_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "a.open").write_bytes(b"second")
    with pytest.raises(StorageError, match="a published file of that name exists"):
        publish(tmp_path / "a.open")
    assert (tmp_path / "a").read_bytes() == b"first"


def test_write_atomically_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"one", b"two"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="writing"):
        write_atomically(tmp_path / "missing" / "a", b"")
    with pytest.raises(ValueError, match="not an open file"):
        publish(path)


def test_a_disk_with_too_little_room(tmp_path: Path) -> None:
    check_disk(tmp_path, 1)
    with pytest.raises(StorageError, match="fewer than DISK_MIN_FREE"):
        check_disk(tmp_path, 10**18)
