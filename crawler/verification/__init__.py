"""What `scrapy verify` checks, in parallel over files: WARCs, indexes, manifests, published lines.

In: a data folder and what of it was asked for. Out: findings and counts. Memory holds the reports
of the files, never their contents.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from crawler.archive.holdings import (
    Manifest,
    check_manifest,
    check_originals,
    check_strays,
    manifests_of,
    warcs_of,
)
from crawler.archive.verify import Finding, verify_warc
from crawler.exporters.report import read_report
from crawler.verification.lines import LinesReport, verify_lines
from crawler.workers import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_WARCS = (".warc.gz", ".warc", ".warc.zst")
"""Ours are the first kind; of others it is told that they aren't."""

Checked = TypeVar("Checked")


class ScopeError(ValueError):
    """What was asked for isn't there, in one line."""


@dataclass(slots=True)
class Scope:
    """What is checked: files of one data folder. `is_whole` looks for strays as well."""

    data_dir: Path
    warcs: list[Path] = field(default_factory=list)
    lines: list[Path] = field(default_factory=list)
    manifests: list[Path] = field(default_factory=list)
    is_whole: bool = False

    @classmethod
    def of(cls, data_dir: Path, names: Sequence[str]) -> Scope:
        """Runs by id; files and folders by path; everything without names. Raises ScopeError."""
        if len(names) == 1 and _is_data_dir(Path(names[0])):
            data_dir, names = Path(names[0]).absolute(), ()
        if not names:
            found = sorted(data_dir.glob("jsonl/*/*/*.jsonl"))
            return cls(data_dir, warcs_of(data_dir), found, manifests_of(data_dir), is_whole=True)
        scope = cls(data_dir)
        for name in names:
            scope._add(name)
        for files in (scope.warcs, scope.lines, scope.manifests):
            files[:] = sorted(set(files))
        return scope

    def _add(self, name: str) -> None:
        path = Path(name).absolute()
        if path.is_dir():
            taken = [self._take(one) for one in path.rglob("*") if one.is_file()]
            if not any(taken):
                raise ScopeError(f"nothing to verify in {name}")
        elif path.is_file():
            if not self._take(path):
                raise ScopeError(f"neither a WARC, its index, JSONL nor a report: {name}")
        else:
            report = None if "/" in name else read_report(self.data_dir, name)
            if report is None:
                raise ScopeError(f"neither a file, a folder nor a run of {self.data_dir}: {name}")
            self.manifests.append(self.data_dir / "runs" / f"{name}.json")
            for row in report["files"]:
                self._take(self.data_dir / row["path"])

    def _take(self, path: Path) -> bool:
        """Take a file in by its kind; a missing one is its manifest's to tell."""
        if path.name.endswith(".cdxj"):
            path = path.with_name(path.name.removesuffix(".cdxj") + ".warc.gz")
        kinds = {".jsonl": self.lines, **dict.fromkeys(_WARCS, self.warcs)}
        if path.parent == self.data_dir / "runs" and path.suffix == ".json":
            kinds[".json"] = self.manifests
        for suffix, files in kinds.items():
            if path.name.endswith(suffix):
                if path.is_file():
                    files.append(path)
                return True
        return False


def _is_data_dir(path: Path) -> bool:
    return (path / "runs").is_dir() and ((path / "warc").is_dir() or (path / "jsonl").is_dir())


@dataclass(slots=True)
class Verdict:
    """What came out: findings in the order of files, counts, what another extractor read."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)


def verify(scope: Scope, processes: int, *, quiet: bool, is_busy: Callable[[], bool]) -> Verdict:
    """Check everything of the scope. While `is_busy` says that a run is on, the files it has
    open, and those just published that no manifest lists yet, are left out.

    Raises LedgerError, BrokenProcessPool when a worker was killed.
    """
    was_busy = is_busy()
    verdict = Verdict()
    data_dir = scope.data_dir
    files = [*scope.warcs, *scope.lines, *scope.manifests]
    tqdm.monitor_interval = 0  # its thread would be forked
    with (
        _executor(processes) as pool,
        tqdm(total=_size(files), unit="B", unit_scale=True, disable=quiet or None) as bar,
    ):
        warcs = _run(pool, verify_warc, scope.warcs, bar)
        folders = sorted({path.parent for path in scope.warcs})
        prove = partial(verify_lines, data_dir=data_dir, folders=folders)
        lines = _run(pool, prove, scope.lines, bar)
        records = {report.path: report.records for report in warcs}
        check = partial(_check_manifest, data_dir=data_dir, records=records)
        manifests = _run(pool, check, scope.manifests, bar)
    for report in warcs:
        verdict.findings += report.findings
        verdict.counts["records"] += report.records
    for proved in lines:
        _take_lines(verdict, proved)
    for manifest in manifests:
        verdict.findings += manifest.findings
    verdict.findings += check_originals(data_dir, [one for one in warcs if one.originals])
    if scope.is_whole:
        listed = {name for manifest in manifests for name in manifest.listed}
        strays = list(check_strays(data_dir, listed))
        if was_busy or is_busy():
            strays = [one for one in strays if one.code == "orphan_index"]
        verdict.findings += strays
    verdict.counts.update(WARCs=len(warcs), manifests=len(manifests))
    verdict.counts["JSONL files"] = len(lines)
    return verdict


def _take_lines(verdict: Verdict, report: LinesReport) -> None:
    verdict.findings += report.findings
    verdict.notes += report.notes
    verdict.fields += report.fields
    verdict.counts["lines"] += report.lines
    verdict.counts["differing"] += report.differing


def _check_manifest(path: Path, *, data_dir: Path, records: dict[Path, int]) -> Manifest:
    return check_manifest(data_dir, path, records)


class _InPlace(Executor):
    """One job at a time, in this process."""

    def submit(self, fn: Callable[..., Checked], /, *args: Any, **kwargs: Any) -> Future[Checked]:
        done: Future[Checked] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _executor(processes: int) -> Executor:
    if processes == 1:
        return _InPlace()
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(processes, context, begin)


def _run(
    pool: Executor,
    check: Callable[[Path], Checked],
    paths: Collection[Path],
    bar: tqdm[Any],
) -> list[Checked]:
    """Check files in the pool, the largest first; their reports in the order of the files."""
    done: dict[Path, Checked] = {}
    largest = sorted(paths, key=lambda path: path.stat().st_size, reverse=True)
    waiting = {pool.submit(check, path): path for path in largest}
    for future in as_completed(waiting):
        path = waiting[future]
        done[path] = future.result()
        bar.update(path.stat().st_size)
    return [done[path] for path in paths]


def _size(paths: Collection[Path]) -> int:
    return sum(path.stat().st_size for path in paths)
