"""What `scrapy verify` checks: files by themselves, in parallel, then files against each other.

In: a data folder and what of it was asked for. Out: findings and counts. Memory holds the reports
of the files, never their contents; what lines and records are compared by is kept on disk.

Each file by itself: a WARC in `warc_files`; a line against its records in `jsonl_lines` and
`revisit_lines`; a sighting or picture in `sightings_and_pictures`; a report in `manifests`; an
accepted layout here. Between files: the lines of an article in `histories`, the ledger in
`ledger_rows`, where files stand in `file_places`, WARCs among each other in `across_warcs`.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

from crawler.clock import now
from crawler.coverage.certificates import files_of_run
from crawler.data_dir import (
    accepted_layouts_of,
    has_state,
    in_order_of_seq,
    ledger_file,
    part_manifests_of,
    reports_of,
    run_of,
)
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.layouts.accepted import LayoutError, parse_layout, read_bounded
from crawler.ledger.errors import NoLedgerError, OlderLedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.location import locate
from crawler.ledger.rows import SUPERSEDED
from crawler.process_pool import begin_worker, cancelling_on_error
from crawler.shown_text import shown
from crawler.storage import OPEN_SUFFIX, StorageError, is_elsewhere, size_of
from crawler.verification.across_warcs import RecordIds, check_originals, spool_ids
from crawler.verification.certificate_files import Runs, check_certificates, check_claims
from crawler.verification.file_places import (
    MOVED_FILE,
    MovedMonths,
    check_places,
    check_strays,
    check_warc_places,
)
from crawler.verification.findings import Finding, LinesReport, WarcReport
from crawler.verification.histories import faults_of_history
from crawler.verification.jsonl_lines import verify_lines
from crawler.verification.ledger_rows import LedgerProof
from crawler.verification.line_summaries import Summaries
from crawler.verification.manifests import (
    Manifest,
    check_lines_of_runs,
    check_listed_once,
    check_manifest,
    check_numbers,
    check_part,
    check_parts,
)
from crawler.verification.sightings_and_pictures import (
    PicturesReport,
    SightingsReport,
    check_archived,
    check_pictures,
    check_shown,
    check_sightings,
)
from crawler.verification.warc_files import verify_warc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from crawler.verification.findings import Checks
    from crawler.verification.scope import Scope

Checked = TypeVar("Checked")


# So long after a run its files may be on their way to where machines share them.
_ON_THE_WAY = timedelta(minutes=10)

# Whether the lines were held against a ledger.
HELD, NO_LEDGER, LEDGER_MISSING, OLDER_LEDGER = "held", "none", "missing", "older"


@dataclass(slots=True)
class Verification:
    """What came out: findings in the order of files, counts, what another extractor read, and
    whether there was a ledger to hold it against; `ledger_note` is a sentence where a copy of it
    was read."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    ledger: str = NO_LEDGER
    ledger_note: str = ""

    def as_json(self, data_dir: Path) -> dict[str, Any]:
        """The same for programs: defects, notes, what was looked at, differing fields."""
        findings = [
            {
                "file": name_of(finding, data_dir),
                "offset": finding.offset,
                "code": finding.code,
                "message": finding.message,
            }
            for finding in self.findings
        ]
        return {
            "findings": findings,
            "notes": list(self.notes),
            "counts": dict(self.counts),
            "fields": dict(self.fields),
            "ledger": self.ledger,
        }


def name_of(finding: Finding, data_dir: Path) -> str:
    """The file of a finding as it is shown: relative to the data folder, where it lies in it."""
    path = finding.file
    return shown(path.relative_to(data_dir) if path.is_relative_to(data_dir) else path)


def verify(
    scope: Scope,
    processes: int,
    *,
    quiet: bool,
    is_busy: Callable[[], bool],
    checks: Checks | None = None,
) -> Verification:
    """Check everything of the scope. `checks` gives what a file by itself was found to be, where it
    was checked before. While `is_busy` says that a run is on, the files it has open, and those just
    published that no manifest lists yet, are left out.

    Raises MovedMonthsError, LedgerError, BrokenProcessPool when a worker was killed, OSError when
    the temporary folder has no room.
    """
    with (
        TemporaryDirectory(prefix="verify-") as folder,
        closing(Summaries()) as summaries,
        closing(RecordIds()) as ids,
    ):
        kept = _Kept(Path(folder), summaries, ids, checks)
        return _Verifier(scope, kept).verify(processes, quiet, is_busy)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept on disk meanwhile: `folder` is for what processes hand over. `checks`: what
    files by themselves were found to be before."""

    folder: Path
    summaries: Summaries
    ids: RecordIds
    checks: Checks | None


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the checks of each file by itself have found."""

    warcs: list[WarcReport]
    lines: list[LinesReport]
    pictures: list[PicturesReport]
    manifests: list[Manifest]
    parts: list[Manifest]


