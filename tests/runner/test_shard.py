"""Crawls that share a ledger on a server, as processes: side by side, frozen, taken over."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest
from sqlalchemy import make_url, text, update

from crawler import settings
from crawler.downloader.pace import FRESH
from crawler.jobs.worker import ROUND
from crawler.ledger.jobs import ALIVE
from crawler.ledger.ledger import Ledger
from crawler.ledger.schema import addresses
from crawler.outcomes import Outcome
from crawler.run_lock import CannotStartError, lock_dead_runs, lock_run
from crawler.runner.run import opening
from crawler.runner.shard import Shard
from tests import scrapy_process
from tests.chaos.soundness import faults_of
from tests.column_site import HOST, ColumnSite
from tests.postgres import Postgres
from tests.processes import defects, reports
from tests.scrapy_process import KILLER
from tests.site.server import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import URL

    from crawler.context import RunFacts
    from tests.conftest import RunScrapy
    from tests.site.server import Entry

DELAY = 0.2
# Longer than any crawl here takes on a busy machine; a test ends it sooner.
LEASE = 120
# Seconds in which what is waited for happens on any machine.
_LONGEST = 100
# A list of Jiangsu's registry.
LIST = "/zhengwu/zhengwu/zyjh_lq.htm"


@pytest.fixture
def shared_site() -> Iterator[ColumnSite]:
    with ColumnSite(regions=["js", "he"], articles=8, daily=0) as site:
        yield site


class Cluster:
    """Crawls of a site into one folder, with one ledger on a server."""

    def __init__(self, site: ColumnSite, data_dir: Path, url: str) -> None:
        self.site = site
        self.data_dir = data_dir
        self.url = url
        self.settings = {
            "DOWNLOAD_DELAY": DELAY, "DOWNLOAD_DELAY_JITTER": 0, "LEASE_SECONDS": LEASE,
            "CHECKPOINT_SECONDS": 0.3, "LOG_LEVEL": "WARNING",
        }  # fmt: skip

    def start(self, *regions: str, **env: str) -> subprocess.Popen[str]:
        options = [
            word for key, value in self.settings.items() for word in ("-s", f"{key}={value}")
        ]
        ours = {"XINHUA_DATA_DIR": str(self.data_dir), "XINHUA_LEDGER": self.url}
        return scrapy_process.start(
            "crawl", "xinhua", "-a", f"regions={','.join(regions)}", *options,
            env={**os.environ, **self.site.environment, **ours, **env},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def end_leases(self) -> None:
        """Let their time be over now, as if so long had gone by."""
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            connection.execute("UPDATE leases SET until = 0")

    def reports(self) -> list[dict[str, Any]]:
        """The reports in the order of `seq`."""
        told = [
            json.loads((self.data_dir / "runs" / f"{run_id}.json").read_text())
            for run_id in reports(self.data_dir)
        ]
        return sorted(told, key=lambda report: report["seq"])

    def lines(self) -> list[dict[str, Any]]:
        files = self.data_dir.glob("jsonl/*/*/*.jsonl")
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


@pytest.fixture
def cluster(shared_site: ColumnSite, tmp_path: Path, new_database: Callable[[], str]) -> Cluster:
    return Cluster(shared_site, tmp_path / "data", new_database())


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    """Until each of its threads stands still: one that runs may be sent the signal and go on."""
    threads = Path(f"/proc/{process.pid}/task")
    while any(
        path.read_text().rpartition(")")[2].split()[0] != "T" for path in threads.glob("*/stat")
    ):
        assert process.poll() is None, ended(process)
        time.sleep(0.01)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def live(site: ColumnSite, region: str = "") -> set[str]:
    """The articles that its lists show, of all regions or of one."""
    return {
        one["id"]
        for one in site.truth()["articles"]
        if one["listed_on"] and one["state"] == "live" and not one["hidden"]
        if f"{region}." in one["url"]
    }


def least_gap(log: Sequence[Entry]) -> float:
    """The shortest time between two requests to one host. A busy machine takes its time between
    their sending and their arrival; crawls that know nothing of each other ask at once."""
    before: dict[str, float] = {}
    gaps = []
    for entry in log:
        if entry.host in before:
            gaps.append(entry.at - before[entry.host])
        before[entry.host] = entry.at
    return min(gaps)


_SLOW_COMMIT = """
CREATE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON versions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_in_commit();
"""
_END_COMMIT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'PgSleep'
"""


