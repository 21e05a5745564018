"""Certificates on demand: a run that fetches nothing and certifies days before the first whole one.

Like every run it holds the lock, has an id, and its report is the manifest of the files it writes.
"""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING

from crawler.coverage import certificates
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.run_lock import take_lock
from crawler.runner.offline_run import Written, run_offline
from crawler.runner.recovery import recover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime, timedelta
    from pathlib import Path

logger = logging.getLogger(__name__)


def certify(
    data_dir: Path, days: Collection[date], *, command: str, schedule: Sequence[timedelta]
) -> None:
    """Write the certificates of these days, of those that have none yet. `schedule` is for what a
    killed run left.

    Raises CannotStartError, LedgerError, StorageError.
    """
    lock = take_lock(data_dir)
    try:
        with closing(Ledger.of(data_dir)) as ledger:
            for sentence in recover(data_dir, ledger, schedule):
                logger.warning(sentence)
            _certify(data_dir, ledger, days, command)
    finally:
        os.close(lock)


def _certify(data_dir: Path, ledger: Ledger, days: Collection[date], command: str) -> None:
    def close(run_id: str, at: datetime) -> Written:
        closed = certificates.close_on_demand(data_dir, ledger, run_id, at, days)
        verdicts = {str(day): one for day, one in closed.verdicts.items()}
        files = [data_dir / name for name in closed.files]
        return Written(files, {"closed": verdicts, "open": {}})

    run_offline(data_dir, ledger, RunKind.CERTIFICATES, command, close)