class _Verifier:
    """One verification. `verdict` is what came out so far; `is_busy` is True where a run is or was
    on meanwhile, `unfinished` are the runs without an end in the ledger."""

    def __init__(self, scope: Scope, kept: _Kept) -> None:
        self.verdict = Verification()
        self.is_busy = False
        self.unfinished: set[str] = set()
        self._scope = scope
        self._kept = kept
        self._data_dir = scope.data_dir
        self._moved = MovedMonths.of(scope.data_dir)
        self._accepted = _accepted(scope.data_dir)

    def verify(self, processes: int, quiet: bool, is_busy: Callable[[], bool]) -> Verification:
        """Check everything that the function `verify` says."""
        began, was_busy = now(), is_busy()
        verdict, scope, data_dir = self.verdict, self._scope, self._data_dir
        verdict.findings += _check_layouts(scope.layouts or accepted_layouts_of(data_dir))
        checked = self._check_files(processes, quiet)
        _take(verdict, checked)
        verdict.findings += self._between_files(checked)
        shown_in_order = scope.sightings
        if scope.is_whole:
            shown_in_order = in_order_of_seq(data_dir, scope.sightings)
        sightings = check_sightings(shown_in_order, is_whole=scope.is_whole)
        faults, claims = check_certificates(data_dir, scope.certificates, is_whole=scope.is_whole)
        verdict.findings += [*sightings.findings, *faults]
        verdict.counts.update(sightings=sightings.lines, certificates=len(scope.certificates))
        self.is_busy = was_busy or is_busy() or (scope.is_whole and _has_more(scope))
        ledger = self._open_ledger()
        with closing(ledger) if ledger else nullcontext():
            if ledger:
                self.unfinished = {run.run_id for run in ledger.runs.unfinished()}
                if is_elsewhere(data_dir):
                    self.is_busy = self.is_busy or _are_others_on(ledger, began, checked)
            # of files that a run has just renamed, or that were left so by a kill
            verdict.findings = [one for one in verdict.findings if not self._is_unindexed(one)]
            if scope.is_whole:
                self._check_strays(checked, ledger)
                verdict.findings += self._between_lines(checked)
            if ledger:
                self._check_ledger(ledger, checked, sightings, claims)
                ledger.connection.check_unchanged()
        return verdict

    def _check_files(self, processes: int, quiet: bool) -> _Checked:
        """Check each file by itself, in parallel: WARCs, then lines, then manifests."""
        scope, kept, moved = self._scope, self._kept, self._moved
        data_dir, folder = self._data_dir, kept.folder
        files = [*scope.warcs, *scope.lines, *scope.pictures, *scope.manifests, *scope.parts]
        # its thread would be forked
        tqdm.monitor_interval = 0
        with (
            _executor(processes) as pool,
            tqdm(total=_size(files), unit="B", unit_scale=True, disable=quiet or None) as bar,
        ):
            archives = partial(_check_warc, folder=folder, checks=kept.checks)
            warcs = _run(pool, archives, scope.warcs, bar, partial(_take_ids, kept))
            folders = sorted({path.parent for path in scope.warcs})
            prove = partial(
                _check_lines, data_dir=data_dir, folders=folders, folder=folder, moved=moved,
                accepted=self._accepted, checks=kept.checks,
            )  # fmt: skip
            lines = _run(pool, prove, scope.lines, bar, partial(_take_summaries, kept))
            check_bytes = partial(check_pictures, data_dir=data_dir, moved=moved)
            pictures = _run(pool, check_bytes, scope.pictures, bar)
            records = {report.path: report.records for report in warcs}
            check = partial(check_manifest, data_dir, records=records, moved=moved)
            manifests = _run(pool, check, scope.manifests, bar)
            reported = {manifest.run_id for manifest in manifests if manifest.told}
            check = partial(check_part, data_dir, records=records, reported=reported, moved=moved)
            parts = _run(pool, check, scope.parts, bar)
            return _Checked(warcs, lines, pictures, manifests, parts)

    def _between_files(self, checked: _Checked) -> Iterator[Finding]:
        """Where files contradict each other, whether all of a folder are there or some."""
        warcs, manifests, parts = checked.warcs, checked.manifests, checked.parts
        yield from check_originals(self._data_dir, warcs, self._moved)
        yield from self._kept.ids.shared()
        yield from check_warc_places(self._data_dir, warcs)
        yield from check_lines_of_runs(manifests, checked.lines)
        yield from check_listed_once(manifests)
        yield from check_listed_once(parts)
        yield from check_parts(manifests, parts)
        yield from check_numbers([*manifests, *parts])

    def _is_unindexed(self, finding: Finding) -> bool:
        return finding.code == "missing_index" and run_of(finding.file.name) in self.unfinished

    def _open_ledger(self) -> Ledger | None:
        """The ledger to hold everything against, if there is one; a Finding if there should be.
        Raises LedgerError."""
        data_dir, scope, verdict = self._data_dir, self._scope, self.verdict
        where, path = locate(data_dir), ledger_file(data_dir)
        is_crawled = bool(_names(scope) or scope.manifests or (scope.is_whole and scope.warcs))
        if where == path and not (path.is_file() and path.stat().st_size):
            if has_state(data_dir) and is_crawled:
                verdict.ledger = LEDGER_MISSING
                message = "it belongs to what is published here"
                verdict.findings.append(Finding(path, None, "ledger_missing", message))
            return None
        try:
            ledger = Ledger.of(data_dir, read_only=True)
        except NoLedgerError:
            if is_crawled:
                raise
            # the first run is just making it
            return None
        except OlderLedgerError as error:
            verdict.ledger = OLDER_LEDGER
            verdict.notes.append(f"not held against the ledger: {error}")
            return None
        verdict.ledger, verdict.ledger_note = HELD, ledger.note
        return ledger

    def _check_strays(self, checked: _Checked, ledger: Ledger | None) -> None:
        """Files that nobody lists, or that stand where no run puts them, which only shows when all
        of a folder are there. What a killed run left is told as a note: the next run takes care of
        it."""
        data_dir, verdict = self._data_dir, self.verdict
        manifests = [*checked.manifests, *checked.parts]
        listed = {name for manifest in manifests for name in manifest.listed}
        certified = {
            path: run_id
            for run_id in self.unfinished
            for path in (files_of_run(data_dir, ledger, run_id) if ledger else ())
        }
        superseded = {
            one.run_id for one in checked.manifests if one.told.get("reason") == SUPERSEDED
        }
        left: Counter[str] = Counter()
        for finding in check_strays(data_dir, listed, self._moved):
            name = finding.file.name.removesuffix(OPEN_SUFFIX)
            run_id = run_of(name) or certified.get(finding.file)
            is_left = self.is_busy or run_id in self.unfinished or run_id in superseded
            if finding.code == "orphan_index" or not is_left:
                verdict.findings.append(finding)
            elif run_id and not self.is_busy:
                left[run_id] += 1
        for run_id, count in sorted(left.items()):
            what = "1 file of it waits" if count == 1 else f"{count} files of it wait"
            ended = "superseded" if run_id in superseded else "killed"
            verdict.notes.append(
                f"run {run_id} was {ended}: {what} for the next run or `scrapy repair`"
            )
        for name in self._moved.unused(listed):
            verdict.notes.append(f"{MOVED_FILE} names {name}, where no run has files")
        verdict.findings += check_places(data_dir, {manifest.run_id for manifest in manifests})

    def _between_lines(self, checked: _Checked) -> Iterator[Finding]:
        """Lines that share a key, and articles whose lines make no history."""
        data_dir, summaries = self._data_dir, self._kept.summaries
        clock_errors = {one.run_id for one in checked.manifests if one.has_clock_error}
        for first, *others in summaries.sharing_keys():
            for line in others:
                what = f"line {line.number}: {line.id}: its key {line.line} is that of line"
                where = f"{what} {first.number} of {first.jsonl}"
                yield Finding(data_dir / line.jsonl, line.offset, "duplicate_line", where)
        for _, told in summaries.by_article():
            for line, code, message in faults_of_history(told, data_dir, clock_errors):
                where = f"line {line.number}: {line.id}: {message}"
                yield Finding(data_dir / line.jsonl, line.offset, code, where)

    def _check_ledger(
        self,
        ledger: Ledger,
        checked: _Checked,
        sightings: SightingsReport,
        certified: Runs,
    ) -> None:
        """Hold lines, runs, pictures, sightings and certificates against the ledger."""
        data_dir, scope, verdict = self._data_dir, self._scope, self.verdict
        proof = LedgerProof(
            data_dir,
            ledger,
            names=_names(scope),
            manifests={manifest.run_id: manifest for manifest in checked.manifests},
            parts=checked.parts,
            is_whole=scope.is_whole,
            is_busy=self.is_busy,
            version=self._accepted.version,
        )
        verdict.findings += proof.check(self._kept.summaries, self._kept.ids)
        if scope.is_whole and not (self.is_busy or self.unfinished):
            path = ledger_file(data_dir)
            verdict.findings += check_archived(scope.pictures, ledger, path)
            verdict.findings += check_shown(sightings, ledger, path)
            verdict.findings += check_claims(data_dir, certified, ledger)


