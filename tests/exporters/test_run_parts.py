"""A run in parts: what is in a part, when it is closed, and kills between all of its steps.

A kill is an exception before the n-th time that anything becomes durable (fsync, rename, commit),
after which nothing of the run goes on; recovery is killed in the same way.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crawler.archive.writer import WarcWriter
from crawler.clock import now
from crawler.data_dir import ledger_file, lines_name, manifests_of, warc_name
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.report import build_report, write_report
from crawler.exporters.run_parts import PartLimits, Parts, rows_of
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.ledger import Ledger
from crawler.runner.recovery import end_run, recover
from crawler.storage import StorageError
from tests.archive.test_writer import INFO, exchange
from tests.ledger.conftest import line

RUN = "20260301T000000Z-0a1b"
AT_ONCE = PartLimits(0, 10**9)
NEVER = PartLimits(10**9, 10**9)


class Killed(BaseException):
    """The process is gone."""


class LongRun:
    """A run over a folder, driven step by step as `runner.run` does it."""

    def __init__(self, data_dir: Path, limits: PartLimits = AT_ONCE, run_id: str = RUN) -> None:
        self.data_dir = data_dir
        self.run_id = run_id
        self.ledger = Ledger.open(ledger_file(data_dir))
        recover(data_dir, self.ledger, ())
        self.ledger.runs.start(run_id, now(), "scrapy crawl xinhua")
        self.ledger.commit()
        self.archive = WarcWriter(data_dir, partial(warc_name, run_id), info=INFO, max_bytes=1)
        self.output = JsonlWriter(data_dir, lines_name(run_id))
        self.parts = Parts(data_dir, run_id, self.ledger, self.archive, self.output, limits)

    def fetch(self) -> dict[str, Any]:
        """Archive an exchange; its pointer."""
        pointer = self.archive.write(exchange(started_at=now()))
        assert pointer
        return asdict(pointer)

    def write(self, number: int, *pages: dict[str, Any]) -> None:
        """Publish the line of an article; without `pages` one is fetched."""
        pages = pages or (self.fetch(),)
        values: dict[str, Any] = {"warc_pages": pages[1:] and list(pages), "warc": pages[0]}
        record = line(number, run_id=self.run_id, **values)
        self.output.write(record)
        self.ledger.articles.add_line(record, jsonl=self.output.name)

    def checkpoint(self) -> None:
        """A checkpoint with a part, whose indexing is waited for."""
        self.archive.sync()
        self.output.sync()
        self.ledger.commit()
        self.parts.publish_due()
        if self.parts._indexing:
            self.parts._indexing.exception()
            self.parts.publish_due()

    def close(self) -> dict[str, Any]:
        """The end of the run, with its report."""
        files = self.parts.close(list, has_more=False)
        report = build_report(
            self.ledger, run_id=self.run_id, started_at=now(), finished_at=now(), command="",
            narrowed=False, reason="finished", seq=self.parts.seq, parts=self.parts.count,
            files=files, stats={},
        )  # fmt: skip
        write_report(self.data_dir, report)
        end_run(self.ledger, report)
        self.ledger.close()
        return report


def told(data_dir: Path) -> dict[str, dict[str, Any]]:
    """The manifests that readers see, by name."""
    return {path.name: json.loads(path.read_bytes()) for path in manifests_of(data_dir)}


def followed(data_dir: Path) -> list[str]:
    """The files in the order in which a reader of the feed comes by them."""
    manifests = sorted(told(data_dir).values(), key=lambda one: int(one["seq"]))
    return list(dict.fromkeys(row["path"] for one in manifests for row in one["files"]))


def published(data_dir: Path) -> list[str]:
    files = [*data_dir.glob("jsonl/*/*/*"), *data_dir.glob("warc/*/*/*")]
    return sorted(path.relative_to(data_dir).as_posix() for path in files)


def lines(data_dir: Path) -> list[str]:
    """The articles of all published lines; each line's records are in files of a manifest."""
    known = set(followed(data_dir))
    found = []
    for path in sorted(data_dir.glob("jsonl/*/*/*.jsonl")):
        for record in map(json.loads, path.read_bytes().splitlines()):
            for pointer in record["warc_pages"] or [record["warc"]]:
                assert pointer["file"] in known
            found.append(record["id"])
    return sorted(found)


def test_a_run_of_one_part_has_the_names_it_always_had(tmp_path: Path) -> None:
    run = LongRun(tmp_path, NEVER)
    for number in range(3):
        run.write(number)
        run.checkpoint()
    report = run.close()
    assert list(told(tmp_path)) == [f"{RUN}.json"]
    assert (report["seq"], report["parts"]) == (1, 0)
    assert [row["path"] for row in report["files"]] == published(tmp_path)
    assert f"jsonl/2026/03/xinhua-{RUN}.jsonl" in published(tmp_path)


