"""What a crawl says at its end, to cron, a terminal's owner and other programs: in real runs, over
real sockets. None of it can hold a run."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from scrapy.settings import Settings

from crawler.notify import end_of_run
from tests.notify.test_closing_block import report, state
from tests.processes import crawl
from tests.site import Site
from tests.site.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = ("-a", "regions=js", "-s", "DOWNLOAD_DELAY=0")


@contextmanager
def server(status: int = 200) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    got: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            got.append((self.command, self.path, self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/secret", got
        listening.shutdown()
        thread.join()


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
        end_of_run.ping_end(Settings({"PING_URL": url}), code)
    assert [one for _, one, _ in got] == [path]


def test_pings_go_where_healthchecks_has_them() -> None:
    with server() as (url, got):
        end_of_run.ping(url, "/start")
        end_of_run.ping(url)
        end_of_run.ping(url + "/", "/3")
    assert [path for _, path, _ in got] == ["/secret/start", "/secret", "/secret/3"]


def test_the_webhook_gets_json() -> None:
    with server() as (url, got):
        end_of_run.post(url, {"text": "江苏", "exit_code": 3})
    ((method, _, body),) = got
    assert method == "POST"
    assert json.loads(body) == {"text": "江苏", "exit_code": 3}


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_logged_without_the_address(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with server(status) as (url, _), caplog.at_level(logging.WARNING):
        end_of_run.ping(url)
    assert "PING_URL could not be called: HTTPError" in caplog.text
    assert "secret" not in caplog.text


def test_nobody_there_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        end_of_run.ping(f"http://127.0.0.1:{taken.getsockname()[1]}/secret")
    assert "PING_URL could not be called" in caplog.text
    assert "secret" not in caplog.text


def test_one_that_never_answers_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(end_of_run, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        began = monotonic()
        end_of_run.post(f"http://127.0.0.1:{deaf.getsockname()[1]}/secret", {})
        assert monotonic() - began < 3
    assert "WEBHOOK_URL" in caplog.text


@pytest.fixture
def metrics(tmp_path: Path) -> str:
    regions = {"js": {"published": 3, "unknown_layout": 2}, "": {"known": 1}}
    end_of_run.write_metrics(
        tmp_path / "xinhua.prom",
        report(3, state("quiet:js"), regions=regions),
        owed={"js": 7, "he": 2},
        denied={"gs": 4},
        oldest_incomplete_day=date(2026, 3, 1),
        bytes_free=5_000_000,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["xinhua.prom"]
    return (tmp_path / "xinhua.prom").read_text("utf-8")


def test_it_says_what_the_report_says(metrics: str) -> None:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics)
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


def test_promtool_finds_nothing_wrong(metrics: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        assert "CI" not in os.environ, "promtool is not there"
        pytest.skip("promtool is not there")
    done = subprocess.run(
        [tool, "check", "metrics"], input=metrics, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