def _check_layouts(paths: Sequence[Path]) -> Iterator[Finding]:
    """The accepted layouts that can't be read, or name another. Whether one is as it was accepted,
    and whether all are there, its run's manifest tells."""
    for path in paths:
        try:
            layout = parse_layout(read_bounded(path))
        except OSError as error:
            yield Finding(path, None, "unreadable", error.strerror or str(error))
        except LayoutError as error:
            yield Finding(path, None, "bad_layout", str(error))
        else:
            if layout.name != path.stem:
                yield Finding(path, None, "bad_layout", f"it names the layout {layout.name}")


def _accepted(data_dir: Path) -> AcceptedLayouts:
    """The accepted layouts; none where one can't be read, which is reported: lines are then
    taken for those of another extractor."""
    try:
        return AcceptedLayouts.of(data_dir)
    except StorageError:
        return NO_LAYOUTS


def _are_others_on(ledger: Ledger, began: datetime, checked: _Checked) -> bool:
    """Whether runs on other machines are on, or have ended so late that their files may be on their
    way to where they are shared."""
    if ledger.runs.leased():
        return True
    reported = {manifest.run_id for manifest in checked.manifests}
    return not reported.issuperset(ledger.runs.ended_since(began - _ON_THE_WAY))


def _take(verdict: Verification, checked: _Checked) -> None:
    """Add up the findings and counts of the files."""
    counts = verdict.counts
    for report in checked.warcs:
        verdict.findings += report.findings
        verdict.notes += report.notes
        counts["records"] += report.records
    for proved in checked.lines:
        _take_lines(verdict, proved)
    for pictures in checked.pictures:
        verdict.findings += pictures.findings
        counts["pictures"] += pictures.lines
        counts["moved lines"] += pictures.moved
    for manifest in (*checked.manifests, *checked.parts):
        verdict.findings += manifest.findings
        counts["moved files"] += manifest.moved
    manifests = len(checked.manifests) + len(checked.parts)
    counts.update(WARCs=len(checked.warcs), manifests=manifests)
    counts["JSONL files"] = len(checked.lines)


