"""Runs: their rows, what a new one forgets, how their addresses end, and what they publish."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.ledger.rows import OpenVisit, Publication, RunKind
from crawler.outcomes import Outcome
from tests.ledger.conftest import HOUR, RUN, T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger


def test_runs(ledger: Ledger) -> None:
    ledger.runs.start("r1", T0, "scrapy crawl xinhua")
    ledger.runs.start("r2", T0 + HOUR, "scrapy crawl xinhua -a limit=3")
    ledger.runs.finish("r2", T0 + 2 * HOUR, 3, "sigterm", {"published": 3})
    newest, oldest = ledger.runs.newest(9)
    assert (newest.run_id, newest.exit_code, newest.reason) == ("r2", 3, "sigterm")
    assert newest.counts == {"published": 3}
    assert newest.finished_at == T0 + 2 * HOUR
    assert (oldest.finished_at, oldest.exit_code, oldest.counts) == (None, None, {})
    assert ledger.runs.newest(1) == [newest]
    assert ledger.runs.unfinished() == [oldest]
    with pytest.raises(KeyError):
        ledger.runs.finish("r9", T0, 0, "finished", {})


def test_a_correction_forgets_no_visits_and_is_no_crawl(ledger: Ledger) -> None:
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
    ledger.addresses.see([at_site(1)], run_id=RUN, at=T0)
    ledger.runs.start("r2", T0 + HOUR, "scrapy reextract --correct", RunKind.CORRECTION)
    assert ledger.visits.count(RUN) == 1
    assert [run.run_id for run in ledger.runs.newest(9)] == ["r2", RUN]
    assert [run.run_id for run in ledger.runs.newest(9, RunKind.CRAWL)] == [RUN]
    assert [run.run_id for run in ledger.runs.newest(9, RunKind.CORRECTION)] == ["r2"]


def test_a_run_forgets_the_visits_of_the_one_before(ledger: Ledger) -> None:
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
    ledger.addresses.see([at_site(1)], run_id=RUN, at=T0)
    ledger.addresses.finish(at_site(1).url, Outcome.MISSING, run_id=RUN, at=T0)
    ledger.runs.start("r2", T0 + HOUR, "scrapy crawl xinhua")
    assert ledger.visits.count(RUN) == ledger.visits.count("r2") == 0
    assert ledger.visits.outcomes(RUN) == {}
    assert ledger.addresses.get(at_site(1).url)


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


PART, REPORT = f"runs/{RUN}-00001.json", f"runs/{RUN}.json"


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    for path, part in ((PART, 1), (REPORT, None)):
        seq = ledger.publications.next_seq()
        ledger.publications.add(seq, path, run_id=RUN, part=part, published_at=T0)
    return ledger


def test_the_first_is_1(ledger: Ledger) -> None:
    assert ledger.publications.next_seq() == 1
    assert ledger.publications.after(0) == []


def test_they_come_in_their_order_from_the_cursor_on(filled: Ledger) -> None:
    first = Publication(1, PART, RUN, 1, T0)
    second = Publication(2, REPORT, RUN, None, T0)
    assert filled.publications.next_seq() == 3
    assert filled.publications.after(0) == [first, second]
    assert filled.publications.after(0, limit=1) == [first]
    assert filled.publications.after(1) == [second]
    assert filled.publications.after(2) == []
    assert filled.publications.of_run(RUN) == [first, second]
    assert filled.publications.of_run("another") == []


def test_one_noted_again_stays_as_it_was(filled: Ledger) -> None:
    again = filled.publications.add(1, PART, run_id=RUN, part=1, published_at=T0 + HOUR)
    assert again is False
    assert filled.publications.after(0)[0].published_at == T0


@pytest.mark.parametrize(
    ("seq", "path", "why"),
    [
        (1, "runs/other.json", f"publication 1 is {PART} already, not runs/other.json"),
        (3, PART, f"{PART} is publication 1 already, not 3"),
        (2, PART, "already"),
    ],
)
def test_no_number_and_no_path_is_used_twice(filled: Ledger, seq: int, path: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        filled.publications.add(seq, path, run_id=RUN, part=None, published_at=T0)
    assert filled.publications.next_seq() == 3
