"""A run from opening to closing: alone in knowing the order in which things become durable.

Open: lock → ledger → recovery of what an earlier run left → run row. Close, after the last
exchange: outcomes → WARC fsync → JSONL fsync → ledger commit → renames → CDXJ → report. Scrapy
closes its components in another order, so none of this happens in them.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.defer import deferred_from_coro

from crawler import __version__, alarms
from crawler.alarms import Alarm
from crawler.archive import cdxj
from crawler.archive.decode import bound
from crawler.archive.reader import WarcError
from crawler.archive.writer import WarcWriter
from crawler.clock import iso, now
from crawler.context import Context, attach
from crawler.data_dir import (
    CannotStartError,
    check_disk,
    folder_of,
    ledger_file,
    lines_name,
    new_run_id,
    warc_name,
)
from crawler.downloader.holds import Holds
from crawler.downloader.replay import ReplayIndex
from crawler.exit_codes import DEGRADED, ERROR, NO_LISTS, OK, STORAGE, USAGE
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.manifest import files_of
from crawler.exporters.report import build_report, earlier_reports, write_report
from crawler.history.withdrawals import Withdrawals
from crawler.ledger.ledger import Ledger
from crawler.ledger.lists import Lists
from crawler.outcomes import Outcome
from crawler.regions import region_of
from crawler.runner.recovery import end_run, recover
from crawler.storage import StorageError, publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.statscollectors import StatsCollector
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.arguments import Arguments
    from crawler.regions import Region

logger = logging.getLogger(__name__)


class Run:
    """One execution. Use `open`, `watch` the crawler, let it crawl, then `close`."""

    def __init__(self, context: Context, started_at: datetime, lock: int, command: str) -> None:
        self.context = context
        self.started_at = started_at
        self.reason = "shutdown"  # until the spider says how it closed
        self._lock = lock
        self._command = command
        self._crawler: Crawler | None = None
        self._stats: StatsCollector | None = None
        self._checkpoints: AsyncioLoopingCall | LoopingCall | None = None
        self._disk_min_free = 0
        self._has_failed = False

    @classmethod
    def open(
        cls,
        settings: BaseSettings,
        arguments: Arguments,
        regions: Mapping[str, Region],
        *,
        lock: int,
        command: str,
    ) -> Self:
        """Mend what is left of a killed run and begin one. `lock` is what `claim` gave.

        Raises CannotStartError with 5: the ledger is lost, locked or damaged, or the disk is full;
        with 2: archives to replay can't be used.
        """
        data_dir = folder_of(settings)
        try:
            replay = _replayed(arguments, bound(settings.getint("DOWNLOAD_MAXSIZE")))
            check_disk(data_dir, settings.getint("DISK_MIN_FREE"))
            started_at = now()
            run_id = new_run_id(started_at)
            ledger = Ledger.open(ledger_file(data_dir))
            for sentence in recover(data_dir, ledger, recheck_schedule(settings)):
                logger.warning(sentence)
            newest = ledger.runs.newest(1)
            ledger.runs.start(run_id, started_at, command)
            ledger.commit()
        except StorageError as error:
            os.close(lock)
            raise CannotStartError(str(error), STORAGE) from error
        except WarcError as error:
            os.close(lock)
            raise CannotStartError(f"from_warc: {error}", USAGE) from error
        context = Context(
            run_id=run_id,
            data_dir=data_dir,
            arguments=arguments,
            regions=regions,
            ledger=ledger,
            lists=Lists.scratch() if replay else ledger.lists,
            archive=WarcWriter(
                data_dir,
                partial(warc_name, run_id),
                info={**_warcinfo(settings), "run-id": run_id},
                max_bytes=settings.getint("WARC_MAX_BYTES"),
            ),
            output=JsonlWriter(data_dir, lines_name(run_id)),
            holds=Holds() if replay else Holds.resumed(ledger.hosts.holds(started_at), started_at),
            schedule=recheck_schedule(settings),
            replay=replay,
        )
        for sentence in replay.damage if replay else ():
            context.alarm(sentence)
        if newest and newest[0].started_at > started_at:
            clock = f"the clock stands at {iso(started_at)}, before run {newest[0].run_id} began"
            text = f"{clock}: what was looked at since isn't looked at again"
            context.alarm(Alarm("clock", text))
        confirm_after = timedelta(hours=settings.getfloat("GONE_CONFIRM_AFTER"))
        context.withdrawals = Withdrawals(context, confirm_after)
        run = cls(context, started_at, lock, command)
        run._disk_min_free = settings.getint("DISK_MIN_FREE")
        return run

    def watch(self, crawler: Crawler) -> None:
        """Attach the run to the crawler: checkpoints while it runs, the reason when it ends."""
        self._crawler = crawler
        self.context.stop = self._stop
        self.context.ledger.connection.on_failure = lambda error: self.context.storage_failed(
            str(error)
        )
        attach(crawler, self.context)
        crawler.signals.connect(self._opened, signal=signals.spider_opened)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)
        crawler.signals.connect(self._failed, signal=signals.spider_error)
        crawler.signals.connect(self._failed, signal=signals.item_error)

    def _opened(self) -> None:
        assert self._crawler
        self._stats = self._crawler.stats
        seconds = self._crawler.settings.getfloat("CHECKPOINT_SECONDS")
        self._checkpoints = create_looping_call(self._checkpoint)
        self._checkpoints.start(seconds, now=False)

    def _closed(self, reason: str) -> None:
        self.reason = reason
        if self._checkpoints:
            self._checkpoints.stop()
        if self.context.storage_error is None:
            with suppress(StorageError):  # the context knows: the exit code is 5
                self.context.withdrawals.confirm()

    def _failed(self) -> None:
        """A callback or a pipeline raised what it shouldn't: exit code 1 (Scrapy logged it)."""
        self._has_failed = True

    def _checkpoint(self) -> None:
        try:
            check_disk(self.context.data_dir, self._disk_min_free)
            self.context.checkpoint()
        except StorageError as error:
            self.context.storage_failed(str(error))

    def _stop(self, reason: str) -> None:
        engine = self._crawler.engine if self._crawler else None
        if engine and engine.spider:
            deferred_from_coro(engine.close_spider_async(reason=reason))

    def close(self, *, has_failed: bool) -> int:
        """Make the run durable and public, write its report, let the lock go.

        `has_failed`: the crawl could not be started. Returns the exit code. Nothing may be in
        flight any more.
        """
        context = self.context
        self._has_failed |= has_failed
        try:
            exitcode = self._publish()
        except (StorageError, OSError) as error:
            # What is on disk stays `.open` and is mended by the next run.
            context.storage_error = context.storage_error or str(error)
            logger.critical("the run could not be published: %s", error)
            exitcode = STORAGE
        finally:
            context.ledger.close()
            os.close(self._lock)
        return exitcode

    def _publish(self) -> int:
        context, ledger = self.context, self.context.ledger
        ledger.visits.end_open(context.run_id)
        context.checkpoint()
        context.archive.close()
        context.output.close()
        for path in context.archive.files:
            cdxj.write_index(publish(path))
        if context.output.lines:
            publish(context.output.path)
        report = self._report()
        write_report(context.data_dir, report)  # a run with an end in the ledger has its report
        end_run(ledger, report)
        return int(report["exit_code"])

    def _report(self) -> dict[str, Any]:
        context, arguments = self.context, self.context.arguments
        for host, reason in sorted(context.holds.closed_hosts().items()):
            region = region_of(host)
            text = f"{host} was given up: {reason}"
            context.alarm(Alarm(f"{alarms.HOST}{host}", text, region.code if region else None))
        if self.reason == "finished" and context.open:
            lost = f"{len(context.open)} addresses were asked for and have no outcome"
            context.alarm(Alarm("lost", f"{lost}, {min(context.open)} among them"))
            self._has_failed = True
        report = build_report(
            context.ledger,
            run_id=context.run_id,
            started_at=self.started_at,
            finished_at=now(),
            command=self._command,
            narrowed=arguments.narrowed,
            reason=self.reason,
            files=files_of(context.data_dir, context.run_id),
            stats=self._stats.get_stats() if self._stats else {},
            regions=() if arguments.urls or arguments.lists else arguments.regions,
            watched=self._watched(),
        )
        failed = report["outcomes"].get(Outcome.EXTRACTION_FAILED)
        if context.replay and failed:  # for which `reextract` exits with 1
            context.alarm(f"{failed} archived pages could not be read: see extraction_failed")
        self._watch(report)
        report["exit_code"] = self._exit_code(report)
        return report

    def _watched(self) -> list[str]:
        """The regions of which the run saw all; "" stands for what is of no region."""
        arguments = self.context.arguments
        if self.reason != "finished" or arguments.narrowed:
            return []
        return [*arguments.regions, *([] if arguments.regions_given else [""])]

    def _watch(self, report: dict[str, Any]) -> None:
        """Put the alarms into the report. An error of ours in working them out must not cost it."""
        context = self.context
        floors = {code: one.floor for code, one in context.regions.items() if one.floor is not None}
        since = self.started_at - alarms.HISTORY
        held: dict[str, alarms.State] = {}
        try:
            current = alarms.Seen.of(report)
            earlier = earlier_reports(context.data_dir, since=since, before=context.run_id)
            held = alarms.still_held(earlier)
            for alarm in alarms.watch(current, earlier, held, floors):
                context.alarm(alarm)
            report["alarms_over"] = alarms.over(context.alarms, current, held)
        except Exception:
            logger.exception("the alarms could not be worked out")
            text = "alarms could not be worked out: an error of the crawler, see the log"
            context.alarm(Alarm("watch_failed", text))
            self._has_failed = True
        told = context.told_alarms()
        report["alarms"] = [alarm.text for alarm in told]
        report["alarm_states"] = alarms.rows(told, report["started_at"], held)

    def _exit_code(self, report: Mapping[str, Any]) -> int:
        if self.context.storage_error:
            return STORAGE
        if self._has_failed or self.reason == "start_error":
            return ERROR
        lists, is_stopped = report["lists"], self.reason == "shutdown"
        if not is_stopped and lists["asked"] and not lists["answered"] and not self.context.replay:
            return NO_LISTS
        if self.context.alarms or is_stopped:
            return DEGRADED
        return OK


def recheck_schedule(settings: BaseSettings) -> list[timedelta]:
    """RECHECK_SCHEDULE: the ages at which an article is looked at again."""
    return [timedelta(hours=float(age)) for age in settings.getlist("RECHECK_SCHEDULE")]


def _replayed(arguments: Arguments, max_bytes: int) -> ReplayIndex | None:
    """The archives asked for. Raises WarcError when they hold no page that can be gone to."""
    if not arguments.from_warc:
        return None
    index = ReplayIndex.of(arguments.from_warc, max_bytes=max_bytes)
    if not len(index):
        why = index.damage[0] if index.damage else "no archived response"
        raise WarcError(arguments.from_warc[0], 0, why)
    return index


def _warcinfo(settings: BaseSettings) -> dict[str, str]:
    """What the first record of each file says; the writer adds the run."""
    return {
        "software": f"xinhua-archive/{__version__} Scrapy/{scrapy.__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": settings["CONTACT"],
        "robots": "obey (RFC 9309)" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
        "isPartOf": "xinhua-archive",
    }