def _take_lines(verdict: Verification, report: LinesReport) -> None:
    verdict.findings += report.findings
    verdict.notes += report.notes
    verdict.fields += report.fields
    verdict.counts["lines"] += report.lines
    verdict.counts["differing"] += report.differing
    verdict.counts["moved lines"] += report.moved


def _has_more(scope: Scope) -> bool:
    """Whether a run has published something since the files were looked up."""
    manifests = (reports_of(scope.data_dir), part_manifests_of(scope.data_dir))
    return manifests != (scope.manifests, scope.parts)


def _names(scope: Scope) -> set[str]:
    """The JSONL files that were read, relative to the data folder."""
    data_dir = scope.data_dir
    return {
        one.relative_to(data_dir).as_posix() for one in scope.lines if one.is_relative_to(data_dir)
    }


def _check_warc(path: Path, *, folder: Path, checks: Checks | None) -> WarcReport:
    spool = _spool(folder, path)
    if checks:
        return checks.warc(path, spool)
    report = verify_warc(path)
    spool_ids(report.ids, spool)
    report.ids.clear()
    return report


def _take_ids(kept: _Kept, report: WarcReport) -> None:
    kept.ids.take(report.path, _spool(kept.folder, report.path))


def _check_lines(
    path: Path,
    *,
    data_dir: Path,
    folders: Sequence[Path],
    folder: Path,
    moved: MovedMonths,
    accepted: AcceptedLayouts,
    checks: Checks | None,
) -> LinesReport:
    spool = _spool(folder, path)
    if checks:
        return checks.lines(path, spool)
    return verify_lines(path, data_dir, folders, spool, moved, accepted)


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
    largest = sorted(paths, key=size_of, reverse=True)
    with cancelling_on_error(pool):
        waiting = {pool.submit(check, path): path for path in largest}
        for future in as_completed(waiting):
            path = waiting[future]
            done[path] = future.result()
            take(done[path])
            bar.update(size_of(path))
    return [done[path] for path in paths]


def _size(paths: Collection[Path]) -> int:
    return sum(map(size_of, paths))
