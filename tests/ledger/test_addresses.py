"""Verdicts and outcomes of addresses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from crawler.ledger.addresses import OUTCOME_OF, decide, has_ended
from crawler.ledger.errors import LedgerError
from crawler.ledger.rows import Decision
from crawler.ledger.schedule import RETRY_SCHEDULE
from crawler.outcomes import FETCHED, OWED_NOW, PROVISIONAL, SETTLED, Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, line

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import Address, Sighting


def row(retry_at: object, result: Outcome | None) -> Any:
    return cast("Any", SimpleNamespace(retry_at=retry_at, result=result))


NEVER_ASKED, DUE, LATER = row(None, None), row(T0, Outcome.TIMEOUT), row(T0 + HOUR, Outcome.TIMEOUT)
ENDED, ELSEWHERE = row(None, Outcome.NOT_ARTICLE), row(None, Outcome.DUPLICATE)


@pytest.mark.parametrize(
    ("known", "is_settled", "is_own", "is_taken", "decision"),
    [
        (None, False, False, False, Decision.NEW),
        (None, False, False, True, Decision.DUPLICATE),
        (None, True, False, False, Decision.DUPLICATE),
        (None, True, True, False, Decision.KNOWN),
        (NEVER_ASKED, False, False, False, Decision.OWED),
        (DUE, False, False, False, Decision.OWED),
        (DUE, False, False, True, Decision.DUPLICATE),
        (DUE, True, True, False, Decision.KNOWN),
        (LATER, False, False, False, Decision.WAITING),
        (LATER, True, False, False, Decision.DUPLICATE),
        (ENDED, False, False, True, Decision.KNOWN),
        (ELSEWHERE, False, False, False, Decision.OWED),
    ],
)
def test_decisions(
    known: Any, is_settled: bool, is_own: bool, is_taken: bool, decision: Decision
) -> None:
    assert decide(known, T0, is_settled, is_own, is_taken) is decision


def test_what_is_not_fetched_has_a_provisional_outcome() -> None:
    fetched_or_counted = {Decision.NEW, Decision.OWED, Decision.REPEAT}
    assert set(OUTCOME_OF) == set(Decision) - fetched_or_counted
    assert set(OUTCOME_OF.values()) <= PROVISIONAL


def test_an_address_ends_by_itself() -> None:
    assert has_ended(ENDED)
    assert not any(map(has_ended, (None, NEVER_ASKED, DUE, LATER, ELSEWHERE)))


MIRROR = "js.news.cn"
SECOND = "r2"


def decisions(ledger: Ledger, *sightings: Sighting, run: str = RUN, at: datetime = T0) -> list[str]:
    return [decision.value for decision in ledger.addresses.see(sightings, run_id=run, at=at)]


def publish(ledger: Ledger, number: int, run: str = RUN) -> None:
    ledger.articles.add_line(line(number), jsonl="jsonl/2026/01/xinhua-r1.jsonl")
    ledger.addresses.finish(at_site(number).url, Outcome.PUBLISHED, run_id=run, at=T0)


def address(ledger: Ledger, sighting: Sighting) -> Address:
    found = ledger.addresses.get(sighting.url)
    assert found
    return found


def test_first_and_second_sighting(ledger: Ledger, run: str) -> None:
    assert decisions(ledger, at_site(1), at_site(2), at_site(1)) == ["new", "new", "repeat"]
    assert decisions(ledger, at_site(2), at_site(3)) == ["repeat", "new"]
    assert ledger.visits.count(run) == 3


def test_an_archived_article_is_known(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    publish(ledger, 1)
    assert decisions(ledger, at_site(1), run=SECOND) == ["known"]
    assert ledger.visits.outcomes(SECOND) == {"known": 1}
    assert ledger.addresses.owed(run_id="r3", at=T0 + DAY, regions=None, limit=10) == []


def test_the_first_discovery_stays(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    later = replace(at_site(1), found_on="http://other/", position=9, title="别的", region="he")
    decisions(ledger, later, run=SECOND, at=T0 + HOUR)
    found = address(ledger, at_site(1))
    assert found.sighting() == at_site(1)
    assert found.first_seen_at == T0


def test_one_article_at_two_addresses_is_fetched_once(ledger: Ledger, run: str) -> None:
    assert decisions(ledger, at_site(1), at_site(1, MIRROR)) == ["new", "duplicate"]
    assert decisions(ledger, at_site(1, "www.news.cn")) == ["duplicate"]
    publish(ledger, 1)
    assert ledger.visits.outcomes(run) == {"duplicate": 2, "published": 1}
    assert len(ledger.addresses.of_article(at_site(1).article_id)) == 3
    assert decisions(ledger, at_site(1, MIRROR), at_site(1, "m.news.cn"), run=SECOND) == [
        "duplicate",
        "duplicate",
    ]
    assert ledger.addresses.owed(run_id="r3", at=T0 + DAY, regions=None, limit=10) == []


def test_a_duplicate_is_owed_until_its_article_is_there(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1), at_site(1, MIRROR))
    ledger.addresses.finish(at_site(1).url, Outcome.TIMEOUT, run_id=run, at=T0)
    owed = ledger.addresses.owed(run_id=SECOND, at=T0, regions=None, limit=10)
    assert [one.url for one in owed] == [at_site(1, MIRROR).url]
    assert decisions(ledger, at_site(1, MIRROR), at_site(1), run=SECOND) == ["owed", "duplicate"]


@pytest.mark.parametrize("outcome", [Outcome.REDIRECTED, Outcome.NOT_ARTICLE, Outcome.DEFERRED])
def test_an_end_of_the_address_alone_frees_the_article(
    ledger: Ledger, run: str, outcome: Outcome
) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(at_site(1).url, outcome, run_id=run, at=T0)
    assert decisions(ledger, at_site(1, MIRROR)) == ["new"]


def test_a_failed_extraction_is_not_fetched_elsewhere(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1), at_site(1, MIRROR))
    ledger.addresses.finish(at_site(1).url, Outcome.EXTRACTION_FAILED, run_id=run, at=T0)
    assert decisions(ledger, at_site(1), at_site(1, MIRROR), run=SECOND) == ["known", "duplicate"]
    assert ledger.addresses.owed(run_id="r3", at=T0 + DAY, regions=None, limit=10) == []


def test_out_of_one_range_is_not_out_of_all(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(at_site(1).url, Outcome.OUT_OF_RANGE, run_id=run, at=T0)
    assert decisions(ledger, at_site(1), run=SECOND) == ["owed"]


def test_failures_back_off(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    now = T0
    for attempt, wait in enumerate((*RETRY_SCHEDULE, RETRY_SCHEDULE[-1]), start=1):
        name = f"run{attempt}"
        if attempt > 1:
            assert decisions(ledger, at_site(1), run=name, at=now) == ["owed"]
        ledger.addresses.finish(
            at_site(1).url, Outcome.HTTP_ERROR, run_id=name, at=now, detail="HTTP 500"
        )
        found = address(ledger, at_site(1))
        assert (found.attempts, found.retry_at) == (attempt, now + wait)
        assert (found.result, found.detail) == (Outcome.HTTP_ERROR, "HTTP 500")
        early = now + wait - HOUR / 2
        assert decisions(ledger, at_site(1), run=f"{name}b", at=early) == ["waiting"]
        assert ledger.visits.outcomes(f"{name}b") == {"pending": 1}
        now += wait


def test_retry_at_is_taken_when_given(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(
        at_site(1).url, Outcome.TIMEOUT, run_id=run, at=T0, retry_at=T0 + 2 * DAY
    )
    assert address(ledger, at_site(1)).retry_at == T0 + 2 * DAY


@pytest.mark.parametrize("outcome", sorted(OWED_NOW - PROVISIONAL))
def test_what_was_not_tried_is_owed_at_once(ledger: Ledger, run: str, outcome: Outcome) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(at_site(1).url, outcome, run_id=run, at=T0)
    assert address(ledger, at_site(1)).attempts == 0
    assert decisions(ledger, at_site(1), run=SECOND, at=T0) == ["owed"]


@pytest.mark.parametrize("outcome", sorted(SETTLED - FETCHED - PROVISIONAL))
def test_settled_is_settled(ledger: Ledger, run: str, outcome: Outcome) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(at_site(1).url, Outcome.TIMEOUT, run_id="r0", at=T0)
    ledger.addresses.finish(at_site(1).url, outcome, run_id=run, at=T0)
    assert address(ledger, at_site(1)).retry_at is None
    assert address(ledger, at_site(1)).attempts == 0
    assert decisions(ledger, at_site(1), run=SECOND, at=T0 + DAY) == ["known"]


def test_one_outcome_a_run(ledger: Ledger, run: str) -> None:
    decisions(ledger, at_site(1))
    ledger.addresses.finish(at_site(1).url, Outcome.TIMEOUT, run_id=run, at=T0)
    ledger.addresses.finish(at_site(1).url, Outcome.TIMEOUT, run_id=run, at=T0)
    assert address(ledger, at_site(1)).attempts == 1
    with pytest.raises(LedgerError, match=r"ended as timeout .* again as missing"):
        ledger.addresses.finish(at_site(1).url, Outcome.MISSING, run_id=run, at=T0)
    assert ledger.visits.outcomes(run) == {"timeout": 1}


def test_finishing_the_unknown_is_a_mistake(ledger: Ledger, run: str) -> None:
    with pytest.raises(KeyError):
        ledger.addresses.finish(at_site(1).url, Outcome.TIMEOUT, run_id=run, at=T0)
    with pytest.raises(KeyError):
        ledger.addresses.recheck([at_site(1).url], run_id=run)


def test_claimed_for_a_recheck(ledger: Ledger, run: str) -> None:
    url = at_site(1).url
    decisions(ledger, at_site(1))
    publish(ledger, 1)
    ledger.runs.start(SECOND, T0 + DAY, "scrapy crawl xinhua")
    assert decisions(ledger, at_site(1), run=SECOND) == ["known"]
    assert ledger.addresses.recheck([url], run_id=SECOND) == [url]
    assert ledger.addresses.recheck([url], run_id=SECOND) == []
    assert decisions(ledger, at_site(1), at_site(1, MIRROR), run=SECOND) == ["repeat", "duplicate"]
    assert ledger.visits.outcomes(SECOND) == {"duplicate": 1, "pending": 1}
    ledger.addresses.finish(url, Outcome.NOT_MODIFIED, run_id=SECOND, at=T0 + DAY)
    assert ledger.addresses.recheck([url], run_id=SECOND) == []
    assert ledger.visits.outcomes(SECOND) == {"duplicate": 1, "not_modified": 1}


def test_a_failed_recheck_owes_nothing_and_waits(ledger: Ledger, run: str) -> None:
    sighting = at_site(1)
    decisions(ledger, sighting)
    ledger.articles.add_line(line(1), jsonl="a.jsonl", schedule=[DAY])
    ledger.addresses.finish(sighting.url, Outcome.PUBLISHED, run_id=run, at=T0)
    ledger.addresses.recheck([sighting.url], run_id=SECOND)
    ledger.addresses.finish(sighting.url, Outcome.HTTP_ERROR, run_id=SECOND, at=T0 + DAY)
    assert address(ledger, sighting).retry_at is None
    article = ledger.articles.get(sighting.article_id)
    assert article
    assert article.next_check_at == T0 + DAY + HOUR
    assert decisions(ledger, sighting, run="r3", at=T0 + DAY) == ["known"]


def test_suspicion_begins_with_the_first_sign_and_ends_with_the_page(
    ledger: Ledger, run: str
) -> None:
    sighting = at_site(1)
    decisions(ledger, sighting)
    publish(ledger, 1)

    def suspected_at() -> datetime | None:
        article = ledger.articles.get(sighting.article_id)
        assert article
        return article.suspected_at

    for day in (1, 2):
        ledger.addresses.finish(
            sighting.url, Outcome.SUSPECTED, run_id=f"s{day}", at=T0 + day * DAY
        )
        assert suspected_at() == T0 + DAY
    ledger.addresses.finish(sighting.url, Outcome.UNCHANGED, run_id="s3", at=T0 + 3 * DAY)
    assert suspected_at() is None


def test_owed_by_region_and_age(ledger: Ledger, run: str) -> None:
    decisions(ledger, replace(at_site(1), region="he"), at=T0 + HOUR)
    decisions(ledger, at_site(2), at=T0)
    decisions(ledger, replace(at_site(3), region=None), at=T0 + 3 * HOUR)

    def owed(**values: object) -> list[int | None]:
        options = {"run_id": SECOND, "at": T0 + 2 * HOUR, "regions": None, "limit": 9, **values}
        return [one.position for one in ledger.addresses.owed(**options)]  # type: ignore[arg-type]

    assert owed() == [2, 1]
    assert owed(limit=1) == [2]
    assert owed(regions=["he"]) == [1]
    assert owed(at=T0 + DAY) == [2, 1, 3]
    assert owed(run_id=run) == []


def test_a_large_batch(ledger: Ledger, run: str) -> None:
    sightings = [at_site(n) for n in range(1203)]
    assert set(decisions(ledger, *sightings, sightings[0])) == {"new", "repeat"}
    assert ledger.visits.count(run) == 1203
    assert ledger.addresses.recheck([one.url for one in sightings], run_id=SECOND) == [
        one.url for one in sightings
    ]
