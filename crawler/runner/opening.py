"""How a run that can't be opened ends: with one sentence and an exit code."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.archive.reader import WarcError
from crawler.exit_codes import LOCKED, STORAGE, USAGE
from crawler.ledger.errors import LedgerInUseError
from crawler.ledger.leases import SupersededError
from crawler.ledger.location import LedgerUrlError
from crawler.run_lock import CannotStartError
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opening(lock: int) -> Iterator[None]:
    """Let `lock` go where a run can't be opened, and raise CannotStartError: with 5 where the
    ledger is lost, locked or damaged or the disk is full, 75 where somebody else writes to the
    ledger or has taken the run's regions over meanwhile, 2 where LEDGER or the archives to replay
    can't be used."""
    try:
        yield
    except (StorageError, LedgerUrlError, WarcError) as error:
        os.close(lock)
        raise _cannot_start(error) from error


def _cannot_start(error: Exception) -> CannotStartError:
    if isinstance(error, LedgerInUseError | SupersededError):
        return CannotStartError(str(error), LOCKED)
    if isinstance(error, LedgerUrlError):
        return CannotStartError(f"LEDGER: {error}", USAGE)
    if isinstance(error, WarcError):
        return CannotStartError(f"from_warc: {error}", USAGE)
    return CannotStartError(str(error), STORAGE)
