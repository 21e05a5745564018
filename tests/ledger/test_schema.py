"""The schema, its columns' types, and every statement of the ledger on both dialects."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from crawler.clock import BEIJING
from crawler.ledger import opening, schema
from crawler.ledger.addresses import Addresses
from crawler.ledger.articles import Articles, Observations
from crawler.ledger.captures import Captures
from crawler.ledger.certificates import Certificates
from crawler.ledger.hosts import Hosts
from crawler.ledger.lists import Lists, Placements
from crawler.ledger.measures import Measures
from crawler.ledger.rows import (
    CaptureListing,
    CaptureRow,
    Hole,
    HoleKind,
    PageMeasures,
    Placement,
    ShownLink,
    Source,
    Validators,
)
from crawler.ledger.runs import Publications, Runs, Visits
from crawler.ledger.schema import OutcomeName, Pointers, UtcTime
from crawler.ledger.sources import Sources
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, gone_line, line, pointer
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from crawler.ledger.ledger import Ledger

HOST = "www.js.xinhuanet.com"
DIALECT = sqlite.dialect()


def test_times_are_utc_to_the_second_and_sort_as_text() -> None:
    moment = datetime(2026, 1, 31, 16, 0, 0, 999_999, tzinfo=BEIJING)
    stored = UtcTime().process_bind_param(moment, DIALECT)
    assert stored == "2026-01-31T08:00:00Z"
    assert UtcTime().process_result_value(stored, DIALECT) == datetime(2026, 1, 31, 8, tzinfo=UTC)
    later = UtcTime().process_bind_param(moment + DAY, DIALECT)
    assert later
    assert stored < later
    assert UtcTime().process_bind_param(None, DIALECT) is None


def test_times_need_a_zone(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without a zone"):
        ledger.hosts.hold(HOST, datetime(2026, 1, 1), "no zone")  # noqa: DTZ001


def test_only_outcomes_are_outcomes() -> None:
    assert OutcomeName().process_bind_param(Outcome.MISSING, DIALECT) == "missing"
    assert OutcomeName().process_result_value("missing", DIALECT) is Outcome.MISSING
    with pytest.raises(ValueError, match="lost"):
        OutcomeName().process_result_value("lost", DIALECT)


def test_pointers_keep_their_order() -> None:
    pages = (pointer(2), pointer(1))
    stored = Pointers().process_bind_param(pages, DIALECT)
    assert Pointers().process_result_value(stored, DIALECT) == pages
    assert Pointers().process_result_value(None, DIALECT) == ()


LIST = "http://www.js.xinhuanet.com/"
DAY_BEFORE = date(2025, 12, 31)


def test_migrations_lead_to_the_schema(ledger: Ledger) -> None:
    context = MigrationContext.configure(ledger.connection.raw)
    assert compare_metadata(context, schema.metadata) == []


def test_the_schema_version_is_the_newest_migration() -> None:
    assert opening.revisions()[0] == schema.REVISION


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()], ids=["pg", "sqlite"])
def test_tables_compile(dialect: Any) -> None:
    for table in schema.metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def everything(ledger: Ledger) -> None:
    """Use every method of the ledger once."""
    first, mirror = at_site(1), at_site(1, "js.news.cn")
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
    ledger.addresses.see([first, mirror, at_site(2)], run_id=RUN, at=T0)
    ledger.articles.add_line(line(1), jsonl="a.jsonl", schedule=[HOUR])
    ledger.articles.add_line(line(1), jsonl="b.jsonl")
    ledger.articles.add_line(gone_line(), jsonl="b.jsonl")
    ledger.articles.is_overtaken(line(1))
    ledger.addresses.finish(first.url, Outcome.PUBLISHED, run_id=RUN, at=T0)
    ledger.addresses.finish(at_site(2).url, Outcome.MISSING, run_id=RUN, at=T0)
    ledger.addresses.finish(first.url, Outcome.SUSPECTED, run_id="r2", at=T0)
    ledger.addresses.see([mirror, at_site(2), at_site(3)], run_id="r2", at=T0)
    ledger.addresses.recheck([first.url], run_id="r3")
    ledger.addresses.seen_before([first.article_id], T0)
    ledger.addresses.seen_by(first.article_id, T0)
    ledger.addresses.leave([at_site(4)], run_id="r2", at=T0)
    ledger.addresses.owed(run_id="r2", at=T0 + DAY, regions=["js"], limit=9)
    ledger.addresses.get(first.url)
    ledger.addresses.restore(line(1))
    ledger.addresses.of_article(first.article_id)
    article = ledger.articles.get(first.article_id)
    assert article
    ledger.articles.rebase(article.id, content_sha256="c" * 64, extractor_version="2")
    ledger.articles.move_lines([article.id], "b.jsonl", "c.jsonl")
    ledger.articles.note_check(article.id, T0, T0 + DAY, None, None)
    after = ledger.articles.get(article.id)
    ledger.articles.due(T0 + 2 * DAY, regions=["js"], limit=9, after=after)
    ledger.articles.every(regions=["js"], limit=9, after="1")
    ledger.articles.gone([article.id], before=T0)
    ledger.articles.move_lines([article.id], "a.jsonl", "b.jsonl")
    ledger.articles.revisions([article.id])
    ledger.articles.neighbours(first.url, is_standing=True)
    ledger.observations.add(article.id, first.url, T0, 404, "missing", None, RUN)
    ledger.observations.of_article(article.id, since=T0)
    ledger.lists.remember(LIST, region="js", depth=0)
    ledger.lists.add_answer(LIST, at=T0, status=200, region="js", links=[first.url])
    ledger.lists.add_answer(LIST, at=T0, status=500, region="js")
    ledger.lists.keep_validators(LIST, Validators('"1"', None, None))
    ledger.lists.add_page_answer(LIST, f"{LIST}index_2.htm", at=T0, status=200, links=[mirror.url])
    ledger.lists.pages(f"{LIST}index_2.htm")
    ledger.lists.save_walk(LIST, LIST, 2)
    ledger.lists.finish_walk(LIST, at=T0)
    ledger.lists.start_backfill(LIST, DAY_BEFORE, at=T0)
    ledger.lists.save_backfill(LIST, DAY_BEFORE, LIST, 2)
    ledger.lists.backfill(LIST, DAY_BEFORE)
    ledger.lists.finish_backfill(LIST, DAY_BEFORE)
    ledger.lists.known_links(LIST, [first.url])
    ledger.lists.met_links(LIST, [first.url])
    ledger.lists.states(["js"])
    ledger.lists.restore(ledger.lists.states(["js"])[0])
    ledger.sources.restore(Source(LIST, T0, 1, first.url, None, T0), {DAY_BEFORE: [1, 0, 1, 1]})
    ledger.sources.restore_finds([("0", LIST, DAY_BEFORE, ["x"])])
    ledger.sources.close_below(LIST, DAY_BEFORE)
    ledger.sources.close_below(LIST, None)
    ledger.sources.note_look(LIST, at=T0, is_read=True)
    link = ShownLink(first.url, first.article_id, None)
    ledger.sources.note_shown(LIST, at=T0, capacity=1, newest=link, head=[first.url])
    ledger.sources.note_news(LIST, at=T0, article_ids=[first.article_id, "0"], is_news=True)
    ledger.sources.yields(DAY_BEFORE, regions=["js"])
    ledger.sources.known([LIST])
    ledger.sources.end_walk(LIST, total=7)
    ledger.sources.seen_unchanged(LIST, at=T0)
    ledger.sources.get(LIST)
    ledger.sources.shown_by("js", DAY_BEFORE)
    ledger.sources.add_hole(
        Hole(LIST, T0, HoleKind.OVERFLOW, T0 - HOUR, DAY_BEFORE, T0.date(), None)
    )
    ledger.certificates.watched_since()
    ledger.certificates.unread_since()
    ledger.certificates.archived(DAY_BEFORE)
    ledger.certificates.not_archived(DAY_BEFORE)
    ledger.certificates.sources(DAY_BEFORE)
    ledger.certificates.holes(DAY_BEFORE)
    ledger.certificates.claim(T0.date(), 0, run_id=RUN, at=T0)
    ledger.certificates.days()
    ledger.certificates.next_number(T0.date())
    ledger.certificates.of_run(RUN)
    ledger.certificates.every()
    ledger.certificates.note_late(RUN)
    ledger.certificates.late()
    ledger.certificates.links_of([first.article_id])
    ledger.certificates.drop_late(T0.date())
    ledger.certificates.give_back(T0.date(), 0)
    page = PageMeasures(RUN, first.url, T0, 3, {"images": 1}, "warc/a.warc.gz", 0)
    ledger.measures.add("js", "Cms2022", page)
    ledger.measures.layouts()
    ledger.measures.pages("js", "Cms2022")
    ledger.measures.baseline("js", "Cms2022")
    ledger.measures.hold("drift:", ["drift:a"], at=T0)
    ledger.measures.shifts("drift:")
    ledger.measures.settle("js", "Cms2022", [page])
    ledger.measures.forget("js", "Cms2022", [page])
    shown = [Placement(first.url, None)]
    ledger.placements.appeared(LIST, shown, at=T0)
    ledger.placements.of_list(LIST)
    ledger.placements.gone(LIST, shown)
    ledger.placements.unknown([first.url])
    ledger.placements.add_lines(RUN, [(first.article_id, {"url": first.url})])
    assert list(ledger.placements.lines(RUN))
    ledger.placements.has_lines(RUN)
    ledger.placements.drop_lines(RUN)
    restored = {
        "at": "2026-01-01T08:00:00Z", "event": "appeared", "list": LIST, "page": 1,
        "url": first.url, "article_id": first.article_id, "region": "js", "headline": None,
        "position": 1, "time_shown": None,
    }  # fmt: skip
    ledger.placements.restore(restored, day=DAY_BEFORE)
    ledger.sources.forget(DAY_BEFORE)
    index = "https://archive.example/cdx"
    ledger.addresses.see_captured([first, at_site(4)], run_id="r4", at=T0)
    ledger.articles.highest_version(first.article_id)
    capture = CaptureRow(index, first.url, T0, first.article_id, 1, "js", "A", ["a.warc.gz", 1, 2])
    ledger.captures.add([capture])
    ledger.captures.reopen(index, DAY_BEFORE, T0.date())
    ledger.captures.owed_addresses(index, run_id=RUN, regions=["js"], at=T0, after="", limit=9)
    ledger.captures.of_article(index, first.article_id)
    ledger.captures.failed(capture, "timeout", T0)
    ledger.captures.end(capture, "equal", number=1)
    ledger.captures.same_as(first.article_id, T0)
    ledger.captures.count_owed(index, ["js"])
    ledger.captures.by_archive(first.article_id)
    listing = CaptureListing(index, "js.news.cn/", T0, T0, T0 + DAY)
    ledger.captures.save_listing(listing)
    ledger.captures.listings(index, "js.news.cn/", T0)
    ledger.captures.count_listings(index)
    ledger.captures.end_listing(listing)
    ledger.hosts.hold("host", T0, "reason")
    ledger.hosts.holds(T0)
    ledger.hosts.store_robots("host", T0, 200, b"")
    ledger.hosts.robots("host", T0, DAY)
    ledger.addresses.owed_by_region()
    ledger.visits.progress(RUN)
    ledger.visits.outcomes(RUN)
    ledger.visits.outcomes_by_region(RUN)
    ledger.visits.count(RUN)
    ledger.visits.ended_as(RUN, [Outcome.PUBLISHED], 9)
    ledger.visits.get(RUN, first.url)
    ledger.visits.still_open(RUN, "js.news.cn", after=0, limit=9)
    ledger.visits.end_open(RUN)
    ledger.runs.unfinished()
    ledger.runs.leased()
    ledger.runs.ended_since(T0)
    ledger.runs.finish(RUN, T0, 0, "finished", {})
    ledger.runs.newest(9)
    ledger.publications.add(1, "runs/a.json", run_id=RUN, part=None, published_at=T0)
    ledger.publications.next_seq()
    ledger.publications.take("runs/b.json", run_id=RUN, part=None, published_at=T0)
    ledger.publications.after(0)
    ledger.publications.of_run(RUN)
    ledger.publications.take("runs/b.json", run_id=RUN, part=None, published_at=T0)


def test_everything_is_everything() -> None:
    """So that a new method can't be left out of what follows. A dump reads whole tables."""
    source = Path(__file__).read_text()
    parts = (
        Runs,
        Publications,
        Visits,
        Addresses,
        Articles,
        Observations,
        Lists,
        Hosts,
        Sources,
        Placements,
        Certificates,
        Measures,
        Captures,
    )
    methods = {
        f"ledger.{part.__name__.lower()}.{name}"
        for part in parts
        for name in vars(part)
        if not name.startswith("_")
    }
    unused = {name for name in methods if f"{name}(" not in source}
    via_others = {
        "lists.scratch", "lists.state", "lists.start_walk", "articles.versions", "articles.of_ids",
        "articles.add_lines", "addresses.of_articles", "addresses.finish_all",
    }  # fmt: skip
    assert unused == {f"ledger.{name}" for name in via_others}


