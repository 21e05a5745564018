"""A run that corrects, killed or stopped midway: what is whole stays, the rest is for later."""

from __future__ import annotations

import json
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import open_files_of, reports_of
from tests.processes import defects
from tests.reextraction.older import all_lines, make_older
from tests.scrapy_process import KILLER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

BY_KILLER = {"PYTHONPATH": str(KILLER)}
DURABLE = ("-s", "CHECKPOINT_SECONDS=0.01")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    make_older(tmp_path / "data", lambda _, line: {"title": f"旧{line['title']}"})
    return tmp_path / "data"


def correct(
    scrapy_cmd: RunScrapy, data_dir: Path, step: str | None = None, number: str = "SIGKILL"
) -> int:
    kill = {"XINHUA_KILL": step, "XINHUA_KILL_WITH": number} if step else {}
    done = scrapy_cmd("reextract", "--correct", "-j", "1", *DURABLE, data_dir=data_dir,
                      env=BY_KILLER | kill)  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def revisions(data_dir: Path) -> Counter[tuple[str, int]]:
    return Counter((line["id"], line["revision"]) for line in all_lines(data_dir))


@pytest.mark.parametrize(
    "step",
    [
        "crawler.exporters.jsonl:JsonlWriter.write:before:1",
        "crawler.exporters.jsonl:JsonlWriter.write:after:3",
        pytest.param(
            "crawler.exporters.jsonl:JsonlWriter.sync:after:1", marks=pytest.mark.nightly
        ),
        pytest.param(
            "crawler.exporters.run_parts:publish:before:1", marks=pytest.mark.nightly
        ),
        "crawler.runner.correction_run:write_report:before:1",
        pytest.param(
            "crawler.runner.correction_run:end_run:before:1", marks=pytest.mark.nightly
        ),
    ],
)  # fmt: skip
def test_after_a_kill_the_rest_is_done_and_nothing_twice(
    data_dir: Path, scrapy_cmd: RunScrapy, step: str
) -> None:
    count = len(all_lines(data_dir))

    assert correct(scrapy_cmd, data_dir, step) == -signal.SIGKILL
    done = scrapy_cmd("reextract", "--correct", data_dir=data_dir, env=BY_KILLER)
    assert done.returncode == 0, done.stderr
    assert ("was killed" in done.stderr) is ("end_run" not in step)

    assert revisions(data_dir) == {
        (line["id"], revision): 1 for line in all_lines(data_dir)[:count] for revision in (0, 1)
    }
    assert open_files_of(data_dir) == []
    reports: list[dict[str, Any]] = [json.loads(one.read_bytes()) for one in reports_of(data_dir)]
    told = sorted(reports, key=lambda report: report["seq"])[1:]
    assert sum(one["corrections"]["written"] for one in told) == count
    assert len(told) == 2
    if "end_run" not in step:
        assert (told[0]["reason"], told[0]["corrections"]["looked_at"]) == ("killed", None)
    keys = [line["line"] for line in all_lines(data_dir)]
    assert len(set(keys)) == len(keys)
    assert defects(data_dir) == []


def test_a_signal_ends_it_cleanly(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    count = len(all_lines(data_dir))
    step = "crawler.exporters.jsonl:JsonlWriter.write:after:2"

    assert correct(scrapy_cmd, data_dir, step, "SIGTERM") == 3

    told = json.loads(reports_of(data_dir)[-1].read_bytes())
    assert (told["reason"], told["exit_code"], told["alarms"]) == ("shutdown", 3, [])
    assert told["corrections"]["written"] == len(all_lines(data_dir)) - count > 0
    assert defects(data_dir) == []
    assert correct(scrapy_cmd, data_dir) == 0
    assert len(all_lines(data_dir)) == 2 * count


def test_a_full_disk_ends_it_with_5(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("reextract", "--correct", "-s", f"DISK_MIN_FREE={10**18}", data_dir=data_dir)

    assert done.returncode == 5
    assert "DISK_MIN_FREE" in done.stderr
    assert len(reports_of(data_dir)) == 1
