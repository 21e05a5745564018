"""Manifests: each run's report and its parts' against themselves, against the files they list, and
against the lines of the run.

In: a report or the manifest of a part, and its data folder. Out: Findings, of sums that don't add
up, of files that are gone or others, of outcomes that no lines bear out; of parts that are missing,
list other rows than the report, or have a number that is another's or out of order.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from crawler.data_dir import (
    FILE_PREFIX,
    IMAGES_FOLDER,
    LAYOUTS_FOLDER,
    LINES_SUFFIX,
    SIGHTINGS_FOLDER,
    WARC_SUFFIX,
    is_placed,
    is_run_id,
    part_of,
    run_of,
    run_stamp,
)
from crawler.exit_codes import DEGRADED, ERROR, OK
from crawler.exporters.report import CLOCK_STANDS, KILLED
from crawler.outcomes import UNREAD, WITH_LINE, Outcome
from crawler.storage import is_there, open_file
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from crawler.verification.file_places import MovedMonths
    from crawler.verification.findings import LinesReport

# Folders whose lines are of sightings and pictures, not of articles.
_OF_OTHER_LINES = (f"{SIGHTINGS_FOLDER}/", f"{IMAGES_FOLDER}/")

_KEPT = ("run_id", "started_at", "finished_at", "command", "exit_code", "reason", "outcomes")
_PART_KEYS = ("run_id", "part", "published_at", "seq", "files")


@dataclass(slots=True)
class Manifest:
    """What was found in one manifest, and the files it lists, relative to the data folder. `told`
    holds what is held against lines and ledger; it is empty where the report can't be read.
    `has_clock_error`: the run began while the clock stood before an earlier one. `seq` is None in
    reports of before there was any; `rows` are kept of runs in several parts. `moved`: so
    many files are missing because their month was moved away."""

    path: Path
    told: dict[str, Any] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    has_clock_error: bool = False
    seq: int | None = None
    parts: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    moved: int = 0

    def add(self, path: Path, code: str, message: str) -> None:
        self.findings.append(Finding(path, None, code, message))

    @property
    def run_id(self) -> str:
        return str(self.told.get("run_id", self.path.stem))


def check_manifest(
    data_dir: Path, manifest: Path, records: Mapping[Path, int], moved: MovedMonths
) -> Manifest:
    """Hold the files of a run against its manifest; `records` are the WARCs' by path. Files of
    months that were moved away may be missing."""
    report = Manifest(manifest)
    try:
        with open_file(manifest) as file:
            told: dict[str, Any] = json.load(file)
        report.told = {key: told[key] for key in _KEPT}
        corrections = told.get("corrections")
        report.told["corrections"] = int(corrections["written"]) if corrections else 0
        report.has_clock_error = any(str(one).startswith(CLOCK_STANDS) for one in told["alarms"])
        rows: list[dict[str, Any]] = told["files"]
        names = [str(row["path"]) for row in rows]
        report.seq, report.parts = _seq_of(told) if "seq" in told else None, told.get("parts", 0)
        report.rows = rows if report.parts else []
        faults = list(_faults(told, manifest.stem))
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        report.told = {}
        report.add(manifest, "bad_manifest", f"{type(error).__name__}: {error}")
        return report
    for message in faults:
        report.add(manifest, "bad_manifest", message)
    unseen = [row for row, name in zip(rows, names, strict=True) if _is_to_check(report, name)]
    _check_files(report, unseen, data_dir, records, moved)
    return report


def _seq_of(told: Mapping[str, Any]) -> int:
    """The number of a publication. Raises TypeError, KeyError where it is none or missing."""
    seq = told["seq"]
    if not _is_count(seq) or seq < 1:
        raise TypeError(f"seq is {seq!r}")
    return int(seq)


def _is_to_check(report: Manifest, name: str) -> bool:
    """Note a path that a manifest lists. Returns whether the file is to be checked: False for a
    path that leads out of the folder or was listed before."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        report.add(report.path, "bad_manifest", f"it leads out of the folder: {name!r}")
        return False
    if name in report.listed:
        report.add(report.path, "bad_manifest", f"it lists {name} twice")
        return False
    report.listed.append(name)
    if not _is_of_run(name, report.run_id):
        report.add(report.path, "bad_manifest", f"no file of this run stands at {name}")
    return True


def _check_files(
    report: Manifest,
    rows: Iterable[Mapping[str, Any]],
    data_dir: Path,
    records: Mapping[Path, int],
    moved: MovedMonths,
) -> None:
    """Hold files against the rows of the manifest that list them; those of months that were moved
    away are only counted."""
    for row in rows:
        if moved.misses(data_dir, str(row["path"])):
            report.moved += 1
        else:
            _check_file(report, row, data_dir / str(row["path"]), records)


