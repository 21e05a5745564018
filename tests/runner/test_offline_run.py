"""A run that asks no host for anything: its report lists what it wrote."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.data_dir import reports_of
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.runner.offline_run import Written, run_offline
from crawler.storage import publish_lines

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def test_its_report_lists_what_it_wrote(tmp_path: Path) -> None:
    begun = []

    def write(run_id: str, at: datetime) -> Written:
        begun.append(run_id)
        path = tmp_path / "layouts" / f"Ferry{len(begun)}.toml"
        publish_lines(path, [b"x = 1\n"])
        return Written([path], {"closed": {}, "open": {}})

    with closing(Ledger.of(tmp_path)) as ledger:
        for _ in range(2):
            run_offline(tmp_path, ledger, RunKind.LAYOUTS, "scrapy survey", write)
        rows = ledger.runs.newest(9)
    reports = {path.stem: json.loads(path.read_bytes()) for path in reports_of(tmp_path)}
    assert reports.keys() == set(begun)
    first, second = (reports[run_id] for run_id in begun)
    assert (first["seq"], second["seq"]) == (1, 2)
    for number, report in enumerate((first, second), start=1):
        assert (report["exit_code"], report["reason"], report["urls_seen"]) == (0, "finished", 0)
        assert [row["path"] for row in report["files"]] == [f"layouts/Ferry{number}.toml"]
        assert report["coverage"] == {"closed": {}, "open": {}}
    assert [(row.kind, row.exit_code) for row in rows] == [(RunKind.LAYOUTS, 0)] * 2


def test_one_that_fails_has_no_report(tmp_path: Path) -> None:
    def write(_run_id: str, _at: datetime) -> Written:
        raise OSError("no room")

    with closing(Ledger.of(tmp_path)) as ledger, pytest.raises(OSError, match="no room"):
        run_offline(tmp_path, ledger, RunKind.LAYOUTS, "scrapy survey", write)
    assert list(reports_of(tmp_path)) == []
