"""What `scrapy verify` checks: files by themselves, in parallel, then files against each other.

In: a data folder and what of it was asked for. Out: findings and counts. Memory holds the reports
of the files, never their contents; what lines and records are compared by is kept on disk.

Each file by itself: a WARC in `warc_files` and `warc_records`, or `others_warc`; a line against its
records in `jsonl_lines`, `gone_lines` and `revisit_lines`; a report in `manifests`. Between files:
the lines of an article in `histories`, the ledger in `ledger_rows`, where files stand in
`file_places`, WARCs among each other in `revisit_originals` and `record_ids`.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from crawler.data_dir import (
    INDEX_SUFFIX,
    LINES_SUFFIX,
    REPORT_SUFFIX,
    SIGHTINGS_FOLDER,
    indexed_by,
    is_data_dir,
    ledger_file,
    lines_of,
    report_file,
    reports_of,
    sightings_of,
    warcs_of,
)
from crawler.exporters.report import read_report
from crawler.ledger.errors import NoLedgerError, OlderLedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.location import locate
from crawler.process_pool import begin_worker, cancelling_on_error
from crawler.storage import WARC_SUFFIXES
from crawler.verification.file_places import (
    check_places,
    check_strays,
    check_warc_places,
)
from crawler.verification.findings import Finding, WarcReport
from crawler.verification.histories import faults_of_history
from crawler.verification.jsonl_lines import LinesReport, verify_lines
from crawler.verification.ledger_rows import LedgerProof
from crawler.verification.line_summaries import Summaries
from crawler.verification.manifests import (
    Manifest,
    check_lines_of_runs,
    check_listed_once,
    check_manifest,
)
from crawler.verification.record_ids import RecordIds, spool_ids
from crawler.verification.revisit_originals import check_originals
from crawler.verification.sighting_lines import (
    SightingsReport,
    check_shown,
    check_sightings,
)
from crawler.verification.warc_files import verify_warc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

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
    sightings: list[Path] = field(default_factory=list)
    is_whole: bool = False

    @classmethod
    def of(cls, data_dir: Path, names: Sequence[str]) -> Scope:
        """Runs by id; files and folders by path; everything without names. Raises ScopeError."""
        if len(names) == 1 and is_data_dir(Path(names[0])):
            data_dir, names = Path(names[0]).absolute(), ()
        if not names:
            every = (
                warcs_of(data_dir), lines_of(data_dir), reports_of(data_dir),
                sightings_of(data_dir),
            )  # fmt: skip
            return cls(data_dir, *every, is_whole=True)
        scope = cls(data_dir)
        for name in names:
            scope._add(name)
        for files in (scope.warcs, scope.lines, scope.manifests, scope.sightings):
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
            self.manifests.append(report_file(self.data_dir, name))
            for row in report["files"]:
                self._take(self.data_dir / row["path"])

    def _take(self, path: Path) -> bool:
        """Take a file in by its kind; a missing one is its manifest's to tell."""
        if path.name.endswith(INDEX_SUFFIX):
            path = indexed_by(path)
        are_sightings = path.is_relative_to(self.data_dir / SIGHTINGS_FOLDER)
        lines = self.sightings if are_sightings else self.lines
        kinds = {LINES_SUFFIX: lines, **dict.fromkeys(WARC_SUFFIXES, self.warcs)}
        if path == report_file(self.data_dir, path.stem):
            kinds[REPORT_SUFFIX] = self.manifests
        for suffix, files in kinds.items():
            if path.name.endswith(suffix):
                if path.is_file():
                    files.append(path)
                return True
        return False


# Whether the lines were held against a ledger.
HELD, NO_LEDGER, LEDGER_MISSING, OLDER_LEDGER = "held", "none", "missing", "older"


