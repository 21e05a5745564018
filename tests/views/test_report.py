"""What the reports of runs are summed up to, and the examples of alarms."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import ledger_file
from crawler.items import as_line
from crawler.ledger.ledger import Ledger
from crawler.views.archive_status import status_of
from crawler.views.report import (
    HostRow,
    ReportSums,
    added_later,
    certificate_of,
    report_of,
    verdicts_of,
)
from tests.room.year import UNTIL, make

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.views.report import Report


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Three days of runs."""
    folder = tmp_path / "data"
    make(folder, days=3, a_day=4, articles_a_day=3)
    return folder


def report(data_dir: Path, sums: ReportSums | None = None) -> Report:
    ledger = Ledger.open(ledger_file(data_dir), read_only=True)
    try:
        status = status_of(data_dir, ledger, UNTIL, timedelta(hours=26))
        return report_of(data_dir, ledger, status, sums or ReportSums(), UNTIL)
    finally:
        ledger.close()


def test_each_report_counts_once(data_dir: Path) -> None:
    sums = ReportSums()
    first = report(data_dir, sums)
    again = report(data_dir, sums)
    files = sorted((data_dir / "runs").iterdir())
    reports = [json.loads(path.read_bytes()) for path in files]
    assert len(again.tally.runs) == len(reports) == len(first.tally.runs)
    outcomes = sum(again.tally.outcomes_of_month.values(), start=type(sums.records_of_day)())
    assert outcomes.total() == sum(one["urls_seen"] for one in reports)
    assert sum(sums.records_of_day.values()) == sum(one["outcomes"]["published"] for one in reports)
    written = sum(kinds.total() for kinds in sums.written_of_month.values())
    assert written == sum(file["bytes"] for one in reports for file in one["files"])


def test_what_is_no_report_is_passed_over(data_dir: Path) -> None:
    count = len(report(data_dir).tally.runs)
    for name, text in (("20260912T000000Z-ffff", "no JSON"), ("20260912T000001Z-ffff", "[]"),
                       ("20260912T000002Z-ffff", "{}")):  # fmt: skip
        (data_dir / "runs" / f"{name}.json").write_text(text)
    assert len(report(data_dir).tally.runs) == count


def test_certificates_and_what_came_later(data_dir: Path) -> None:
    (path, *_) = sorted((data_dir / "coverage").rglob("*.json"))
    day = date.fromisoformat(
        "-".join(path.relative_to(data_dir / "coverage").with_suffix("").parts)
    )
    verdicts = verdicts_of(data_dir, day)
    certificate = certificate_of(data_dir, day)
    assert certificate
    assert certificate["regions"]["js"]["verdict"] == verdicts["js", day.isoformat()]
    later = {"regions": {"js": {"added": [{"id": "1"}, {"id": "2"}]}}}
    path.with_name(f"{path.stem}.1.json").write_text(json.dumps(later))
    assert len(added_later(data_dir, day)["js"]) == 2
    assert verdicts_of(data_dir, day) == verdicts
    path.write_text('{"regions": {"js": {"verdict": "fine"}}}')
    assert certificate_of(data_dir, day) is None
    assert certificate_of(data_dir, date(1999, 1, 1)) is None


ODD = "http://www.js.xinhuanet.com/odd/0.htm"
DRIFT = "layout X: title is lacking on 3 of the newest 8 pages of region js"


