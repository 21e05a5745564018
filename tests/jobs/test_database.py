"""The schema of the jobs: how it is reached, and that it is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from crawler.jobs.database import parameters, prepare
from tests.jobs.conftest import rows

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_an_address_says_goes_to_the_driver() -> None:
    url = make_url("postgresql+psycopg://me:secret@db:5433/x?options=-c%20lock_timeout%3D1s")
    address, beside = parameters(url)
    assert address.startswith("postgresql://me:secret@db:5433/x")
    assert beside["options"] == "-c lock_timeout=1s -c search_path=jobs -c timezone=UTC"
    assert parameters(make_url("postgresql+psycopg://db/x"))[1]["options"].startswith("-c search")


def test_workers_that_begin_together_make_one_schema(new_database: Callable[[], str]) -> None:
    url = make_url(new_database())
    with ThreadPoolExecutor(4) as pool:
        ids = {cluster.id for cluster in pool.map(prepare, [url] * 4)}
    assert len(ids) == 1
    assert rows(prepare(url), "SELECT id FROM cluster") == [{"id": next(iter(ids))}]
