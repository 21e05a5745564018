"""The schema, its migrations, and every statement of the ledger on both dialects."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from crawler.ledger import opening, schema
from crawler.ledger.connection import upsert
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Validators
from crawler.ledger.whole import Reading
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, gone_line, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

LIST = "http://www.js.xinhuanet.com/"
DAY_BEFORE = date(2025, 12, 31)


def test_migrations_lead_to_the_schema(ledger: Ledger) -> None:
    context = MigrationContext.configure(ledger._connection)
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
    ledger.start_run(RUN, T0, "scrapy crawl xinhua")
    ledger.see([first, mirror, at_site(2)], run_id=RUN, at=T0)
    ledger.record(line(1), jsonl="a.jsonl", schedule=[HOUR])
    ledger.record(line(1), jsonl="b.jsonl")
    ledger.record(gone_line(), jsonl="b.jsonl")
    ledger.finish(first.url, Outcome.PUBLISHED, run_id=RUN, at=T0)
    ledger.finish(at_site(2).url, Outcome.MISSING, run_id=RUN, at=T0)
    ledger.finish(first.url, Outcome.SUSPECTED, run_id="r2", at=T0)
    ledger.see([mirror, at_site(2), at_site(3)], run_id="r2", at=T0)
    ledger.claim([first.url], run_id="r3")
    ledger.owed(run_id="r2", at=T0 + DAY, regions=["js"], limit=9)
    ledger.address(first.url)
    ledger.addresses_of(first.article_id)
    article = ledger.article(first.article_id)
    assert article
    ledger.rebase(article.id, content_sha256="c" * 64, extractor_version="2")
    ledger.checked(article.id, T0, T0 + DAY, None, None)
    after = ledger.article(article.id)
    ledger.due(T0 + 2 * DAY, regions=["js"], limit=9, after=after)
    ledger.articles(regions=["js"], limit=9, after="1")
    ledger.gone([article.id], before=T0)
    ledger.neighbours(first.url, is_standing=True)
    ledger.observe(article.id, first.url, T0, 404, "missing", None, RUN)
    ledger.observations(article.id, since=T0)
    ledger.remember(LIST, region="js", depth=0)
    ledger.record_list(LIST, run_id=RUN, at=T0, status=200, region="js", links=[first.url])
    ledger.record_list(LIST, run_id=RUN, at=T0, status=500, region="js")
    ledger.keep_validators(LIST, Validators('"1"', None, None))
    ledger.record_page(LIST, f"{LIST}index_2.htm", at=T0, status=200, links=[mirror.url])
    ledger.list_pages(f"{LIST}index_2.htm")
    ledger.resume(LIST, LIST, 2)
    ledger.finish_walk(LIST, at=T0)
    ledger.start_backfill(LIST, DAY_BEFORE, at=T0)
    ledger.resume_backfill(LIST, DAY_BEFORE, LIST, 2)
    ledger.backfill(LIST, DAY_BEFORE)
    ledger.finish_backfill(LIST, DAY_BEFORE)
    ledger.known_links(LIST, [first.url])
    ledger.list_states(["js"])
    ledger.hold("host", T0, "reason")
    ledger.holds(T0)
    ledger.store_robots("host", T0, 200, b"")
    ledger.robots("host", T0)
    ledger.outcomes(RUN)
    ledger.outcomes_by_region(RUN)
    ledger.urls_seen(RUN)
    ledger.ended_as(RUN, [Outcome.PUBLISHED], 9)
    ledger.visit(RUN, first.url)
    ledger.open_visits(RUN, "js.news.cn", after=0, limit=9)
    ledger.close_outcomes(RUN)
    ledger.unfinished_runs()
    ledger.finish_run(RUN, T0, 0, "finished", {})
    ledger.runs(9)


def test_everything_is_everything() -> None:
    """So that a new method can't be left out of what follows; who reads the ledger through reads
    whole tables."""
    source = Path(__file__).read_text()
    public = {name for name in dir(Ledger) if not name.startswith("_")}
    unused = {name for name in public if f"ledger.{name}(" not in source}
    opening = {"open", "scratch"}
    through = {name for name in vars(Reading) if not name.startswith("_")}
    rest = {"commit", "rollback", "list_state", "start_walk", "versions"}
    assert unused == opening | through | rest


@contextmanager
def watched(ledger: Ledger) -> Iterator[list[tuple[Any, str, Any]]]:
    """The statements that are executed: construct, SQL text, parameters."""
    seen: list[tuple[Any, str, Any]] = []

    def note(
        connection: Connection, cursor: Any, sql: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if context.compiled is not None:
            one = parameters[0] if many else parameters
            seen.append((context.compiled.statement, sql, one))

    event.listen(ledger._connection, "before_cursor_execute", note)
    yield seen
    event.remove(ledger._connection, "before_cursor_execute", note)


def test_every_statement_compiles_for_postgresql(ledger: Ledger) -> None:
    with watched(ledger) as seen:
        everything(ledger)
    assert len({sql for _, sql, _ in seen}) > 40
    for statement, sql, _ in seen:
        if "ON CONFLICT" not in sql:  # those are made for one dialect, below
            assert str(statement.compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize("update", [None, (), ("reason",)])
def test_upserts_compile_for_both(update: tuple[str, ...] | None) -> None:
    columns = ["host", "until", "reason"]
    texts = {
        re.sub(r"%\(\w+\)s::VARCHAR|\?", "?", str(upsert(name, schema.holds, columns, update)
                                        .compile(dialect=dialect)))
        for name, dialect in (("sqlite", sqlite.dialect()), ("postgresql", postgresql.dialect()))
    }  # fmt: skip
    assert len(texts) == 1
    assert "ON CONFLICT (host) DO" in texts.pop()


def test_every_look_up_has_its_index(tmp_path: Path) -> None:
    """No statement of a run reads a whole table that grows with the archive."""
    ledger = Ledger.open(tmp_path / "state" / "ledger.sqlite")
    with watched(ledger) as seen:
        everything(ledger)
    scans = set()
    for _, sql, parameters in seen:
        plan = ledger._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        for step in plan:
            if re.match(r"SCAN (addresses|articles|versions|observations)\b", step.detail):
                scans.add((step.detail, sql))
    ledger.close()
    assert scans == set()


def test_a_sighting_costs_the_same_late_in_a_long_run(tmp_path: Path) -> None:
    """No statement on it reads all that the run has seen: a million addresses are given at once."""
    ledger = Ledger.open(tmp_path / "state" / "ledger.sqlite")
    with watched(ledger) as seen:
        ledger.see([at_site(n) for n in range(100)], run_id=RUN, at=T0)
        ledger.claim([at_site(1).url], run_id="r2")
        ledger.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
        ledger.open_visits(RUN, "www.js.xinhuanet.com", after=50, limit=9)
    plans = [
        step.detail
        for _, sql, parameters in seen
        if sql.startswith("SELECT")
        for step in ledger._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    ]
    ledger.close()
    looks = [plan for plan in plans if "visits" in plan]
    assert len(looks) > 3
    assert not [plan for plan in looks if plan.endswith("(run_id=?)")]


def test_a_missing_index_would_be_noticed(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "state" / "ledger.sqlite")
    ledger._connection.execute(text("DROP INDEX ix_addresses_article"))
    with watched(ledger) as seen:
        ledger.addresses_of("1")
    ((_, sql, parameters),) = seen
    plan = ledger._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
    ledger.close()
    assert plan[0].detail == "SCAN addresses"


def test_a_batch_takes_as_many_statements_as_one(ledger: Ledger) -> None:
    counts = []
    for start, size in ((0, 1), (1000, 100), (2000, 500)):
        with watched(ledger) as seen:
            ledger.see([at_site(start + n) for n in range(size)], run_id=RUN, at=T0)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 7
