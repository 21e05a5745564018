"""The lines of `data/sightings/`: each by itself, then one after the other, then the ledger.

What appeared can't appear again before it went, and what went had appeared. What is left at the end
is what the ledger takes for shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler import urls
from crawler.coverage.sightings import APPEARED, GONE, KEYS, SCHEMA_VERSION
from crawler.data_dir import run_of
from crawler.storage import open_file
from crawler.verification.exact_lines import read_exactly
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.ledger.ledger import Ledger

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)

# The types of the keys that may be null, beside null.
_NULLABLE: Mapping[str, type] = {
    "region": str, "headline": str, "differs": bool, "position": int, "time_shown": str,
    "last_shown_at": str,
}  # fmt: skip

_TEXTS = frozenset({"run_id", "at", "list", "article_id", "url"})

Key = tuple[str, str, str | None]


@dataclass(slots=True)
class SightingsReport:
    """What was found, how many lines there are, and what is shown after the last of them: list,
    address and headline, with the time it appeared."""

    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    shown: dict[Key, str] = field(default_factory=dict)


def check_sightings(paths: Sequence[Path], *, is_whole: bool) -> SightingsReport:
    """Check these files in this order, that of their publication; with `is_whole` they are all
    there are, so that their lines must follow from each other."""
    report = SightingsReport()
    for path in paths:
        offset = 0
        try:
            with open_file(path) as file:
                for number, line in enumerate(file, start=1):
                    report.lines += 1
                    told, fault = read_exactly(line, KEYS, "a sighting", partial(_fault, path))
                    if told is not None and is_whole:
                        fault = fault or _follow(report.shown, told)
                    if fault:
                        code = "bad_sighting" if told is None else "sighting_mismatch"
                        finding = Finding(path, offset, code, f"line {number}: {fault}")
                        report.findings.append(finding)
                    offset += len(line)
        except OSError as error:
            message = error.strerror or str(error)
            report.findings.append(Finding(path, None, "bad_sighting", message))
    return report


def _fault(path: Path, told: Mapping[str, Any]) -> str | None:
    """What a line says against the format."""
    bad = next((name for name in KEYS if not _is_of_type(name, told[name])), None)
    if bad is not None:
        return f"{bad} is {told[bad]!r}"
    if told["schema_version"] != SCHEMA_VERSION or told["event"] not in (APPEARED, GONE):
        return f"version {told['schema_version']!r}, event {told['event']!r}"
    if told["run_id"] != run_of(path.name):
        return f"it is of run {told['run_id']}"
    for name in ("at", "last_shown_at"):
        if told[name] is not None and not _UTC.fullmatch(told[name]):
            return f"{name} is {told[name]!r}"
    url, article_id = told["url"], told["article_id"]
    if urls.canonical(url) != url or urls.article_id(url) != article_id:
        return f"{url} is not the address of {article_id}"
    return None


def _is_of_type(name: str, value: Any) -> bool:
    if name in _NULLABLE:
        return value is None or type(value) is _NULLABLE[name]
    if name == "page":
        return type(value) is int and value >= 1
    if name == "also_at":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return name not in _TEXTS or isinstance(value, str)


def _follow(shown: dict[Key, str], told: Mapping[str, Any]) -> str | None:
    """Take a line in; what it says against those before it. Further pages are not followed."""
    key = (told["list"], told["url"], told["headline"])
    if told["page"] > 1:
        return None
    if told["event"] == APPEARED:
        if key in shown:
            return f"{told['url']} appeared on {told['list']}, where it was shown already"
        shown[key] = told["at"]
        return None
    since = shown.pop(key, None)
    if since is None:
        return f"{told['url']} went from {told['list']}, where it had not appeared"
    if not since <= (told["last_shown_at"] or since) <= told["at"]:
        return f"{told['url']} was last shown at {told['last_shown_at']}"
    return None


def check_shown(report: SightingsReport, ledger: Ledger, path: Path) -> Iterator[Finding]:
    """Hold what the lines leave as shown against the ledger's placements."""
    known = {
        (row["list_url"], row["url"], row["headline"] or None): row["appeared_at"]
        for row in ledger.dump.placements()
    }
    for keys, message in (
        (known.keys() - report.shown.keys(), "the ledger takes it for shown, the sightings don't"),
        (report.shown.keys() - known.keys(), "the sightings take it for shown, the ledger doesn't"),
    ):
        if keys:
            where, url, _ = min(keys, key=lambda key: (key[0], key[1]))
            yield Finding(path, None, "ledger_mismatch", f"{url} on {where}: {message}")
