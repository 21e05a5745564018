"""Crawls and workers in network namespaces that are cut off, frozen and killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.chaos import cluster
from tests.chaos.cluster import (
    LAST,
    NODE_FOLDER,
    WEIGHTS,
    Chaos,
    Holding,
    Namespace,
    Struck,
    holdings_of,
    leases_of,
    not_the_holders,
    set_witness,
    too_fast,
    too_many,
)
from tests.chaos.history import untrue
from tests.chaos.soundness import faults_of
from tests.conftest import PROJECT
from tests.postgres import is_installed
from tests.processes import reports
from tests.site import Site
from tests.site.server import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Longer than a crawl takes to renew a lease on a busy machine.
LEASE = 8
HOST = "js.news.cn"
DELAY = 0.2
_WAIT = 60


def _cannot() -> str | None:
    """Why there are no namespaces here."""
    for tool in ("ip", "unshare", "nsenter"):
        if not shutil.which(tool):
            return f"{tool} isn't installed"
    apart = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    made = subprocess.run([*apart, "true"], check=False, capture_output=True)
    return "network namespaces can't be made here" if made.returncode else None


needs_namespaces = pytest.mark.skipif(_cannot() is not None, reason=_cannot() or "")


def _until(is_so: Callable[[], bool], *running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _WAIT
    while not is_so():
        assert all(process.poll() is None for process in running)
        assert time.monotonic() < end
        time.sleep(0.05)


@needs_namespaces
def test_a_crawl_that_is_cut_off_and_one_that_is_killed(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    """The first comes back beside its successor, which is killed then."""
    url, data_dir = new_database(), tmp_path / "data"
    settings = {
        "DOWNLOAD_DELAY": DELAY, "DOWNLOAD_DELAY_JITTER": 0, "CHECKPOINT_SECONDS": 0.3,
        "LEASE_SECONDS": LEASE, "LOG_LEVEL": "WARNING", "GONE_CONFIRM_AFTER": 0,
    }  # fmt: skip
    set_witness(url)
    options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
    with Site(seed=3, regions=("js",), articles=10, daily=0) as site:
        ports = [int(one.rstrip("/").rpartition(":")[2]) for one in (site.proxy_url, _server(url))]
        namespace = Namespace(tmp_path / "net", ports)

        def crawl(name: str, within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
            words = [sys.executable, "-m", "scrapy", "crawl", "xinhua", "-a", "regions=js"]
            env = {"XINHUA_DATA_DIR": str(data_dir), "XINHUA_LEDGER": url, "NODE": name,
                   "PYTHONPATH": str(NODE_FOLDER)}  # fmt: skip
            return subprocess.Popen(
                [*within, *words, *options],
                cwd=PROJECT, env={**os.environ, **site.environment, **env},
            )  # fmt: skip

        def has_asked(name: str, least: int) -> bool:
            agents = [dict(one.headers).get("User-Agent", "") for one in site.log]
            return sum(name in agent for agent in agents) >= least

        crawls = [crawl("node0", namespace.within())]
        try:
            _until(lambda: has_asked("node0", 8), *crawls)
            namespace.cut(off=True)
            _until(lambda: not any(is_held for *_, is_held in leases_of(url)), *crawls)
            crawls.append(crawl("node1"))
            _until(lambda: has_asked("node1", 4), *crawls)
            namespace.cut(off=False)
            assert crawls[0].wait(_WAIT) == 75
            crawls[1].kill()
            crawls[1].wait()
            crawls.append(crawl("node2"))
            assert crawls[2].wait(_WAIT) == 0
        finally:
            for process in crawls:
                process.kill()
                process.wait()
            namespace.close()
        assert len(reports(data_dir)) == 3
        assert faults_of(data_dir) == []
        assert list(untrue(site, data_dir)) == []
        assert too_many(site.log, DELAY) == []
        held = holdings_of(url)
        assert len(held) == 3
        assert not_the_holders(site.log, held) == []


@needs_namespaces
def test_nothing_is_delivered_late_once_a_network_is_back() -> None:
    """Without a bound the kernel delivers it, whoever has the region by then."""
    apart = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    done = subprocess.run(
        [*apart, sys.executable, "-m", "tests.chaos.late_delivery"],
        cwd=PROJECT, capture_output=True, text=True, check=True, timeout=_WAIT,
    )  # fmt: skip
    assert json.loads(done.stdout) == ["GET", ""]


def _server(url: str) -> str:
    return url.rpartition("/")[0]


@pytest.mark.nightly
@needs_namespaces
@pytest.mark.skipif(not is_installed(), reason="PostgreSQL isn't installed")
def test_a_frozen_worker_and_a_killed_one(tmp_path: Path) -> None:
    chaos = Chaos(1, tmp_path, apart=0)
    chaos.play(["freeze", "kill"], gone=0)
    assert chaos.wrong == []
    assert [row.event for row in chaos.told] == ["freeze", "kill"]
    assert all(row.held and (row.takeover or row.brief) for row in chaos.told)


def _entry(at: float, who: str, host: str = HOST, path: str = "/") -> Entry:
    headers = [("User-Agent", f"xinhua-archive/1 (+{who}@example.org)")]
    return Entry(0, at, 0.0, 0, "http", "GET", host, path, headers)


def test_requests_that_are_too_fast_are_seen() -> None:
    apart = [_entry(n * DELAY, f"node{n % 2}-7") for n in range(30)]
    assert too_fast(apart, DELAY) == too_many(apart, DELAY) == []
    # one more between two others, of whichever process
    beside = sorted([*apart, _entry(2.45, "node1-8")], key=lambda one: one.at)
    assert [round(fault.at, 2) for fault in too_fast(beside, DELAY)] == [2.45]
    assert len(too_many(beside, DELAY)) == 10
    # all of them a little faster than they may be, none of them much
    hasty = [_entry(n * 0.9 * DELAY, "node0-7") for n in range(30)]
    assert too_fast(hasty, DELAY) == []
    assert len(too_many(hasty, DELAY)) == 20
    # other hosts, and what asks when all is over
    others = [_entry(n * 0.01, "node0-7", f"{n}.news.cn") for n in range(30)]
    assert too_fast([*others, *(_entry(9, f"{LAST}-9") for _ in range(30))], DELAY) == []


def test_a_request_without_the_region_is_seen() -> None:
    to_wall = time.time() - time.monotonic()
    rows = [
        ("he", 1, "host, process 7", True, 0.0),
        ("js", 1, "host, process 7", True, 10 + to_wall),
        ("js", 2, "host, process 8", True, 20 + to_wall),
        ("js", 2, "host, process 8", False, 30 + to_wall),
    ]
    held = cluster.holdings(rows)
    assert held == [
        Holding("he", "7", 0.0, float("inf")),
        Holding("js", "7", 10 + to_wall, 20 + to_wall),
        Holding("js", "8", 20 + to_wall, 30 + to_wall),
    ]
    sound = [_entry(11, "node0-7"), _entry(21, "node1-8"), _entry(22, "node2-9", "www.news.cn")]
    assert not_the_holders(sound, held) == []
    for at, who in ((9, "node0-7"), (25, "node0-7"), (15, "node1-8"), (31, "node1-8")):
        (told,) = not_the_holders([*sound, _entry(at, who)], held)
        assert f"{HOST}/ was asked by {who.partition('-')[0]}" in told


def test_what_is_wrong_with_articles_is_counted_where_it_belongs(tmp_path: Path) -> None:
    chaos = Chaos(1, tmp_path)
    chaos.told = [Struck("kill", 1.0, takeover=3.0), Struck("cut", 9.0, takeover=5.0)]
    assert [chaos._of(at).event for at in (0.5, 1.5, 8.9, 9.1)] == ["kill", "kill", "kill", "cut"]
    kinds = {
        "0123 (http://js.news.cn/a.htm) is lost": "lost",
        "('0123', 2) was published 2 times": "twice",
        "0123: version 2 was never on the site, or twice here": "twice",
        "run 7 has no end": None,
    }
    assert {told: cluster.kind_of(told) for told in kinds} == kinds
    chaos.told[1].lost = 2
    last = chaos.table().splitlines()[-1].split()
    assert last == ["all", "2", "2", "0", "0", "2", "4.0", "5.0"]


def test_every_kind_of_event_comes_and_the_server_is_gone_once() -> None:
    events = cluster.events_of(200, Random(1))
    assert len(events) == 200
    assert events.count("gone") == 1
    assert set(events) == {*WEIGHTS, "gone"}


def test_a_traceback_in_a_log_is_seen() -> None:
    said = "12:00 ERROR: no\nTraceback (most recent call last):\n  File x\nValueError: y\n"
    assert cluster.troubles("node0.log", said) == ["node0.log:2: File x"]
    assert cluster.troubles("node0.log", "12:00 ERROR: the database is out of reach\n") == []
