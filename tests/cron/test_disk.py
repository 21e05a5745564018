"""A disk that fills up: exit code 5, no half line published, and the next run carries on."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.chaos.soundness import faults_of, lines_of
from tests.cron.invoke import QUICK, cron

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import Crawl
    from tests.site import Site

TO_THE_BRIM = ("-s", "DISK_MIN_FREE=0")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder on a disk of 640 KiB where we may mount one; else files can't exceed 600 blocks.

    The second is a command for the shell that starts the crawl.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        yield folder / "data", "ulimit -f 600"
        return
    try:
        yield folder / "data", ""
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def crawl_all(articles: list[str], data_dir: Path, env: dict[str, str], shell: str) -> Crawl:
    return cron("-a", f"urls={','.join(articles)}", *QUICK, *TO_THE_BRIM,
                data_dir=data_dir, env=env, shell=shell)  # fmt: skip


def test_a_full_disk(
    site: Site, proxy: dict[str, str], articles: list[str], small_disk: tuple[Path, str]
) -> None:
    data_dir, shell = small_disk
    full = crawl_all(articles, data_dir, proxy, shell)
    assert full.exitcode == 5, full.stderr
    assert "Traceback" not in full.stderr
    if not shell:
        subprocess.run(["mount", "-o", "remount,size=64m", str(data_dir.parent)], check=True)
    rest = crawl_all(articles, data_dir, proxy, "")
    assert rest.exitcode == 0, rest.stderr
    assert faults_of(data_dir) == []
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(articles)


@pytest.mark.parametrize("blocks", [8, 64, 160, 400])
def test_a_limit_on_file_size(
    site: Site, proxy: dict[str, str], articles: list[str], data_dir: Path, blocks: int
) -> None:
    """Whatever meets the limit first: the ledger being made, the archive, the lines, its log."""
    full = crawl_all(articles, data_dir, proxy, f"ulimit -f {blocks}")
    assert full.exitcode == 5, full.stderr
    rest = crawl_all(articles, data_dir, proxy, "")
    assert rest.exitcode == 0, rest.stderr
    assert faults_of(data_dir) == []
    assert sorted(line["url"] for line in lines_of(data_dir)) == sorted(articles)


def test_the_guard_stops_before_the_disk_is_full(
    site: Site, proxy: dict[str, str], articles: list[str], small_disk: tuple[Path, str]
) -> None:
    """While there is room left for it, what was fetched is published and reported."""
    data_dir, shell = small_disk
    least = 2**60 if shell else 300_000
    done = cron("-a", f"urls={','.join(articles)}", *QUICK, "-s", f"DISK_MIN_FREE={least}",
                data_dir=data_dir, env=proxy)  # fmt: skip
    assert done.exitcode == 5
    assert "fewer than DISK_MIN_FREE" in done.stderr
    if not shell:
        assert (done.report["exit_code"], done.report["reason"]) == (5, "storage")
        assert 0 < len(done.lines) < len(articles)
        assert faults_of(data_dir) == []
