"""Observations: kept in order, the same look once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, pointer

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

ID = at_site(1).article_id


def test_looks_in_order(ledger: Ledger) -> None:
    url = at_site(1).url
    ledger.observations.add(ID, url, T0, 404, "missing", pointer(3), RUN)
    ledger.observations.add(ID, url, T0 + DAY, None, "timeout", None, "r2")
    first, second = ledger.observations.of_article(ID)
    assert (first.at, first.status, first.reason, first.warc) == (T0, 404, "missing", pointer(3))
    assert (second.status, second.warc, second.run_id) == (None, None, "r2")
    assert ledger.observations.of_article(ID, since=T0 + HOUR) == [second]
