"""Listings of archived articles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from crawler.ledger.ledger import Ledger
from crawler.ledger.schema import articles, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


AT = datetime(2026, 9, 1, tzinfo=UTC)


def fill(ledger: Ledger) -> Ledger:
    """Articles 10000 to 10005: three days of two regions, one without a time, one edited."""
    times = [
        ("js", "2026-09-01T00:00:00+08:00"), ("js", "2026-09-01T23:59:59+08:00"),
        ("he", "2026-09-01T12:00:00+08:00"), ("js", "2026-09-02T00:00:00+08:00"),
        ("js", None), (None, "2026-08-31T23:59:59+08:00"),
    ]  # fmt: skip
    for number, (region, published) in enumerate(times):
        add(ledger, f"{10000 + number}", region, published)
    line(ledger, "10001", 2, fetched_at=AT + timedelta(days=2))
    line(ledger, "10002", 2, fetched_at=AT + timedelta(days=3), status="gone")
    return ledger


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    return fill(ledger)


def add(ledger: Ledger, one: str, region: str | None, published: str | None) -> None:
    ledger.connection.write(articles.insert().values(
        article_id=one, url=one, canonical_url=one, region=region, status="live", state_at=AT,
        version=1, number=1, published_at=published, first_seen_at=AT, last_checked_at=AT,
    ))  # fmt: skip
    line(ledger, one, 1)


def line(ledger: Ledger, one: str, number: int, **values: Any) -> None:
    ledger.connection.write(versions.insert().values({
        "article_id": one, "number": number, "version": number, "status": "live",
        "fetched_at": AT, "title": f"标题{one}", "changed": [], "warc_pages": (),
        "jsonl": "x", "line_sha256": "0" * 64, "run_id": "r",
    } | values))  # fmt: skip


def test_days_are_beijings_and_newest_comes_first(filled: Ledger) -> None:
    first, second = date(2026, 9, 1), date(2026, 9, 2)
    found = filled.catalogue.published(first, second, limit=10)
    assert [one.id for one in found] == ["10001", "10002", "10000"]
    assert found[0].title == "标题10001"
    assert filled.catalogue.count(first, second) == 3
    assert filled.catalogue.count(first, second, region="he") == 1
    assert [one.id for one in filled.catalogue.published(first, second, region="js", limit=1,
                                                         offset=1)] == ["10000"]  # fmt: skip
    assert filled.catalogue.by_day(date(2026, 8, 31), date(2026, 9, 3)) == {
        ("", "2026-08-31"): 1, ("he", "2026-09-01"): 1, ("js", "2026-09-01"): 2,
        ("js", "2026-09-02"): 1,
    }  # fmt: skip


def test_regions_and_months(filled: Ledger) -> None:
    assert filled.catalogue.regions() == {"": 1, "he": 1, "js": 4}
    assert filled.catalogue.months("js") == {"2026-09": 3}
    assert filled.catalogue.months("bj") == {}
    assert [one.id for one in filled.catalogue.undated("js", limit=5)] == ["10004"]
    assert [one.id for one in filled.catalogue.newest("js", limit=2)] == ["10003", "10001"]
    assert filled.catalogue.newest_day() == "2026-09-02"
    assert filled.catalogue.days(limit=2) == ["2026-09-02", "2026-09-01"]
    assert set(filled.catalogue.of(["10000", "nothing"])) == {"10000"}


def test_later_lines_are_those_that_are_not_first(filled: Ledger) -> None:
    found = filled.catalogue.later_lines(limit=10)
    assert [(one.article_id, one.status) for one in found] == [("10002", "gone"), ("10001", "live")]
    assert [one.article_id for one in filled.catalogue.later_lines(limit=10, region="js")] == [
        "10001"
    ]


def test_chunks_hold_every_article_once(filled: Ledger) -> None:
    starts = filled.catalogue.boundaries(4)
    assert starts == ["", "10003"]
    listed = [one for start in starts for one, _ in filled.catalogue.ids(after=start, limit=4)]
    assert listed == [f"{number}" for number in range(10000, 10006)]
    assert filled.catalogue.boundaries(6)[-1] == "10005"


def test_no_listing_reads_the_whole_ledger(tmp_path: Path) -> None:
    """Each asks an index, none sorts all articles; what counts everything reads an index alone. As
    SQLite plans it: a server's plans change with what it has counted."""
    ledger = fill(Ledger.open(tmp_path / "ledger.sqlite"))
    day, next_day = date(2026, 9, 1), date(2026, 9, 2)
    catalogue = ledger.catalogue
    asked: dict[str, tuple[Callable[[], object], str]] = {
        "a day": (
            lambda: catalogue.published(day, next_day, limit=9),
            "SEARCH articles USING INDEX ix_articles_published (published_at>? AND published_at<?)",
        ),
        "a month of a region": (
            lambda: catalogue.published(day, next_day, region="js", limit=9),
            "SEARCH articles USING INDEX ix_articles_region"
            " (region=? AND published_at>? AND published_at<?)",
        ),
        "the newest of a region": (
            lambda: catalogue.newest("js", limit=9),
            "SEARCH articles USING INDEX ix_articles_region (region=? AND published_at>?)",
        ),
        "without a time": (
            lambda: catalogue.undated("js", limit=9),
            "SEARCH articles USING INDEX ix_articles_region (region=? AND published_at=?)",
        ),
        "how many of a day": (
            lambda: catalogue.count(day, next_day),
            "SEARCH articles USING COVERING INDEX ix_articles_published"
            " (published_at>? AND published_at<?)",
        ),
        "how many by day": (
            lambda: catalogue.by_day(day, next_day),
            "SEARCH articles USING COVERING INDEX ix_articles_published"
            " (published_at>? AND published_at<?)",
        ),
        "how many by month": (
            lambda: catalogue.months("js"),
            "SEARCH articles USING COVERING INDEX ix_articles_region (region=? AND published_at>?)",
        ),
        "how many by region": (
            catalogue.regions,
            "SCAN articles USING COVERING INDEX ix_articles_region",
        ),
        "the newest day": (
            catalogue.newest_day,
            "SEARCH articles USING COVERING INDEX ix_articles_published",
        ),
        "the latest changes": (
            lambda: catalogue.later_lines(limit=9),
            "SCAN versions USING INDEX ix_versions_later",
        ),
    }
    seen = {name: _plan(ledger, ask) for name, (ask, _) in asked.items()}
    ledger.close()
    assert seen == {name: plan for name, (_, plan) in asked.items()}


def _plan(ledger: Ledger, ask: Callable[[], object]) -> str:
    """How SQLite reads the first table of what is asked."""
    connection = ledger.connection.raw
    statements: list[tuple[str, Any]] = []

    def note(_: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> None:
        statements.append((sql, parameters))

    event.listen(connection, "before_cursor_execute", note)
    ask()
    event.remove(connection, "before_cursor_execute", note)
    ((sql, parameters),) = statements
    first: str = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()[0].detail
    return first
