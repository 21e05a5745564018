"""Lines, outcomes and checkpoints of a run, and what happens when its disk fails."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive.writer import WarcWriter
from crawler.clock import now
from crawler.data_dir import warc_name
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.publisher import MOST_ALARMS, Publisher, StorageFailureFilter
from crawler.ledger.rows import Sighting
from crawler.outcomes import Outcome
from crawler.storage import StorageError
from tests.new_ledgers import new_ledger
from tests.run_parts import facts

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://www.js.xinhuanet.com/2017-09/12/c_1121650001.htm"


class Full:
    """An output whose disk is full."""

    name = "jsonl/2026/03/full.jsonl"

    def write(self, record: dict[str, Any]) -> None:
        raise StorageError("no space left")


def publisher(ledger: Any = None, archive: Any = None, output: Any = None) -> Publisher:
    return Publisher(facts(), ledger, archive, output)


def test_alarms_are_bounded() -> None:
    run = publisher()
    for number in range(MOST_ALARMS):
        run.alarm(f"page {number}")
    assert len(run.alarms()) == MOST_ALARMS
    run.alarm("one more")
    run.alarm("and another")
    assert run.alarms()[-1].text == "2 more, see the log"
    assert len(run.alarms()) == MOST_ALARMS + 1


def test_no_two_lines_of_a_run_have_one_key() -> None:
    """The keys are counted by the run, whichever file a line goes to."""
    run = publisher()
    assert [run.next_line() for _ in range(3)] == [f"{facts().run_id}:{n}" for n in (1, 2, 3)]


def test_an_outcome_ends_an_address(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path / "ledger.sqlite")
    run = publisher(ledger)
    found = [Sighting(URL, "1121650001"), Sighting(f"{URL}l", "1121650002")]
    ledger.addresses.see(found, run_id=facts().run_id, at=now())
    run.open |= {URL, f"{URL}l"}
    run.end(URL, Outcome.PUBLISHED)
    run.end(f"{URL}l", Outcome.MISSING, "HTTP 404")
    assert (run.open, run.fetched) == (set(), 1)
    ledger.close()


def test_a_checkpoint_syncs_the_warc_first(tmp_path: Path) -> None:
    """A line whose record is not durable must not be durable either."""
    called: list[str] = []

    class Archive(WarcWriter):
        def sync(self) -> None:
            called.append("warc")

    class Output(JsonlWriter):
        def sync(self) -> None:
            called.append("jsonl")

    ledger = new_ledger(tmp_path / "ledger.sqlite")
    ledger.commit = lambda: called.append("ledger")  # type: ignore[method-assign]
    archive = Archive(tmp_path, partial(warc_name, "run"), info={}, max_bytes=1)
    publisher(ledger, archive, Output(tmp_path, "jsonl/run.jsonl")).checkpoint()
    assert called == ["warc", "jsonl", "ledger"]
    ledger.close()


def test_a_full_disk_stops_the_run_once() -> None:
    stops: list[str] = []
    run = publisher(output=Full())
    run.stop = stops.append
    for _ in range(2):
        with pytest.raises(StorageError):
            run.publish({})
    assert (stops, run.storage_error) == (["storage"], "no space left")


def test_what_follows_from_a_full_disk_is_not_logged() -> None:
    run = publisher()
    log = StorageFailureFilter(run)
    try:
        raise StorageError("no space left")
    except StorageError:
        error = sys.exc_info()
    record = logging.LogRecord("twisted", logging.ERROR, "", 0, "failed", (), error)
    assert log.filter(record)
    run.storage_failed("no space left")
    assert not log.filter(record)
