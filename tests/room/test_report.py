"""The report as pages: what each number is made of."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.data_dir import ledger_file
from crawler.ledger.ledger import Ledger
from crawler.room.rendering import texts
from crawler.room.report import context, write_folder
from crawler.views.archive_status import status_of
from crawler.views.report import ReportSums, report_of
from tests.room.year import UNTIL, make

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_holds_the_report_and_a_page_for_each_certified_day(tmp_path: Path) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "report"
    make(data_dir, days=3, a_day=2, articles_a_day=2)
    with closing(Ledger.open(ledger_file(data_dir), read_only=True)) as ledger:
        status = status_of(data_dir, ledger, UNTIL, timedelta(hours=26))
        report = report_of(data_dir, ledger, status, ReportSums(), UNTIL)
    days = {day for _, day in report.verdicts}
    assert write_folder(report, texts("en"), folder, data_dir) == len(days) + 2
    assert {path.stem for path in (folder / "days").iterdir()} == days
    index = (folder / "index.html").read_text()
    assert set(re.findall(r"href=\"days/([0-9-]+)\.html", index)) == days

    shown = context(report, texts("zh"), lambda _: None)
    assert shown["runs_count"] == len(shown["runs"]) == 6
    assert sum(count for _, count, _ in shown["history"]["rows"]) == sum(
        one.records for one in report.tally.runs
    )
    # the bars of outcomes hold all of them, the rare ones together
    outcomes = shown["outcomes"]
    assert sum(sum(counts) for _, counts in outcomes["table"]) == sum(
        one.urls_seen for one in report.tally.runs
    )
    assert len(outcomes["keys"]) <= 8
    *_, (_, _, written) = shown["storage"]["rows"]
    assert written == sum(one.written for one in report.tally.runs)
