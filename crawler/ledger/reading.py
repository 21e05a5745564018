"""How a ledger is read by those who may write nothing beside it.

In: the ledger's path. Out: a Source, which says how SQLite opens it. A database in WAL mode is read
with the help of its `-shm` file (https://www.sqlite.org/wal.html, "Read-Only Databases"). Where
none can be made there are two ways: a ledger whose log (`-wal`) is empty is opened as immutable,
which passes over a log; of one whose log has content both files are copied and read elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.ledger.errors import ledger_error
from crawler.run_lock import is_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The header of a log: its salts change when the log is begun anew
# (https://www.sqlite.org/fileformat2.html#walformat).
_LOG_HEADER = 32

_TRIES = 5

# Beginnings of SQLite's names of the errors that mean: the help files can't be made.
NO_HELP_FILES = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR_SHM")


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """How the ledger is opened: SQLite's URI; `note`, what a reader must be told; `done`, to be
    called when it is closed; `seen`, what the file was when it was opened as immutable."""

    uri: str
    note: str = ""
    done: Callable[[], object] = lambda: None
    seen: tuple[int, int] | None = None


def companions(path: Path) -> tuple[Path, Path]:
    """SQLite's files beside an open database: the log, which holds data, and its index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def uri(path: Path, options: str) -> str:
    """SQLite's URI of a file, whose folder's name may hold any bytes."""
    return f"file:{quote(os.fsencode(path.absolute()))}?{options}"


def sources(path: Path) -> Iterator[DatabaseSource]:
    """The ways to read it, to be tried in this order. Raises LedgerError."""
    can_help = os.access(path.parent, os.W_OK)
    # a run that writes on the other side of a mount keeps the help file for us
    if can_help or _is_live(path):
        was_clean = not any(one.exists() for one in companions(path))
        done = (lambda: _tidy(path)) if can_help and was_clean else (lambda: None)
        yield DatabaseSource(uri(path, "mode=ro"), done=done)
    if _log_header(path):
        yield _copied(path)
    else:
        yield DatabaseSource(uri(path, "mode=ro&immutable=1"), seen=state_of(path))


def _is_live(path: Path) -> bool:
    try:
        return is_locked(path.parent.parent)
    except OSError:
        return False


def state_of(path: Path) -> tuple[int, int]:
    """What differs once somebody wrote to the file itself."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _tidy(path: Path) -> None:
    """Take away the help files that reading made: SQLite leaves that to the last one who closes and
    may write. Left behind they would belong to whoever read, and keep the next run from writing."""
    if not companions(path)[1].exists() or _log_header(path) or not os.access(path, os.W_OK):
        return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, timeout=0)) as raw,
    ):
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _copied(path: Path) -> DatabaseSource:
    """A copy of the ledger and its log in a temporary folder, as it was at one moment.

    The log is copied last: whatever was moved from it into the ledger meanwhile stands in it still,
    unless it was begun anew, which its header shows.
    """
    try:
        folder = TemporaryDirectory(prefix="ledger-")
        copy = Path(folder.name) / path.name
        for _ in range(_TRIES):
            header = _log_header(path)
            shutil.copyfile(path, copy)
            log = companions(copy)[0]
            if header:
                shutil.copyfile(companions(path)[0], log)
            else:
                log.unlink(missing_ok=True)
            if header == _log_header(path):
                note = (
                    f"the ledger {path} has a log and no room beside it to read that: "
                    f"both were copied to {copy.parent} and read there"
                )
                return DatabaseSource(uri(copy, "mode=ro"), note, folder.cleanup)
    except OSError as error:
        problem = f"and its log can't be copied to a temporary folder ({error.strerror})"
        raise ledger_error(str(path), problem, "Make room there or set TMPDIR.") from error
    folder.cleanup()
    problem = "is being written to faster than it can be copied"
    raise ledger_error(str(path), problem, "Ask again, or read it where its folder can be written.")


def _log_header(path: Path) -> bytes:
    try:
        with companions(path)[0].open("rb") as file:
            return file.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""
    except OSError as error:
        problem = f"has a log that can't be read ({error.strerror})"
        raise ledger_error(str(path), problem, "See to its permissions.") from error
