"""What a crawl says at its end, to cron, a terminal's owner and other programs: real runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawler.notify.end_of_run import ping_end
from tests.notify.test_calls import server
from tests.processes import crawl
from tests.site import Site
from tests.site.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = ("-a", "regions=js", "-s", "DOWNLOAD_DELAY=0")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(regions=["js"], articles=4) as running:
        yield running


def test_cron_hears_of_what_changed_and_of_nothing_else(site: Site, tmp_path: Path) -> None:
    env = site.environment
    quick = (*QUICK, "--logfile", str(tmp_path / "log"))
    data = tmp_path / "data"
    first = crawl(*quick, data_dir=data, env=env)
    assert f"  began an archive in {data}\n" in first.stderr
    assert crawl(*quick, data_dir=data, env=env).stderr == ""
    logged = crawl(*QUICK, data_dir=data, env=env)  # the log stands on stderr anyway
    assert "xinhua-archive: run" in logged.stderr
    site.faults.add(Fault("503"))
    broken = crawl(*quick, "-s", "RETRY_TIMES=0", data_dir=data, env=env)
    assert broken.exitcode == 4
    assert "new alarm: " in broken.stderr
    assert str(data / "runs") in broken.stderr
    site.faults.replace([])
    back = crawl(*quick, data_dir=data, env=env)
    assert back.exitcode == 0
    assert "  over: " in back.stderr
    assert crawl(*quick, data_dir=data, env=env).stderr == ""


def test_other_programs_are_told_and_secrets_are_kept(site: Site, tmp_path: Path) -> None:
    metrics = tmp_path / "xinhua.prom"
    with server() as (url, got):
        done = crawl(
            *QUICK, "-s", f"PING_URL={url}", "-s", f"WEBHOOK_URL={url}/hook",
            "-s", f"METRICS_FILE={metrics}",
            data_dir=tmp_path / "data", env=site.environment | {"no_proxy": "127.0.0.1"},
        )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert [path for _, path, _ in got] == ["/secret/start", "/secret/hook", "/secret"]
    told = json.loads(got[1][2])
    assert told["run_id"] == done.report["run_id"]
    assert "began an archive" in told["text"]
    assert "xinhua_run_exit_code 0.0" in metrics.read_text("utf-8")
    assert "secret" not in done.stderr + json.dumps(done.report)
    assert done.report["command"].count("=***") == 2
    assert "Overridden settings" not in done.stderr


@pytest.mark.parametrize(
    ("code", "path"), [(0, "/secret"), (3, "/secret/fail"), (5, "/secret/fail")]
)
def test_any_code_but_0_is_a_failure(code: int, path: str) -> None:
    with server() as (url, got):
        ping_end(Settings({"PING_URL": url}), code)
    assert [one for _, one, _ in got] == [path]
