"""A disk that fills up: exit code 5, no half line published, and the next run carries on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.chaos.soundness import faults_of, lines_of
from tests.cron import QUICK, cron, start, until
from tests.nightly import at_night

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.processes import Crawl
    from tests.site import Site

TO_THE_BRIM = ("-s", "DISK_MIN_FREE=0")
MIB = 2**20


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[int], Path | None]]:
    """Give a folder a disk of so many bytes, or another size to the one it has; None where we may
    not mount one."""
    folder = tmp_path / "disk"

    def sized(size: int) -> Path | None:
        option = f"size={size}"
        if folder.is_dir():
            call = ["mount", "-o", f"remount,{option}", str(folder)]
        else:
            folder.mkdir()
            call = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
        done = subprocess.run(call, capture_output=True, check=False)
        return None if done.returncode else folder

    yield sized
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


def crawl_all(articles: list[str], data_dir: Path, env: dict[str, str], shell: str = "") -> Crawl:
    return cron("-a", f"urls={','.join(articles)}", *QUICK, *TO_THE_BRIM,
                data_dir=data_dir, env=env, shell=shell)  # fmt: skip


@pytest.mark.parametrize("size", [at_night(100), 300, at_night(640), 800])
def test_a_full_disk(
    site: Site,
    proxy: dict[str, str],
    articles: list[str],
    mount: Callable[[int], Path | None],
    size: int,
) -> None:
    """Whatever meets the end first: the ledger being made, its log, the archive, the lines."""
    data_dir = mount(size * 1024) or pytest.skip("no disk may be mounted here")
    full = crawl_all(articles, data_dir, proxy)
    assert full.exitcode == 5, full.stderr
    assert "Traceback" not in full.stderr
    mount(64 * MIB)
    rest = crawl_all(articles, data_dir, proxy)
    assert rest.exitcode == 0, rest.stderr
    assert faults_of(data_dir) == []
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(articles)


def test_a_disk_that_is_full_from_the_start(
    mount: Callable[[int], Path | None], proxy: dict[str, str], articles: list[str]
) -> None:
    """Not even a folder can be made: one line, and the code for storage, not for permissions."""
    disk = mount(MIB) or pytest.skip("no disk may be mounted here")
    subprocess.run(["mount", "-o", "remount,nr_inodes=2", str(disk)], check=True)
    done = crawl_all(articles, disk / "data", proxy)
    assert done.exitcode == 5
    (line,) = done.stderr.splitlines()
    assert "No space left on device" in line


@pytest.mark.parametrize("blocks", [8, at_night(64), 160, at_night(400)])
def test_a_limit_on_file_size(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path, blocks: int
) -> None:
    """Whatever meets the limit first: the ledger being made, the archive, the lines, its log."""
    full = crawl_all(articles, data_dir, proxy, f"ulimit -f {blocks}")
    assert full.exitcode == 5, full.stderr
    rest = crawl_all(articles, data_dir, proxy)
    assert rest.exitcode == 0, rest.stderr
    assert faults_of(data_dir) == []
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(articles)


def test_the_guard_stops_before_the_disk_is_full(
    site: Site, proxy: dict[str, str], articles: list[str], mount: Callable[[int], Path | None]
) -> None:
    """Another program fills the disk: while there is room, what was fetched is published."""
    data_dir = mount(32 * MIB) or pytest.skip("no disk may be mounted here")
    asked = len(site.log)
    crawl = start("-a", f"urls={','.join(articles)}", "-s", "DOWNLOAD_DELAY=0.2",
                  "-s", "CHECKPOINT_SECONDS=0.2", "-s", f"DISK_MIN_FREE={16 * MIB}",
                  data_dir=data_dir, env=proxy)  # fmt: skip
    until(lambda: len(site.log) > asked + 4, "some articles were asked for")
    (data_dir / "other").write_bytes(bytes(17 * MIB))
    done = crawl.end()
    assert done.exitcode == 5, done.stderr
    assert "fewer than DISK_MIN_FREE" in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.report["exit_code"], done.report["reason"]) == (5, "storage")
    assert 0 < len(done.lines) < len(articles)
    assert faults_of(data_dir) == []
