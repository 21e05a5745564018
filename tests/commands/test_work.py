"""`scrapy enqueue` and `scrapy work` as they are typed, on a real server and the loopback site."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from crawler.data_dir import reports_of
from crawler.jobs.database import JobsCluster, prepare
from crawler.jobs.enqueue import put_command
from tests.conftest import PROJECT
from tests.jobs.conftest import rows
from tests.scrapy_process import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site


@pytest.fixture
def cluster(new_database: Callable[[], str]) -> JobsCluster:
    return prepare(make_url(new_database()))


def environment(cluster: JobsCluster) -> dict[str, str]:
    return {"XINHUA_LEDGER": cluster.url.render_as_string()}


def test_a_region_is_crawled(
    cluster: JobsCluster, site: Site, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    env = environment(cluster) | site.environment
    put = scrapy_cmd("enqueue", "crawl", "江苏", "--json", env=env)
    assert (put.returncode, json.loads(put.stdout)) == (0, {"kind": "crawl", "put": 1}), put.stderr
    work = ("work", "--drain", "-j", "0", "-s", "DOWNLOAD_DELAY=0")
    done = scrapy_cmd(*work, env=env)
    assert done.returncode == 0, done.stderr
    assert "is done: crawl js" in done.stderr
    (report,) = reports_of(tmp_path / "data")
    told = json.loads(report.read_text())
    assert told["outcomes"]["published"] > 5
    assert "regions=js" in told["command"]
    status = scrapy_cmd("status", "--json", env=env)
    jobs = json.loads(status.stdout)["jobs"]
    empty = {"workers": [], "waiting": {}, "running": {}, "batches": [], "failed": []}
    assert (status.returncode, jobs) == (0, empty)
    probe = scrapy_cmd("status", "--worker", env=env)
    assert (probe.returncode, "no worker of" in probe.stderr) == (3, True)
    name = f"{os.uname().nodename}:1"
    rows(cluster, f"INSERT INTO workers (name, extractor, slots) VALUES ('{name}', 'x', 1)")
    probe = scrapy_cmd("status", "--worker", env=env)
    assert (probe.returncode, probe.stdout.startswith(f"{name}: seen at ")) == (0, True)


def test_what_a_worker_can_t_begin_with(
    cluster: JobsCluster, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """One line each, and a documented code."""
    env = environment(cluster)
    nowhere = {"XINHUA_LEDGER": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}
    stranger = {"XINHUA_LEDGER": env["XINHUA_LEDGER"].replace("xinhua@", "stranger@")}
    clock = {"PYTHONPATH": str(CLOCK), "CLOCK_SHIFT": "-3600"}
    cases: list[tuple[dict[str, str], int, str]] = [
        ({"XINHUA_LEDGER": ""}, 2, "jobs need a ledger on a PostgreSQL server"),
        (nowhere, 5, "can't be reached"),
        (stranger, 5, "refuses this user"),
        (env | clock, 2, "seconds behind that of the database"),
    ]
    for changes, code, said in cases:
        done = scrapy_cmd("work", "--drain", env=changes)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
    rows(cluster, "INSERT INTO workers (name, extractor, slots) VALUES ('far:1', '0.1+abc', 1)")
    other = scrapy_cmd("work", "--drain", env=env)
    assert other.returncode == 2
    assert "worker far:1 is of version 0.1+abc" in other.stderr
    rows(cluster, "UPDATE cluster SET layout = 99")
    layout = scrapy_cmd("enqueue", "index", env=env)
    assert layout.returncode == 5
    assert "has jobs of version 99/" in layout.stderr
    assert "DROP SCHEMA jobs CASCADE" in layout.stderr
    assert not (tmp_path / "data" / "runs").exists()


def test_what_was_given_up_is_told(cluster: JobsCluster, scrapy_cmd: RunScrapy) -> None:
    days = ["--since", "2020-01-02", "--until", "2020-01-01"]
    put_command(cluster, "export", words=["--format", "csv", *days], output="a.csv")
    done = scrapy_cmd("work", "--drain", "--crawls", "0", env=environment(cluster))
    assert done.returncode == 1
    assert "exit code 2: scrapy export: since 2020-01-02 is after until" in done.stderr
    assert "1 job was given up: `scrapy status` names it" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "what, of crawl, reextract, verify, index, export"),
        (("dance",), "no job is called 'dance'"),
        (("crawl", "mars"), "unknown region"),
        (("crawl", "js", "-a", "limit=0"), "limit: a number from 1 up"),
        (("crawl", "js", "-a", "urls=-"), "a crawl job takes since"),
        (("crawl", "-a", "lists=http://www.js.xinhuanet.com/"), "name the one region"),
        (("index", "-a", "limit=1"), "-a belongs to crawl"),
        (("index", "now"), "takes no argument"),
        (("verify", "-a", "limit=1"), "-a belongs to crawl"),
        (("export", "--format", "gold", "-o", "x"), "invalid choice"),
        (("export", "--format", "csv"), "a file is wanted with -o"),
        (("export", "--format", "csv", "-o", "x", "--dance"), "unknown argument"),
    ],
)
def test_what_is_no_job(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from scrapy.cmdline import execute

    monkeypatch.chdir(PROJECT)
    with pytest.raises(SystemExit) as ended:
        execute(["scrapy", "enqueue", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