@pytest.mark.parametrize(
    ("alarm", "text", "examples"),
    [
        ("unclaimed_new:js", "odd", [f"{ODD} warc/w.warc.gz:9"]),
        ("unclaimed_new:he", "odd", []),
        ("quiet:js", "quiet", []),
        ("field:js:Cms2022:source", "x", ["http://www.js.xinhuanet.com/c_1.htm w.warc.gz:7"]),
        ("field:js:Cms2022:title", "x", []),
        (f"error_of_ours:{ODD}", "an error", [f"{ODD} warc/w.warc.gz:9"]),
        ("extraction_failed:http://www.js.xinhuanet.com/2.htm", "x",
         ["http://www.js.xinhuanet.com/2.htm"]),
        ("drift:js:X:has_title:down", f"{DRIFT}: {ODD} (a.warc.gz at 4), {ODD}?2 (b.warc.gz at 5)",
         [f"{ODD} a.warc.gz:4", f"{ODD}?2 b.warc.gz:5"]),
    ],
)  # fmt: skip
def test_alarms_have_examples(data_dir: Path, alarm: str, text: str, examples: list[str]) -> None:
    path = max((data_dir / "runs").iterdir())
    told: dict[str, Any] = json.loads(path.read_bytes())
    told["alarm_states"] = [
        {"id": alarm, "region": alarm.split(":")[1], "layout": None, "is_new": True,
         "since": told["started_at"], "text": text},
    ]  # fmt: skip
    told["unclaimed"] = told["unclaimed"][:1]
    told["files"].append({"path": "warc/w.cdxj", "sha256": "", "bytes": 1, "records": 1})
    path.write_text(json.dumps(told))
    (data_dir / "warc").mkdir(exist_ok=True)
    index = {"url": ODD, "status": "200", "offset": "9", "filename": "w.warc.gz"}
    (data_dir / "warc" / "w.cdxj").write_text(f"cn,a)/ 20260101000000 {json.dumps(index)}\n")
    lines = data_dir / next(one["path"] for one in told["files"] if one["path"].endswith("jsonl"))
    lines.parent.mkdir(parents=True, exist_ok=True)
    line = {
        "url": "http://www.js.xinhuanet.com/c_1.htm", "layout": "Cms2022", "title": "x",
        "region": {"code": "js"}, "source": None, "warc": {"file": "w.warc.gz", "offset": 7},
    }  # fmt: skip
    lines.write_bytes(as_line(line) + b"no line\n" + as_line(line | {"layout": "Main2017"}))
    (shown,) = report(data_dir).alarms
    assert list(shown.examples) == examples
    assert (shown.kind, shown.text) == (alarm.split(":")[0], DRIFT if "drift" in alarm else text)


def test_lists_that_fail_have_their_captures(data_dir: Path) -> None:
    """Of the run that asked for them last, which needn't be the newest."""
    newest, before = sorted((data_dir / "runs").iterdir(), reverse=True)[:2]
    told = json.loads(newest.read_bytes())
    refused, silent = "http://www.js.xinhuanet.com/a.htm", "http://www.js.xinhuanet.com/b.htm"
    told["alarm_states"] = [
        {"id": alarm, "region": "js", "layout": None, "is_new": True,
         "since": told["started_at"], "text": "no list of js answered"}
        for alarm in ("no_list:js", f"list_unreadable:{refused}")
    ]  # fmt: skip
    newest.write_text(json.dumps(told))
    run_id, asked_at = before.stem, json.loads(before.read_bytes())["finished_at"]
    warcs = data_dir / f"warc/{run_id[:4]}/{run_id[4:6]}"
    warcs.mkdir(parents=True)
    index = {"url": refused, "status": "403", "offset": "7", "filename": f"xinhua-{run_id}-0.gz"}
    (warcs / f"xinhua-{run_id}-00000.cdxj").write_text(f"cn,a)/ 2026 {json.dumps(index)}\n")
    ledger = Ledger.open(ledger_file(data_dir))
    for url, status in ((refused, 403), (silent, None)):
        for _ in range(2):
            at = datetime.fromisoformat(asked_at)
            ledger.lists.add_answer(url, at=at, status=status, region="js")
    ledger.commit()
    ledger.close()
    no_list, unreadable = report(data_dir).alarms
    place = (warcs / f"xinhua-{run_id}-0.gz").relative_to(data_dir).as_posix()
    assert no_list.examples == (f"{refused} {place}:7", silent)
    assert unreadable.examples == (f"{refused} {place}:7",)


def test_the_gap_of_the_median_request() -> None:
    row = HostRow()
    assert row.median_gap is None
    row.gaps.update({20: 3, 31: 10, 400: 2})
    assert row.median_gap == 3.1
