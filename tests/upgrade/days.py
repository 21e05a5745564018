"""The site of the kept data folder, and its runs: seeded, so that it can be crawled on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from crawler.clock import BEIJING
from tests import scrapy_process
from tests.site import Site

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).with_name("data-1f67a08.tar.gz")
CLOCK = Path("tests", "simulation", "clock")
KEPT_UNTIL = 2.3  # the day of the kept folder's last run


@contextmanager
def site() -> Iterator[Site]:
    """Jiangsu, with columns of several pages and an article of several pages; within the kept days
    four articles are edited, one of them that of several pages, and one is withdrawn."""
    with (
        # six articles a page: few make a column of several pages
        patch("tests.site.lists.PER_PAGE", 6),
        patch("tests.site.columns.PER_PAGE", 6),
        Site(seed=18, regions=["js"], articles=14, daily=1) as xinhua,
    ):
        yield xinhua


def crawl(
    site: Site, project: Path, data_dir: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> int:
    """Run the crawler that stands in `project` at the site's moment; returns its exit code."""
    command = ("crawl", "xinhua", "-a", "regions=js", *arguments,
               "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING")  # fmt: skip
    moment = _at(site) | site.environment | (env or {})
    return scrapy(*command, project=project, data_dir=data_dir, env=moment).returncode


def correct(site: Site, project: Path, data_dir: Path) -> int:
    """Run `scrapy reextract --correct` of the crawler in `project` at the site's moment."""
    command = ("reextract", "--correct", "-j", "1")
    return scrapy(*command, project=project, data_dir=data_dir, env=_at(site)).returncode


def scrapy(
    *arguments: str, project: Path, data_dir: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the crawler that stands in `project`."""
    env = {
        **os.environ,
        "PYTHONPATH": str(project / CLOCK),
        "XINHUA_DATA_DIR": str(data_dir),
        **(env or {}),
    }
    return scrapy_process.run(*arguments, env=env, project=project, timeout=300)


def _at(site: Site) -> dict[str, str]:
    moment = site.world.at.replace(tzinfo=BEIJING)
    return {"XINHUA_CLOCK_SHIFT": str((moment - datetime.now(UTC)).total_seconds())}