@dataclass(slots=True)
class Verdict:
    """What came out: findings in the order of files, counts, what another extractor read, and
    whether there was a ledger to hold it against; `told`: that a copy of it was read."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    ledger: str = NO_LEDGER
    told: str = ""


def verify(scope: Scope, processes: int, *, quiet: bool, is_busy: Callable[[], bool]) -> Verdict:
    """Check everything of the scope. While `is_busy` says that a run is on, the files it has
    open, and those just published that no manifest lists yet, are left out.

    Raises LedgerError, BrokenProcessPool when a worker was killed, OSError when the temporary
    folder has no room.
    """
    with (
        TemporaryDirectory(prefix="verify-") as folder,
        closing(Summaries()) as summaries,
        closing(RecordIds()) as ids,
    ):
        return _verify(scope, processes, quiet, is_busy, _Kept(Path(folder), summaries, ids))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept on disk meanwhile: `folder` is for what processes hand over."""

    folder: Path
    summaries: Summaries
    ids: RecordIds


def _verify(
    scope: Scope, processes: int, quiet: bool, is_busy: Callable[[], bool], kept: _Kept
) -> Verdict:
    was_busy = is_busy()
    verdict = Verdict()
    data_dir = scope.data_dir
    files = [*scope.warcs, *scope.lines, *scope.manifests]
    tqdm.monitor_interval = 0  # its thread would be forked
    with (
        _executor(processes) as pool,
        tqdm(total=_size(files), unit="B", unit_scale=True, disable=quiet or None) as bar,
    ):
        archives = partial(_check_warc, folder=kept.folder)
        warcs = _run(pool, archives, scope.warcs, bar, partial(_take_ids, kept))
        folders = sorted({path.parent for path in scope.warcs})
        prove = partial(_check_lines, data_dir=data_dir, folders=folders, folder=kept.folder)
        lines = _run(pool, prove, scope.lines, bar, partial(_take_summaries, kept))
        records = {report.path: report.records for report in warcs}
        check = partial(check_manifest, data_dir, records=records)
        manifests = _run(pool, check, scope.manifests, bar)
    for report in warcs:
        verdict.findings += report.findings
        verdict.notes += report.notes
        verdict.counts["records"] += report.records
    for proved in lines:
        _take_lines(verdict, proved)
    for manifest in manifests:
        verdict.findings += manifest.findings
    verdict.findings += check_originals(data_dir, [one for one in warcs if one.originals])
    verdict.findings += kept.ids.shared()
    verdict.findings += check_warc_places(data_dir, warcs)
    verdict.findings += check_lines_of_runs(manifests, lines)
    verdict.findings += check_listed_once(manifests)
    sightings = check_sightings(scope.sightings, is_whole=scope.is_whole)
    verdict.findings += sightings.findings
    verdict.counts["sightings"] = sightings.lines
    busy = was_busy or is_busy() or (scope.is_whole and reports_of(data_dir) != scope.manifests)
    if scope.is_whole:
        verdict.findings += _check_whole(scope, manifests, kept.summaries, busy)
    verdict.findings += _check_ledger(verdict, scope, manifests, kept, sightings, busy)
    verdict.counts.update(WARCs=len(warcs), manifests=len(manifests))
    verdict.counts["JSONL files"] = len(lines)
    return verdict


def _take_lines(verdict: Verdict, report: LinesReport) -> None:
    verdict.findings += report.findings
    verdict.notes += report.notes
    verdict.fields += report.fields
    verdict.counts["lines"] += report.lines
    verdict.counts["differing"] += report.differing


def _check_whole(
    scope: Scope, manifests: Sequence[Manifest], summaries: Summaries, busy: bool
) -> Iterator[Finding]:
    """What only shows when all files of a folder are there."""
    data_dir = scope.data_dir
    listed = {name for manifest in manifests for name in manifest.listed}
    for finding in check_strays(data_dir, listed):
        if not busy or finding.code == "orphan_index":
            yield finding
    yield from check_places(data_dir, {manifest.run_id for manifest in manifests})
    for sharing in summaries.sharing_keys():
        first, *others = sharing
        for line in others:
            what = f"line {line.number}: {line.id}: its key {line.line} is that of line"
            where = f"{what} {first.number} of {first.jsonl}"
            yield Finding(data_dir / line.jsonl, line.offset, "duplicate_line", where)
    clock_errors = {one.run_id for one in manifests if one.has_clock_error}
    for _, told in summaries.by_article():
        for line, code, message in faults_of_history(told, data_dir, clock_errors):
            where = f"line {line.number}: {line.id}: {message}"
            yield Finding(data_dir / line.jsonl, line.offset, code, where)


