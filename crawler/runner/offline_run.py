"""Runs that ask no host for anything: each has an id, and a report that lists what it wrote.

Certificates on demand are such a run, for days before the first whole one.
"""

from __future__ import annotations

import logging
import os
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.clock import now
from crawler.coverage import certificates
from crawler.data_dir import new_run_id
from crawler.exit_codes import OK
from crawler.exporters.report import build_report, write_report
from crawler.exporters.run_parts import rows_of, take_seq
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.run_lock import running, take_lock
from crawler.runner.recovery import end_run, recover

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date, datetime, timedelta
    from pathlib import Path


class Written(NamedTuple):
    """The files that a run published, and what its report tells of days of publication."""

    files: Sequence[Path]
    coverage: Mapping[str, Any] = MappingProxyType({})


def run_offline(
    data_dir: Path,
    ledger: Ledger,
    kind: RunKind,
    command: str,
    write: Callable[[str, datetime], Written],
) -> None:
    """Run `write`, which is given the run's id and the time at which it began, and publish its
    report. The data folder is locked by the caller. Raises what `write` raises, and
    StorageError."""
    at = now()
    run_id = new_run_id(at)
    with running(data_dir, run_id, is_on_server=ledger.is_on_server):
        ledger.runs.start(run_id, at, command, kind)
        ledger.commit()
        written = write(run_id, at)
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
            files=rows_of(data_dir, written.files),
            stats={},
            coverage=written.coverage,
        )
        report["exit_code"] = OK
        ledger.commit()
        write_report(data_dir, report)
        end_run(ledger, report)


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
