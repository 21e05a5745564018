"""CRAWL_HOURS: what it may be, when a run may crawl, and how one ends at its end."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.clock import BEIJING, now
from crawler.runner.crawl_hours import CrawlHours
from tests.chaos.soundness import faults_of
from tests.cron import QUICK, cron
from tests.scrapy_process import CLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Site


def beijing(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        ("22-6", beijing(2, 22), beijing(3, 6)),
        ("22-6", beijing(3, 5, 59), beijing(3, 6)),
        ("22-6", beijing(3, 6), None),
        ("22-6", beijing(3, 21, 59), None),
        ("1-5", beijing(3, 1), beijing(3, 5)),
        ("1-5", beijing(3, 5), None),
        ("1-5", beijing(3, 0, 59), None),
        ("20-24", beijing(3, 23, 59), beijing(4, 0)),
        ("20-0", beijing(3, 20), beijing(4, 0)),
        ("0-24", None, None),
        ("24-3", beijing(3, 2), beijing(3, 3)),
        ("06-7", beijing(3, 6, 30), beijing(3, 7)),
    ],
)
def test_when_the_hours_end(hours: str, at: datetime | None, end: datetime | None) -> None:
    if at is None:
        with pytest.raises(ValueError, match="22-6 are wanted"):
            CrawlHours.of(hours)
        return
    parsed = CrawlHours.of(hours)
    assert parsed
    assert parsed.end(at.astimezone(now().tzinfo)) == end


@pytest.mark.parametrize(
    "value", ["22", "22-", "25-3", "8-8", "22:30-6", "-1-5", "22-6-8", "nacht"]
)
def test_what_is_no_hours_is_one_line(value: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hours of the day such as 22-6 are wanted, not"):
        CrawlHours.of(value)


def test_all_day() -> None:
    assert CrawlHours.of("") is None
    assert CrawlHours.of(None) is None


def shift(to: datetime) -> dict[str, str]:
    """The environment in which it is that time of the day."""
    seconds = (to - now()).total_seconds()
    return {"PYTHONPATH": str(CLOCK), "CLOCK_SHIFT": str(seconds)}


def test_outside_them_a_run_ends_at_once_and_says_so(data_dir: Path, tmp_path: Path) -> None:
    noon = now().astimezone(BEIJING).replace(hour=12)
    done = cron("-s", "CRAWL_HOURS=22-6", data_dir=data_dir, env=shift(noon))
    assert done.exitcode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("scrapy crawl: it is 12:")
    assert "outside CRAWL_HOURS 22-6" in line
    assert not data_dir.exists()
    log = tmp_path / "log"
    quiet = cron("-s", "CRAWL_HOURS=22-6", "--logfile", str(log), "-s", "LOG_JSON=1",
                 data_dir=data_dir, env=shift(noon))  # fmt: skip
    assert (quiet.exitcode, quiet.stderr) == (0, "")
    assert "outside CRAWL_HOURS 22-6" in json.loads(log.read_text())["message"]
    bad = cron("-s", "CRAWL_HOURS=22", data_dir=data_dir)
    assert bad.exitcode == 2
    assert bad.stderr.startswith("scrapy crawl: CRAWL_HOURS: hours of the day such as 22-6 are")


def test_at_their_end_a_run_stops_with_0_and_no_alarm(
    site: Site, proxy: dict[str, str], data_dir: Path, tmp_path: Path
) -> None:
    # A day that is over, at any hour: verify calls what is dated in the future a fault.
    end = (now() - timedelta(days=1)).astimezone(BEIJING).replace(hour=6, minute=0, second=0)
    env = proxy | shift(end - timedelta(seconds=9))
    slow = ("-s", "DOWNLOAD_DELAY=1", "-s", "CHECKPOINT_SECONDS=0.2", "-s", "CRAWL_HOURS=22-6")
    log = str(tmp_path / "log")
    first = cron("-a", "regions=js", *slow, "--logfile", log, data_dir=data_dir, env=env)
    assert first.exitcode == 0, first.stderr
    report = first.report
    assert (report["reason"], report["exit_code"], report["alarms"]) == ("crawl_hours", 0, [])
    assert report["finished_at"][11:16] in ("22:00", "22:01")
    assert "stopped at the end of CRAWL_HOURS" in first.stderr  # it began the archive
    assert report["outcomes"]["pending"] > 0
    assert faults_of(data_dir) == []
    rest = cron("-a", "regions=js", *QUICK, data_dir=data_dir, env=proxy | shift(end))
    assert (rest.exitcode, rest.report["reason"]) == (0, "finished"), rest.stderr
    assert rest.report["outcomes"]["published"] > report["outcomes"]["published"]
