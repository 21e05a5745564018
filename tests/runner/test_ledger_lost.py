"""A ledger that is locked, read-only, damaged or lost: exit 5, what to do, nothing overwritten."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cron import QUICK, as_mere_user, cron, start, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.processes import Crawl
    from tests.site import Site


@pytest.fixture(scope="module")
def archived(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two archived articles."""
    data_dir = tmp_path_factory.mktemp("ledger") / "data"
    urls = [
        one["url"] for one in site.truth()["articles"]
        if one["state"] == "live" and not one["hidden"] and one["kind"] == "text"
    ]  # fmt: skip
    done = cron("-a", f"urls={','.join(urls[:2])}", *QUICK, data_dir=data_dir, env=proxy)
    assert done.exitcode == 0, done.stderr
    return data_dir


@pytest.fixture
def ledger(archived: Path, data_dir: Path) -> Path:
    """The ledger of a copy of that folder."""
    shutil.copytree(archived, data_dir)
    return data_dir / "state" / "ledger.sqlite"


def contents(data_dir: Path) -> dict[str, bytes]:
    """Every byte that a run must leave alone; SQLite's empty log and its index are scratch."""
    return {
        str(path.relative_to(data_dir)): path.read_bytes()
        for path in data_dir.rglob("*")
        if path.stat().st_size and path.is_file() and path.suffix != ".sqlite-shm"
    }


def refused(ledger: Path, proxy: dict[str, str], prefix: Sequence[str] = ()) -> Crawl:
    """A run ends with 5, says what to do, and changes no byte."""
    data_dir = ledger.parents[1]
    before = contents(data_dir)
    done = cron("-a", "regions=js", *QUICK, data_dir=data_dir, env=proxy, prefix=prefix)
    assert done.exitcode == 5, done.stderr
    after = contents(data_dir)
    assert {name: after.get(name) for name in before} == before
    assert str(ledger) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    return done


def test_locked(ledger: Path, proxy: dict[str, str]) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = refused(ledger, proxy)
    assert "is locked by another process" in done.stderr


def test_read_only(ledger: Path, proxy: dict[str, str]) -> None:
    ledger.chmod(0o444)
    assert "can't be written" in refused(ledger, proxy, as_mere_user()).stderr


@pytest.mark.parametrize("start_at", [0, 4096])
def test_damaged(ledger: Path, proxy: dict[str, str], start_at: int) -> None:
    with ledger.open("r+b") as file:
        file.seek(start_at)
        file.write(b"\xa5" * 16384)
    done = refused(ledger, proxy)
    assert "is damaged" in done.stderr
    assert "scrapy repair --ledger" in done.stderr


def test_lost(ledger: Path, proxy: dict[str, str]) -> None:
    for path in ledger.parent.glob("ledger.sqlite*"):
        path.unlink()
    done = refused(ledger, proxy)
    assert "is gone" in done.stderr
    assert "scrapy repair --ledger" in done.stderr
    assert not ledger.exists()


def _remove(ledger: Path) -> None:
    ledger.unlink()


def _replace(ledger: Path) -> None:
    copy = ledger.with_name("copy")
    shutil.copy(ledger, copy)
    copy.replace(ledger)


@pytest.mark.parametrize("harm", [_remove, _replace])
def test_harmed_while_a_run_is_under_way(
    site: Site,
    proxy: dict[str, str],
    articles: list[str],
    data_dir: Path,
    harm: Callable[[Path], None],
) -> None:
    ledger = data_dir / "state" / "ledger.sqlite"
    asked = len(site.log)
    crawl = start("-a", f"urls={','.join(articles)}", "-s", "DOWNLOAD_DELAY=0.2",
                  "-s", "CHECKPOINT_SECONDS=0.2", data_dir=data_dir, env=proxy)  # fmt: skip
    until(lambda: len(site.log) > asked + 4, "some articles were asked for")
    harm(ledger)
    done = crawl.end()
    assert done.exitcode == 5, done.stderr
    assert "ledger.sqlite" in done.stderr
    assert len(site.log) < asked + len(articles)
