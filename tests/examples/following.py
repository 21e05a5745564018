"""The reference consumer as its users run it, and its tables beside the ledger's."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from crawler.ledger.ledger import Ledger
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = PROJECT / "examples" / "follow.py"
# Runs the program and kills it before its nth statement that writes, as a power cut would.
KILLED = """
import os, runpy, signal, sqlite3, sys
left = int(sys.argv.pop(1))
connect = sqlite3.connect

def count(statement):
    global left
    left -= statement.startswith(("INSERT", "COMMIT"))
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

def connecting(path):
    database = connect(path)
    database.set_trace_callback(count)
    return database

sqlite3.connect = connecting
sys.argv[0] = sys.argv.pop(1)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def follow(data_dir: Path, database: Path, *, kill_before: int | None = None) -> int:
    """Run the program; its exit code. With `kill_before` it is killed before that write."""
    arguments = [str(PROGRAM), str(data_dir), str(database)]
    if kill_before:
        arguments = ["-c", KILLED, str(kill_before), *arguments]
    # -S: with nothing installed
    command = [sys.executable, "-I", "-S", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode


def tables(database: Path) -> tuple[dict[str, Any], dict[tuple[str, int], Any]]:
    """What the consumer has: article → state; article and version → its text's digest and title."""
    with closing(sqlite3.connect(database)) as connection:
        states = {
            name: (status == "gone", version, at)
            for name, status, version, at in connection.execute(
                "SELECT id, status, version, fetched_at FROM articles"
            )
        }
        texts = {
            (name, version): (json.loads(line)["content_sha256"], title)
            for name, version, title, line in connection.execute(
                "SELECT id, version, title, line FROM versions"
            )
        }
    return states, texts


def ledger_tables(data_dir: Path) -> tuple[dict[str, Any], dict[tuple[str, int], Any]]:
    """The same of the ledger."""
    with closing(Ledger.of(data_dir, read_only=True)) as ledger:
        rows = ledger.connection.rows
        states = {
            name: (status == "gone", version, at)
            for name, status, version, at in rows(
                text("SELECT article_id, status, version, state_at FROM articles")
            )
        }
        texts = {
            (name, version): (digest, title)
            for name, version, digest, title in rows(
                text(
                    "SELECT article_id, version, content_sha256, title FROM versions"
                    " WHERE status <> 'gone' ORDER BY fetched_at, revision"
                )
            )
        }
    return states, texts
