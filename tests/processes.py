"""A crawl as a process of its own, and what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from crawler.clock import now
from crawler.data_dir import reports_of, run_stamp
from crawler.verification.scope import Scope
from crawler.verification.whole_archive import verify
from tests import scrapy_process
from tests.conftest import PROJECT
from tests.server_ledger import ledger_env

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from crawler.verification.findings import Finding
    from tests.site.server import Entry

SCHEMA = Draft202012Validator(
    json.loads((PROJECT / "crawler" / "exporters" / "article.schema.json").read_text())
)


@dataclass(frozen=True)
class Crawl:
    """One finished `scrapy crawl xinhua`; `run_ids` are those of the reports it added, `asked` is
    what its site saw of it (of `Archive.run`)."""

    exitcode: int
    stderr: str
    data_dir: Path
    run_ids: tuple[str, ...]
    asked: Sequence[Entry] = ()

    @cached_property
    def report(self) -> dict[str, Any]:
        """The report of the run; the newest when recovery added another."""
        path = self.data_dir / "runs" / f"{self.run_ids[-1]}.json"
        report: dict[str, Any] = json.loads(path.read_text())
        return report

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The records this run published, each held against the shipped schema."""
        records = [
            json.loads(line)
            for file in self.report["files"]
            if file["path"].startswith("jsonl/")
            for line in (self.data_dir / file["path"]).read_bytes().splitlines()
        ]
        for record in records:
            SCHEMA.validate(record)
        return records


def crawl(
    *arguments: str,
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 300,
    project: Path = PROJECT,
) -> Crawl:
    """Run the crawl to its end in its own process; `project` may be a changed copy of it."""
    before = reports(data_dir)
    await_second_after(before)
    done = scrapy_process.run(
        "crawl", "xinhua", *arguments,
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir), **ledger_env(data_dir), **(env or {})},
        stdin=stdin, timeout=timeout, project=project,
    )  # fmt: skip
    added = tuple(sorted(reports(data_dir) - before))
    return Crawl(done.returncode, done.stdout + done.stderr, data_dir, added)


def ends_of(
    commands: Sequence[Sequence[str | Path]] | Sequence[dict[str, Any]],
    env: Mapping[str, str],
    prefix: Sequence[str] = (),
    python: str | Path = sys.executable,
) -> list[dict[str, Any]]:
    """How each of several commands ends (see tests.commands.forked), when a program, another
    environment or Python is to start them: one process reads the modules for all."""
    cases = [one if isinstance(one, dict) else {"args": list(map(str, one))} for one in commands]
    done = subprocess.run(
        [*prefix, python, "-m", "tests.commands.forked"], cwd=PROJECT, env=env,
        input=json.dumps(cases), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    ends: list[dict[str, Any]] = json.loads(done.stdout)
    return ends


_MEASURE = """
import resource, subprocess, sys
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
done = subprocess.run(sys.argv[1:], **quiet)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_kib(*command: str, env: Mapping[str, str] | None = None) -> tuple[int, int]:
    """Run a Python command; its exit code, and the peak memory of its largest process in KiB.

    A small process starts it: what the kernel says of a child begins at what its parent held when
    it was forked, so of a child of ours it would tell how large the test run is.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, *command],
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    exitcode, peak = map(int, done.stdout.split())
    return exitcode, peak


def defects(data_dir: Path) -> list[Finding]:
    """What `scrapy verify` finds wrong in a data folder."""
    return verify(Scope.of(data_dir, ()), 1, quiet=True, is_busy=lambda: False).findings


def await_second_after(run_ids: Collection[str]) -> None:
    """Wait until a run's id sorts behind these: those of one second are in no order."""
    while any(run_id.startswith(run_stamp(now())) for run_id in run_ids):
        time.sleep(0.05)


def reports(data_dir: Path) -> set[str]:
    """The ids of the runs that have a report."""
    return {path.stem for path in reports_of(data_dir)}
