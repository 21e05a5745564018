"""Lines told to the ledger in any order; what is due; looks that made no version."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import KEYS_1, as_line
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, gone_line, line, pointer

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import ArticleRow


FILE = "jsonl/2026/01/xinhua-r1.jsonl"
ID = at_site(1).article_id
SCHEDULE = (DAY, 7 * DAY)

FIRST = line()
CHANGED = line(
    at="2026-01-02T08:00:00Z",
    version=2,
    content_sha256="b" * 64,
    previous_sha256="a" * 64,
    changed=["body"],
    title="春灌开闸（续）",
)
GONE = gone_line(version=2)
BACK = line(at="2026-01-04T08:00:00Z", status="restored", version=2, content_sha256="b" * 64)


def tell(ledger: Ledger, *lines: dict[str, Any]) -> ArticleRow:
    for one in lines:
        ledger.articles.add_line(one, jsonl=FILE, schedule=SCHEDULE)
    article = ledger.articles.get(ID)
    assert article
    return article


def test_a_first_line(ledger: Ledger) -> None:
    assert ledger.articles.get(ID) is None
    article = tell(ledger, FIRST)
    assert (article.id, article.url, article.region) == (ID, at_site(1).url, "js")
    assert (article.status, article.version, article.suspected_at) == ("live", 1, None)
    assert (article.title, article.published_at) == ("春灌开闸", "2025-12-31T20:00:00+08:00")
    assert article.first_seen_at == datetime(2026, 1, 1, 7, 59, tzinfo=UTC)
    assert article.last_checked_at == article.warc_date == T0
    assert article.next_check_at == datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert (article.etag, article.last_modified) == ('"e1"', None)
    assert article.warc_pages == (pointer(),)
    assert article.warc == pointer()
    assert article.jsonl == FILE
    (version,) = ledger.articles.versions(ID)
    assert version.line_sha256 == hashlib.sha256(as_line(FIRST)).hexdigest()
    found = ledger.addresses.get(at_site(1).url)
    assert found
    assert (found.found_on, found.position) == ("http://www.js.xinhuanet.com/", 1)
    assert (found.result, found.retry_at) == (Outcome.PUBLISHED, None)


def test_all_pages_are_pointed_at(ledger: Ledger) -> None:
    pages = [FIRST["warc"], FIRST["warc"] | {"offset": 700}]
    article = tell(ledger, FIRST | {"warc_pages": pages})
    assert [page.offset for page in article.warc_pages] == [100, 700]


def test_without_a_schedule_nothing_is_due(ledger: Ledger) -> None:
    ledger.articles.add_line(FIRST, jsonl=FILE)
    assert ledger.articles.due(T0 + 999 * DAY, regions=None, limit=9) == []


def test_telling_a_line_twice_changes_nothing(ledger: Ledger) -> None:
    tell(ledger, FIRST, CHANGED)
    ledger.articles.rebase(ID, content_sha256="c" * 64, extractor_version="2.0")
    before = (
        ledger.articles.get(ID),
        ledger.articles.versions(ID),
        ledger.addresses.get(at_site(1).url),
    )
    assert not ledger.articles.add_line(FIRST, jsonl=FILE)
    assert not ledger.articles.add_line(CHANGED, jsonl=FILE)
    assert before == (
        ledger.articles.get(ID),
        ledger.articles.versions(ID),
        ledger.addresses.get(at_site(1).url),
    )


def test_a_line_that_stands_elsewhere_now(ledger: Ledger) -> None:
    tell(ledger, FIRST)
    assert not ledger.articles.add_line(FIRST, jsonl="jsonl/2026/01/other.jsonl")
    article = ledger.articles.get(ID)
    assert article
    assert article.jsonl == "jsonl/2026/01/other.jsonl"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_gives_the_same_state(ledger: Ledger, order: tuple[int, ...]) -> None:
    every = (FIRST, CHANGED, GONE, BACK)
    article = tell(ledger, *(every[index] for index in order))
    assert (article.status, article.version, article.content_sha256) == ("live", 2, "b" * 64)
    assert article.warc_date == T0 + 3 * DAY
    assert [(row.status, row.version) for row in ledger.articles.versions(ID)] == [
        ("live", 1),
        ("live", 2),
        ("gone", 2),
        ("restored", 2),
    ]
    assert [one.status for one in ledger.observations.of_article(ID)] == [404, 404]


CORRECTS = {"line": FIRST["line"], "keys": ["title"], "reason": "another extractor"}
CORRECTED = FIRST | {
    "title": "春灌开闸放水", "content_sha256": "e" * 64, "extractor_version": "2.0",
    "published_at": "2025-12-31T20:30:00+08:00", "run_id": "r5", "line": "r5:1", "revision": 1,
    "corrects": CORRECTS,
}  # fmt: skip
AGAIN = CORRECTED | {
    "title": "春灌，开闸放水", "content_sha256": "f" * 64, "line": "r6:1", "revision": 2,
    "corrects": CORRECTS | {"line": "r5:1"},
}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_state_is_the_newest_revision_in_any_order(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    every = (FIRST, CORRECTED, AGAIN)
    article = tell(ledger, *(every[index] for index in order))
    assert (article.title, article.content_sha256) == ("春灌，开闸放水", "f" * 64)
    assert (article.published_sha256, article.extractor_version) == ("f" * 64, "2.0")
    assert article.published_at == "2025-12-31T20:30:00+08:00"
    assert (article.line, article.revision, article.version) == ("r6:1", 2, 1)
    rows = ledger.articles.versions(ID)
    assert [(row.line, row.revision) for row in rows] == [
        (FIRST["line"], 0), ("r5:1", 1), ("r6:1", 2),
    ]  # fmt: skip
    assert [row.corrects for row in rows] == [None, CORRECTS, AGAIN["corrects"]]
    assert [row.order for row in rows] == [(T0, 0), (T0, 1), (T0, 2)]


def test_a_correction_is_no_look_at_the_page(ledger: Ledger) -> None:
    """When it is due, its validators and a suspicion stay as looks have left them."""
    tell(ledger, FIRST)
    ledger.articles.note_check(ID, T0 + DAY, T0 + 9 * DAY, '"e9"', "today")
    ledger.addresses.finish(at_site(1).url, Outcome.SUSPECTED, run_id="r2", at=T0 + DAY)
    before = ledger.articles.get(ID)

    article = tell(ledger, CORRECTED)

    assert before
    assert (article.etag, article.last_modified) == ('"e9"', "today")
    assert article.last_checked_at == T0 + DAY
    assert article.next_check_at == before.next_check_at
    assert article.suspected_at == before.suspected_at == T0 + DAY


def test_a_correction_of_an_earlier_version_is_not_the_state(ledger: Ledger) -> None:
    article = tell(ledger, FIRST, CHANGED, CORRECTED)
    assert (article.version, article.content_sha256) == (2, "b" * 64)
    assert (article.line, article.revision) == (CHANGED["line"], 0)


@pytest.mark.parametrize("lines", [(FIRST, CORRECTED, GONE), (FIRST, GONE, CORRECTED)])
def test_what_a_gone_article_was_is_corrected(
    ledger: Ledger, lines: tuple[dict[str, Any], ...]
) -> None:
    article = tell(ledger, *(one | {"version": 1} for one in lines))
    assert (article.status, article.next_check_at) == ("gone", None)
    assert (article.title, article.content_sha256) == ("春灌开闸放水", "e" * 64)
    assert article.last_checked_at == T0 + 2 * DAY


def test_of_a_line_of_schema_version_1_there_is_no_key_and_no_source(ledger: Ledger) -> None:
    former = {key: FIRST[key] for key in KEYS_1} | {"schema_version": 1, "source": "新华社"}
    article = tell(ledger, former)
    assert (article.line, article.revision, article.source) == (None, 0, None)
    assert tell(ledger, CORRECTED | {"source": "新华网"}).source == "新华网"


@pytest.mark.parametrize("lines", [(FIRST, CHANGED, GONE), (GONE, CHANGED, FIRST)])
def test_a_gone_article_keeps_its_content(
    ledger: Ledger, lines: tuple[dict[str, Any], ...]
) -> None:
    article = tell(ledger, *lines)
    assert (article.status, article.version, article.next_check_at) == ("gone", 2, None)
    assert (article.content_sha256, article.title) == ("b" * 64, "春灌开闸（续）")
    assert article.last_checked_at == T0 + 2 * DAY
    assert article.warc == pointer()


def test_only_a_gone_line_is_known(ledger: Ledger) -> None:
    article = tell(ledger, GONE)
    assert (article.status, article.warc, article.content_sha256) == ("gone", None, None)


def test_other_addresses_are_settled_with_it(ledger: Ledger) -> None:
    mirror, third = at_site(1, "js.news.cn"), at_site(1, "www.news.cn")
    ledger.addresses.see([at_site(1), mirror], run_id=RUN, at=T0)
    tell(ledger, FIRST | {"also_at": [mirror.url, third.url]})
    assert ledger.addresses.of_article(ID) == sorted([at_site(1).url, mirror.url, third.url])
    assert ledger.addresses.owed(run_id="r2", at=T0 + DAY, regions=None, limit=9) == []


def test_a_line_that_other_runs_have_overtaken(ledger: Ledger) -> None:
    """It was written by a run that was killed, and another has published the article since."""
    later = {"run_id": "20260102T080000Z-r2"}
    tell(ledger, line(1), line(2), line(2, "2026-01-02T08:00:00Z", version=2, **later))
    articles = ledger.articles
    assert not articles.is_overtaken(line(1)), "it is known"
    assert articles.is_overtaken(line(1) | later)
    assert not articles.is_overtaken(line(1, version=2) | later)
    assert not articles.is_overtaken(line(2)), "what came later is a version of its own"
    assert articles.is_overtaken(line(2, "2026-01-01T09:00:00Z", version=2))
    assert articles.is_overtaken(gone_line("2026-01-01T09:00:00Z") | {"id": line(2)["id"]})
    assert not articles.is_overtaken(gone_line("2026-01-03T09:00:00Z") | {"id": line(2)["id"]})
    assert not articles.is_overtaken(line(3))


def test_rebase_moves_the_digest_and_makes_no_version(ledger: Ledger) -> None:
    tell(ledger, FIRST)
    ledger.articles.rebase(ID, content_sha256="c" * 64, extractor_version="2.0")
    article = ledger.articles.get(ID)
    assert article
    assert (article.content_sha256, article.extractor_version) == ("c" * 64, "2.0")
    assert [row.content_sha256 for row in ledger.articles.versions(ID)] == ["a" * 64]
    with pytest.raises(KeyError):
        ledger.articles.rebase("404", content_sha256="c" * 64, extractor_version="2.0")


def test_checked(ledger: Ledger) -> None:
    tell(ledger, FIRST)
    ledger.addresses.finish(at_site(1).url, Outcome.SUSPECTED, run_id=RUN, at=T0)
    ledger.articles.note_check(ID, T0 + DAY, T0 + 7 * DAY, '"e2"', "Thu, 01 Jan 2026 08:00:00 GMT")
    article = ledger.articles.get(ID)
    assert article
    assert (article.last_checked_at, article.next_check_at) == (T0 + DAY, T0 + 7 * DAY)
    assert (article.etag, article.suspected_at) == ('"e2"', None)
    assert article.last_modified == "Thu, 01 Jan 2026 08:00:00 GMT"


def test_due_longest_first_and_page_by_page(ledger: Ledger) -> None:
    for number, hours in ((1, 3), (2, 1), (3, 1), (4, 9)):
        ledger.articles.add_line(line(number), jsonl=FILE)
        article_id = at_site(number).article_id
        ledger.articles.note_check(article_id, T0, T0 + hours * HOUR, None, None)
    at = T0 + 5 * HOUR
    due = ledger.articles.due(at, regions=None, limit=9)
    assert [row.id[-1] for row in due] == ["2", "3", "1"]
    assert ledger.articles.due(at, regions=["js"], limit=9) == due
    assert ledger.articles.due(at, regions=["he"], limit=9) == []
    first = ledger.articles.due(at, regions=None, limit=1)
    assert first + ledger.articles.due(at, regions=None, limit=9, after=first[-1]) == due


def test_all_articles_page_by_page(ledger: Ledger) -> None:
    for number in (3, 1, 2):
        ledger.articles.add_line(line(number), jsonl=FILE)
    every = ledger.articles.every(regions=None, limit=9)
    assert [row.id[-1] for row in every] == ["1", "2", "3"]
    assert ledger.articles.every(regions=["js"], limit=9, after=every[0].id) == every[1:]
    assert ledger.articles.every(regions=["he"], limit=9) == []


def test_neighbours_stand_beside_an_address_of_the_host(ledger: Ledger, run: str) -> None:
    """The nearest on each side, whether this address is archived or not; no gone ones."""
    ledger.addresses.see([at_site(number) for number in (1, 2, 3, 4, 5, 6)], run_id=run, at=T0)
    for number in (1, 2, 4, 5):
        ledger.articles.add_line(line(number), jsonl=FILE)
    other = at_site(3, "js.news.cn").url
    ledger.articles.add_line(line(7, canonical_url=other, url=other, id="7"), jsonl=FILE)

    def beside(number: int, *, is_standing: bool = False) -> list[str]:
        found = ledger.articles.neighbours(at_site(number).url, is_standing=is_standing)
        return [article.id[-1] for article in found]

    assert [beside(number) for number in (1, 2, 3, 4, 5, 6)] == [
        ["7", "2"], ["1", "4"], ["2", "4"], ["2", "5"], ["4"], ["5"],
    ]  # fmt: skip
    assert [article.id[-1] for article in ledger.articles.neighbours(other)] == ["1"]
    ledger.addresses.finish(at_site(4).url, Outcome.SUSPECTED, run_id=run, at=T0)
    assert beside(3) == ["2", "4"]
    assert beside(3, is_standing=True) == ["2", "5"]
    ledger.articles.add_line(
        gone_line() | line(2, at="2026-01-03T08:00:00Z", status="gone"), jsonl=FILE
    )
    assert beside(3) == ["1", "4"]


def test_what_a_clock_that_was_ahead_saw_is_seen_once_it_is_fetched(ledger: Ledger) -> None:
    ledger.addresses.see([at_site(1)], run_id=RUN, at=datetime(2026, 1, 1, 8, 1, tzinfo=UTC))
    at = "2026-01-01T08:00:00Z"
    assert ledger.articles.add_line(line(1, at, first_seen_at=at), jsonl="x")
    known = ledger.addresses.get(at_site(1).url)
    assert known
    assert known.first_seen_at == datetime(2026, 1, 1, 8, tzinfo=UTC)


ID = at_site(1).article_id


def test_looks_in_order(ledger: Ledger) -> None:
    url = at_site(1).url
    ledger.observations.add(ID, url, T0, 404, "missing", pointer(3), RUN)
    ledger.observations.add(ID, url, T0 + DAY, None, "timeout", None, "r2")
    first, second = ledger.observations.of_article(ID)
    assert (first.at, first.status, first.reason, first.warc) == (T0, 404, "missing", pointer(3))
    assert (second.status, second.warc, second.run_id) == (None, None, "r2")
    assert ledger.observations.of_article(ID, since=T0 + HOUR) == [second]
