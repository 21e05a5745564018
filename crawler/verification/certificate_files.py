"""The files of `data/coverage/`: each by itself, those of a day together, then the ledger.

In: the files. Out: Findings, of verdicts that their own reasons deny, of sums that don't add up, of
files that stand for another day or whose certificate isn't there.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.coverage.certificates import SCHEMA_VERSION
from crawler.coverage.verdicts import CLOSED_AFTER, Verdict, end_of
from crawler.data_dir import certificate_name, certified_by, is_run_id
from crawler.storage import open_file
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from crawler.ledger.ledger import Ledger

_KEYS = ("schema_version", "day", "number", "closed", "run_id", "regions")
_OF_REGION = (
    "verdict", "reasons", "seen", "archived", "refused", "owed", "implied", "sources",
    "hours_without_look", "found_later",
)  # fmt: skip

Runs = dict[tuple["date", int], str]


def check_certificates(
    data_dir: Path, paths: Sequence[Path], *, is_whole: bool
) -> tuple[list[Finding], Runs]:
    """Check these files. Returns what is wrong and, by day and number, the run that each file
    says it is of. `is_whole` says that there are no other certificates."""
    findings: list[Finding] = []
    runs: Runs = {}
    for path in paths:
        place = certified_by(path.relative_to(data_dir).as_posix())
        try:
            if place is None:
                raise ValueError("no certificate stands at such a place")
            with open_file(path) as file:
                told = json.load(file)
            runs[place] = _run_of(told, *place)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = str(error) if isinstance(error, ValueError) else repr(error)
            findings.append(Finding(path, None, "bad_certificate", message))
    for day, number in runs if is_whole else ():
        if number and (day, number - 1) not in runs:
            before = certificate_name(day, number - 1)
            path = data_dir / certificate_name(day, number)
            findings.append(Finding(path, None, "bad_certificate", f"{before} isn't there"))
    return findings, runs


def _run_of(told: Mapping[str, Any], day: date, number: int) -> str:
    """The run that a certificate is of. Raises ValueError where the certificate breaks the
    format."""
    if tuple(told) != _KEYS or told["schema_version"] != SCHEMA_VERSION:
        raise ValueError("its keys are not those of a certificate")
    if (told["day"], told["number"]) != (day.isoformat(), number):
        raise ValueError(f"it is of {told['day']}, number {told['number']}")
    if not isinstance(told["run_id"], str) or not is_run_id(told["run_id"]):
        raise ValueError(f"its run is {told['run_id']!r}")
    closed = datetime.fromisoformat(told["closed"])
    if closed.tzinfo is None or closed < end_of(day) + CLOSED_AFTER:
        raise ValueError(f"it was closed at {told['closed']}, before two days had passed")
    for code, row in told["regions"].items():
        if number:
            if tuple(row) != ("added",) or not row["added"]:
                raise ValueError(f"region {code}: nothing was added")
            continue
        fault = _fault(row)
        if fault:
            raise ValueError(f"region {code}: {fault}")
    return told["run_id"]


def _fault(row: Mapping[str, Any]) -> str | None:
    """What a region's row says against itself, or None."""
    if tuple(row) != _OF_REGION:
        return "its keys are not those of a region"
    verdict = Verdict(row["verdict"])
    wanting = len(row["owed"]) + sum(not one["covered"] for one in row["implied"])
    if (verdict is Verdict.INCOMPLETE) != bool(wanting):
        return f"it is {verdict}, and {wanting} addresses and holes are wanting"
    if (verdict is Verdict.COMPLETE) == bool(row["reasons"]):
        return f"it is {verdict}, with {len(row['reasons'])} reasons"
    counted = row["archived"] + len(row["refused"]) + len(row["owed"])
    if counted != row["seen"]:
        return f"{row['seen']} were seen, {counted} are told of"
    return None


def check_claims(data_dir: Path, runs: Runs, ledger: Ledger) -> Iterator[Finding]:
    """Hold the files against the ledger's certificates, both ways."""
    known = ledger.certificates.every()
    for day, number in sorted(known.keys() | runs.keys()):
        path = data_dir / certificate_name(day, number)
        claimed, written = known.get((day, number)), runs.get((day, number))
        if written is None and not path.exists():
            yield Finding(path, None, "missing_file", "the ledger knows of it")
        elif claimed is None:
            yield Finding(path, None, "not_in_ledger", "the ledger knows of no such certificate")
        elif written is not None and claimed != written:
            message = f"the ledger has it of run {claimed}"
            yield Finding(path, None, "ledger_mismatch", message)