def twice(lines: Sequence[Mapping[str, Any]]) -> list[Any]:
    counts = Counter((one["id"], one["version"], one["status"]) for one in lines)
    return [key for key, count in counts.items() if count > 1]


def test_two_regions_side_by_side(cluster: Cluster) -> None:
    site = cluster.site
    theirs = next(one for one in site.truth()["articles"] if "he." in one["url"])["url"]
    link = f'<li><a href="{theirs}">要闻</a></li>'
    site.made[HOST, LIST] = f"<html><body><ul>{link}</ul></body></html>".encode()
    first = cluster.start("js")
    second = cluster.start("he")
    for process in (first, second):
        code, said = ended(process)
        assert code == 0, said
    assert [report["seq"] for report in cluster.reports()] == [1, 2]
    of_js = next(one for one in cluster.reports() if "js" in one["watched"])
    assert of_js["regions"]["he"] in ({"pending": 1}, {"known": 1})
    assert of_js["links_refused"] == 0
    lines = cluster.lines()
    assert {line["id"] for line in lines} >= live(site)
    assert twice(lines) == []
    path = theirs.partition("://")[2].partition("/")[2]
    assert len([one for one in site.log if one.path == f"/{path}"]) == 1
    assert least_gap(site.log) > DELAY / 2
    assert defects(cluster.data_dir) == []
    with_a_file = cluster.start("js", XINHUA_LEDGER=f"sqlite:///{cluster.data_dir}/l.sqlite")
    code, said = ended(with_a_file)
    assert (code, "LEDGER: " in said) == (2, True)


def test_a_frozen_crawl_wakes_beside_its_successor(cluster: Cluster) -> None:
    site = cluster.site
    step = "crawler.ledger.articles:Articles.add_lines:after:4"
    freeze = {"PYTHONPATH": str(KILLER), "XINHUA_KILL": step, "XINHUA_KILL_WITH": "SIGSTOP"}
    frozen = cluster.start("js", **freeze)
    try:
        wait_until_stopped(frozen)
        code, said = ended(cluster.start("js"))
        assert (code, f"process {frozen.pid}" in said) == (75, True), said
        cluster.end_leases()
        successor = cluster.start("js")
        asked = len(site.log)
        while len(site.log) < asked + 5:
            assert successor.poll() is None, ended(successor)
            time.sleep(0.05)
    finally:
        frozen.send_signal(signal.SIGCONT)
    code, said = ended(frozen)
    assert (code, "has lost the lease on js" in said) == (75, True), said
    code, said = ended(successor)
    assert code == 0, said

    superseded, finished = sorted(cluster.reports(), key=lambda one: str(one["run_id"]))
    assert (superseded["reason"], superseded["exit_code"]) == ("superseded", 75)
    assert set(superseded["outcomes"]) == {"pending"}
    assert {Path(one["path"]).suffix for one in superseded["files"]} == {".gz", ".cdxj"}
    left = list(cluster.data_dir.rglob("*.open"))
    assert [path.name for path in left] == [f"xinhua-{superseded['run_id']}.jsonl.open"]
    assert any(left[0].name in told for told in superseded["alarms"])
    assert finished["reason"] == "finished"
    assert {line["id"] for line in cluster.lines()} >= live(site, "js")
    assert twice(cluster.lines()) == []
    assert least_gap(site.log) > DELAY / 2
    assert defects(cluster.data_dir) == []

    code, said = ended(cluster.start("js"))
    assert code == 0, said
    assert f"{left[0].name} holds" in said
    assert not left[0].exists()
    assert defects(cluster.data_dir) == []
    with_all = Ledger.of(cluster.data_dir, read_only=True)
    try:
        owed = with_all.addresses.owed_by_region()
    finally:
        with_all.close()
    assert {one.result for one in owed} <= {Outcome.ROBOTS_DENIED}


