"""A database with jobs, and a worker in this process whose commands end as a test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url

from crawler.jobs import queue, worker
from crawler.jobs.cadence import Cadence
from crawler.jobs.database import JobsCluster, connect, prepare
from crawler.jobs.processes import Commands
from crawler.jobs.worker import Places, Worker
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.jobs import Jobs, JobsState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(slots=True)
class Told(Commands):
    """Commands that note how they are called, and end with the codes they are given: the last one
    again and again."""

    codes: list[int] = field(default_factory=lambda: [0])
    calls: list[tuple[str, ...]] = field(default_factory=list)

    async def _call(self, command: str, *words: str) -> tuple[int, str]:
        self.calls.append((command, *words))
        await asyncio.sleep(0)
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        return code, "the last line"


@pytest.fixture
def cluster(new_database: Callable[[], str]) -> JobsCluster:
    return prepare(make_url(new_database()))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between two tries."""
    monkeypatch.setattr(queue, "RETRY_AFTER", 0)
    monkeypatch.setattr(worker, "ROUND", 0.2)


def make_worker(cluster: JobsCluster, data_dir: Path, codes: list[int], **places: Any) -> Worker:
    """A worker that drains the queue, with one place of each kind."""
    given = {"crawls": 1, "others": 1, "regions": (), "cadence": Cadence(60), "drain": True}
    return Worker(cluster, Places(**(given | places)), Told(data_dir, "", "", [], codes=codes))


def rows(cluster: JobsCluster, statement: str) -> list[dict[str, Any]]:
    """What a statement gives in the schema of the jobs."""
    with connect(cluster.url) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return list(cursor.fetchall()) if cursor.description else []


def state(cluster: JobsCluster) -> JobsState:
    with create_engine(cluster.url, poolclass=NullPool).connect() as raw:
        found = Jobs(LedgerConnection(raw, None)).state()
    assert found
    return found
