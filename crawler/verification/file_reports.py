"""What a file by itself was found to be, as JSON: for `verify`, where another process checked it.

In: reports of WARCs and JSONL. Out: the same as plain values, and back. Paths of this machine in
messages are those of the data folder; they are kept as a mark and put in again.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from crawler.verification.findings import Finding, Original, WarcReport
from crawler.verification.jsonl_lines import LinesReport

if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands in messages for the data folder: no file's name holds it.
_HERE: Final = "\0data\0"


class Checks(Protocol):
    """What files were found to be. What is kept of a file for comparing it with others is put at
    `spool`."""

    def warc(self, path: Path, spool: Path) -> WarcReport:
        """The report of a WARC."""

    def lines(self, path: Path, spool: Path) -> LinesReport:
        """The report of a JSONL file."""


def warc_as_json(report: WarcReport, data_dir: Path) -> dict[str, Any]:
    """A WARC's report but for the ids of its records."""
    return {
        "records": report.records,
        "findings": _findings(report.findings, data_dir),
        "notes": _away(report.notes, data_dir),
        "originals": [
            [one.offset, one.uri, one.date, one.payload_digest] for one in report.originals
        ],
        "began": report.began,
    }


def warc_from_json(told: dict[str, Any], path: Path, data_dir: Path) -> WarcReport:
    """The report that `warc_as_json` told of the file at `path`."""
    return WarcReport(
        path,
        records=told["records"],
        findings=_found(told["findings"], data_dir),
        notes=_back(told["notes"], data_dir),
        originals=[Original(*values) for values in told["originals"]],
        began=told["began"],
    )


_COUNTS: Final = ("lines", "differing", "corrections", "foreign", "moved")


def lines_as_json(report: LinesReport, data_dir: Path) -> dict[str, Any]:
    """The report of a JSONL file but for the summaries of its lines."""
    return {
        "findings": _findings(report.findings, data_dir),
        "notes": _away(report.notes, data_dir),
        "fields": dict(report.fields),
        "outcomes": dict(report.outcomes),
        "unproved": _away(report.unproved, data_dir),
        **{name: getattr(report, name) for name in _COUNTS},
    }


def lines_from_json(
    told: dict[str, Any], path: Path, data_dir: Path, spool: Path | None
) -> LinesReport:
    """The report that `lines_as_json` told of the file at `path`."""
    return LinesReport(
        path,
        spool,
        findings=_found(told["findings"], data_dir),
        notes=_back(told["notes"], data_dir),
        fields=Counter(told["fields"]),
        outcomes=Counter(told["outcomes"]),
        unproved=_back(told["unproved"], data_dir),
        **{name: told[name] for name in _COUNTS},
    )


def _findings(findings: Iterable[Finding], data_dir: Path) -> list[list[Any]]:
    """Findings with the file of each, which may be another one, such as the index beside a WARC."""
    rows = [(str(one.file), one.offset, one.code, one.message) for one in findings]
    return [
        [*_away([file], data_dir), offset, code, *_away([message], data_dir)]
        for file, offset, code, message in rows
    ]


def _found(rows: Iterable[list[Any]], data_dir: Path) -> list[Finding]:
    return [
        Finding(Path(*_back([file], data_dir)), offset, code, *_back([message], data_dir))
        for file, offset, code, message in rows
    ]


def _away(texts: Iterable[str], data_dir: Path) -> list[str]:
    return [text.replace(str(data_dir), _HERE) for text in texts]


def _back(texts: Iterable[str], data_dir: Path) -> list[str]:
    return [text.replace(_HERE, str(data_dir)) for text in texts]