def _check_file(
    report: Manifest, row: Mapping[str, Any], path: Path, records: Mapping[Path, int]
) -> None:
    manifest = report.path.name
    if not is_there(path):
        report.add(path, "missing_file", f"{manifest} lists it")
        return
    found = _measured(path)
    if path in records:
        found["records"] = records[path]
    for what, value in found.items():
        if row.get(what) != value:
            message = f"{manifest} says {what} {row.get(what)}, it is {value}"
            report.add(path, "manifest_mismatch", message)


def _is_of_run(name: str, run_id: str) -> bool:
    """Whether a listed path is one that the run gives; of files of other kinds than ours, and of
    runs without a date in their names, nothing is known."""
    file = name.rpartition("/")[2]
    if name.startswith(f"{LAYOUTS_FOLDER}/"):
        return True
    if run_of(file) is None:
        return not file.startswith(FILE_PREFIX) or file.startswith(FILE_PREFIX + run_id)
    return run_of(file) == run_id and is_placed(name)


def _faults(told: Mapping[str, Any], stem: str) -> Iterator[str]:
    """What a report says against itself."""
    if told["run_id"] != stem:
        yield f"it is named {stem} and of the run {told['run_id']}"
    yield from _outcome_faults(told)
    yield from _time_faults(told)
    yield from _end_faults(told)


def _outcome_faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Check that the outcomes are known ones and add up, over all and by region."""
    outcomes, regions = told["outcomes"], told["regions"].values()
    if sum(outcomes.values()) != told["urls_seen"]:
        yield f"its outcomes add up to {sum(outcomes.values())}, not to {told['urls_seen']}"
    if not all(_is_count(number) for row in (outcomes, *regions) for number in row.values()):
        yield "an outcome's count is no count"
        return
    names = {name for row in (outcomes, *regions) for name in row}
    unknown = names - {str(one) for one in Outcome}
    if unknown:
        yield f"no such outcome: {min(unknown)}"
    for name in sorted(names):
        counted, total = outcomes.get(name, 0), sum(row.get(name, 0) for row in regions)
        if total != counted:
            yield f"{name} is {counted}, in its regions together {total}"
    unread = told.get("unclaimed")
    if unread is not None and len(unread) > sum(outcomes.get(one, 0) for one in UNREAD):
        yield f"it names {len(unread)} pages that no layout claims, and counts fewer"


def _time_faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Check that the run begins when its id says, and doesn't end before."""
    began, ended = (datetime.fromisoformat(told[key]) for key in ("started_at", "finished_at"))
    if is_run_id(told["run_id"]) and not told["run_id"].startswith(f"{run_stamp(began)}-"):
        yield f"started_at is {told['started_at']}, which is not its run's"
    if ended < began:
        yield f"it ended at {told['finished_at']}, before it began"


