"""Captures of a web archive: which are asked for, and the outcome of their article's address."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.exporters.publisher import Publisher
from crawler.history.web_captures import CaptureEnd, WebCaptures, neighbours
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import CaptureRow, VersionRow
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, T0, at_site, line
from tests.run_parts import facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = "https://archive.example/cdx"
SITE = at_site(1)
RUN, NEXT = facts().run_id, "20260302T000000Z-0001"


def listed(*digests: str) -> list[CaptureRow]:
    """Captures of one article, a day apart."""
    return [
        CaptureRow(INDEX, SITE.url, T0 + number * DAY, SITE.article_id, 1, "js", digest)
        for number, digest in enumerate(digests)
    ]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    Ledger.open(path).close()
    return path


@pytest.fixture
def ledger(empty: Path, tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(shutil.copy(empty, tmp_path / "ledger.sqlite"))) as opened:
        yield opened


def of_run(ledger: Ledger, run_id: str) -> WebCaptures:
    output: Any = None  # nothing is written here
    ledger.addresses.see([SITE], run_id=run_id, at=T0)
    return WebCaptures(ledger, Publisher(facts(run_id=run_id), ledger, output, output))


@pytest.fixture
def captures(ledger: Ledger) -> WebCaptures:
    return of_run(ledger, RUN)


def asked(captures: WebCaptures, *ends: CaptureEnd | Outcome) -> list[int]:
    """Let captures end one after the other; the days of those that were asked for."""
    days, left = [], list(ends)
    while found := list(captures.ready()):
        ((job, row),) = found
        days.append((row.at - T0).days)
        captures.conclude(job.address, left.pop(0))
    assert left == []
    assert captures.open == 0
    return days


def begun(ledger: Ledger, captures: WebCaptures, *digests: str) -> bool:
    rows = listed(*digests)
    ledger.captures.add(rows)
    pages = ledger.captures.of_article(INDEX, SITE.article_id)
    return captures.begin(SITE.url, SITE.article_id, pages)


def test_what_repeats_the_capture_before_it_is_not_asked_for(
    ledger: Ledger, captures: WebCaptures
) -> None:
    assert begun(ledger, captures, "a", "a", "b", "", "", "a")
    assert asked(captures, *[CaptureEnd.EQUAL] * 5) == [0, 2, 3, 4, 5]
    assert captures.ended == {"equal": 5, "repeated": 1}
    assert ledger.visits.outcomes(RUN) == {"unchanged": 1}
    assert not begun(ledger, of_run(ledger, NEXT), "a", "a", "b", "", "", "a")
    assert ledger.visits.outcomes(NEXT) == {"known": 1}


def test_one_that_was_not_read_says_nothing_of_the_next(
    ledger: Ledger, captures: WebCaptures
) -> None:
    assert begun(ledger, captures, "a", "a")
    assert asked(captures, Outcome.NOT_ARTICLE, CaptureEnd.EQUAL) == [0, 1]
    assert ledger.visits.outcomes(RUN) == {"unchanged": 1}  # the best of both


def test_what_is_not_older_than_our_own_look(ledger: Ledger, captures: WebCaptures) -> None:
    ledger.articles.add_line(line(1), jsonl="a.jsonl")
    assert begun(ledger, captures, "a", "b")
    assert asked(captures) == []
    assert captures.ended == {"later": 2}
    assert ledger.visits.outcomes(RUN) == {"known": 1}


@pytest.mark.parametrize(
    ("ended", "days", "owed"),
    [
        # tried again later, the others meanwhile
        (Outcome.TIMEOUT, [0, 1], 2),
        # its host is closed: the others stay owed
        (Outcome.DEFERRED, [0], 2),
        (Outcome.SOFT_404, [0, 1], 0),
    ],
)
def test_what_fails(
    ledger: Ledger, captures: WebCaptures, ended: Outcome, days: list[int], owed: int
) -> None:
    assert begun(ledger, captures, "a", "b")
    assert asked(captures, *[ended] * len(days)) == days
    assert ledger.captures.count_owed(INDEX, ["js"]) == owed
    assert ledger.visits.outcomes(RUN) == {ended: 1}


def test_what_is_owed_later_is_pending(ledger: Ledger, captures: WebCaptures) -> None:
    assert begun(ledger, captures, "a")
    asked(captures, Outcome.TIMEOUT)
    assert not begun(ledger, of_run(ledger, NEXT), "a")
    assert ledger.visits.outcomes(NEXT) == {"pending": 1}


def test_the_lines_beside_a_time() -> None:
    first = VersionRow(
        "1", 1, 1, "live", T0, None, None, None, [], (), "a.jsonl", "0", None, revision=0
    )
    corrected = replace(first, number=2, revision=1)
    gone = replace(first, number=3, status="gone", fetched_at=T0 + DAY)
    later = replace(first, number=4, fetched_at=T0 + 2 * DAY)
    later_corrected = replace(later, number=5, revision=1)
    rows = [first, corrected, gone, later, later_corrected]
    assert neighbours(rows, T0) == (corrected, later_corrected)
    assert neighbours(rows, T0 - DAY) == (None, corrected)
    assert neighbours(rows, T0 + 3 * DAY) == (later_corrected, None)
    assert neighbours([gone], T0) == (None, None)
