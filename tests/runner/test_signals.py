"""SIGTERM, SIGINT, a terminal's SIGHUP: a clean close, what is done published; a second one loses
nothing either."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.chaos.soundness import faults_of, lines_of
from tests.cron import QUICK, cron, start, until
from tests.nightly import at_night
from tests.scrapy_process import KILLER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Site

FORTY = 40


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, at_night(signal.SIGINT), at_night(signal.SIGHUP)]
)
def test_forty_waiting_requests_end_at_once_and_each_has_an_outcome(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path, number: signal.Signals
) -> None:
    urls = articles[:FORTY]
    assert len(urls) == FORTY
    asked = len(site.log)
    crawl = start("-a", f"urls={','.join(urls)}", "-s", "DOWNLOAD_DELAY=2",
                  data_dir=data_dir, env=proxy)  # fmt: skip
    until(lambda: len(site.log) >= asked + 3, "robots.txt and two articles were asked for")
    crawl.signal(number)
    done = crawl.end(timeout=5)
    assert done.exitcode == 3, done.stderr
    report = done.report
    assert (report["exit_code"], report["reason"]) == (3, "shutdown")
    assert report["urls_seen"] == FORTY
    assert sum(report["outcomes"].values()) == FORTY
    written = report["outcomes"]["published"]
    assert written == len(done.lines) >= 1
    assert report["outcomes"] == {"published": written, "pending": FORTY - written}
    assert faults_of(data_dir) == []
    rest = cron("-a", f"urls={','.join(urls)}", *QUICK, data_dir=data_dir, env=proxy)
    assert rest.exitcode == 0, rest.stderr
    assert rest.report["outcomes"] == {"known": written, "published": FORTY - written}
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(urls)


def test_a_second_signal_leaves_what_the_next_run_mends(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path
) -> None:
    """The close waits for an answer that never comes: the second signal waits no longer."""
    urls = articles[:6]
    rule = site.fault("stall", path=urls[2][len("http://www.js.xinhuanet.com") :], times=1)
    crawl = start("-a", f"urls={','.join(urls)}", *QUICK, data_dir=data_dir, env=proxy)
    until(lambda: rule.hits, "an exchange hangs")
    crawl.signal(signal.SIGTERM)
    until(lambda: b"shutting down gracefully" in crawl.output.read_bytes(), "the first is obeyed")
    crawl.signal(signal.SIGTERM)
    done = crawl.end()
    assert done.exitcode == 3, done.stderr
    assert done.report["reason"] == "shutdown"
    assert done.report["urls_seen"] == sum(done.report["outcomes"].values()) == len(urls)
    rest = cron("-a", f"urls={','.join(urls)}", *QUICK, data_dir=data_dir, env=proxy)
    assert rest.exitcode == 0, rest.stderr
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(urls)
    assert faults_of(data_dir) == []


def test_stopped_before_a_list_could_answer(
    site: Site, proxy: dict[str, str], data_dir: Path
) -> None:
    """It is the signal that ended the run, and no fault of the lists."""
    rule = site.fault("stall", path="*/zyjh_lq.htm")
    crawl = start("-a", "lists=http://www.js.xinhuanet.com/zhengwu/zhengwu/zyjh_lq.htm", *QUICK,
                  "-s", "DOWNLOAD_TIMEOUT=2", "-s", "RETRY_TIMES=0",
                  data_dir=data_dir, env=proxy)  # fmt: skip
    until(lambda: rule.hits, "the list was asked for")
    crawl.signal(signal.SIGTERM)
    done = crawl.end()
    assert done.exitcode == 3, done.stderr
    assert done.report["lists"]["answered"] == 0


@pytest.mark.parametrize("number", ["SIGTERM", at_night("SIGINT"), at_night("SIGHUP")])
@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("crawler.run_lock:take_lock:before:1", None),
        ("crawler.runner.run:recover:before:1", None),
        ("crawler.runner.run:Run.watch:before:1", "shutdown"),
    ],
    ids=["nothing is locked", "being opened", "just opened"],
)
def test_stopped_before_the_crawl_has_begun(
    proxy: dict[str, str], articles: list[str], data_dir: Path, step: str, reason: str | None,
    number: str,
) -> None:  # fmt: skip
    """In its first second: the same code, and a report where there was a run."""
    env = {"PYTHONPATH": str(KILLER), "XINHUA_KILL": step, "XINHUA_KILL_WITH": number}
    urls = ("-a", f"urls={','.join(articles[:2])}")
    done = cron(*urls, *QUICK, data_dir=data_dir, env=proxy | env)
    assert done.exitcode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert [done.report["reason"]] == [reason] if reason else not done.run_ids
    rest = cron(*urls, *QUICK, data_dir=data_dir, env=proxy)
    assert (rest.exitcode, rest.report["outcomes"]) == (0, {"published": 2}), rest.stderr
    assert faults_of(data_dir) == []


def test_a_hang_up_that_is_ignored(
    proxy: dict[str, str], articles: list[str], data_dir: Path
) -> None:
    """Under nohup a closed terminal ends nothing."""
    step = {"PYTHONPATH": str(KILLER), "XINHUA_KILL": "crawler.runner.run:Run.watch:after:1"}
    env = proxy | step | {"XINHUA_KILL_WITH": "SIGHUP"}
    done = cron("-a", f"urls={articles[0]}", *QUICK, data_dir=data_dir, env=env,
                shell="trap '' HUP")  # fmt: skip
    assert (done.exitcode, done.report["outcomes"]) == (0, {"published": 1}), done.stderr


@pytest.mark.parametrize("closed", [at_night("2>&-"), "<&- >&- 2>&-"])
def test_streams_that_are_closed(
    proxy: dict[str, str], articles: list[str], data_dir: Path, closed: str
) -> None:
    """As some daemons leave them: no archive takes the number of one and gets the log in it."""
    urls = ("-a", f"urls={','.join(articles[:3])}")
    done = cron(*urls, *QUICK, data_dir=data_dir, env=proxy, shell=f"exec {closed}")
    assert done.exitcode == 0
    assert done.report["outcomes"] == {"published": 3}
    assert faults_of(data_dir) == []
    again = cron(*urls, *QUICK, data_dir=data_dir, env=proxy, shell=f"exec {closed}")
    assert again.exitcode == 0
    refused = cron("-a", "regions=atlantis", data_dir=data_dir, shell=f"exec {closed}")
    assert refused.exitcode == 2