def test_what_was_frozen_in_a_handshake_sends_nothing_late(
    tmp_path: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is there, and its turn was claimed; its lease is over when it could be sent. Nor
    does its run wait for another host, which never ends its handshake."""
    secure, number = Connection._secure, count()
    is_frozen, is_over = Event(), Event()

    def freeze(connection: Connection, host: str) -> None:
        match next(number):
            case 0:
                is_over.wait()
            case 1:
                connection.sock.recv(1, socket.MSG_PEEK)  # the handshake has begun
                crawl.send_signal(signal.SIGSTOP)
                wait_until_stopped(crawl)
                is_frozen.set()
        secure(connection, host)

    monkeypatch.setattr(Connection, "_secure", freeze)
    with ColumnSite(regions=["jl"], articles=4, daily=0) as site:  # whose lists are read over TLS
        cluster = Cluster(site, tmp_path / "data", new_database())
        # it isn't stopped in a commit, which would have its leases locked
        cluster.settings |= {"CHECKPOINT_SECONDS": 600, "DOWNLOAD_TIMEOUT": 2 * _LONGEST}
        crawl = cluster.start("jl")
        try:
            assert is_frozen.wait(_LONGEST)
            cluster.end_leases()
            time.sleep(FRESH)  # a younger claim is good, since its lease outlasts it
            crawl.send_signal(signal.SIGCONT)
            began = time.monotonic()
            code, said = ended(crawl)
        finally:
            crawl.send_signal(signal.SIGCONT)
            is_over.set()
        assert (code, "has lost the lease on jl" in said) == (75, True), said
        assert time.monotonic() - began < _LONGEST
        assert [one for one in site.log if one.scheme == "https"] == []


def test_a_server_that_dies_in_a_commit(cluster: Cluster) -> None:
    Ledger.at(make_url(cluster.url), fresh=True).close()
    with psycopg.connect(cluster.url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute(_SLOW_COMMIT)
        process = cluster.start("js")
        while not server.execute(_END_COMMIT).fetchall():
            assert process.poll() is None, ended(process)
            time.sleep(0.05)
        code, said = ended(process)
        assert code == 5, said
        assert len([line for line in said.splitlines() if "Traceback" in line]) == 0, said
        server.execute("DROP FUNCTION wait_in_commit CASCADE")
    code, said = ended(cluster.start("js"))
    assert code == 0, said
    assert {line["id"] for line in cluster.lines()} >= live(cluster.site, "js")
    assert twice(cluster.lines()) == []
    assert defects(cluster.data_dir) == []


class LosingCommits:
    """A way to a server on which the answer to one commit is lost: to the next one on a connection
    after it has sent a statement that begins as `after` says."""

    def __init__(self, port: int) -> None:
        self.after = b""
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                is_lost = Event()
                for pass_on in (self._to_server, self._to_client):
                    Thread(target=pass_on, args=(client, server, is_lost), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, is_lost: Event) -> None:
        is_next = False
        with suppress(OSError):
            while data := client.recv(65536):
                is_next = is_next or bool(self.after and self.after in data)
                if is_next and b"COMMIT" in data:
                    self.after = b""
                    is_lost.set()
                server.sendall(data)
        server.close()

    def _to_client(self, client: socket.socket, server: socket.socket, is_lost: Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if is_lost.is_set():
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
        client.close()


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["INSERT INTO publications"], id="of a number"),
        pytest.param(
            ["UPDATE leases SET epoch", "INSERT INTO runs", "INSERT INTO versions",
             "INSERT INTO publications", "UPDATE runs SET", "DELETE FROM sighting_lines"],
            id="of each kind", marks=pytest.mark.nightly,
        ),
    ],
)  # fmt: skip
def test_a_commit_whose_answer_is_lost(
    cluster: Cluster, postgres: Postgres, statements: Sequence[str]
) -> None:
    """The run can't know what became of it, and leaves all of it to the next one."""
    way = LosingCommits(postgres.port)
    cluster.url = cluster.url.replace(f":{postgres.port}/", f":{way.port}/")
    cluster.settings["PART_SECONDS"] = 0.5
    try:
        for statement in statements:
            way.after = statement.encode()
            code, said = ended(cluster.start("js"))
            assert way.after == b"", f"no {statement} was committed"
            assert code == 5, said
            assert "can't be reached" in said
            assert "Traceback" not in said
            cluster.site.day += 1
        code, said = ended(cluster.start("js"))
        assert code == 0, said
        assert {line["id"] for line in cluster.lines()} >= live(cluster.site, "js")
        assert twice(cluster.lines()) == []
        assert faults_of(cluster.data_dir) == []
    finally:
        way.close()


def test_one_that_was_superseded_before_it_had_begun(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = make_url(new_database())
    first, second = "20260101T080000Z-0001", "20260101T090000Z-0002"
    asked = {"holder": "", "at": datetime.now(UTC), "dead": [], "seconds": 60.0}
    frozen = Ledger.at(url, fresh=True, shared_as=first)
    frozen.share(first, ["js"], **asked)
    facts = cast("RunFacts", SimpleNamespace(data_dir=tmp_path, run_id=first))
    shard = Shard(facts, lock_run(tmp_path, first))
    assert frozen.lease
    assert frozen.side
    frozen.lease.stop()
    frozen.side.write(text("UPDATE leases SET until = 0"))
    with closing(Ledger.at(url, fresh=False, shared_as=second)) as successor:
        successor.share(second, ["js"], **asked)
        lock = os.open(tmp_path, os.O_RDONLY)
        lost = pytest.raises(CannotStartError, match="lost the lease on js")
        with lost as caught, opening(lock), shard.opening_run(frozen):
            frozen.runs.start(first, datetime.now(UTC), "scrapy crawl xinhua")
    assert caught.value.exitcode == 75
    assert lock_dead_runs(tmp_path) == {}


def test_a_lease_is_over_before_its_worker_counts_as_lost() -> None:
    """Whose last sign may have been a round before: the crawl that is put again finds the region
    free."""
    assert settings.LEASE_SECONDS <= ALIVE - ROUND


def test_a_wrong_password(cluster: Cluster) -> None:
    server = Postgres(password="r1ght")
    try:
        ledger = {"XINHUA_LEDGER": server.url, "PGPASSWORD": "wr0ng-0ne"}
        code, said = ended(cluster.start("js", **ledger))
    finally:
        server.close()
    assert code == 5, said
    (line,) = said.splitlines()
    assert "password authentication failed" in line
    assert "wr0ng-0ne" not in said
    assert cluster.site.log == []
    assert not list(cluster.data_dir.rglob("*.jsonl*"))


def test_what_a_crawl_cannot_begin_with(
    scrapy_cmd: RunScrapy, postgres: Postgres, new_database: Callable[[], str]
) -> None:
    """One line each, and a documented code."""
    newer = new_database()
    Ledger.at(make_url(newer), fresh=True).close()
    postgres.run("UPDATE alembic_version SET version_num = '9999'", newer.rpartition("/")[2])
    for url, said in (
        (postgres.url_of("nowhere"), "doesn't exist"),
        (postgres.url_of("postgres").replace(str(postgres.port), "1"), "can't be reached"),
        (newer, "has schema 9999, newer"),
    ):
        done = scrapy_cmd("crawl", "xinhua", "-s", f"LEDGER={url}", "-L", "WARNING")
        assert (done.returncode, said in done.stderr) == (5, True), done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_clock_that_is_an_hour_off_is_told(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(new_database())
    for hours, told in ((0, []), (1, ["ahead of"]), (-1, ["behind"])):
        run_id = f"20260101T080000Z-000{1 + hours}"
        facts = SimpleNamespace(
            data_dir=tmp_path, run_id=run_id, started_at=datetime.now(UTC), schedule=(),
            arguments=SimpleNamespace(regions=["js"]),
        )  # fmt: skip
        at = datetime.now(UTC) + timedelta(hours=hours)
        monkeypatch.setattr("crawler.runner.shard.now", lambda at=at: at)
        ledger = Ledger.at(url, fresh=True, shared_as=run_id)
        with closing(ledger):
            shard = Shard.begin(cast("RunFacts", facts), ledger, 60)
            ledger.give_back()
            shard.end(is_over=True)
        assert [which in sentence for which, sentence in zip(told, shard.clock, strict=True)] == [
            True for _ in told
        ]


def test_what_a_clock_that_is_ahead_has_seen(cluster: Cluster) -> None:
    """Of a superseded run, say: it is owed at once, and fetched before it was seen."""
    first = cluster.start("js")
    ledger = make_url(cluster.url)
    while not _seen(ledger):
        assert first.poll() is None, ended(first)
        time.sleep(0.05)
    first.kill()
    first.communicate()
    with closing(Ledger.at(ledger, fresh=False)) as opened:
        ahead = datetime.now(UTC) + timedelta(minutes=1)
        # of what the first crawl has archived lines may say another time
        unread = update(addresses).where(addresses.c.result.is_(None))
        opened.connection.write(unread.values(first_seen_at=ahead))
        opened.commit()
    code, said = ended(cluster.start("js"))
    assert code == 0, said
    lines = cluster.lines()
    assert {line["id"] for line in lines} >= live(cluster.site, "js")
    assert any(line["first_seen_at"] == line["fetched_at"] for line in lines)
    assert defects(cluster.data_dir) == []


def _seen(url: URL) -> int:
    """How many addresses the ledger knows; 0 where there is none yet."""
    plain = url.render_as_string().replace("+psycopg", "")
    try:
        with psycopg.connect(plain) as server:
            (row,) = server.execute("SELECT count(*) FROM addresses").fetchall()
            return int(row[0])
    except psycopg.errors.UndefinedTable:
        return 0
