"""Scrapy's own tools beside the run: feeds, `scrapy fetch`, another spider's arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.items import KEYS
from tests.processes import crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site


def test_feeds_work_beside_ours(site: Site, proxy: dict[str, str], tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    done = crawl(
        "-a", "lists=http://www.js.xinhuanet.com/", "-a", "limit=3", "-O", str(feed),
        "-s", "DOWNLOAD_DELAY=0",
        data_dir=tmp_path / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    fed = [json.loads(line) for line in feed.read_text().splitlines()]
    assert len(fed) == 3
    assert [tuple(item) for item in fed] == [KEYS] * 3
    assert fed == done.lines


def test_fetch_without_a_run_archives_nothing(
    site: Site, proxy: dict[str, str], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    url = next(one["url"] for one in site.truth()["articles"] if one["state"] == "live")
    done = scrapy_cmd("fetch", "--nolog", url, data_dir=tmp_path / "data", env=proxy)
    assert done.returncode == 0, done.stderr
    assert "<title" in done.stdout
    assert not (tmp_path / "data").exists()
