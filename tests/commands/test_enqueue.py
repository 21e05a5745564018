"""`scrapy enqueue`: what becomes a job; with a database: test_work.py and tests/jobs."""

from __future__ import annotations

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from crawler import regions
from crawler.commands.enqueue import _crawls, _export


def test_crawls_of_regions_by_code_and_name() -> None:
    assert _crawls(["js", "江苏", "he"], ["limit=5"]) == (["js", "he"], ["limit=5"])
    assert _crawls([], [])[0] == sorted(regions.load())


@pytest.mark.parametrize(
    ("names", "arguments", "why"),
    [
        (["atlantis"], [], "unknown region"),
        (["js"], ["from_warc=a"], "-a from_warc: a crawl job takes since"),
        (["js", "he"], ["lists=http://js.news.cn/"], "name the one region"),
        (["js"], ["limit=none"], "limit"),
    ],
)
def test_crawls_that_no_worker_could_do(names: list[str], arguments: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        _crawls(names, arguments)


def test_an_export_keeps_its_options_and_its_file() -> None:
    given = ["--format", "csv", "-o", "a.csv", "--region", "js"]
    assert _export(given, Settings()) == {
        "words": ["--format", "csv", "--region", "js"],
        "output": "a.csv",
    }
    with pytest.raises(UsageError, match="a file is wanted"):
        _export(["--format", "csv"], Settings())
    with pytest.raises(UsageError, match="unknown argument"):
        _export([*given, "more"], Settings())
