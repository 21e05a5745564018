"""What is decided of a sighting, for each thing that may be known of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crawler.ledger.rows import Decision
from crawler.ledger.sighting_decisions import OUTCOME_OF, decide, has_ended
from crawler.outcomes import PROVISIONAL, Outcome
from tests.ledger.conftest import HOUR, T0


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
