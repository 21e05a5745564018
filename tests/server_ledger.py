"""Ledgers on a PostgreSQL server for tests of whole crawls: with `--ledger-on-server` every one."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Names the server while such a test run is on.
SERVER = "XINHUA_TEST_SERVER"


def ledger_env(data_dir: Path) -> dict[str, str]:
    """The environment that puts the ledger of this folder on the server: into a database of its
    own, which is made the first time. Without a server nothing."""
    server = os.environ.get(SERVER)
    if not server:
        return {}
    import psycopg

    name = f"test_{hashlib.sha256(str(data_dir).encode()).hexdigest()[:40]}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not there.fetchone():
            connection.execute(f"CREATE DATABASE {name}")
    return {"XINHUA_LEDGER": f"{server.rpartition('/')[0]}/{name}"}
