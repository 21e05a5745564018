"""Reports of files come back from JSON as they were told, in another folder as well."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from crawler.verification.findings import (
    Finding,
    LinesReport,
    Original,
    WarcReport,
    lines_as_json,
    lines_from_json,
    warc_as_json,
    warc_from_json,
)

HERE, THERE = Path("/one/data"), Path("/another place")


def test_a_warc(tmp_path: Path) -> None:
    report = WarcReport(HERE / "warc/a.warc.gz", records=3, began="2026-03-05T04:00:00Z")
    report.add(7, "bad_date", f"{HERE}/warc/a.warc.gz says so")
    report.findings.append(Finding(HERE / "warc/a.cdxj", None, "missing_index", "there is none"))
    report.notes.append(f"{HERE}/warc/a.warc.gz: noted")
    report.originals.append(Original(9, "http://js.news.cn/a", "2026-03-05T04:00:00Z", "sha1:A"))
    told = json.loads(json.dumps(warc_as_json(report, HERE)))
    assert warc_from_json(told, report.path, HERE) == report
    elsewhere = warc_from_json(told, THERE / "warc/a.warc.gz", THERE)
    assert [(one.file, one.offset, one.code) for one in elsewhere.findings] == [
        (THERE / "warc/a.warc.gz", 7, "bad_date"),
        (THERE / "warc/a.cdxj", None, "missing_index"),
    ]
    assert elsewhere.findings[0].message == f"{THERE}/warc/a.warc.gz says so"
    assert elsewhere.notes == [f"{THERE}/warc/a.warc.gz: noted"]


def test_lines(tmp_path: Path) -> None:
    report = LinesReport(
        HERE / "jsonl/a.jsonl", tmp_path / "spool", lines=4, differing=1, corrections=2, foreign=1,
        moved=1, fields=Counter(title=1), outcomes=Counter(published=1),
    )  # fmt: skip
    report.findings.append(Finding(report.path, 0, "line_mismatch", "line 1: other"))
    report.notes.append("noted")
    report.unproved.append("a revisit")
    told = json.loads(json.dumps(lines_as_json(report, HERE)))
    assert lines_from_json(told, report.path, HERE, tmp_path / "spool") == report