def test_a_long_run_publishes_in_parts(tmp_path: Path) -> None:
    run = LongRun(tmp_path)
    run.fetch()
    run.checkpoint()
    assert told(tmp_path) == {}  # nothing for readers in it yet
    run.write(1)
    run.write(2)
    run.checkpoint()
    (manifest,) = told(tmp_path).values()
    assert list(manifest) == ["run_id", "part", "published_at", "seq", "files"]
    assert (manifest["run_id"], manifest["part"], manifest["seq"]) == (RUN, 0, 1)
    assert [row["path"] for row in manifest["files"]] == published(tmp_path)
    assert f"jsonl/2026/03/xinhua-{RUN}-00000.jsonl" in published(tmp_path)
    first = (tmp_path / f"runs/{RUN}-00000.json").read_bytes()
    page_1 = run.fetch()
    run.write(3)
    run.checkpoint()
    run.write(4, page_1, run.fetch())
    report = run.close()
    manifests = told(tmp_path)
    assert list(manifests) == [f"{RUN}-0000{n}.json" for n in range(3)] + [f"{RUN}.json"]
    assert [one["seq"] for one in manifests.values()] == [1, 2, 3, 4]
    assert (report["seq"], report["parts"]) == (4, 3)
    assert [row["path"] for row in report["files"]] == published(tmp_path)
    parts = [manifests[f"{RUN}-0000{n}.json"] for n in range(3)]
    rows = [row for part in parts for row in part["files"]]
    assert sorted(rows, key=lambda row: str(row["path"])) == report["files"]
    assert (tmp_path / f"runs/{RUN}-00000.json").read_bytes() == first
    assert lines(tmp_path) == [line(number)["id"] for number in range(1, 5)]


def test_the_ledger_knows_the_files_of_the_parts(tmp_path: Path) -> None:
    run = LongRun(tmp_path)
    run.write(1)
    assert run.ledger.articles.versions(line(1)["id"])[0].jsonl.endswith(f"{RUN}.jsonl")
    run.checkpoint()
    run.write(2)
    run.close()
    ledger = Ledger.open(ledger_file(tmp_path), read_only=True)
    for number in (1, 2):
        (row,) = ledger.articles.versions(line(number)["id"])
        assert row.jsonl == f"jsonl/2026/03/xinhua-{RUN}-0000{number - 1}.jsonl"
    rows = ledger.publications.after(0)
    manifests = told(tmp_path)
    assert {Path(one.path).name: (one.seq, one.part) for one in rows} == {
        name: (one["seq"], one.get("part")) for name, one in manifests.items()
    }
    ledger.close()


def test_the_size_closes_a_part_as_well(tmp_path: Path) -> None:
    run = LongRun(tmp_path, PartLimits(10**9, 4000))
    run.write(1)
    run.checkpoint()
    assert told(tmp_path) == {}
    run.write(2)
    run.checkpoint()
    assert list(told(tmp_path)) == [f"{RUN}-00000.json"]
    run.close()


def test_a_run_without_captures(tmp_path: Path) -> None:
    """A replay, a correction: lines that point into other runs' files."""
    run = LongRun(tmp_path, NEVER)
    pointer = run.fetch()
    run.write(1, pointer)
    run.close()
    again = LongRun(tmp_path, AT_ONCE, "20260302T000000Z-0000")
    again.parts = Parts(tmp_path, again.run_id, again.ledger, None, again.output, AT_ONCE)
    for number in (2, 3):
        again.write(number, pointer)
        again.checkpoint()
    report = again.close()
    assert (report["seq"], report["parts"]) == (4, 2)
    assert [Path(row["path"]).name for row in report["files"]] == [
        f"xinhua-{again.run_id}-0000{n}.jsonl" for n in range(2)
    ]


def test_a_ledger_that_was_put_back_gives_no_number_twice(tmp_path: Path) -> None:
    run = LongRun(tmp_path, NEVER)
    run.write(1)
    run.close()
    later = f"{RUN[:-1]}c"
    (tmp_path / f"runs/{later}.json").write_text(json.dumps({"run_id": later, "seq": 40}))
    run = LongRun(tmp_path, NEVER, f"{RUN[:-1]}d")
    run.write(2)
    assert run.close()["seq"] == 41


