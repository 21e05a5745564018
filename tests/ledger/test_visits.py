"""The addresses of a run: which are open, how they add up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.ledger.rows import OpenVisit
from crawler.outcomes import Outcome
from tests.ledger.conftest import T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger


def test_outcomes_add_up(ledger: Ledger, run: str) -> None:
    sightings = [replace(at_site(n), region="he" if n % 2 else None) for n in range(6)]
    ledger.addresses.see(sightings, run_id=run, at=T0)
    for sighting in sightings[:3]:
        ledger.addresses.finish(sighting.url, Outcome.MISSING, run_id=run, at=T0)
    assert ledger.visits.outcomes(run) == {"missing": 3, "pending": 3}
    assert ledger.visits.outcomes_by_region(run) == {
        "": {"missing": 2, "pending": 1},
        "he": {"missing": 1, "pending": 2},
    }
    assert ledger.visits.get(run, sightings[5].url) == (None, None)
    assert ledger.visits.end_open(run) == 3
    assert ledger.visits.get(run, sightings[5].url) == (Outcome.PENDING, None)
    assert sum(ledger.visits.outcomes(run).values()) == ledger.visits.count(run) == 6
    assert ledger.visits.get("other", sightings[5].url) is None


def test_open_ones_of_a_host_come_in_the_order_of_sighting(ledger: Ledger, run: str) -> None:
    first, other, second, third = (
        at_site(3), at_site(1, "js.news.cn"), at_site(2), at_site(4),
    )  # fmt: skip
    ledger.addresses.see([first, other, second, third], run_id=run, at=T0)
    ledger.addresses.finish(second.url, Outcome.MISSING, run_id=run, at=T0)
    found = ledger.visits.still_open(run, "www.js.xinhuanet.com", after=0, limit=9)
    assert found == [
        OpenVisit(first.url, first.article_id, 1), OpenVisit(third.url, third.article_id, 4),
    ]  # fmt: skip
    assert ledger.visits.still_open(run, "www.js.xinhuanet.com", after=1, limit=9) == found[1:]
    assert ledger.visits.still_open("other", "js.news.cn", after=0, limit=9) == []


def test_those_that_ended_so(ledger: Ledger, run: str) -> None:
    sightings = [at_site(number) for number in (3, 1, 2)]
    ledger.addresses.see(sightings, run_id=run, at=T0)
    for one in sightings:
        ledger.addresses.finish(one.url, Outcome.UNKNOWN_LAYOUT, run_id=run, at=T0)
    urls = sorted(one.url for one in sightings)
    assert ledger.visits.ended_as(run, [Outcome.UNKNOWN_LAYOUT], 2) == urls[:2]
    assert ledger.visits.ended_as(run, [Outcome.MISSING], 9) == []
