"""Ledgers on a PostgreSQL server for tests of whole crawls: with `--ledger-on-server` every one."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from crawler.data_dir import ledger_url_file

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

# Names the server while such a test run is on.
SERVER = "XINHUA_TEST_SERVER"


def ledger_env(data_dir: Path) -> dict[str, str]:
    """The environment that puts the ledger of this folder on the server: into a database of its
    own, which is made the first time. Without a server nothing."""
    server = os.environ.get(SERVER)
    if not server:
        return {}
    name = f"test_{hashlib.sha256(str(data_dir).encode()).hexdigest()[:40]}"
    with _server(server) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not there.fetchone():
            connection.execute(f"CREATE DATABASE {name}")
    return {"XINHUA_LEDGER": f"{server.rpartition('/')[0]}/{name}"}


def lose_ledger(data_dir: Path) -> None:
    """Let the ledger of a folder be lost: its file, or what its database holds."""
    note = ledger_url_file(data_dir)
    if not note.exists():
        for path in note.parent.glob("ledger.sqlite*"):
            path.unlink()
        return
    server, _, name = note.read_text().strip().rpartition("/")
    with _server(f"{server}/postgres") as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")


def _server(url: str) -> psycopg.Connection[Any]:
    import psycopg

    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