class Steps:
    """Counts whatever makes things durable, and kills before the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
        self.taken = 0
        self.kill_at = 0
        self.data_dir = data_dir
        self.seen: dict[str, int] = {}
        for owner, name in (
            (os, "fsync"),
            (Path, "rename"),
            (Path, "replace"),
            (LedgerConnection, "commit"),
        ):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.taken += 1
            if self.kill_at and self.taken >= self.kill_at:  # nor does anything go on after it
                raise Killed
            done = function(*args, **kwargs)
            self.look()
            return done

        return call

    def look(self) -> None:
        """What a reader sees now: whatever is new has a number above all that it saw before, and
        what it has seen is as it was."""
        for name, manifest in sorted(told(self.data_dir).items()):
            seq = manifest["seq"]
            assert self.seen.get(name, seq) == seq
            assert name in self.seen or seq > max(self.seen.values(), default=0)
            self.seen[name] = seq

    def begin(self, kill_at: int) -> None:
        self.taken, self.kill_at = 0, kill_at


def play(data_dir: Path, steps: Steps, kill_at: int = 0) -> None:
    """A run of three parts, killed at a step; an article of several pages spans two of them."""
    shutil.copytree(data_dir.with_name("empty"), data_dir)
    steps.data_dir, steps.seen = data_dir, {}
    steps.begin(0)
    run = LongRun(data_dir)
    steps.begin(kill_at)
    try:
        run.write(1)
        run.write(2)
        run.checkpoint()
        page_1 = run.fetch()
        run.write(3)
        run.checkpoint()
        run.write(4, page_1, run.fetch())
        run.close()
    finally:
        run.ledger.connection.raw.close()


def recovered(data_dir: Path) -> None:
    ledger = Ledger.open(ledger_file(data_dir))
    try:
        recover(data_dir, ledger, ())
    finally:
        ledger.connection.raw.close()


def check(data_dir: Path, least: list[str]) -> None:
    """Whatever was committed is published, once, in files that a manifest lists."""
    assert not [*data_dir.rglob("*.open")]
    assert sorted(followed(data_dir)) == published(data_dir)
    found = lines(data_dir)
    assert len(found) == len(set(found))
    assert set(least) <= set(found)
    ledger = Ledger.open(ledger_file(data_dir), read_only=True)
    assert ledger.runs.unfinished() == []
    for article_id in found:
        (row,) = ledger.articles.versions(article_id)
        assert (data_dir / row.jsonl).is_file()
    numbers = [one.seq for one in ledger.publications.after(0)]
    assert numbers == sorted(one["seq"] for one in told(data_dir).values())
    assert numbers == list(range(1, len(numbers) + 1))
    ledger.close()


def committed(data_dir: Path) -> list[str]:
    """The articles that the ledger holds for published at the moment of a kill."""
    ledger = Ledger.open(ledger_file(data_dir), read_only=True)
    rows = ledger.articles.every(regions=None, limit=99)
    ledger.close()
    return [row.id for row in rows]


def killed_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: list[int], every: int = 1
) -> int:
    """Kill at each step of a run, then recovery at its steps `again` (0: not at all)."""
    Ledger.open(ledger_file(tmp_path / "empty")).close()  # made once: migrations take their time
    steps = Steps(monkeypatch, tmp_path / "whole")
    play(tmp_path / "whole", steps)
    total = steps.taken
    check(tmp_path / "whole", [line(number)["id"] for number in range(1, 5)])
    struck = 0
    for n in range(1, total + 1, every):
        for m in again:
            data_dir = tmp_path / f"{n}-{m}"
            with pytest.raises(Killed):
                play(data_dir, steps, n)
            steps.begin(0)
            least = committed(data_dir)
            steps.begin(m)
            with suppress(Killed):
                recovered(data_dir)
            struck += 1 + (m != 0 and steps.taken >= m)
            steps.begin(0)
            recovered(data_dir)
            run = LongRun(data_dir, NEVER, "20260302T000000Z-0000")
            run.write(9)
            run.close()
            check(data_dir, [*least, line(9)["id"]])
    return struck


def test_a_kill_at_every_third_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert killed_everywhere(tmp_path, monkeypatch, [0], every=3) > 15


@pytest.mark.nightly
def test_a_kill_at_every_step_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert killed_everywhere(tmp_path, monkeypatch, [0, 1, 6, 12, 20]) > 200


def test_one_row_a_file(tmp_path: Path) -> None:
    files = {
        "jsonl/2026/01/xinhua-r1.jsonl": (b"{}\n{}\n", 2),
        "warc/2026/01/xinhua-r1-00001.cdxj": (b"a\nb\nc\n", 3),
        "warc/2026/01/xinhua-r1-00001.warc.gz": (gzip.compress(b"x") * 4, 4),
    }
    for name, (data, _) in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    paths = [tmp_path / name for name in files]
    assert rows_of(tmp_path, paths[::-1]) == [
        {
            "path": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "records": count,
        }
        for name, (data, count) in files.items()
    ]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        rows_of(tmp_path, [tmp_path / "gone"])
