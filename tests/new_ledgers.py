"""New ledgers for tests, copied from one that each test process lets the migrations make once."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from crawler.ledger.ledger import Ledger

if TYPE_CHECKING:
    from tests.postgres import Postgres


def new_ledger(path: Path) -> Ledger:
    """An empty ledger in a file, open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_file())
    return Ledger.open(path)


@cache
def _file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger.open(path).close()
        return path.read_bytes()


def new_server_ledger(postgres: Postgres) -> str:
    """The address of a database with an empty ledger, whose last part is its name."""
    return postgres.url_of(postgres.create(f"TEMPLATE {_database(postgres)}"))


@cache
def _database(postgres: Postgres) -> str:
    name = postgres.create()
    with closing(Ledger.at(make_url(postgres.url_of(name)), fresh=True)):
        return name
