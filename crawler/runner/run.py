"""A run from opening to closing: alone in knowing the order in which things become durable.

Open: lock → ledger → recovery of what an earlier run left → run row. Close, after the last
exchange: outcomes → WARC fsync → JSONL fsync → ledger commit → renames → CDXJ → report. Scrapy
closes its components in another order, so none of this happens in them. A long run publishes in
parts meanwhile (`exporters.run_parts`).

A run that can't be opened ends with one sentence and an exit code (`opening`).
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import signals
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.defer import deferred_from_coro

from crawler import __version__, alarms
from crawler.alarms import Alarm
from crawler.archive.decode import largest_page
from crawler.archive.reader import WarcError
from crawler.archive.writer import WarcWriter
from crawler.clock import iso, now
from crawler.context import RunFacts, attach
from crawler.coverage import certificates
from crawler.coverage.drift import watch_drift
from crawler.coverage.sightings import has_sightings, publish_sightings
from crawler.data_dir import (
    folder_of,
    lines_name,
    new_run_id,
    warc_name,
)
from crawler.downloader.holds import Holds
from crawler.downloader.pace import Bandwidth
from crawler.downloader.replay import ReplayIndex
from crawler.downloader.resolver import GIVEN
from crawler.downloader.scope import ArchiveHosts
from crawler.exit_codes import DEGRADED, ERROR, LOCKED, NO_LISTS, OK, STORAGE, USAGE
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.pictures import has_pictures, publish_pictures
from crawler.exporters.publisher import Publisher, StorageFailureFilter
from crawler.exporters.report import (
    CLOCK_STANDS,
    HOURS_OVER,
    build_report,
    earlier_reports,
    write_report,
)
from crawler.exporters.run_parts import PartLimits, Parts
from crawler.history.web_captures import WebCaptures
from crawler.history.withdrawals import Withdrawals
from crawler.layouts import AcceptedLayouts
from crawler.ledger.errors import LedgerInUseError
from crawler.ledger.leases import SupersededError
from crawler.ledger.ledger import Ledger
from crawler.ledger.lists import Lists
from crawler.ledger.location import GIVEN_AWAY, LedgerUrlError, holds_password
from crawler.outcomes import Outcome
from crawler.regions import region_of
from crawler.run_lock import CannotStartError
from crawler.runner.crawl_hours import CrawlHours
from crawler.runner.recovery import end_run, recover
from crawler.runner.shard import Shard
from crawler.storage import StorageError, check_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.arguments import Arguments
    from crawler.regions import Region


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


logger = logging.getLogger(__name__)


class Run:
    """One execution. Use `open`, `watch` the crawler, let it crawl, then `close`."""

    def __init__(
        self,
        facts: RunFacts,
        ledger: Ledger,
        archive: WarcWriter,
        output: JsonlWriter,
        parts: Parts,
        holds: Holds,
        replay: ReplayIndex | None,
        accepted: AcceptedLayouts,
        lock: int,
        shard: Shard | None = None,
    ) -> None:
        self.publisher = Publisher(facts, ledger, archive, output)
        self.report: dict[str, Any] | None = None  # until it is written
        self.is_first = False  # whether it began the archive
        self.reason = "shutdown"  # until the spider says how it closed
        self._facts = facts
        self._ledger = ledger
        self._archive = archive
        self._parts = parts
        self._holds = holds
        self._replay = replay
        self._accepted = accepted
        self._withdrawals = Withdrawals(facts, ledger, self.publisher, accepted.version)
        self._captures = WebCaptures(ledger, self.publisher) if facts.arguments.source else None
        self._coverage: dict[str, Any] = {"closed": {}, "open": {}}
        self._lock = lock
        self._shard = shard
        self._output = output
        self._crawler: Crawler | None = None
        self._checkpoints: AsyncioLoopingCall | LoopingCall | None = None
        self._has_failed = False
        self._ends_at: datetime | None = None  # the end of CRAWL_HOURS

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._facts.run_id

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
        """Mend what is left of a killed run and begin one. `lock` is what `take_lock` gave.

        Raises CannotStartError, as `opening` does.
        """
        data_dir = folder_of(settings)
        with opening(lock):
            replay = _replayed(arguments, largest_page(settings.getint("DOWNLOAD_MAXSIZE")))
            check_disk(data_dir, settings.getint("DISK_MIN_FREE"))
            accepted = AcceptedLayouts.of(data_dir)
            facts = _facts(settings, arguments, regions, command)
            ledger = Ledger.of(data_dir, settings["LEDGER"], shared_as=facts.run_id)
            if holds_password(settings["LEDGER"]):
                logger.warning(GIVEN_AWAY)
            lease = settings.getfloat("LEASE_SECONDS")
            shard = Shard.begin(facts, ledger, lease) if ledger.is_on_server else None
            for sentence in shard.mended if shard else recover(data_dir, ledger, facts.schedule):
                logger.warning(sentence)
            with shard.opening_run(ledger) if shard else nullcontext():
                newest = ledger.runs.newest(1)
                ledger.runs.start(
                    facts.run_id,
                    facts.started_at,
                    command,
                    archives_pictures=facts.archives_pictures,
                )
                ledger.commit()
        run_id, started_at = facts.run_id, facts.started_at
        archive = WarcWriter(
            data_dir,
            partial(warc_name, run_id),
            info={**warc_info(settings), "run-id": run_id},
            max_bytes=settings.getint("WARC_MAX_BYTES"),
        )
        output = JsonlWriter(data_dir, lines_name(run_id))
        run = cls(
            facts,
            ledger,
            archive,
            output,
            Parts(data_dir, run_id, ledger, archive, output, part_limits(settings)),
            Holds() if replay else Holds.resumed(ledger.hosts.holds(started_at), started_at),
            replay,
            accepted,
            lock,
            shard,
        )
        run.is_first = not newest
        for sentence in replay.damage if replay else ():
            run.publisher.alarm(sentence)
        if shard:
            for sentence in shard.clock:
                run.publisher.alarm(Alarm("clock", sentence))
        elif newest and newest[0].started_at > started_at:
            clock = f"{CLOCK_STANDS}{iso(started_at)}, before run {newest[0].run_id} began"
            text = f"{clock}: what was looked at since isn't looked at again"
            run.publisher.alarm(Alarm("clock", text))
        return run

    def watch(self, crawler: Crawler) -> None:
        """Attach the run's parts to the crawler, for the components that ask for them; make
        checkpoints while it crawls and note why it ended. A replay forgets what it learns of lists.
        """
        self._crawler = crawler
        publisher, ledger = self.publisher, self._ledger
        lists = Lists.scratch() if self._replay else ledger.lists
        parts = (
            self._facts, ledger, lists, self._archive, publisher, self._parts, self._holds,
            self._accepted,
        )  # fmt: skip
        attach(crawler, Bandwidth(crawler.settings.getint("BANDWIDTH_MAX")))
        attach(crawler, *parts, self._withdrawals)
        if self._replay:
            attach(crawler, self._replay)
        else:
            attach(crawler, ledger.sources, ledger.placements)
        source, settings = self._facts.arguments.source, crawler.settings
        if source and self._captures:
            hosts = ArchiveHosts(source, replay=settings["CDX_REPLAY"], data=settings["CDX_DATA"])
            GIVEN.update(hosts.private)
            attach(crawler, hosts, self._captures)
        publisher.stop = self._stop
        ledger.connection.on_failure = lambda error: publisher.storage_failed(str(error))
        if self._shard and not self._replay:
            self._shard.watch(crawler, ledger, publisher, self._holds)
        for name in StorageFailureFilter.LOGGERS:
            logging.getLogger(name).addFilter(StorageFailureFilter(publisher))
        hours = CrawlHours.of(crawler.settings["CRAWL_HOURS"])
        self._ends_at = hours.end(self._facts.started_at) if hours else None
        crawler.signals.connect(self._opened, signal=signals.spider_opened)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)
        crawler.signals.connect(self._failed, signal=signals.spider_error)
        crawler.signals.connect(self._failed, signal=signals.item_error)

    def _opened(self) -> None:
        assert self._crawler
        seconds = self._crawler.settings.getfloat("CHECKPOINT_SECONDS")
        self._checkpoints = create_looping_call(self._checkpoint)
        self._checkpoints.start(seconds, now=False)
        if self.publisher.storage_error:
            self._stop("storage")

    def _closed(self, reason: str) -> None:
        self.reason = reason
        if self._checkpoints:
            self._checkpoints.stop()
        if self.publisher.storage_error is None:
            with suppress(StorageError):  # the publisher knows: the exit code is 5
                self._withdrawals.confirm()

    def _failed(self) -> None:
        """A callback or a pipeline raised what it shouldn't: exit code 1 (Scrapy logged it)."""
        self._has_failed = True

    def _checkpoint(self) -> None:
        if self._ends_at and now() >= self._ends_at:
            self._ends_at = None
            self._stop(HOURS_OVER)
        try:
            assert self._crawler
            check_disk(self._facts.data_dir, self._crawler.settings.getint("DISK_MIN_FREE"))
            self.publisher.checkpoint()
            self._parts.publish_due()
        except StorageError as error:
            self.publisher.storage_failed(str(error))
        except Exception:  # no checkpoint would follow it, and nobody would hear of that
            logger.exception("a checkpoint failed")
            self._has_failed = True
            self._stop("checkpoint_failed")

    def _stop(self, reason: str) -> None:
        with suppress(RuntimeError):  # there is no engine yet: `_opened` looks again
            engine = self._crawler.engine if self._crawler else None
            if engine and engine.spider:
                deferred_from_coro(engine.close_spider_async(reason=reason))

    def close(self, *, has_failed: bool) -> int:
        """Make the run durable and public, write its report, let the lock go.

        `has_failed`: the crawl could not be started. Returns the exit code. Nothing may be in
        flight any more.
        """
        publisher = self.publisher
        self._has_failed |= has_failed
        try:
            exitcode = self._publish()
        except (StorageError, OSError) as error:
            # What is on disk stays `.open` and is mended by the next run.
            publisher.storage_error = publisher.storage_error or str(error)
            logger.critical("the run could not be published: %s", error)
            exitcode = self._close_superseded(error)
        finally:
            self._ledger.close()
            if self._shard:
                self._shard.end(is_over=self.report is not None)
            os.close(self._lock)
        return exitcode

    def _close_superseded(self, error: Exception) -> int:
        """Publish what a run may whose regions another one has; the exit code of the failure."""
        lease = self._ledger.lease
        if not (self._shard and lease and self._shard.is_superseded(self._ledger, error)):
            return STORAGE
        self.publisher.storage_error = lease.lost()
        logger.critical(lease.lost())
        try:
            self._parts.finish_begun()
            self._archive.take()
            self._output.sync()
            self._output.close()
            self.report = self._shard.close_superseded(self._ledger, lease.lost())
        except (StorageError, OSError) as failure:
            logger.critical("what a superseded run may publish could not be: %s", failure)
            return STORAGE
        return LOCKED

    def _publish(self) -> int:
        facts, ledger = self._facts, self._ledger
        ledger.visits.end_open(facts.run_id)
        has_more = has_sightings(facts.data_dir, ledger, facts.run_id) or has_pictures(
            facts.data_dir, ledger, facts.run_id
        )
        report = self._report(self._parts.close(self._further, has_more=has_more))
        write_report(facts.data_dir, report)  # a run with an end in the ledger has its report
        end_run(ledger, report)
        self.report = report
        with suppress(StorageError):  # all is published: the leases run out by themselves
            ledger.give_back()
        return int(report["exit_code"])

    def _further(self) -> list[Path]:
        """Publish what a run has only at its end: sightings, picture lines, certificates; these
        files."""
        facts, ledger = self._facts, self._ledger
        with ledger.alone():
            sightings = publish_sightings(facts.data_dir, ledger, facts.run_id)
            pictures = publish_pictures(facts.data_dir, ledger, facts.run_id)
            self._certify()
            certified = certificates.files_of_run(facts.data_dir, ledger, facts.run_id)
        return [*filter(None, (sightings, pictures)), *certified]

    def _certify(self) -> None:
        """Close the days that are due and note what the report says of days. An error of ours in
        working them out must not cost the report."""
        facts, ledger, at = self._facts, self._ledger, now()
        told = self._coverage
        try:
            certificates.write_late(facts.data_dir, ledger, facts.run_id, at)
            if self._replay:
                return
            for alarm in certificates.alarms_of(
                certificates.untold(facts.data_dir, ledger, facts.run_id)
            ):
                self.publisher.alarm(alarm)
            if self.reason == "finished":
                closed = certificates.close_days(
                    facts.data_dir,
                    ledger,
                    facts.run_id,
                    at,
                    is_narrowed=facts.arguments.narrowed,
                )
                for alarm in certificates.alarms_of(closed):
                    self.publisher.alarm(alarm)
                told["closed"] = {str(day): one for day, one in closed.verdicts.items()}
            told["open"] = certificates.open_days_in_short(ledger, at)
            for alarm in watch_drift(ledger, at, self._watched()):
                self.publisher.alarm(alarm)
        except StorageError:
            raise
        except Exception:
            logger.exception("coverage or drift could not be worked out")
            text = "coverage or drift could not be worked out: an error of the crawler, see the log"
            self.publisher.alarm(Alarm("coverage_failed", text))
            self._has_failed = True

    def _report(self, files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        facts, publisher, arguments = self._facts, self.publisher, self._facts.arguments
        for host, reason in sorted(self._holds.closed_hosts().items()):
            region = region_of(host)
            text = f"{host} was given up: {reason}"
            publisher.alarm(Alarm(f"{alarms.HOST}{host}", text, region.code if region else None))
        if self.reason == "finished" and publisher.open:
            lost = f"{len(publisher.open)} addresses were asked for and have no outcome"
            publisher.alarm(Alarm("lost", f"{lost}, {min(publisher.open)} among them"))
            self._has_failed = True
        stats = self._crawler.stats if self._crawler else None
        report = build_report(
            self._ledger,
            run_id=facts.run_id,
            started_at=facts.started_at,
            finished_at=now(),
            command=facts.command,
            narrowed=arguments.narrowed,
            reason=self.reason,
            seq=self._parts.seq,
            parts=self._parts.count,
            files=files,
            stats=stats.get_stats() if stats else {},
            regions=()
            if arguments.urls or arguments.lists or arguments.source
            else arguments.regions,
            watched=self._watched(),
            coverage=self._coverage,
            archives_pictures=facts.archives_pictures,
            captures=self._captures.report(arguments.source, arguments.regions)
            if self._captures and arguments.source
            else None,
        )
        no_pictures = alarms.pictures_failed((report["pictures"] or {}).get("outcomes", {}))
        if no_pictures:
            publisher.alarm(no_pictures)
        failed = report["outcomes"].get(Outcome.EXTRACTION_FAILED)
        if self._replay and failed:  # for which `reextract` exits with 1
            publisher.alarm(f"{failed} archived pages could not be read: see extraction_failed")
        self._watch(report)
        report["exit_code"] = self._exit_code(report)
        return report

    def _watched(self) -> list[str]:
        """The regions of which the run saw all; "" stands for what is of no region."""
        arguments = self._facts.arguments
        if self.reason != "finished" or arguments.narrowed:
            return []
        return [*arguments.regions, *([] if arguments.regions_given else [""])]

    def _watch(self, report: dict[str, Any]) -> None:
        """Put the alarms into the report. An error of ours in working them out must not cost it."""
        facts, publisher = self._facts, self.publisher
        floors = {code: one.floor for code, one in facts.regions.items() if one.floor is not None}
        since = facts.started_at - alarms.HISTORY
        held: dict[str, alarms.State] = {}
        try:
            current = alarms.Seen.of(report)
            earlier = earlier_reports(facts.data_dir, since=since, before=facts.run_id)
            held = alarms.still_held(earlier)
            for alarm in alarms.raised(current, earlier, held, floors):
                publisher.alarm(alarm)
            report["alarms_over"] = alarms.over(publisher.alarms(), current, held)
        except Exception:
            logger.exception("the alarms could not be worked out")
            text = "alarms could not be worked out: an error of the crawler, see the log"
            publisher.alarm(Alarm("watch_failed", text))
            self._has_failed = True
        told = publisher.alarms()
        report["alarms"] = [alarm.text for alarm in told]
        report["alarm_states"] = alarms.rows(told, report["started_at"], held)

    def _exit_code(self, report: Mapping[str, Any]) -> int:
        if self.publisher.storage_error:
            return STORAGE
        if self._has_failed or self.reason == "start_error":
            return ERROR
        lists, is_stopped = report["lists"], self.reason == "shutdown"
        is_early = is_stopped or self.reason == HOURS_OVER
        if not is_early and lists["asked"] and not lists["answered"] and not self._replay:
            return NO_LISTS
        if self.publisher.alarms() or is_stopped:
            return DEGRADED
        return OK


def _facts(
    settings: BaseSettings, arguments: Arguments, regions: Mapping[str, Region], command: str
) -> RunFacts:
    """A run that begins now."""
    started_at = now()
    return RunFacts(
        run_id=new_run_id(started_at),
        started_at=started_at,
        command=command,
        data_dir=folder_of(settings),
        arguments=arguments,
        regions=regions,
        schedule=recheck_schedule(settings),
        confirm_after=timedelta(hours=settings.getfloat("GONE_CONFIRM_AFTER")),
        # a replay fetches nothing, and its archives are others'; of a web archive pages are wanted
        archives_pictures=settings.getbool("ARCHIVE_IMAGES")
        and not (arguments.from_warc or arguments.source),
    )


def recheck_schedule(settings: BaseSettings) -> list[timedelta]:
    """RECHECK_SCHEDULE: the ages at which an article is looked at again."""
    return [timedelta(hours=float(age)) for age in settings.getlist("RECHECK_SCHEDULE")]


def part_limits(settings: BaseSettings) -> PartLimits:
    """PART_SECONDS and PART_MAX_BYTES: when a part of a run is published."""
    return PartLimits(settings.getfloat("PART_SECONDS"), settings.getint("PART_MAX_BYTES"))


def _replayed(arguments: Arguments, max_bytes: int) -> ReplayIndex | None:
    """The archives asked for. Raises WarcError when they hold no page that can be gone to."""
    if not arguments.from_warc:
        return None
    index = ReplayIndex.of(arguments.from_warc, max_bytes=max_bytes)
    if not len(index):
        why = index.damage[0] if index.damage else "no archived response"
        raise WarcError(arguments.from_warc[0], 0, why)
    return index


def warc_info(settings: BaseSettings) -> dict[str, str]:
    """What the first record of each file says; the writer adds the run."""
    return {
        "software": f"xinhua-archive/{__version__} Scrapy/{scrapy.__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": settings["CONTACT"],
        "robots": "obey (RFC 9309)" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
        "isPartOf": "xinhua-archive",
    }
