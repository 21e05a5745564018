"""What checks find: a Finding for each defect, and the report of one WARC or JSONL file.

docs/operations.md has the table of the codes. A report is told as JSON where another machine
checked the file: a mark stands in its messages for the data folder, whose path the reader puts in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands in messages for the data folder: no file's name holds it.
_HERE: Final = "\0data\0"
_COUNTS: Final = ("lines", "differing", "corrections", "foreign", "moved")


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: the file, the offset where there is one, a code and a sentence."""

    file: Path
    offset: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Original:
    """The response that a revisit refers to, as it is looked for in the indexes; `offset` is
    the revisit's."""

    offset: int
    uri: str
    date: str
    payload_digest: str


@dataclass(slots=True)
class WarcReport:
    """What was found in one WARC: `ids` are its records' with their offsets, `began` is the date
    of its first record, `notes` are no defects."""

    path: Path
    records: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    began: str | None = None

    def add(self, offset: int | None, code: str, message: str) -> None:
        self.findings.append(Finding(self.path, offset, code, message))


@dataclass(slots=True)
class LinesReport:
    """What was found in one JSONL file. `notes` tell lines that another extractor version made and
    today's reads otherwise, `fields` counts in which fields: no defects. `outcomes` counts the
    lines as their run does but for corrections, which `corrections` counts; `foreign` are those
    whose records aren't of that run, `moved` those whose records were moved away; `spool` holds
    their summaries. `captured` has, by article, how the first of its lines counts that are of a
    web archive's captures. `unproved` tells revisits that `verify_line` didn't look for."""

    path: Path
    spool: Path | None = None
    lines: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    differing: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    corrections: int = 0
    captured: dict[str, str] = field(default_factory=dict)
    foreign: int = 0
    unproved: list[str] = field(default_factory=list)
    moved: int = 0


class Checks(Protocol):
    """Gives the reports of files that were checked before. What is needed for comparing a file
    with others is written to `spool`."""

    def warc(self, path: Path, spool: Path) -> WarcReport:
        """The report of a WARC."""

    def lines(self, path: Path, spool: Path) -> LinesReport:
        """The report of a JSONL file."""


def warc_as_json(report: WarcReport, data_dir: Path) -> dict[str, Any]:
    """A WARC's report but for the ids of its records."""
    return {
        "records": report.records,
        "findings": _rows_of(report.findings, data_dir),
        "notes": _without_folder(report.notes, data_dir),
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
        findings=_findings_of(told["findings"], data_dir),
        notes=_with_folder(told["notes"], data_dir),
        originals=[Original(*values) for values in told["originals"]],
        began=told["began"],
    )


def lines_as_json(report: LinesReport, data_dir: Path) -> dict[str, Any]:
    """The report of a JSONL file but for the summaries of its lines."""
    return {
        "findings": _rows_of(report.findings, data_dir),
        "notes": _without_folder(report.notes, data_dir),
        "fields": dict(report.fields),
        "outcomes": dict(report.outcomes),
        "unproved": _without_folder(report.unproved, data_dir),
        **{name: getattr(report, name) for name in _COUNTS},
    }


def lines_from_json(
    told: dict[str, Any], path: Path, data_dir: Path, spool: Path | None
) -> LinesReport:
    """The report that `lines_as_json` told of the file at `path`."""
    return LinesReport(
        path,
        spool,
        findings=_findings_of(told["findings"], data_dir),
        notes=_with_folder(told["notes"], data_dir),
        fields=Counter(told["fields"]),
        outcomes=Counter(told["outcomes"]),
        unproved=_with_folder(told["unproved"], data_dir),
        **{name: told[name] for name in _COUNTS},
    )


def _rows_of(findings: Iterable[Finding], data_dir: Path) -> list[list[Any]]:
    """Findings with the file of each, which may be another one, such as the index beside a WARC."""
    rows = [(str(one.file), one.offset, one.code, one.message) for one in findings]
    return [
        [*_without_folder([file], data_dir), offset, code, *_without_folder([message], data_dir)]
        for file, offset, code, message in rows
    ]


def _findings_of(rows: Iterable[list[Any]], data_dir: Path) -> list[Finding]:
    return [
        Finding(
            Path(*_with_folder([file], data_dir)), offset, code, *_with_folder([message], data_dir)
        )
        for file, offset, code, message in rows
    ]


def _without_folder(texts: Iterable[str], data_dir: Path) -> list[str]:
    return [text.replace(str(data_dir), _HERE) for text in texts]


def _with_folder(texts: Iterable[str], data_dir: Path) -> list[str]:
    return [text.replace(_HERE, str(data_dir)) for text in texts]
