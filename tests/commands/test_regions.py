"""`scrapy regions`: the registry as a table and as JSON, with the ledger's view of the lists."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.clock import BEIJING, iso, now
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import ShownLink
from crawler.regions import load
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def crawled(tmp_path: Path) -> Path:
    """A data folder whose ledger knows two lists of Jiangsu, one of them failing; of the other
    a further page and a backfill, which are no lists."""
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
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


def test_the_lists_of_a_region(scrapy_cmd: RunScrapy, crawled: Path) -> None:
    """With what each yielded, its newest article and its next look; in JSON for the named alone."""
    url, dead = "http://js.news.cn/a.htm", "http://js.news.cn/b.htm"
    at = now()  # of today in Beijing, which isn't counted among the days, whatever the hour
    with closing(Ledger.open(crawled / "state" / "ledger.sqlite")) as ledger:
        for day in range(20):
            ledger.sources.note_look(url, at=at - timedelta(days=day), is_read=True)
        ledger.lists.add_answer(url, at=at, status=200, region="js")
        for _ in range(5):
            ledger.lists.add_answer(dead, at=at, status=404, region="js")
        newest = ShownLink("http://js.news.cn/20261123/" + "0a" * 16 + "/c.html", "0a" * 16, "要闻")
        ledger.sources.note_shown(url, at=at, capacity=20, newest=newest)
        ledger.sources.note_news(url, at=at, article_ids=["1", "2"], is_news=True)
        ledger.commit()
    done = scrapy_cmd("regions", "js", "--json", data_dir=crawled)
    assert (done.returncode, done.stderr) == (0, "")
    (js,) = json.loads(done.stdout)
    first, second = js["sources"]
    assert (js["code"], first["url"], second["url"]) == ("js", url, dead)
    shown = {key: first[key] for key in ("looks", "days_of_looks", "new", "first", "sole", "links")}
    days_before_today = 20 - (at.astimezone(BEIJING).date() == now().astimezone(BEIJING).date())
    assert list(shown.values()) == [20, days_before_today, 2, 2, 2, 20]
    assert (first["known_elsewhere"], first["every_run"]) == (0.0, False)
    assert first["newest"] == {"url": newest.url, "title": "要闻", "appeared_at": iso(at)}
    assert datetime.fromisoformat(first["next_look_at"]) > at
    assert (second["is_dead"], second["new"], second["newest"]) == (True, 0, None)

    table = scrapy_cmd("regions", "江苏,he", data_dir=crawled)
    lines = table.stdout.splitlines()
    assert table.returncode == 0
    (row,) = [line for line in lines if line.startswith(url)]
    assert newest.url in row
    assert first["next_look_at"] in row
    (row,) = [line for line in lines if line.startswith(dead)]
    assert "dead" in row
    assert lines[-1] == "none asked"


def test_an_unknown_region_is_refused(scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("regions", "jx", "jz")
    assert done.returncode == 2
    assert "unknown region 'jz'" in done.stdout + done.stderr
