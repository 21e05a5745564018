"""Which certificates are claimed, and what was found later; `tests/coverage` reads the evidence."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crawler.outcomes import Outcome
from tests.ledger.conftest import HOUR, T0, at_site, line

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

DAY = date(2025, 12, 31)


def test_a_certificate_is_claimed_by_one_run(ledger: Ledger) -> None:
    of = ledger.certificates
    assert of.next_number(DAY) == 0
    assert of.claim(DAY, 0, run_id="r1", at=T0)
    assert of.claim(DAY, 0, run_id="r1", at=T0)
    assert not of.claim(DAY, 0, run_id="r2", at=T0)
    assert of.claim(DAY, 1, run_id="r2", at=T0)
    assert (of.days(), of.next_number(DAY)) == ({DAY}, 2)
    assert of.every() == {(DAY, 0): "r1", (DAY, 1): "r2"}
    of.give_back(DAY, 1)
    assert (of.of_run("r1"), of.of_run("r2")) == ([(DAY, 0)], [])
    assert of.claim(DAY, 1, run_id="r3", at=T0)


def test_what_is_found_later_waits_for_a_file(ledger: Ledger, run: str) -> None:
    """Of days that have a certificate, what was archived first by the run."""
    ledger.addresses.see([at_site(1), at_site(2)], run_id=run, at=T0)
    ledger.articles.add_line(line(1), jsonl="a.jsonl", schedule=[HOUR])
    other = line(2, published_at="2025-12-30T20:00:00+08:00")
    ledger.articles.add_line(other, jsonl="a.jsonl", schedule=[HOUR])
    for one in (1, 2):
        ledger.addresses.finish(at_site(one).url, Outcome.PUBLISHED, run_id=run, at=T0)
    ledger.certificates.note_late(run)
    assert ledger.certificates.late() == {}
    ledger.certificates.claim(DAY, 0, run_id="r0", at=T0)
    ledger.certificates.note_late(run)
    (found,) = ledger.certificates.late()[DAY]
    assert [link.url for link in ledger.certificates.links_of([found])] == [at_site(1).url]
    assert [link.article_id for link in ledger.certificates.archived(DAY)] == [found]
    ledger.certificates.drop_late(DAY)
    assert ledger.certificates.late() == {}
