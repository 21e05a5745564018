"""Publications: numbered once, in order, and asked for from a cursor on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.ledger.rows import Publication
from tests.ledger.conftest import HOUR, RUN, T0

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

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