def _end_faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Check that the exit code follows from the reason and the alarms (docs/operations.md)."""
    code, reason, alarms = told["exit_code"], told["reason"], told["alarms"]
    if (code is None) != (reason == KILLED):
        yield f"its exit code is {code}, its reason {reason}"
    if code == OK and (alarms or reason == "shutdown"):
        yield "its exit code is 0, and it was stopped or has alarms"
    if code == DEGRADED and not alarms and reason != "shutdown":
        yield "its exit code is 3, and it has no alarms"


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _measured(path: Path) -> dict[str, Any]:
    """The digest and the size of a file; of a file of lines also their number."""
    with open_file(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        measured: dict[str, Any] = {"sha256": digest, "bytes": file.tell()}
        if path.suffix != ".gz":
            file.seek(0)
            measured["records"] = sum(1 for _ in file)
    return measured


def check_lines_of_runs(
    manifests: Sequence[Manifest], reports: Sequence[LinesReport]
) -> Iterator[Finding]:
    """Hold what the runs counted against the lines they wrote, where their file was looked at."""
    by_run: dict[str, list[LinesReport]] = {}
    for report in reports:
        name = report.path.name
        run_id = run_of(name) or name.removeprefix(FILE_PREFIX).removesuffix(LINES_SUFFIX)
        by_run.setdefault(run_id, []).append(report)
    for manifest in manifests:
        own = by_run.get(manifest.run_id, [])
        seen = {report.path.name for report in own}
        listed = {
            PurePath(name).name
            for name in manifest.listed
            if name.endswith(LINES_SUFFIX) and not name.startswith(_OF_OTHER_LINES)
        }
        if manifest.told and listed <= seen:
            for message in _line_faults(manifest, own):
                yield Finding(manifest.path, None, "manifest_mismatch", message)


def _line_faults(manifest: Manifest, reports: Sequence[LinesReport]) -> Iterator[str]:
    """Compare what a run counts with the reports of its files of lines."""
    told = manifest.told
    written = sum(report.corrections for report in reports)
    if told["corrections"] != written and told["reason"] != KILLED:
        yield f"it counts {told['corrections']} corrections, its lines are {written}"
    # of the captures of a web archive an address has one outcome, however many lines they gave
    captured: dict[str, str] = {}
    for report in reports:
        captured = {**report.captured, **captured}
    addresses = Counter(captured.values())
    for outcome in sorted(WITH_LINE) if told["exit_code"] != ERROR else ():
        counted = told["outcomes"].get(outcome, 0)
        written = sum(report.outcomes[outcome] for report in reports) + addresses[outcome]
        # of the last lines of a killed run the ledger may not have heard
        is_wrong = counted > written if told["reason"] == KILLED else counted != written
        if is_wrong:
            yield f"it counts {counted} {outcome}, its lines are {written}"
    has_captures = any(name.endswith(WARC_SUFFIX) for name in manifest.listed)
    foreign = sum(report.foreign for report in reports)
    if foreign and has_captures:
        yield f"{foreign} of its lines point into archives of other runs"


def check_listed_once(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """Report files that two runs list."""
    owner: dict[str, Manifest] = {}
    for manifest in manifests:
        for name in manifest.listed:
            first = owner.setdefault(name, manifest)
            if first is not manifest:
                message = f"{first.path.name} lists {name} as well"
                yield Finding(manifest.path, None, "bad_manifest", message)


def check_part(
    data_dir: Path,
    path: Path,
    records: Mapping[Path, int],
    reported: Collection[str],
    moved: MovedMonths,
) -> Manifest:
    """Read the manifest of a part. Its files are held against it unless its run is one of
    `reported`: then they are held against the report, and the rows of both are compared."""
    part = Manifest(path)
    try:
        with open_file(path) as file:
            told: dict[str, Any] = json.load(file)
        part.told = {key: told[key] for key in _PART_KEYS if key != "files"}
        part.rows = list(told["files"])
        part.seq = _seq_of(told)
        names = [str(row["path"]) for row in part.rows]
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        part.told, part.rows = {}, []
        part.add(path, "bad_manifest", f"{type(error).__name__}: {error}")
        return part
    named = part_of(path.name)
    if named is None or (part.run_id, told["part"]) != named:
        part.add(path, "bad_manifest", f"it is of part {told['part']!r} of run {part.run_id}")
    unseen = [row for row, name in zip(part.rows, names, strict=True) if _is_to_check(part, name)]
    if part.run_id not in reported:
        _check_files(part, unseen, data_dir, records, moved)
    return part


def check_parts(manifests: Sequence[Manifest], parts: Sequence[Manifest]) -> Iterator[Finding]:
    """Hold the parts of each run against each other and against its report, if it has one yet.
    `parts` are in the order of their names."""
    reports = {one.run_id: one for one in manifests if one.told}
    of_run: dict[str, list[Manifest]] = {one.run_id: [] for one in manifests if one.parts}
    for part in parts:
        if part.told:
            of_run.setdefault(part.run_id, []).append(part)
    for run_id, own in of_run.items():
        for one, message in _faults_of_parts(own, reports.get(run_id)):
            yield Finding(one.path, None, "bad_manifest", message)


def _faults_of_parts(
    parts: Sequence[Manifest], report: Manifest | None
) -> Iterator[tuple[Manifest, str]]:
    for number, part in enumerate(parts):
        if part.told["part"] != number:
            yield part, f"the part before it is {number - 1}"
            break
    for before, part in pairwise([*parts, *([report] if report else [])]):
        if before.seq and part.seq and part.seq <= before.seq:
            yield part, f"its seq is {part.seq}, that of {before.path.name} {before.seq}"
    if report is None:
        return
    if report.parts != len(parts):
        yield report, f"it counts {report.parts} parts, there are {len(parts)}"
    elif _by_path(report.rows) != _by_path([row for part in parts for row in part.rows]):
        yield report, "its files are not those of its parts"


def _by_path(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: str(row["path"]))


def check_numbers(publications: Sequence[Manifest]) -> Iterator[Finding]:
    """Report manifests that share a `seq`: a reader who follows along would miss one."""
    owner: dict[int, Manifest] = {}
    for one in publications:
        first = owner.setdefault(one.seq, one) if one.seq else one
        if first is not one:
            message = f"its seq is {one.seq}, as that of {first.path.name}"
            yield Finding(one.path, None, "bad_manifest", message)
