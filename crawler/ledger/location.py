"""Where the ledger of a data folder is: in its own SQLite file, or on a PostgreSQL server.

A server's ledger is named once, by the setting LEDGER of a crawl; the file `state/ledger.url` then
says it to whoever opens the folder. It holds no password: libpq takes that from PGPASSWORD or from
a password file (PostgreSQL 15, 34.15 and 34.16).
"""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from crawler.data_dir import ledger_file, ledger_url_file
from crawler.ledger.errors import LedgerError, ledger_error
from crawler.storage import StorageError, make_folder, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

DRIVER: Final = "postgresql+psycopg"
INSTALL: Final = "make install EXTRAS='cluster'"

# Parameters of libpq that are secrets.
_SECRETS: Final = ("password", "sslpassword")


class LedgerUrlError(ValueError):
    """LEDGER is no address of a ledger, or not that of this folder's; the message says why."""


def parse(text: str) -> URL:
    """The address of a database. Raises LedgerUrlError."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise LedgerUrlError(f"{DRIVER}://USER@HOST/DATABASE is wanted") from error
    if url.drivername not in ("postgresql", "postgres", DRIVER):
        reason = f"{DRIVER}://USER@HOST/DATABASE is wanted, not a database of {url.drivername}"
        raise LedgerUrlError(reason)
    if not url.database:
        raise LedgerUrlError("the address names no database")
    if find_spec("psycopg") is None:
        raise LedgerUrlError(f"PostgreSQL needs an extra: {INSTALL}")
    return url.set(drivername=DRIVER)


def holds_password(setting: str) -> bool:
    """Whether LEDGER gives away a password."""
    return bool(setting) and parse(setting) != without_password(parse(setting))


# What whoever gave a password away is told.
GIVEN_AWAY: Final = (
    "LEDGER holds a password, which others see in the list of processes: "
    "PGPASSWORD or a password file keeps it"
)


def without_password(url: URL) -> URL:
    """The address as it may be kept and shown."""
    return url._replace(password=None).difference_update_query(_SECRETS)


def shown(where: Path | URL) -> str:
    """The place of a ledger in a sentence."""
    return without_password(where).render_as_string() if isinstance(where, URL) else str(where)


def locate(data_dir: Path, setting: str = "") -> Path | URL:
    """Where the ledger of a folder is. `setting` is LEDGER; without it what the folder says counts.

    Raises LedgerUrlError where the folder's ledger is another one: it would be forgotten, not
    moved. Raises LedgerError where the folder can't be read.
    """
    file, note = ledger_file(data_dir), ledger_url_file(data_dir)
    try:
        kept = _named_in(note)
    except (OSError, ValueError) as error:
        problem = f"can't be found: {note} can't be read ({error})"
        raise ledger_error(str(note), problem, "See to the file.") from error
    if not setting:
        try:
            return parse(kept) if kept else file
        except LedgerUrlError as error:
            raise LedgerError(f"{note}: {error}") from error
    url = parse(setting)
    if kept and parse(kept) != without_password(url):
        known = f"the ledger of this folder is {kept}"
        raise LedgerUrlError(f"{known}; move it with `scrapy ledger copy`")
    if not kept and file.is_file() and file.stat().st_size:
        known = f"the ledger of this folder is {file}"
        raise LedgerUrlError(f"{known}; move it with `scrapy ledger copy`")
    return url


def keep(data_dir: Path, where: Path | URL) -> None:
    """Let the folder name its ledger from now on. Raises LedgerError."""
    note = ledger_url_file(data_dir)
    try:
        if not isinstance(where, URL):
            note.unlink(missing_ok=True)
            return
        text = without_password(where).render_as_string(hide_password=False)
        if _named_in(note) == text:
            return
        make_folder(note.parent)
        with suppress(StorageError):  # of several that begin at once one may be in another's way
            write_atomically(note, f"{text}\n".encode())
        if _named_in(note) != text:
            write_atomically(note, f"{text}\n".encode())
    except (OSError, ValueError, StorageError) as error:
        raise ledger_error(str(note), f"can't be named ({error})", "Check the disk.") from error


def _named_in(note: Path) -> str:
    return note.read_text(encoding="utf-8").strip() if note.is_file() else ""
