"""A run that asks no host for anything: it has an id, and a report that lists what it wrote."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.clock import now
from crawler.data_dir import new_run_id
from crawler.exit_codes import OK
from crawler.exporters.parts import rows_of, take_seq
from crawler.exporters.report import build_report, write_report
from crawler.run_lock import running
from crawler.runner.recovery import end_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import RunKind


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
