"""The folder that the benchmark of many runs makes is as runs leave it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.many_runs import REGIONS, make
from crawler.clock import now
from crawler.data_dir import indexes_of, ledger_file, lines_of, reports_of, warcs_of
from crawler.exporters.jsonl import lines_with
from crawler.exporters.report import earlier_reports
from crawler.ledger.ledger import Ledger
from crawler.views.archive_status import status_of

if TYPE_CHECKING:
    from pathlib import Path

RUNS = 40


def test_the_folder_is_as_runs_leave_it(tmp_path: Path) -> None:
    make(tmp_path, RUNS)
    for files in (reports_of, lines_of, warcs_of, indexes_of):
        assert len(files(tmp_path)) == RUNS
    seen = earlier_reports(tmp_path, since=now() - timedelta(days=1), before="9")
    assert 20 < len(seen) < 26
    assert len(seen[0].regions) == len(REGIONS)
    with closing(Ledger.open(ledger_file(tmp_path), read_only=True)) as ledger:
        status = status_of(tmp_path, ledger, now(), timedelta(hours=26))
        assert status.last
        assert status.last.outcomes["published"] == len(REGIONS)
        assert not status.is_late
        assert len(ledger.publications.after(0)) == RUNS
        articles = ledger.articles.every(regions=None, limit=99)
        assert len(articles) == RUNS
        (row,) = ledger.articles.versions(articles[0].id)
        assert lines_with(tmp_path, row.jsonl, [row.line_sha256])
