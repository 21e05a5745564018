"""The migrations, over a ledger as an earlier crawler wrote it."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from crawler.items import WarcPointer
from crawler.ledger import opening
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Backfill, ListCapture, PageState, Robots, RunKind
from tests.ledger.conftest import HOUR, RUN, T0
from tests.upgrade import days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "http://he.news.cn"
YW, ROOT, FOLDER, NAMED = (
    f"{HOST}/xw/yw.htm", f"{HOST}/", f"{HOST}/jjj/index.htm", f"{HOST}/news1/yw2.htm",
)  # fmt: skip
ALONE = f"{HOST}/zt/lh_2.htm"
YEAR = f"{HOST}/xw/yw_2016.htm"
AT, LATER = "2026-01-01T08:00:00Z", "2026-01-01T09:00:00Z"
WARC = (
    '[{"file": "warc/a.warc.gz", "offset": 1, "length": 2, "record_id": "<urn:uuid:1>", '
    '"payload_digest": "sha1:A", "entity_sha256": "b"}]'
)
SQL = """
INSERT INTO lists (url, region, etag, last_status, last_at, last_ok_at, last_run, failures, walk,
    completed_at, walk_started_at, resume_url, resume_page, captured_url, captured_at, warc)
VALUES (:url, :region, :etag, 200, :at, :at, 'r1', :failures, :walk, :completed, :started, :resume,
    :page, :captured, :at, :warc)
"""


def row(url: str, **values: object) -> dict[str, object]:
    """A list whose walk is complete."""
    return {
        "url": url, "region": "he", "etag": '"1"', "at": AT, "failures": 0, "walk": 1,
        "completed": AT, "started": None, "resume": None, "page": None, "captured": url,
        "warc": WARC,
    } | values  # fmt: skip


def page(url: str) -> dict[str, object]:
    """A further page: no walk was ever begun of it."""
    return row(url, walk=0, completed=None, failures=1)


def backfill(url: str, **values: object) -> dict[str, object]:
    return row(url, region=None, walk=0, completed=None, captured=None, warc="[]") | values


OLD = [
    row(ROOT),
    row(YW, started=LATER, resume=f"{HOST}/xw/yw_3.htm", page=3),
    page(f"{HOST}/xw/yw_2.htm"),
    page("https://www.he.news.cn/index_3.htm"),
    # the numbers of pagers, each a walk
    row(f"{HOST}/xw/yw_4.htm", walk=3),
    row("https://www.he.news.cn/xw/yw_5.htm", completed=None, walk=0, started=AT),
    row(f"{HOST}/index_2.htm"),
    row(FOLDER),
    row(f"{HOST}/jjj/index_2.htm"),
    row(f"{HOST}/jjj/page/3/"),
    # digits in a name
    row(NAMED), row(f"{HOST}/news1/yw.htm"), row(ALONE), row(YEAR),
    # a pager of which nothing more is known
    page(f"{HOST}/old/p3.htm"),
    # walks below known ground
    backfill(f"{YW}#since=2017-09-01", started=AT, resume=f"{HOST}/xw/yw_9.htm", page=9),
    backfill(f"{YW}#since=2016-09-01", walk=1, completed=AT),
    backfill(f"{HOST}/xw/yw_4.htm#since=2017-09-01", started=AT),
]  # fmt: skip


VERSION = """
INSERT INTO versions (article_id, number, version, status, fetched_at, changed, warc_pages, jsonl,
    line_sha256, run_id)
