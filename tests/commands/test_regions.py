"""`scrapy regions`: the registry as a table and as JSON, with the ledger's view of the lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.ledger import Ledger
from crawler.regions import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def crawled(tmp_path: Path) -> Path:
    """A data folder whose ledger knows two lists of Jiangsu, one of them failing; of the other
    a further page and a backfill, which are no lists."""
    ledger = Ledger.open(tmp_path / "state" / "ledger.sqlite")
    for name, status in (("a", 200), ("b", 503)):
        ledger.lists.add_answer(
            f"http://js.news.cn/{name}.htm",
            at=AT,
            status=status,
            region="js",
        )
    ledger.lists.add_page_answer(
        "http://js.news.cn/a.htm", "http://js.news.cn/a_2.htm", at=AT, status=200
    )
    ledger.lists.start_backfill("http://js.news.cn/a.htm", AT.date(), at=AT)
    ledger.commit()
    ledger.close()
    return tmp_path


def test_table_before_the_first_crawl(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    done = scrapy_cmd("regions", data_dir=tmp_path / "none")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split()[:4] == ["CODE", "NAME", "GB2260", "LISTS"]
    assert [row.split()[0] for row in rows] == list(load())
    (row,) = [row for row in rows if row.startswith("js ")]
    assert row.split()[:6] == ["js", "江苏", "320000", "6", "-", "-"]
    assert row.split()[6:8] == ["js.news.cn", "js.xinhuanet.com"]
    assert not (tmp_path / "none").exists()


def test_json_with_health(scrapy_cmd: RunScrapy, crawled: Path) -> None:
    done = scrapy_cmd("regions", "--json", data_dir=crawled)
    assert (done.returncode, done.stderr) == (0, "")
    regions = {region["code"]: region for region in json.loads(done.stdout)}
    assert list(regions) == list(load())
    js = regions["js"]
    assert js["name"] == "江苏"
    assert js["hosts"] == list(load()["js"].hosts)
    assert (js["lists_asked"], js["lists_answered"]) == (2, 1)
    assert js["last_answer_at"] == "2026-11-24T03:00:00Z"
    assert (regions["he"]["lists_asked"], regions["he"]["last_answer_at"]) == (0, None)


def test_table_with_health(scrapy_cmd: RunScrapy, crawled: Path) -> None:
    done = scrapy_cmd("regions", data_dir=crawled)
    (row,) = [row for row in done.stdout.splitlines() if row.startswith("js ")]
    assert row.split()[4:8] == ["1", "of", "2", "2026-11-24T03:00:00Z"]


def test_damaged_ledger_is_said_and_the_registry_printed(
    scrapy_cmd: RunScrapy, crawled: Path
) -> None:
    (crawled / "state" / "ledger.sqlite").write_bytes(b"no database " * 99)
    done = scrapy_cmd("regions", data_dir=crawled)
    assert done.returncode == 5
    assert "ledger" in done.stderr
    assert "江苏" in done.stdout


def test_arguments_are_refused(scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("regions", "js")
    assert done.returncode == 2
    assert "regions takes no arguments" in done.stdout + done.stderr
