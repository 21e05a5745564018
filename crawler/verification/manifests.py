"""Manifests: each run's report against itself, the files it lists, and the lines of the run.

In: a report and its data folder. Out: Findings, of sums that don't add up, of files that are gone
or others, of outcomes that no lines bear out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from crawler.data_dir import (
    FILE_PREFIX,
    SIGHTINGS_FOLDER,
    WARC_SUFFIX,
    is_placed,
    is_run_id,
    lines_name,
    run_of,
    run_stamp,
)
from crawler.exit_codes import DEGRADED, ERROR, OK
from crawler.exporters.report import KILLED
from crawler.outcomes import UNREAD, WITH_LINE, Outcome
from crawler.storage import open_file
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.verification.jsonl_lines import LinesReport

CLOCK_STANDS = "the clock stands at "
_KEPT = ("run_id", "started_at", "finished_at", "command", "exit_code", "reason", "outcomes")


@dataclass(slots=True)
class Manifest:
    """What was found in one manifest, and the files it lists, relative to the data folder. `told`
    holds what is held against lines and ledger; it is empty where the report can't be read.
    `has_clock_error`: the run began while the clock stood before an earlier one."""

    path: Path
    told: dict[str, Any] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    has_clock_error: bool = False

    def add(self, path: Path, code: str, message: str) -> None:
        self.findings.append(Finding(path, None, code, message))

    @property
    def run_id(self) -> str:
        return str(self.told.get("run_id", self.path.stem))


def check_manifest(data_dir: Path, manifest: Path, records: Mapping[Path, int]) -> Manifest:
    """Hold the files of a run against its manifest; `records` are the WARCs' by path."""
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
        faults = list(_faults(told, manifest.stem))
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        report.told = {}
        report.add(manifest, "bad_manifest", f"{type(error).__name__}: {error}")
        return report
    for message in faults:
        report.add(manifest, "bad_manifest", message)
    for row, name in zip(rows, names, strict=True):
        if _is_listed(report, name):
            _check_file(report, row, data_dir / name, records)
    return report


def _is_listed(report: Manifest, name: str) -> bool:
    """Note a path that a report lists; whether it may be followed, and was not listed before."""
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


def _check_file(
    report: Manifest, row: Mapping[str, Any], path: Path, records: Mapping[Path, int]
) -> None:
    """Hold a file against the row of the report that lists it."""
    manifest = report.path.name
    if not path.is_file():
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
    """The outcomes are known ones and add up, over all and by region."""
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
    """A run begins when its id says, and ends later."""
    began, ended = (datetime.fromisoformat(told[key]) for key in ("started_at", "finished_at"))
    if is_run_id(told["run_id"]) and not told["run_id"].startswith(f"{run_stamp(began)}-"):
        yield f"started_at is {told['started_at']}, which is not its run's"
    if ended < began:
        yield f"it ended at {told['finished_at']}, before it began"


def _end_faults(told: Mapping[str, Any]) -> Iterator[str]:
    """The exit code follows from the reason and the alarms (docs/operations.md)."""
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
    """Digest and size of a file, of one of lines also their number."""
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
    by_name = {report.path.name: report for report in reports}
    for manifest in manifests:
        if not manifest.told:
            continue
        name = PurePath(lines_name(manifest.run_id)).name
        lines = by_name.get(name)
        listed = [one for one in manifest.listed if not one.startswith(f"{SIGHTINGS_FOLDER}/")]
        if lines is None and any(one.endswith(f"/{name}") for one in listed):
            continue
        for message in _line_faults(manifest, lines):
            yield Finding(manifest.path, None, "manifest_mismatch", message)


def _line_faults(manifest: Manifest, lines: LinesReport | None) -> Iterator[str]:
    told = manifest.told
    written = lines.corrections if lines else 0
    if told["corrections"] != written and told["reason"] != KILLED:
        yield f"it counts {told['corrections']} corrections, its lines are {written}"
    for outcome in sorted(WITH_LINE) if told["exit_code"] != ERROR else ():
        counted = told["outcomes"].get(outcome, 0)
        written = lines.outcomes[outcome] if lines else 0
        # of the last lines of a killed run the ledger may not have heard
        is_wrong = counted > written if told["reason"] == KILLED else counted != written
        if is_wrong:
            yield f"it counts {counted} {outcome}, its lines are {written}"
    has_captures = any(name.endswith(WARC_SUFFIX) for name in manifest.listed)
    if lines and lines.foreign and has_captures:
        yield f"{lines.foreign} of its lines point into archives of other runs"


def check_listed_once(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """A file is one run's."""
    owner: dict[str, Manifest] = {}
    for manifest in manifests:
        for name in manifest.listed:
            first = owner.setdefault(name, manifest)
            if first is not manifest:
                message = f"{first.path.name} lists {name} as well"
                yield Finding(manifest.path, None, "bad_manifest", message)
