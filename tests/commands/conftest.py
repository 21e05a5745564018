"""What `scrapy reextract` and `scrapy verify` are tried on: one crawl, and a page of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.archive.pointers import read_page
from crawler.items import WarcPointer
from tests.processes import crawl

if TYPE_CHECKING:
    from crawler.items import Page
    from tests.processes import Crawl
    from tests.site import Site

SMALL = 40_000
"""So small a WARC_MAX_BYTES that a crawl gives several files, and articles lie across them."""


@pytest.fixture(scope="module")
def first(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    done = crawl(
        "-a", "regions=js,he", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING",
        "-s", f"WARC_MAX_BYTES={SMALL}",
        data_dir=tmp_path_factory.mktemp("reextract") / "data", env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def page(first: Crawl) -> Page:
    """An article of one page as the crawl saw it, larger than any bound on what is peeked at."""
    line = next(line for line in first.lines if not line["warc_pages"] and "www." in line["url"])
    return read_page(first.data_dir, WarcPointer(**line["warc"]))
