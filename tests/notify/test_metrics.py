"""The Prometheus textfile, read by the library's own parser and by promtool where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crawler.notify.metrics import write_metrics
from tests.notify.test_closing_block import report, state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(tmp_path: Path) -> str:
    regions = {"js": {"published": 3, "unknown_layout": 2}, "": {"known": 1}}
    write_metrics(
        tmp_path / "xinhua.prom",
        report(3, state("quiet:js"), regions=regions),
        owed={"js": 7, "he": 2},
        denied={"gs": 4},
        oldest_incomplete_day=date(2026, 3, 1),
        bytes_free=5_000_000,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["xinhua.prom"]
    return (tmp_path / "xinhua.prom").read_text("utf-8")


def test_it_says_what_the_report_says(written: str) -> None:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(written)
        for sample in family.samples
    }
    assert samples["xinhua_run_exit_code",] == 3
    assert samples["xinhua_run_duration_seconds",] == 300
    assert samples["xinhua_run_end_timestamp_seconds",] == 1774958400
    assert samples["xinhua_alarms",] == 1
    assert samples["xinhua_disk_free_bytes",] == 5_000_000
    assert samples["xinhua_oldest_incomplete_day_timestamp_seconds",] == 1772323200
    assert samples["xinhua_addresses", "published"] == 3
    assert samples["xinhua_addresses", "timeout"] == 0
    assert samples["xinhua_owed", "js"] == 7
    assert samples["xinhua_owed", "he"] == 2
    assert (samples["xinhua_denied", "gs"], samples["xinhua_denied", "js"]) == (4, 0)
    assert samples["xinhua_unexplained", "js"] == 2


def test_promtool_finds_nothing_wrong(written: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        assert "CI" not in os.environ, "promtool is not there"
        pytest.skip("promtool is not there")
    done = subprocess.run(
        [tool, "check", "metrics"], input=written, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
