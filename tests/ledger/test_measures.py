"""Measures of new pages: counted, forgotten, and halved once they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.ledger.measures import MOST_COUNTED
from crawler.ledger.rows import PageMeasures
from tests.ledger.conftest import DAY, RUN, T0

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

OF = ("js", "Regional2014")


def page(number: int, letters: int = 300) -> PageMeasures:
    url = f"http://js.news.cn/c_{number}.htm"
    return PageMeasures(RUN, url, T0, 3, {"letters": letters}, "warc/x.warc.gz", number)


def test_pages_are_counted_by_day_of_the_week_and_forgotten(ledger: Ledger) -> None:
    pages = [page(1), page(2), page(3, letters=20)]
    for one in pages:
        ledger.measures.add(*OF, one)
    ledger.measures.add("he", "Regional2014", page(4))
    assert ledger.measures.layouts() == [("he", "Regional2014"), OF]
    assert ledger.measures.pages(*OF) == pages
    ledger.measures.settle(*OF, pages[:2])
    assert ledger.measures.pages(*OF) == pages[2:]
    assert ledger.measures.baseline(*OF) == {(3, "letters"): {300: 2}}
    ledger.measures.forget(*OF, pages[2:])
    assert ledger.measures.pages(*OF) == []
    assert ledger.measures.baseline(*OF) == {(3, "letters"): {300: 2}}
    ledger.measures.settle(*OF, [])


def test_counts_that_are_many_are_halved(ledger: Ledger) -> None:
    """So that the last weeks weigh most; what was seen once is forgotten."""
    ledger.measures.settle(*OF, [page(n) for n in range(MOST_COUNTED)])
    ledger.measures.settle(*OF, [page(0, letters=20)])
    assert ledger.measures.baseline(*OF) == {(3, "letters"): {300: MOST_COUNTED // 2}}


def test_shifts_hold_from_when_they_began(ledger: Ledger) -> None:
    ledger.measures.hold("drift:js:", ["drift:js:a", "drift:js:b"], at=T0)
    ledger.measures.hold("drift:he:", ["drift:he:a"], at=T0)
    ledger.measures.hold("drift:js:", ["drift:js:b", "drift:js:c"], at=T0 + DAY)
    assert ledger.measures.shifts("drift:js:") == {"drift:js:b": T0, "drift:js:c": T0 + DAY}
    assert ledger.measures.shifts("drift:") == {
        "drift:he:a": T0, "drift:js:b": T0, "drift:js:c": T0 + DAY,
    }  # fmt: skip
