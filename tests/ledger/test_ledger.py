"""What waits is seen by whoever asks, and told as it would have been at once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import BATCH, Ledger
from crawler.ledger.rows import AddedLine, Ending, OpenVisit
from crawler.ledger.schema import metadata
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, gone_line, line, pointer

FILE = "jsonl/2026/01/x.jsonl"


def published(number: int, **values: Any) -> AddedLine:
    return AddedLine(line(number, **values), FILE, [DAY])


def ending(number: int, outcome: Outcome, **values: Any) -> Ending:
    return Ending(at_site(number).url, outcome, RUN, T0, **values)


def rows(ledger: Ledger) -> dict[str, list[Any]]:
    return {
        table.name: [
            tuple(row)
            for row in ledger.connection.rows(select(table).order_by(*table.primary_key.columns))
        ]
        for table in metadata.sorted_tables
    }


def test_what_waits_is_seen_by_whoever_asks(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([at_site(1), at_site(2)], run_id=run, at=T0)
    ledger.settling.add_line(published(1))
    ledger.settling.finish(ending(1, Outcome.PUBLISHED))
    ledger.settling.finish(ending(2, Outcome.MISSING, detail="404"))
    article = ledger.articles.get(at_site(1).article_id)
    assert article is not None
    assert article.title == "春灌开闸"
    assert ledger.visits.outcomes(run) == {"missing": 1, "published": 1}
    missing = ledger.addresses.get(at_site(2).url)
    assert missing is not None
    assert (missing.attempts, missing.detail) == (1, "404")


def test_a_commit_keeps_what_waits_and_a_close_forgets_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger.open(path)
    ledger.runs.start(RUN, T0, "x")
    ledger.addresses.see([at_site(1), at_site(2)], run_id=RUN, at=T0)
    ledger.settling.finish(ending(1, Outcome.MISSING))
    ledger.commit()
    ledger.settling.finish(ending(2, Outcome.MISSING))
    ledger.close()
    again = Ledger.open(path)
    assert again.visits.outcomes(RUN) == {"missing": 1, "pending": 1}
    again.close()


def test_a_batch_costs_as_much_as_a_page(ledger: Ledger, run: str) -> None:
    count = BATCH - 1
    ledger.addresses.see([at_site(n) for n in range(count)], run_id=run, at=T0)
    seen: list[str] = []
    event.listen(ledger.connection.raw, "before_cursor_execute", lambda *args: seen.append(args[2]))
    visits = [OpenVisit(at_site(n).url, at_site(n).article_id, n) for n in range(count)]
    ledger.hand_out(visits)
    assert len(seen) == 2
    for number in range(count):
        sighting = at_site(number)
        assert ledger.articles.get(sighting.article_id) is None
        assert ledger.addresses.get(sighting.url) is not None
        assert ledger.addresses.of_article(sighting.article_id) == [sighting.url]
        ledger.settling.add_line(published(number))
        ledger.settling.finish(ending(number, Outcome.PUBLISHED))
    assert len(seen) == 2, "nothing was asked or told yet"
    ledger.commit()
    assert len(seen) < 20


def test_what_was_handed_out_is_read_again_once_it_changed(ledger: Ledger, run: str) -> None:
    first = at_site(1)
    other = at_site(1, host="js.news.cn")
    ledger.addresses.see([first], run_id=run, at=T0)
    visit = OpenVisit(first.url, first.article_id, 1)
    ledger.hand_out([visit])
    ledger.addresses.see([other], run_id=run, at=T0)
    assert ledger.addresses.of_article(first.article_id) == sorted([first.url, other.url])
    ledger.articles.add_line(line(1), jsonl=FILE)
    ledger.hand_out([visit])
    ledger.articles.note_check(first.article_id, T0 + DAY, None, '"e2"', None)
    article = ledger.articles.get(first.article_id)
    assert article is not None
    assert article.etag == '"e2"'
    ledger.hand_out([visit])
    ledger.settling.finish(ending(1, Outcome.SUSPECTED))
    article = ledger.articles.get(first.article_id)
    assert article is not None
    assert article.suspected_at == T0


def test_another_outcome_is_refused_when_it_is_told(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([at_site(1)], run_id=run, at=T0)
    ledger.settling.finish(ending(1, Outcome.MISSING))
    ledger.settling.finish(ending(1, Outcome.PUBLISHED))
    with pytest.raises(LedgerError, match=r"ended as missing .* and again as published"):
        ledger.commit()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("line"), st.integers(1, 4), st.sampled_from([T0, T0 + HOUR])),
        st.tuples(st.just("gone"), st.just(1), st.just(T0)),
        st.tuples(
            st.just("end"),
            st.integers(1, 6),
            st.sampled_from(
                [
                    Outcome.PUBLISHED,
                    Outcome.MISSING,
                    Outcome.SUSPECTED,
                    Outcome.UNCHANGED,
                    Outcome.KNOWN,
                    Outcome.EXTRACTION_FAILED,
                    Outcome.TIMEOUT,
                ]
            ),
        ),
        st.tuples(st.just("read"), st.integers(1, 4), st.none()),
        st.tuples(st.just("hand out"), st.integers(1, 4), st.none()),
        st.tuples(st.just("check"), st.integers(1, 4), st.none()),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a run that has seen six addresses."""
    path = tmp_path_factory.mktemp("begun") / "ledger.sqlite"
    ledger = Ledger.open(path)
    ledger.runs.start(RUN, T0, "x")
    ledger.addresses.see([at_site(n) for n in range(1, 7)], run_id=RUN, at=T0)
    ledger.commit()
    ledger.close()
    return path


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_told_in_batches_or_at_once_is_the_same(
    begun: Path, memory: Path, steps: list[Any]
) -> None:
    told: list[dict[str, list[Any]]] = []
    for is_batch in (False, True):
        path = Path(shutil.copy(begun, memory / f"{is_batch}.sqlite"))
        ledger = Ledger.open(path)
        ended: set[int] = set()
        for step, number, what in steps:
            take(ledger, step, number, what, ended, is_batch=is_batch)
        ledger.commit()
        told.append(rows(ledger))
        ledger.close()
    assert told[0] == told[1]


def take(
    ledger: Ledger, step: str, number: int, what: Any, ended: set[int], *, is_batch: bool
) -> None:
    sighting = at_site(number)
    if step == "line":
        one = published(number, fetched_at=what.strftime("%Y-%m-%dT%H:%M:%SZ"))
        if is_batch:
            ledger.settling.add_line(one)
        else:
            ledger.articles.add_line(one.record, jsonl=one.jsonl, schedule=one.schedule)
    elif step == "gone":
        gone = AddedLine(gone_line(), FILE)
        if is_batch:
            ledger.settling.add_line(gone)
        else:
            ledger.articles.add_line(gone.record, jsonl=FILE)
    elif step == "end" and number not in ended:
        ended.add(number)
        if is_batch:
            ledger.settling.finish(ending(number, what))
        else:
            ledger.addresses.finish(sighting.url, what, run_id=RUN, at=T0)
    elif step == "read":
        ledger.articles.get(sighting.article_id)
    elif step == "hand out":
        ledger.hand_out([OpenVisit(sighting.url, sighting.article_id, number)])
    elif step == "check" and ledger.articles.get(sighting.article_id):
        ledger.articles.note_check(sighting.article_id, T0 + DAY, T0 + 2 * DAY, None, None)
        ledger.observations.add(
            sighting.article_id, sighting.url, T0 + DAY, 304, "same", pointer(), RUN
        )
