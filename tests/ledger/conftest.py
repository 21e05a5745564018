"""Ledgers to test on, in SQLite and on a PostgreSQL server, and lines to tell them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from crawler.items import Article, DiscoveredFrom, Http, RegionRef, WarcPointer, as_record
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Sighting
from tests.new_ledgers import new_ledger, new_server_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from tests.postgres import Postgres

T0 = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RUN = "20260101T080000Z-r1"


def at_site(number: int, host: str = "www.js.xinhuanet.com") -> Sighting:
    """The sighting of article `number` at a host."""
    article_id = f"112{number:07}"
    return Sighting(
        url=f"http://{host}/2025-12/31/c_{article_id}.htm",
        article_id=article_id,
        region="js",
        found_on=f"http://{host}/",
        position=number,
        title=f"第{number}条",
        list_time="12-31",
    )


def pointer(serial: int = 1) -> WarcPointer:
    return WarcPointer(
        file=f"warc/2026/01/xinhua-r1-{serial:05}.warc.gz",
        offset=100 * serial,
        length=90,
        record_id=f"<urn:uuid:{serial:032}>",
        payload_digest=f"sha1:{serial:032}",
        entity_sha256=f"{serial:064x}",
    )


def line(number: int = 1, at: str = "2026-01-01T08:00:00Z", **values: Any) -> dict[str, Any]:
    """A JSONL record of article `number`, as it is parsed from its file."""
    sighting = at_site(number)
    article = Article(
        id=sighting.article_id,
        url=sighting.url,
        canonical_url=sighting.url,
        region=RegionRef("js", "江苏", "320000"),
        layout="Regional2014",
        extractor_version="1.0",
        fetched_at=at,
        title="春灌开闸",
        published_at="2025-12-31T20:00:00+08:00",
        published_precision="second",
        body="开闸放水。",
        paragraphs=["开闸放水。"],
        content_sha256="a" * 64,
        discovered_from=DiscoveredFrom("http://www.js.xinhuanet.com/", number, "春灌开闸"),
        first_seen_at="2026-01-01T07:59:00Z",
        http=Http(200, '"e1"', None),
        run_id=RUN,
        warc=pointer(),
        line=f"{RUN}:{number}",
    )
    return as_record(article) | values


def gone_line(at: str = "2026-01-03T08:00:00Z", **values: Any) -> dict[str, Any]:
    seen = [
        {"at": "2026-01-03T01:00:00Z", "status": 404, "reason": "missing",
         "warc": asdict(pointer(7))},
        {"at": at, "status": 404, "reason": "missing", "warc": asdict(pointer(8))},
    ]  # fmt: skip
    return line(
        at=at,
        status="gone",
        gone={
            "reason": "missing",
            "first_observed_at": seen[0]["at"],
            "confirmed_at": at,
            "observations": seen,
            "last": {"version": 1, "published_at": None, "source": None, "line": f"{RUN}:1"},
        },
        content_sha256=None,
        http=None,
        warc=None,
        body=None,
        **values,
    )


@pytest.fixture
def server_ledger(postgres: Postgres) -> Iterator[URL]:
    """The address of an empty ledger on the server. It goes with the test."""
    url = make_url(new_server_ledger(postgres))
    yield url
    postgres.drop(str(url.database))


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of each kind, empty."""
    if request.param == "sqlite":
        opened = new_ledger(tmp_path / "state" / "ledger.sqlite")
    else:
        opened = Ledger.at(request.getfixturevalue("server_ledger"), fresh=False)
    yield opened
    opened.close()


@pytest.fixture
def run(ledger: Ledger) -> str:
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
    return RUN


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data dir #1 100%?" / "state" / "ledger.sqlite"


@pytest.fixture
def filled(path: Path) -> Path:
    """A ledger of 2,000 addresses, closed."""
    with closing(new_ledger(path)) as ledger:
        ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
        ledger.addresses.see([at_site(n) for n in range(2000)], run_id=RUN, at=T0)
        ledger.commit()
    return path
