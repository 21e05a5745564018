"""Archive jobs, as workers do them: what comes of a batch is what one process makes."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from shlex import quote
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive.decode import MAX_BODY
from crawler.data_dir import lines_of, warcs_of
from crawler.jobs.archive_files import ArchiveFile, ArchiveJobError, ArchiveJobs
from crawler.jobs.enqueue import listed_files, put_batch
from crawler.layouts import AcceptedLayouts
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import sha256_of
from tests.jobs.conftest import make_worker, rows, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.jobs.database import JobsCluster
    from crawler.jobs.enqueue import Put
    from tests.conftest import RunScrapy
    from tests.processes import Crawl

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def data_dir(first: Crawl, tmp_path: Path) -> Path:
    return shutil.copytree(first.data_dir, tmp_path / "data")


def put(cluster: JobsCluster, data_dir: Path, kind: str, words: Sequence[str] = ()) -> Put:
    version = AcceptedLayouts.of(data_dir).version
    files = listed_files(data_dir, kind, words)
    return put_batch(
        cluster, kind, files,
        extractor=version, max_bytes=10 * 1024 * 1024, has=FolderPlace(data_dir).has,
    )  # fmt: skip


def work(cluster: JobsCluster, data_dir: Path, **places: Any) -> int:
    worker = make_worker(cluster, data_dir, [0], **places)
    asyncio.run(worker.run())
    return worker.given_up


def contents(data_dir: Path) -> dict[str, bytes]:
    folders = ("reextracted", "verified")
    paths = [path for folder in folders for path in (data_dir / folder).rglob("*")]
    return {path.relative_to(data_dir).as_posix(): path.read_bytes() for path in paths}


def test_a_batch_gives_what_one_process_makes(
    cluster: JobsCluster, data_dir: Path, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    warcs = [str(path) for path in warcs_of(data_dir)]
    assert len(warcs) > 3
    done = put(cluster, data_dir, "reextract")
    assert (done.files, done.put, done.output) == (len(warcs), len(warcs), None)
    assert put(cluster, data_dir, "reextract").put == 0
    assert work(cluster, data_dir, others=2) == 0
    output = f"reextracted/{done.batch}.jsonl"
    (batch,) = state(cluster).batches
    assert (batch.done, batch.failed, batch.output) == (len(warcs), 0, output)
    one = scrapy_cmd("reextract", *warcs, "-o", str(tmp_path / "one.jsonl"), data_dir=data_dir)
    assert one.returncode == 0, one.stderr
    made = (tmp_path / "one.jsonl").read_bytes()
    assert made.count(b"\n") > 20
    assert (data_dir / output).read_bytes() == made
    # run again, also where the queue was lost, it changes nothing
    before = contents(data_dir)
    again = put(cluster, data_dir, "reextract")
    assert (again.put, again.output) == (0, output)
    rows(cluster, "DELETE FROM batches")
    assert put(cluster, data_dir, "reextract").put == len(warcs)
    assert work(cluster, data_dir) == 0
    assert contents(data_dir) == before
    # and what was deleted is made once more, the same
    shutil.rmtree(data_dir / "reextracted")
    once_more = put(cluster, data_dir, "reextract")
    assert (once_more.put, once_more.output) == (len(warcs), None)
    assert work(cluster, data_dir) == 0
    assert contents(data_dir) == before


def test_a_verification_finds_what_one_process_finds(
    cluster: JobsCluster, data_dir: Path, scrapy_cmd: RunScrapy
) -> None:
    damaged = min(warcs_of(data_dir))
    bytes_of = bytearray(damaged.read_bytes())
    bytes_of[len(bytes_of) // 2] ^= 0xFF
    damaged.write_bytes(bytes_of)
    files = [*warcs_of(data_dir), *lines_of(data_dir)]
    one = scrapy_cmd("verify", *map(str, files), "--json", "-j", "1", data_dir=data_dir)
    assert one.returncode == 1
    _list_as_it_is(data_dir, damaged)
    done = put(cluster, data_dir, "verify")
    assert done.files == len(files)
    assert work(cluster, data_dir) == 0
    (batch,) = state(cluster).batches
    made = (data_dir / f"verified/{done.batch}.json").read_text()
    assert json.loads(made)["findings"] == json.loads(one.stdout)["findings"]
    assert json.loads(made) == json.loads(one.stdout)
    assert (batch.done, batch.problems) == (len(files), len(json.loads(made)["findings"]))


def _list_as_it_is(data_dir: Path, path: Path) -> None:
    """Let the manifest name the digest that a file has."""
    (report,) = (data_dir / "runs").iterdir()
    told = json.loads(report.read_text())
    for row in told["files"]:
        if row["path"] == path.relative_to(data_dir).as_posix():
            row["sha256"] = sha256_of(path)
    report.write_text(json.dumps(told))


def test_a_file_that_fails_is_told_and_holds_nobody(cluster: JobsCluster, data_dir: Path) -> None:
    damaged = min(warcs_of(data_dir))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    done = put(cluster, data_dir, "reextract")
    assert work(cluster, data_dir) == 1
    told = state(cluster)
    (batch,) = told.batches
    assert (batch.done, batch.failed, batch.output) == (done.files - 1, 1, None)
    assert batch.ended_at
    (failed,) = told.failed
    assert "its manifest says" in failed.why
    assert damaged.name in failed.what
    # mended and put again, the rest is done
    damaged.write_bytes(whole)
    assert put(cluster, data_dir, "reextract").put == 1
    assert work(cluster, data_dir) == 0
    told = state(cluster)
    assert (told.batches[0].done, told.failed) == (done.files, [])
    assert told.batches[0].output


def test_another_version_and_other_bytes_are_refused(data_dir: Path, tmp_path: Path) -> None:
    place = FolderPlace(data_dir)
    (file, *_) = listed_files(data_dir, "reextract", ())
    other = ArchiveJobs("reextract", "0.1+abc", MAX_BODY, data_dir, place)
    with pytest.raises(ArchiveJobError, match="it was enqueued for version"):
        other.do(ArchiveFile(file.name, file.sha256), tmp_path)
    version = AcceptedLayouts.of(data_dir).version
    ours = ArchiveJobs("reextract", version, MAX_BODY, data_dir, place)
    with pytest.raises(ArchiveJobError, match="its manifest says"):
        ours.do(ArchiveFile(file.name, "0" * 64), tmp_path)


@pytest.mark.parametrize("kind", ["reextract", "verify"])
def test_a_worker_that_wakes_beside_its_successor_changes_nothing(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Both found that the job was not done yet, and both publish."""
    version = AcceptedLayouts.of(data_dir).version
    jobs = ArchiveJobs(kind, version, MAX_BODY, data_dir, FolderPlace(data_dir))
    monkeypatch.setattr(ArchiveJobs, "is_done", lambda *_: False)
    (one, *_) = listed_files(data_dir, kind, ())
    scratches = [tmp_path / name for name in ("frozen", "successor")]
    for scratch in scratches:
        scratch.mkdir()
    file = ArchiveFile(one.name, one.sha256)
    assert jobs.do(file, scratches[0])
    before = contents(data_dir)
    assert before
    assert jobs.do(file, scratches[1])
    assert contents(data_dir) == before


def test_a_child_that_dies_costs_one_try(
    cluster: JobsCluster, data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first process is no Python at all; the next ones are."""
    monkeypatch.setattr("crawler.jobs.processes.sys.executable", _dying_once(tmp_path))
    put(cluster, data_dir, "reextract")
    assert work(cluster, data_dir) == 0
    (batch,) = state(cluster).batches
    assert batch.output


def _dying_once(folder: Path) -> str:
    script = folder / "python"
    mark = folder / "begun"
    script.write_text(
        f'#!/bin/sh\nif [ -e {quote(str(mark))} ]; then exec {quote(sys.executable)} "$@"; fi\n'
        f"touch {quote(str(mark))}\nread line\nkill -9 $$\n"
    )
    script.chmod(0o755)
    return str(script)
