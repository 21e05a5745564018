"""The schema of the jobs: how it is reached, and that it is made once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from crawler.jobs.database import connect, parameters, prepare
from crawler.ledger.jobs import ALIVE
from tests.jobs.conftest import rows
from tests.postgres import unacknowledged_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.jobs.database import JobsCluster


def test_what_an_address_says_goes_to_the_driver() -> None:
    url = make_url("postgresql+psycopg://me:secret@db:5433/x?options=-c%20lock_timeout%3D1s")
    address, beside = parameters(url)
    assert address.startswith("postgresql://me:secret@db:5433/x")
    assert beside["options"] == "-c lock_timeout=1s -c search_path=jobs -c timezone=UTC"
    assert parameters(make_url("postgresql+psycopg://db/x"))[1]["options"].startswith("-c search")


@pytest.mark.skipif(sys.platform != "linux", reason="has no such bound")
def test_a_network_that_is_away_is_noticed(cluster: JobsCluster) -> None:
    """Before the worker counts as lost: it must not go on beside its successor for long."""
    with connect(cluster.url) as connection:
        assert 0 < unacknowledged_for(connection.fileno()) < ALIVE


def test_workers_that_begin_together_make_one_schema(new_database: Callable[[], str]) -> None:
    url = make_url(new_database())
    with ThreadPoolExecutor(4) as pool:
        ids = {cluster.id for cluster in pool.map(prepare, [url] * 4)}
    assert len(ids) == 1
    assert rows(prepare(url), "SELECT id FROM cluster") == [{"id": next(iter(ids))}]