@contextmanager
def watched(ledger: Ledger) -> Iterator[list[tuple[Any, str, Any]]]:
    """The statements that are executed: construct, SQL text, parameters."""
    seen: list[tuple[Any, str, Any]] = []

    def note(
        connection: Connection, cursor: Any, sql: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if context.compiled is not None:
            one = parameters[0] if many and isinstance(parameters, list) else parameters
            seen.append((context.compiled.statement, sql, one))

    event.listen(ledger.connection.raw, "before_cursor_execute", note)
    yield seen
    event.remove(ledger.connection.raw, "before_cursor_execute", note)


def test_every_look_up_has_its_index(tmp_path: Path) -> None:
    """No statement of a run reads a whole table that grows with the archive."""
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
    with watched(ledger) as seen:
        everything(ledger)
    scans = set()
    for _, sql, parameters in seen:
        plan = ledger.connection.raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        for step in plan:
            if re.match(
                r"SCAN (addresses|articles|versions|observations|publications)\b", step.detail
            ):
                scans.add((step.detail, sql))
    ledger.close()
    assert scans == set()


def test_a_sighting_costs_the_same_late_in_a_long_run(tmp_path: Path) -> None:
    """No statement on it reads all that the run has seen: a million addresses are given at once."""
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
    with watched(ledger) as seen:
        ledger.addresses.see([at_site(n) for n in range(100)], run_id=RUN, at=T0)
        ledger.addresses.recheck([at_site(1).url], run_id="r2")
        ledger.addresses.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
        ledger.visits.still_open(RUN, "www.js.xinhuanet.com", after=50, limit=9)
    plans = [
        step.detail
        for _, sql, parameters in seen
        if sql.startswith("SELECT")
        for step in ledger.connection.raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    ]
    ledger.close()
    looks = [plan for plan in plans if "visits" in plan]
    assert len(looks) > 3
    assert not [plan for plan in looks if plan.endswith("(run_id=?)")]


def test_a_missing_index_would_be_noticed(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
    ledger.connection.raw.execute(text("DROP INDEX ix_addresses_article"))
    with watched(ledger) as seen:
        ledger.addresses.of_article("1")
    ((_, sql, parameters),) = seen
    plan = ledger.connection.raw.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
    ledger.close()
    assert plan[0].detail == "SCAN addresses"


def test_a_batch_takes_as_many_statements_as_one(ledger: Ledger) -> None:
    counts = []
    for start, size in ((0, 1), (1000, 100), (2000, 500)):
        with watched(ledger) as seen:
            ledger.addresses.see([at_site(start + n) for n in range(size)], run_id=RUN, at=T0)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 7
