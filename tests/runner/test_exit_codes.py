"""Every exit code from its real cause, as cron meets it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler import regions
from crawler.ledger.ledger import Ledger
from tests.chaos.soundness import faults_of
from tests.cron import QUICK, cron, start, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.site import Site

COLUMN = "http://www.js.xinhuanet.com/zhengwu/zhengwu/zyjh_lq.htm"


def test_0_done_and_then_nothing_new(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path
) -> None:
    urls = f"urls={','.join(articles[:3])}"
    done = cron("-a", urls, *QUICK, data_dir=data_dir, env=proxy, shell="umask 022")
    assert done.exitcode == 0, done.stderr
    assert len(done.lines) == 3
    again = cron("-a", urls, "-a", "recheck=none", *QUICK, data_dir=data_dir, env=proxy)
    assert again.exitcode == 0, again.stderr
    assert again.report["outcomes"] == {"known": 3}
    assert faults_of(data_dir) == []


def test_0_no_list_is_due(archive_of: Callable[..., Archive]) -> None:
    """All lists have brought nothing for weeks: only the front pages are asked, which every run
    asks, and they say that nothing changed."""
    archive = archive_of(articles=6)
    arguments = ("-a", "regions=js", "-a", "recheck=none")
    first = archive.run(*arguments)
    assert first.exitcode == 0, first.stderr
    with closing(Ledger.of(archive.data_dir)) as ledger:
        states = ledger.lists.states(["js"])
        for state in states:
            for days in range(1, 25):
                assert state.last_at
                at = state.last_at - timedelta(days=days)
                ledger.sources.note_look(state.url, at=at, is_read=True)
        ledger.commit()
    again = archive.run(*arguments)
    assert (again.exitcode, again.report["alarms"]) == (0, [])
    lists, not_due = again.report["lists"], again.report["sources"]["not_due"]
    # those that were never read to their end are asked until they are
    always = {*regions.load()["js"].roots, *(one.url for one in states if not one.completed_at)}
    quiet = {one.url for one in states} - always
    assert (lists["asked"], not_due) == (len(always), len(quiet))
    assert len(quiet) > 3
    assert again.report["outcomes"] == {}
    assert not {f"http://{entry.host}{entry.path}" for entry in archive.asked} & quiet


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("Raise", "nobody foresaw this"),
        ("Swallow", "1 addresses were asked for and have no outcome, http://www.js."),
    ],
)
def test_1_an_error_nobody_foresaw(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path, fault: str, told: str
) -> None:
    """The rest is published all the same; what was asked for and never ended is told, and owed to
    the next run."""
    urls = f"urls={','.join(articles[:3])}"
    faulty = ("-s", f'SPIDER_MIDDLEWARES={{"tests.runner.faulty.{fault}": 1}}')
    done = cron("-a", urls, *QUICK, *faulty, data_dir=data_dir, env=proxy)
    assert done.exitcode == 1, done.stderr
    assert done.report["exit_code"] == 1
    assert told in done.stderr
    assert "have no outcome" in done.report["alarms"][0]
    assert done.report["outcomes"] == {"pending": 1, "published": 2}
    rest = cron("-a", urls, *QUICK, data_dir=data_dir, env=proxy)
    assert (rest.exitcode, rest.report["outcomes"]) == (0, {"known": 2, "published": 1})


def test_2_a_bad_argument(data_dir: Path) -> None:
    done = cron("-a", "regions=atlantis", data_dir=data_dir)
    assert done.exitcode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not data_dir.exists()


def test_2_a_pid_file_that_cannot_be_written(data_dir: Path) -> None:
    done = cron("--pidfile", f"{data_dir}/none/crawl.pid", data_dir=data_dir)
    assert done.exitcode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith("none/crawl.pid': No such file or directory")


def test_3_a_last_version_that_cannot_be_read(
    site: Site, proxy: dict[str, str], data_dir: Path
) -> None:
    """An article was edited and its archive deleted: what changed can't be told any more."""
    day = site.day
    try:
        site.day = 30
        later = {one["id"] for one in site.truth()["articles"] if one["state"] == "live"
                 and one["version"] > 1}  # fmt: skip
        site.day = day
        url = next(
            one["url"] for one in site.truth()["articles"]
            if one["id"] in later and one["version"] == 1 and not one["hidden"]
        )  # fmt: skip
        first = cron("-a", f"urls={url}", *QUICK, data_dir=data_dir, env=proxy)
        assert first.exitcode == 0, first.stderr
        for path in data_dir.rglob("*.warc.gz"):
            path.unlink()
        site.day = 30
        again = cron("-a", f"urls={url}", "-a", "recheck=all", *QUICK, data_dir=data_dir, env=proxy)
    finally:
        site.day = day
    assert again.exitcode == 3, again.stderr
    (alarm,) = again.report["alarms"]
    assert "the last version can't be read" in alarm
    assert "no such file" in alarm
    assert again.report["outcomes"] == {"extraction_failed": 1}
    assert "<html" not in again.stderr