VALUES ('1', 1, 1, 'live', :at, '[]', '[]', 'jsonl/2026/01/a.jsonl', 'd', 'r1')
"""


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_lines_and_runs_of_before_are_first_revisions_and_crawls(
    tmp_path: Path, revision: str
) -> None:
    path = tmp_path / "ledger.sqlite"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=NullPool)
    with closing(engine.connect()) as connection:
        opening.migrate(connection, revision)
        connection.execute(text(VERSION), {"at": AT})
        connection.execute(
            text(
                "INSERT INTO runs (run_id, started_at, command, counts)"
                f" VALUES ('r1', '{AT}', 'scrapy crawl xinhua', '{{}}')"
            )
        )
        connection.commit()

    with closing(Ledger.open(path)) as ledger:
        (line,) = ledger.articles.versions("1")
        (run,) = ledger.runs.newest(9)
        assert (line.line, line.revision, line.corrects, line.source) == (None, 0, None, None)
        assert run.kind == RunKind.CRAWL
        assert ledger.publications.next_seq() == 1


def test_the_kept_folder_keeps_its_lines(tmp_path: Path) -> None:
    """That of `tests/upgrade`, as a crawler of commit 1f67a08 wrote it."""
    with tarfile.open(days.FOLDER) as archive:
        archive.extractall(tmp_path, filter="data")
    path = tmp_path / "data" / "state" / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as raw:
        before = raw.execute("SELECT article_id, number, line_sha256 FROM versions").fetchall()
        runs = raw.execute("SELECT count(*) FROM runs").fetchone()[0]

    with closing(Ledger.open(path)) as ledger:
        kept = [row for id_, _, _ in before for row in ledger.articles.versions(id_)]
        assert {(row.article_id, row.number, row.line_sha256) for row in kept} == set(before)
        assert {(row.line, row.revision) for row in kept} == {(None, 0)}
        assert [run.kind for run in ledger.runs.newest(99)] == ["crawl"] * runs


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of schema 0002 with links and an owed address, opened by today's crawler."""
    path = tmp_path / "ledger.sqlite"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=NullPool)
    with closing(engine.connect()) as connection:
        opening.migrate(connection, "0002")
        connection.execute(text(SQL), OLD)
        links = [(YW, 1, "a"), (YW, 2, "b"), (f"{HOST}/xw/yw_4.htm", 3, "c"), (ROOT, 1, "d")]
        connection.execute(
            text("INSERT INTO list_links VALUES (:list, :walk, :url)"),
            [{"list": one, "walk": walk, "url": url} for one, walk, url in links],
        )
        connection.execute(
            text(
                "INSERT INTO addresses (url, article_id, region, first_seen_at, attempts, retry_at)"
                f" VALUES ('{HOST}/a', '1', 'he', '{AT}', 0, '{AT}')"
            )
        )
        connection.execute(
            text(f"INSERT INTO visits (run_id, url, article_id) VALUES ('{RUN}', '{HOST}/a', '1')")
        )
        connection.execute(
            text(f"INSERT INTO robots VALUES ('{HOST}', '{AT}', 200, :body)"), {"body": b"\xff\n"}
        )
        connection.commit()
    with closing(Ledger.open(path)) as ledger:
        yield ledger


def test_lists_are_lists_and_pages_are_pages(migrated: Ledger) -> None:
    assert {state.url for state in migrated.lists.states()} == {
        ROOT, YW, FOLDER, NAMED, f"{HOST}/news1/yw.htm", ALONE, YEAR,
    }  # fmt: skip
    assert migrated.lists.pages(f"{HOST}/xw/yw_2.htm") == [
        PageState(YW, f"{HOST}/xw/yw_2.htm", 200, T0, 1)
    ]
    assert migrated.lists.pages("https://www.he.news.cn/index_3.htm")[0].list_url == ROOT
    forgotten = (f"{HOST}/xw/yw_4.htm", f"{HOST}/jjj/page/3/", f"{HOST}/old/p3.htm")
    assert not [one for url in forgotten for one in migrated.lists.pages(url)]


def test_walks_links_and_validators_stay(migrated: Ledger) -> None:
    state = migrated.lists.state(YW)
    assert (state.etag, state.completed_at, state.depth) == ('"1"', T0, 1)
    assert (state.walk_started_at, state.resume_page) == (T0 + HOUR, 3)
    pointer = WarcPointer("warc/a.warc.gz", 1, 2, "<urn:uuid:1>", "sha1:A", "b")
    assert state.capture == ListCapture(YW, T0, pointer)
    assert migrated.lists.known_links(YW, ["a", "b", "c"]) == {"a"}
    migrated.lists.finish_walk(YW, at=T0)
    assert migrated.lists.known_links(YW, ["a", "b", "c"]) == {"a", "b"}
    assert migrated.lists.known_links(ROOT, ["d"]) == {"d"}


def test_only_open_backfills_are_kept(migrated: Ledger) -> None:
    since = date(2017, 9, 1)
    assert migrated.lists.backfill(YW, since) == Backfill(YW, since, T0, f"{HOST}/xw/yw_9.htm", 9)
    assert migrated.lists.backfill(YW, date(2016, 9, 1)) is None
    assert migrated.lists.backfill(f"{HOST}/xw/yw_4.htm", since) is None


def test_robots_answers_stay(migrated: Ledger) -> None:
    assert migrated.hosts.robots(HOST, T0 + HOUR) == Robots(HOST, T0, 200, b"\xff\n")


def test_what_is_owed_is_owed(migrated: Ledger) -> None:
    (one,) = migrated.addresses.owed(run_id="r9", at=T0, regions=["he"], limit=9)
    assert one.url == f"{HOST}/a"
    assert migrated.visits.outcomes(RUN) == {"pending": 1}
