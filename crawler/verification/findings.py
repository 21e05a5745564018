"""What checks find: a Finding for each defect, and what is reported of one WARC.

docs/operations.md has the table of the codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: the file, the offset where there is one, a code and a sentence."""

    file: Path
    offset: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Original:
    """What a revisit refers to: by this the original is looked for in the indexes."""

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
