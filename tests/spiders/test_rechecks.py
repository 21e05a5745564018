"""Re-checks: when they are due, how many a run makes, what they send, what they leave behind."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.ledger import Ledger
from crawler.ledger.line_rows import moment
from tests.column_site import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.ledger.rows import ArticleRow
    from tests.channel import Archive

# Every ten days for twenty years, so that the backlog is due too.
SCHEDULE = ",".join(str(24 * 10 * step) for step in range(1, 750))


@pytest.fixture(scope="module")
def archive(archive_of: Callable[..., Archive]) -> Archive:
    archive = archive_of(articles=12, daily=1, day=0.99)
    archive.run("-a", "regions=js", "-s", f"RECHECK_SCHEDULE={SCHEDULE}")
    return archive


def rows(archive: Archive) -> list[ArticleRow]:
    with closing(Ledger.of(archive.data_dir, read_only=True)) as ledger:
        return ledger.articles.every(regions=None, limit=100)


def test_each_is_due_at_the_next_step_of_its_age(archive: Archive) -> None:
    for row in rows(archive):
        assert row.published_at
        assert row.next_check_at
        age = row.next_check_at - moment(row.published_at)
        assert age % timedelta(days=10) == timedelta()
        assert timedelta() < row.next_check_at - row.first_seen_at <= timedelta(days=10)


def test_a_run_looks_at_those_due_up_to_its_budget_after_what_is_new(archive: Archive) -> None:
    """The longest due first, each conditionally; the next run looks at the rest."""
    site, before = archive.site, rows(archive)
    site.day = 10.99  # all were due once since, and more were published
    arguments = ("-a", "regions=js", "-s", f"RECHECK_SCHEDULE={SCHEDULE}")
    first = archive.run(*arguments, "-s", "RECHECK_BUDGET=5")
    again = {row.canonical_url for row in before}
    looked = [one for one in archive.asked if f"http://{one.host}{one.path}" in again]
    order = sorted(before, key=lambda row: (row.next_check_at, row.id))
    assert {f"http://{one.host}{one.path}" for one in looked} == {
        row.canonical_url for row in order[:5]
    }
    assert first.report["outcomes"]["published"] >= 8
    single = {row.canonical_url for row in before if len(row.warc_pages) == 1}
    for entry in looked:
        headers = {name.lower(): value for name, value in entry.headers}
        is_conditional = {"if-none-match", "if-modified-since"} <= set(headers)
        assert is_conditional == (f"http://{entry.host}{entry.path}" in single)
    looks = {"not_modified", "unchanged", "changed", "suspected"}
    assert sum(first.report["outcomes"].get(name, 0) for name in looks) == 5
    count = first.report["outcomes"]["not_modified"]
    assert len(archive.revisits(first.report["run_id"])) >= count > 0

    second = archive.run(*arguments)
    assert sum(second.report["outcomes"].get(name, 0) for name in looks) == len(before) - 5
    assert "published" not in second.report["outcomes"]
    with closing(Ledger.of(archive.data_dir, read_only=True)) as ledger:
        for row in rows(archive):
            if row.suspected_at is None:
                assert row.next_check_at
                assert row.next_check_at > row.last_checked_at
        unmodified = [
            one
            for row in before
            for one in ledger.observations.of_article(row.id)
            if one.status == 304
        ]
    assert unmodified
    assert all(one.reason == "unchanged" and one.warc for one in unmodified)

    third = archive.run(*arguments)
    assert not looks & set(third.report["outcomes"])


def test_one_list_page_of_old_articles_makes_no_rechecks(archive: Archive) -> None:
    archive.site.columns = [Column("/lb/yw.htm", [row.canonical_url for row in rows(archive)][:5])]
    done = archive.run("-a", "lists=http://www.js.xinhuanet.com/lb/yw.htm")
    assert set(done.report["outcomes"]) <= {"known", "duplicate"}
