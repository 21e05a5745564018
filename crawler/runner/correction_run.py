"""A run that corrects: published lines that today's code reads otherwise get another revision.

Open: lock → ledger → recovery of what an earlier run left → run row. While it goes on: JSONL fsync,
then ledger commit, at checkpoints; a long one publishes parts (`exporters.run_parts`). Close: the
same, then the rename and the report. It fetches nothing, so it has no WARC: its lines point at the
records of the lines they correct.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from crawler import alarms
from crawler.alarms import Alarm
from crawler.clock import now
from crawler.data_dir import folder_of, lines_name, lines_of, new_run_id
from crawler.exit_codes import DEGRADED, ERROR, OK, STORAGE
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.report import CorrectionCounts, build_report, write_report
from crawler.exporters.run_parts import Parts
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.reextraction.correction import DamagedLineError, newest_of, reread_pool
from crawler.run_lock import forget_run, lock_run
from crawler.runner.recovery import end_run, recover
from crawler.runner.run import opening, part_limits, recheck_schedule
from crawler.storage import StorageError, check_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from scrapy.settings import BaseSettings

    from crawler.reextraction.correction import Reread

# So many alarms stand in a report.
MOST_ALARMS = 1000

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def looked_at(
    data_dir: Path,
    ledger: Ledger,
    fields: tuple[str, ...],
    processes: int,
    progress: Callable[[int], object],
    inherited: tuple[int, ...] = (),
) -> Generator[tuple[int, list[Reread]]]:
    """Every published line with content that no other has taken the place of, in the order of the
    files: for each chunk of them how many, and those that today's code reads otherwise.

    Raises DamagedLineError, LedgerError, BrokenProcessPool, OSError.
    """
    with reread_pool(data_dir, fields, processes, inherited) as workers:
        lines = newest_of(lines_of(data_dir), ledger.articles.revisions, progress)
        yield from workers.reread(lines)


class CorrectionRun:
    """One execution. Use `open`, `correct`, then `close`. `mended` tells what a killed run had
    left; `counts` and `alarms` are the report's; `problem` says why it ended early."""

    def __init__(
        self,
        settings: BaseSettings,
        ledger: Ledger,
        lock: int,
        command: str,
        fields: tuple[str, ...],
    ) -> None:
        self.started_at = now()
        self.run_id = new_run_id(self.started_at)
        self.counts = CorrectionCounts(fields)
        self.mended: list[str] = []
        self.alarms: list[Alarm] = []
        self.problem: str | None = None
        self.report: dict[str, Any] | None = None  # until it is written
        self._settings = settings
        self._data_dir = folder_of(settings)
        self._ledger = ledger
        self._lock = lock
        self._own_lock = lock_run(self._data_dir, self.run_id) if ledger.is_on_server else None
        self._command = command
        self._fields = fields
        self._schedule = recheck_schedule(settings)
        self._output = JsonlWriter(self._data_dir, lines_name(self.run_id))
        limits = part_limits(settings)
        self._parts = Parts(self._data_dir, self.run_id, ledger, None, self._output, limits)
        self._reason = "finished"
        self._exitcode = OK
        self._checked_at = monotonic()

    @classmethod
    def open(
        cls, settings: BaseSettings, *, lock: int, command: str, fields: tuple[str, ...]
    ) -> Self:
        """Mend what is left of a killed run and begin one. `lock` is what `take_lock` gave.

        Raises CannotStartError, as `opening` does.
        """
        data_dir = folder_of(settings)
        with opening(lock):
            check_disk(data_dir, settings.getint("DISK_MIN_FREE"))
            ledger = Ledger.of(data_dir, settings["LEDGER"])
            mended = recover(data_dir, ledger, recheck_schedule(settings))
            run = cls(settings, ledger, lock, command, fields)
            run.mended = mended
            ledger.runs.start(run.run_id, run.started_at, command, RunKind.CORRECTION)
            ledger.commit()
        return run

    def correct(self, processes: int, progress: Callable[[int], object]) -> None:
        """Write a line for each that today's code reads otherwise, until all were looked at or a
        signal comes. What stops it is told in `problem` and by the exit code of `close`."""
        found = looked_at(
            self._data_dir, self._ledger, self._fields, processes, progress, (self._lock,)
        )
        with _signals() as seen, closing(found):
            try:
                for count, chunk in found:
                    assert self.counts.looked_at is not None
                    self.counts.looked_at += count
                    for one in chunk:
                        self._take(one)
                    self._checkpoint()
                    if seen:
                        self._end("shutdown", DEGRADED, "stopped by a signal")
                        return
            except (BrokenProcessPool, MemoryError):
                problem = "a process was killed, or had no memory left; start again to go on"
                self._end("worker_killed", ERROR, problem)
            except DamagedLineError as error:
                self._end("damaged_line", ERROR, str(error))
            except (StorageError, OSError) as error:
                self._end("storage", STORAGE, str(error))

    def _end(self, reason: str, exitcode: int, problem: str) -> None:
        self._reason, self._exitcode, self.problem = reason, exitcode, problem

    def _take(self, one: Reread) -> None:
        if one.record is None:
            assert one.left
            self.counts.left[one.left] += 1
            if one.left.is_alarm and len(self.alarms) < MOST_ALARMS:
                text = f"{one.line['url']} can't be corrected: {one.detail}"
                self.alarms.append(Alarm(f"not_corrected:{one.line['url']}", text))
            return
        self.counts.add(one.keys)
        key = f"{self.run_id}:{self.counts.written}"
        record = one.record | {"run_id": self.run_id, "line": key}
        self._output.write(record)
        self._ledger.articles.add_line(record, jsonl=self._output.name, schedule=self._schedule)

    def _checkpoint(self) -> None:
        """From time to time make durable what was written: JSONL, then the ledger."""
        if monotonic() - self._checked_at >= self._settings.getfloat("CHECKPOINT_SECONDS"):
            check_disk(self._data_dir, self._settings.getint("DISK_MIN_FREE"))
            self._output.sync()
            self._ledger.commit()
            self._parts.publish_due()
            self._checked_at = monotonic()

    def close(self) -> int:
        """Make the run durable and public, write its report, let the lock go; the exit code."""
        try:
            self._publish()
        except (StorageError, OSError) as error:
            # What is on disk stays `.open` and is mended by the next run.
            self.problem = self.problem or str(error)
            self._exitcode = STORAGE
        finally:
            self._ledger.close()
            self._let_go()
            os.close(self._lock)
        return self._exitcode

    def _let_go(self) -> None:
        """The run's own lock; its file stays where something is left to be mended."""
        if self._own_lock is not None and self.report is not None:
            forget_run(self._data_dir, self.run_id, self._own_lock)
        elif self._own_lock is not None:
            os.close(self._own_lock)

    def _publish(self) -> None:
        files = self._parts.close(list, has_more=False)
        report = build_report(
            self._ledger,
            run_id=self.run_id,
            started_at=self.started_at,
            finished_at=now(),
            command=self._command,
            narrowed=False,
            reason=self._reason,
            seq=self._parts.seq,
            parts=self._parts.count,
            files=files,
            stats={},
            corrections=self.counts.as_json(),
        )
        if self._exitcode == OK and self.alarms:
            self._exitcode = DEGRADED
        report["alarms"] = [alarm.text for alarm in self.alarms]
        report["alarm_states"] = alarms.rows(self.alarms, report["started_at"], {})
        report["exit_code"] = self._exitcode
        write_report(self._data_dir, report)
        end_run(self._ledger, report)
        self.report = report


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Note signals that stop a run, in the list that is given; a second one ends the process."""
    seen: list[int] = []

    def note(number: int, _: object) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # nohup
                signal.signal(number, note)
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
