"""The manifests of parts: each against its files, then all of a run against its report, then the
numbers by which a reader follows along.

In: the manifests of a data folder. Out: Findings, of parts that are missing, list other rows than
the report, or have a number that is another's or out of order.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crawler.data_dir import part_of
from crawler.storage import open_file
from crawler.verification.findings import Finding
from crawler.verification.manifests import Manifest, check_files, is_to_check, seq_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.verification.moved_months import MovedMonths

_KEYS = ("run_id", "part", "published_at", "seq", "files")


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
        part.told = {key: told[key] for key in _KEYS if key != "files"}
        part.rows = list(told["files"])
        part.seq = seq_of(told)
        names = [str(row["path"]) for row in part.rows]
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        part.told, part.rows = {}, []
        part.add(path, "bad_manifest", f"{type(error).__name__}: {error}")
        return part
    named = part_of(path.name)
    if named is None or (part.run_id, told["part"]) != named:
        part.add(path, "bad_manifest", f"it is of part {told['part']!r} of run {part.run_id}")
    unseen = [row for row, name in zip(part.rows, names, strict=True) if is_to_check(part, name)]
    if part.run_id not in reported:
        check_files(part, unseen, data_dir, records, moved)
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
        for one, message in _faults(own, reports.get(run_id)):
            yield Finding(one.path, None, "bad_manifest", message)


def _faults(parts: Sequence[Manifest], report: Manifest | None) -> Iterator[tuple[Manifest, str]]:
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
    """No two manifests have the same `seq`: a reader would miss one."""
    owner: dict[int, Manifest] = {}
    for one in publications:
        first = owner.setdefault(one.seq, one) if one.seq else one
        if first is not one:
            message = f"its seq is {one.seq}, as that of {first.path.name}"
            yield Finding(one.path, None, "bad_manifest", message)
