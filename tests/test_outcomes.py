"""The table of outcomes: every row is whole, and the classes made of it hold what they should."""

from __future__ import annotations

import pytest

from crawler.outcomes import (
    FETCHED,
    NEW,
    OF_THE_ADDRESS,
    OF_THE_HOST,
    OWED_NOW,
    PAGE_IS_THERE,
    PROVISIONAL,
    READ,
    SETTLED,
    UNREAD,
    Outcome,
)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_meaning(outcome: Outcome) -> None:
    assert outcome.meaning
    assert Outcome(str(outcome)) is outcome


def test_an_unknown_name_is_no_outcome() -> None:
    with pytest.raises(ValueError, match="no_such"):
        Outcome("no_such")


def test_classes() -> None:
    assert not SETTLED & OWED_NOW
    assert OWED_NOW <= OF_THE_ADDRESS
    assert NEW <= FETCHED <= PAGE_IS_THERE <= SETTLED
    assert READ | UNREAD <= PAGE_IS_THERE
    assert not READ & UNREAD
    assert FETCHED <= READ | UNREAD
    assert not OF_THE_HOST & (SETTLED | OWED_NOW | OF_THE_ADDRESS)
    assert {Outcome.KNOWN, Outcome.DUPLICATE, Outcome.PENDING} == PROVISIONAL
    assert Outcome.EXTRACTION_FAILED in SETTLED - PAGE_IS_THERE
