"""A database's error becomes one sentence with what to do."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError

from crawler.ledger.errors import from_database


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SQLITE_BUSY", "is locked by another process"),
        ("SQLITE_BUSY_SNAPSHOT", "is locked by another process"),
        ("SQLITE_CORRUPT_INDEX", "is damaged"),
        ("SQLITE_NOTADB", "is damaged"),
        ("SQLITE_READONLY_DIRECTORY", "can't be written"),
        ("SQLITE_CANTOPEN", "can't be opened"),
        ("SQLITE_FULL", "the disk is full"),
        ("SQLITE_IOERR_READ", "can't be read or written"),
        ("SQLITE_MISUSE", "failed"),
    ],
)
def test_the_name_of_the_error_decides(name: str, told: str) -> None:
    original = sqlite3.OperationalError("what SQLite said")
    original.sqlite_errorname = name
    sentence = str(from_database("state/ledger.sqlite", DBAPIError("SELECT", {}, original)))
    assert sentence.startswith("The ledger state/ledger.sqlite ")
    assert told in sentence
    assert "(what SQLite said)" in sentence


def test_an_error_of_another_database() -> None:
    error = DBAPIError("SELECT", {}, Exception("connection lost"))
    assert "failed (connection lost)" in str(from_database("postgresql://host/db", error))