def _check_ledger(
    verdict: Verdict,
    scope: Scope,
    manifests: Sequence[Manifest],
    kept: _Kept,
    sightings: SightingsReport,
    busy: bool,
) -> Iterator[Finding]:
    """Hold everything against the ledger, if there is one or should be."""
    data_dir = scope.data_dir
    where = locate(data_dir)
    names = {
        one.relative_to(data_dir).as_posix() for one in scope.lines if one.is_relative_to(data_dir)
    }
    is_crawled = bool(names or scope.manifests or (scope.is_whole and scope.warcs))
    path = ledger_file(data_dir)
    if where == path and not (path.is_file() and path.stat().st_size):
        if path.parent.is_dir() and is_crawled:
            verdict.ledger = LEDGER_MISSING
            yield Finding(path, None, "ledger_missing", "it belongs to what is published here")
        return
    try:
        ledger = Ledger.of(data_dir, read_only=True)
    except NoLedgerError:
        if is_crawled:
            raise
        return  # the first run is just making it
    except OlderLedgerError as error:
        verdict.ledger = OLDER_LEDGER
        verdict.notes.append(f"not held against the ledger: {error}")
        return
    verdict.ledger, verdict.told = HELD, ledger.note
    with closing(ledger):
        by_run = {manifest.run_id: manifest for manifest in manifests}
        proof = LedgerProof(data_dir, ledger, names, by_run, scope.is_whole, busy)
        yield from proof.check(kept.summaries, kept.ids)
        if scope.is_whole and not busy and not proof.unfinished:
            yield from check_shown(sightings, ledger, path)
        ledger.connection.check_unchanged()


def _check_warc(path: Path, *, folder: Path) -> WarcReport:
    report = verify_warc(path)
    spool_ids(report.ids, _spool(folder, path))
    report.ids.clear()
    return report


def _take_ids(kept: _Kept, report: WarcReport) -> None:
    kept.ids.take(report.path, _spool(kept.folder, report.path))


def _check_lines(
    path: Path, *, data_dir: Path, folders: Sequence[Path], folder: Path
) -> LinesReport:
    return verify_lines(path, data_dir, folders, _spool(folder, path))


def _take_summaries(kept: _Kept, report: LinesReport) -> None:
    if report.spool:
        kept.summaries.take(report.spool)


def _spool(folder: Path, path: Path) -> Path:
    """Where the process that checks a file leaves what is kept of it."""
    return folder / hashlib.sha256(os.fsencode(path)).hexdigest()


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
    return ProcessPoolExecutor(processes, context, begin_worker)


def _run(
    pool: Executor,
    check: Callable[[Path], Checked],
    paths: Collection[Path],
    bar: tqdm[Any],
    take: Callable[[Checked], None] = lambda _: None,
) -> list[Checked]:
    """Check files in the pool, the largest first; their reports in the order of the files. `take`
    is told of each report as it comes."""
    done: dict[Path, Checked] = {}
    largest = sorted(paths, key=lambda path: path.stat().st_size, reverse=True)
    with cancelling_on_error(pool):
        waiting = {pool.submit(check, path): path for path in largest}
        for future in as_completed(waiting):
            path = waiting[future]
            done[path] = future.result()
            take(done[path])
            bar.update(path.stat().st_size)
    return [done[path] for path in paths]


def _size(paths: Collection[Path]) -> int:
    return sum(path.stat().st_size for path in paths)
