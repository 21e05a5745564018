"""What workers do, as the ledger's readers see it; `tests/jobs` fills the tables by working."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from crawler.jobs.database import prepare
from crawler.ledger.jobs import ALIVE, SCHEMA
from crawler.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

_FILLED = (
    "INSERT INTO {0}.workers (name, extractor, slots) VALUES ('a:1', '1', 2), ('b:2', '1', 1)",
    "UPDATE {0}.workers SET seen_at = now() - interval '{1} seconds' WHERE name = 'b:2'",
    "INSERT INTO {0}.batches (id, kind, extractor, max_bytes) VALUES ('b1', 'verify', '1', 9)",
    "INSERT INTO {0}.files (batch, number, name, sha256, bytes, state) VALUES"
    " ('b1', 1, 'x', '', 30, 'done'), ('b1', 2, 'y', '', 20, 'waiting'),"
    " ('b1', 3, 'z', '', 10, 'failed')",
    "INSERT INTO {0}.failures (job_id, what, why, worker, is_last) VALUES"
    " (1, 'verify z', 'torn', 'a:1', false), (1, 'verify z', 'torn again', 'a:1', true)",
)


def test_there_are_none_where_nobody_has_worked(ledger: Ledger) -> None:
    assert ledger.jobs.state() is None


def test_workers_batches_and_what_was_given_up(new_database: Callable[[], str]) -> None:
    url = make_url(new_database())
    prepare(url)
    with closing(Ledger.at(url, fresh=True)) as ledger:
        for statement in _FILLED:
            ledger.connection.write(text(statement.format(SCHEMA, ALIVE + 1)))
        state = ledger.jobs.state()
    assert state
    assert [(one.host, one.is_lost) for one in state.workers] == [("a", False), ("b", True)]
    (batch,) = state.batches
    assert (batch.total, batch.done, batch.failed, batch.left_bytes) == (3, 1, 1, 20)
    (failed,) = state.failed
    assert (failed.what, failed.why, failed.attempts) == ("verify z", "torn again", 2)
    assert (state.waiting, state.running) == ({}, {})
