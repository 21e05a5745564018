"""Certificates on demand: a run that fetches nothing and certifies days before the first whole one.

Like every run it holds the lock, has an id, and its report is the manifest of the files it writes.
"""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING

from crawler.clock import now
from crawler.coverage import certificates
from crawler.data_dir import new_run_id
from crawler.exit_codes import OK
from crawler.exporters.manifest import rows_of
from crawler.exporters.parts import take_seq
from crawler.exporters.report import build_report, write_report
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.run_lock import take_lock
from crawler.runner.recovery import end_run, recover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, timedelta
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
    at = now()
    run_id = new_run_id(at)
    ledger.runs.start(run_id, at, command, RunKind.CERTIFICATES)
    ledger.commit()
    closed = certificates.close_on_demand(data_dir, ledger, run_id, at, days)
    report = build_report(
        ledger,
        run_id=run_id,
        started_at=at,
        finished_at=now(),
        command=command,
        narrowed=True,
        reason="finished",
        seq=take_seq(data_dir, ledger, run_id, None, now()),
        parts=0,
        files=rows_of(data_dir, [data_dir / name for name in closed.files]),
        stats={},
        coverage={
            "closed": {str(day): one for day, one in closed.verdicts.items()},
            "open": {},
        },
    )
    report["exit_code"] = OK
    ledger.commit()
    write_report(data_dir, report)
    end_run(ledger, report)
