"""Crawls and workers in network namespaces that are cut off, frozen and killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.chaos.cluster import DELAY, Chaos, Namespace, beside_each_other, leases_of, too_fast
from tests.chaos.history import untrue
from tests.chaos.soundness import faults_of
from tests.conftest import PROJECT
from tests.postgres import is_installed
from tests.processes import reports
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Longer than a crawl takes to renew a lease on a busy machine.
LEASE = 8
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
    options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
    with Site(seed=3, regions=("js",), articles=10, daily=0) as site:
        ports = [int(one.rstrip("/").rpartition(":")[2]) for one in (site.proxy_url, _server(url))]
        namespace = Namespace(tmp_path / "net", ports)

        def crawl(name: str, within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
            words = [sys.executable, "-m", "scrapy", "crawl", "xinhua", "-a", "regions=js"]
            env = {"XINHUA_DATA_DIR": str(data_dir), "XINHUA_LEDGER": url}
            return subprocess.Popen(
                [*within, *words, *options, "-s", f"CONTACT={name}@example.org"],
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
        assert too_fast(site.log) == []
        assert beside_each_other(site.log) == []


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
    assert [row["event"] for row in chaos.told] == ["freeze", "kill"]
