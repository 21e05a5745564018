"""Runs: their rows, and what a new one forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.ledger.rows import RunKind
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
