"""Captures of web archives in the ledger: what is asked for, and what they leave as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.ledger.captures import MOST_ATTEMPTS
from crawler.ledger.rows import CaptureRow, Decision, Ending
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, line

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.ledger.ledger import Ledger

INDEX = "https://archive.example/cdx"
OTHERS = {"name": "archive.example", "url": "https://archive.example/20170929010203id_/x"}
ONE = at_site(1)


def capture(at: datetime = T0, number: int = 1, page: int = 1) -> CaptureRow:
    site = at_site(number)
    return CaptureRow(INDEX, site.url, at, site.article_id, page, "js", "DIGEST", ["a.gz", 1, 2])


def owed(ledger: Ledger, at: datetime, run_id: str = RUN) -> list[str]:
    found = ledger.captures.owed_addresses(
        INDEX, run_id=run_id, regions=["js"], at=at, after="", limit=9
    )
    return [article_id for article_id, _, _ in found]


def test_what_is_listed_again_changes_nothing(ledger: Ledger) -> None:
    assert ledger.captures.add([capture(), capture(), capture(T0 + HOUR)]) == 2
    ledger.captures.end(capture(), "equal", number=1)
    assert ledger.captures.add([capture(), capture(T0 + DAY)]) == 1
    ended = [row.ended for row in ledger.captures.of_article(INDEX, ONE.article_id)]
    assert ended == ["equal", None, None]
    assert ledger.captures.same_as(ONE.article_id, T0 + HOUR) == (T0, 1)
    assert ledger.captures.same_as(ONE.article_id, T0 - HOUR) is None
    assert ledger.captures.of_article("https://other.example/cdx", ONE.article_id) == []


def test_what_fails_is_owed_for_a_while(ledger: Ledger) -> None:
    ledger.captures.add([capture(), capture(number=2, page=2)])
    assert owed(ledger, T0) == [ONE.article_id]  # page 2 is asked for with page 1
    at = T0
    for _ in range(MOST_ATTEMPTS):
        (row,) = ledger.captures.of_article(INDEX, ONE.article_id)
        assert row.ended is None
        ledger.captures.failed(row, "timeout", at)
        assert owed(ledger, at) == []
        at += 31 * DAY
    assert owed(ledger, at) == []
    (row,) = ledger.captures.of_article(INDEX, ONE.article_id)
    assert row.ended == "timeout"
    assert ledger.captures.count_owed(INDEX, ["js"]) == 0


def test_days_that_were_not_asked_for_may_be_asked_for_later(ledger: Ledger) -> None:
    ledger.captures.add([capture()])
    ledger.captures.end(capture(), "out_of_range", day=T0.date())
    ledger.captures.reopen(INDEX, T0.date() + DAY, None)
    assert owed(ledger, T0) == []
    ledger.captures.reopen(INDEX, None, T0.date())
    assert owed(ledger, T0) == [ONE.article_id]


def test_an_address_that_an_archive_knows_is_not_owed(ledger: Ledger) -> None:
    ledger.runs.start(RUN, T0, "")
    mirror = at_site(1, "js.news.cn")
    decided = ledger.addresses.see_captured([ONE, mirror, ONE], run_id=RUN, at=T0)
    assert decided == [Decision.NEW, Decision.DUPLICATE, Decision.REPEAT]
    ending = Ending(ONE.url, Outcome.TIMEOUT, RUN, T0, is_of_captures=True)
    ledger.addresses.finish_all([ending])
    kept = ledger.addresses.get(ONE.url)
    assert kept is not None
    assert (kept.retry_at, kept.result, kept.attempts) == (None, None, 0)
    assert ledger.visits.outcomes(RUN) == {"duplicate": 1, "timeout": 1}
    assert ledger.addresses.owed(run_id="r2", at=T0 + DAY, regions=None, limit=9) == []


def test_an_article_that_only_archives_have_shown(ledger: Ledger) -> None:
    """It is in none of our clocks, and fetched where a list shows it; then it is ours."""
    ledger.runs.start(RUN, T0, "")
    ledger.articles.add_line(
        line(1, at="2017-09-29T01:02:03Z", archive=OTHERS), jsonl="a.jsonl", schedule=[HOUR]
    )
    article = ledger.articles.get(ONE.article_id)
    assert article is not None
    assert (article.is_ours, article.next_check_at, article.etag) == (False, None, None)
    assert ledger.articles.every(regions=None, limit=9) == []
    assert ledger.articles.neighbours(at_site(2).url) == []
    assert ledger.addresses.see([ONE], run_id="r2", at=T0) == [Decision.OWED]
    ledger.articles.note_check(article.id, T0, T0 + DAY, None, None)
    known = ledger.articles.get(ONE.article_id)
    assert known is not None
    assert known.is_ours
    assert ledger.addresses.see([ONE], run_id="r3", at=T0) == [Decision.KNOWN]
    assert [one.id for one in ledger.articles.every(regions=None, limit=9)] == [article.id]


def test_a_capture_leaves_our_state_and_what_is_owed(ledger: Ledger) -> None:
    mirror = at_site(1, "js.news.cn")
    ledger.articles.add_line(line(1), jsonl="a.jsonl", schedule=[HOUR])
    before = ledger.articles.get(ONE.article_id)
    ledger.addresses.see([mirror], run_id="r2", at=T0)
    ledger.articles.add_line(
        line(1, at="2017-09-29T01:02:03Z", archive=OTHERS, version=2, line="r9:1"),
        jsonl="b.jsonl", schedule=[HOUR],
    )  # fmt: skip
    assert ledger.articles.get(ONE.article_id) == before
    assert ledger.articles.highest_version(ONE.article_id) == 2
    assert [row.archive for row in ledger.articles.versions(ONE.article_id)] == [
        "archive.example", None,
    ]  # fmt: skip