def test_3_an_alarm(site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path) -> None:
    site.fault("500", host="www.js.xinhuanet.com", path="*.htm")
    done = cron("-a", f"urls={','.join(articles[:9])}", *QUICK, data_dir=data_dir, env=proxy)
    assert done.exitcode == 3, done.stderr
    assert any("www.js.xinhuanet.com was given up" in alarm for alarm in done.report["alarms"])
    assert done.report["reason"] == "finished"


def test_3_errors_of_ours_before_a_page_is_there(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path
) -> None:
    """They are told, held against nobody, and the pages are asked for by the next run."""
    urls = f"urls={','.join(articles[:4])}"
    faulty = (
        *("-s", 'DOWNLOADER_MIDDLEWARES={"tests.runner.faulty.Exhausted": 990}'),
        *("-s", "RETRY_TIMES=0"),
    )
    done = cron("-a", urls, *QUICK, *faulty, data_dir=data_dir, env=proxy)
    assert done.exitcode == 3, done.stderr
    assert done.report["outcomes"] == {"pending": 3, "published": 1}
    told = sorted(alarm.rpartition("again: ")[2] for alarm in done.report["alarms"])
    assert told == [
        "MemoryError", "OSError: [Errno 24] Too many open files",
        "TypeError: nobody foresaw this",
    ]  # fmt: skip
    with sqlite3.connect(data_dir / "state" / "ledger.sqlite") as ledger:
        rows = ledger.execute("SELECT attempts, result FROM addresses").fetchall()
    assert sorted(rows, key=str) == [(0, "published"), (0, None), (0, None), (0, None)]
    rest = cron("-a", urls, *QUICK, data_dir=data_dir, env=proxy)
    assert (rest.exitcode, rest.report["outcomes"]) == (0, {"known": 1, "published": 3})


def test_4_no_list_answered(site: Site, proxy: dict[str, str], data_dir: Path) -> None:
    site.fault("404", path="*/zyjh_lq.htm")
    done = cron("-a", f"lists={COLUMN}", *QUICK, data_dir=data_dir, env=proxy)
    assert done.exitcode == 4, done.stderr


def test_4_the_network_is_down(data_dir: Path) -> None:
    nobody = {"http_proxy": "http://127.0.0.1:9"}  # the discard port: nobody listens
    done = cron("-a", f"lists={COLUMN}", *QUICK, data_dir=data_dir, env=nobody)
    assert done.exitcode == 4, done.stderr
    assert done.report["lists"] == {"asked": 1, "answered": 0, "failed": 1, "unreadable": 0}


def test_5_the_disk_is_nearly_full(site: Site, proxy: dict[str, str], data_dir: Path) -> None:
    enough_for_nobody = ("-s", f"DISK_MIN_FREE={2**60}")
    done = cron("-a", f"lists={COLUMN}", *enough_for_nobody, data_dir=data_dir, env=proxy)
    assert done.exitcode == 5
    assert re.search(r"has \d+ bytes free, fewer than DISK_MIN_FREE", done.stderr)
    assert "Traceback" not in done.stderr
    assert not list(data_dir.rglob("*.open"))


def test_75_while_another_run_is_under_way(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path
) -> None:
    rule = site.fault("stall", path="/20*", seconds=600, times=1)
    data_dir.mkdir()
    pid = data_dir / "crawl.pid"
    args = ("--pidfile", str(pid), *QUICK)
    first = start("-a", f"urls={articles[0]}", *args, data_dir=data_dir, env=proxy)
    try:
        until(lambda: rule.hits, "the first run is under way")
        second = cron("-a", f"urls={articles[1]}", *args, data_dir=data_dir, env=proxy)
    finally:
        first.process.kill()
        first.process.wait()
    assert second.exitcode == 75
    assert int(pid.read_text()) == first.process.pid
    assert second.stderr == ""


@pytest.mark.parametrize("blocked", ["data", "state"])
def test_2_a_data_folder_that_cannot_be_written(tmp_path: Path, blocked: str) -> None:
    path = tmp_path / "data" if blocked == "data" else tmp_path / "data" / "state"
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file stands here")
    done = cron("-a", "limit=1", data_dir=tmp_path / "data")
    assert done.exitcode == 2
    (line,) = done.stderr.splitlines()
    assert "can't be written" in line
