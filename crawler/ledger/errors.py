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

RESTORE_SERVER = (
    "To restore: stop all runs, then either put back a backup of the database or make an empty one "
    "in its place and fill it with `scrapy repair --ledger`."
)

_UNREACHABLE = (
    "can't be reached",
    "See that the server runs and can be reached from here, then run again; what was committed is "
    "kept.",
)

# Beginnings of PostgreSQL's error codes (its appendix A), what is then wrong, and what to do.
_SERVER_ADVICE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("08", "57P", "57014", "25P03"), *_UNREACHABLE),
    (
        ("28",),
        "refuses this user",
        "Give the password in PGPASSWORD or in a password file (~/.pgpass).",
    ),
    (("3D000",), "doesn't exist", "Make the database with createdb, then run again."),
    (
        ("42501", "25006"),
        "can't be written",
        "Give this user the right to create and write tables there; a standby can't be written.",
    ),
    (
        ("53100", "53200"),
        "can't grow: the server has no room",
        "Free disk space or memory there and run again; what was committed is kept.",
    ),
    (("53300",), "has no connection free", "Raise the server's max_connections or end others."),
    (("40", "55P03"), "is locked by another process", "Wait until it has ended and run again."),
    (("XX", "58"), "is damaged", RESTORE_SERVER),
)

# A connection that is refused has no code: beginnings of codes by what the server then says.
_REFUSALS = {
    "password": "28",
    "pg_hba": "28",
    "role": "28",
    "database": "3D000",
    "too many": "53300",
    "remaining connection slots": "53300",
}

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


class LedgerInUseError(LedgerError):
    """Another process writes to this ledger."""


class NoLedgerError(LedgerError):
    """There is no ledger to read, and nothing published that would have one."""


def ledger_error(where: str, problem: str, advice: str) -> LedgerError:
    """The error of the ledger at `where`: a sentence with the problem, then what to do."""
    return LedgerError(f"The ledger {where} {problem}. {advice}")


def from_database(where: str, error: DBAPIError) -> LedgerError:
    """The LedgerError of a driver's error, by the name that SQLite or PostgreSQL gives it."""
    said = " ".join(str(error.orig).split())
    if hasattr(error.orig, "sqlstate"):
        name, advices, restore = _sqlstate(error, said), _SERVER_ADVICE, RESTORE_SERVER
    else:
        name = getattr(error.orig, "sqlite_errorname", "")
        advices, restore = _ADVICE, RESTORE
    for names, problem, advice in advices:
        if name.startswith(names):
            return ledger_error(where, f"{problem} ({said})", advice)
    return ledger_error(where, f"failed ({said})", restore)


def _sqlstate(error: DBAPIError, said: str) -> str:
    """PostgreSQL's code of an error. Without one the connection failed, whose reason is in the
    server's words alone."""
    code: str | None = getattr(error.orig, "sqlstate", None)
    if code:
        return code
    return next((code for word, code in _REFUSALS.items() if f" {word}" in said), "08")
