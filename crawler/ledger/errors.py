"""Errors of the ledger: what is wrong, with which file, and what to do about it.

Their text is for the operator; a crawl that meets one exits with 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.storage import StorageError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

RESTORE = (
    "To restore: stop all runs, move the file and its -wal and -shm companions aside "
    "(keep them), then either put back a backup or rebuild it with `scrapy repair --ledger`."
)

# Beginnings of SQLite's error names, what is then wrong, and what to do.
_ADVICE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "is locked by another process",
        "Wait until the other run has ended, or find what holds the file open and stop it.",
    ),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB"), "is damaged", RESTORE),
    (
        ("SQLITE_READONLY",),
        "can't be written",
        "Give this user write access to the file and its folder.",
    ),
    (
        ("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"),
        "can't be opened",
        "See that the file and its folder exist and that this user may read and write them.",
    ),
    (
        ("SQLITE_FULL",),
        "can't grow: the disk is full",
        "Free disk space and run again; what was committed is kept.",
    ),
    (
        ("SQLITE_IOERR",),
        "can't be read or written",
        "Check the disk, then run again; what was committed is kept.",
    ),
)


class LedgerError(StorageError):
    """The ledger is lost, locked, damaged, unwritable or of a newer version of the crawler."""


class OlderLedgerError(LedgerError):
    """A ledger to be read is of an older version of the crawler; the next crawl migrates it."""


class NoLedgerError(LedgerError):
    """There is no ledger to read, and nothing published that would have one."""


def ledger_error(where: str, problem: str, advice: str) -> LedgerError:
    """The error of the ledger at `where`: a sentence with the problem, then what to do."""
    return LedgerError(f"The ledger {where} {problem}. {advice}")


def from_database(where: str, error: DBAPIError) -> LedgerError:
    """The LedgerError of a driver's error, by the name that SQLite gives it."""
    name = getattr(error.orig, "sqlite_errorname", "")
    for names, problem, advice in _ADVICE:
        if name.startswith(names):
            return ledger_error(where, f"{problem} ({error.orig})", advice)
    return ledger_error(where, f"failed ({error.orig})", RESTORE)
