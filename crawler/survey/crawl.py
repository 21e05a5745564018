"""The pass of a survey over the network: as polite as a crawl, every exchange in its own WARC.

It has the crawl's settings, middlewares and download handler, but a folder of its own, no lock, and
a ledger that goes with it: robots.txt is asked anew, and nothing is learnt of lists.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.utils.asyncio import call_later
from scrapy.utils.defer import deferred_from_coro

from crawler.archive import cdxj
from crawler.archive.writer import WarcWriter
from crawler.arguments import parse
from crawler.clock import now
from crawler.context import RunFacts, attach
from crawler.data_dir import folder_of, new_run_id
from crawler.downloader.bandwidth import Bandwidth
from crawler.downloader.holds import Holds
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.publisher import Aftermath, Publisher
from crawler.layouts import AcceptedLayouts
from crawler.ledger.errors import NoLedgerError
from crawler.ledger.ledger import Ledger
from crawler.runner.crawl_hours import CrawlHours
from crawler.runner.run import warc_info
from crawler.storage import StorageError, check_disk, publish
from crawler.survey.spider import SurveySpider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from scrapy.crawler import Crawler
    from scrapy.settings import Settings

    from crawler.regions import Region

logger = logging.getLogger(__name__)

# Seconds between two sentences on how far it got.
TOLD_EVERY = 30.0


@dataclass(slots=True)
class Passed:
    """What came of a pass: its WARCs, why it ended, and what only the spider knows."""

    warcs: list[Path] = field(default_factory=list)
    reason: str = "shutdown"
    lists: int = 0
    answered_lists: int = 0
    failures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    details: Mapping[tuple[str, str], str] = field(default_factory=dict)
    hosts: Mapping[str, Any] = field(default_factory=dict)
    storage_error: str | None = None
    error: str | None = None
    note: str | None = None


def crawl(
    settings: Settings, folder: Path, surveyed: Sequence[Region], columns: int, articles: int
) -> Passed:
    """Ask for what a survey needs. Raises StorageError before the first request."""
    passed = Passed()
    check_disk(folder, settings.getint("DISK_MIN_FREE"))
    for name, value in {
        "ITEM_PIPELINES": {},
        "EXTENSIONS": settings.getdict("EXTENSIONS")
        | {"crawler.extensions.progress.Progress": None},
    }.items():
        settings.set(name, value, priority="cmdline")
    with (
        tempfile.TemporaryDirectory(prefix="survey-") as scratch,
        closing(Ledger.open(Path(scratch) / "ledger.sqlite")) as ledger,
    ):
        began = now()
        run_id = new_run_id(began)
        archive = WarcWriter(
            folder,
            partial(_warc_name, run_id),
            info={**warc_info(settings), "description": "scrapy survey", "run-id": run_id},
            max_bytes=settings.getint("WARC_MAX_BYTES"),
        )
        facts = RunFacts(
            run_id=run_id,
            started_at=began,
            command="scrapy survey",
            data_dir=folder,
            arguments=parse({}, {}),
            regions={region.code: region for region in surveyed},
            schedule=(),
            confirm_after=timedelta(),
        )
        publisher = Publisher(facts, ledger, archive, JsonlWriter(folder, "none.jsonl"))
        process = AsyncCrawlerProcess(settings)
        crawler = process.create_crawler(SurveySpider)
        holds = _holds(settings, began, passed)
        accepted = AcceptedLayouts.of(folder_of(settings))
        bandwidth = Bandwidth(settings.getint("BANDWIDTH_MAX"))
        attach(crawler, facts, ledger, archive, publisher, holds, accepted, bandwidth)
        _watch(crawler, publisher, passed)
        process.crawl(crawler, surveyed=surveyed, columns=columns, articles=articles)
        process.start()
        _take(passed, crawler, publisher)
        _close(archive, passed)
        if process.bootstrap_failed and passed.error is None:
            passed.error = "the crawl could not be started"
    return passed


def _warc_name(run_id: str, _: datetime, serial: int) -> str:
    return f"warc/survey-{run_id}-{serial:05d}.warc.gz"


def _holds(settings: Settings, at: datetime, passed: Passed) -> Holds:
    """The waits that hosts have asked the archive's runs for, which a survey keeps as well."""
    try:
        with closing(Ledger.of(folder_of(settings), settings["LEDGER"], read_only=True)) as ledger:
            return Holds.resumed(ledger.hosts.holds(at), at)
    except NoLedgerError:
        return Holds()
    except StorageError as error:
        passed.note = f"waits that hosts asked for in earlier runs are not known: {error}"
        return Holds()


def _watch(crawler: Crawler, publisher: Publisher, passed: Passed) -> None:
    """Stop it when the disk fails or CRAWL_HOURS end; note errors of ours; tell how far it got."""

    def stop(reason: str) -> None:
        engine = crawler.engine
        if engine and engine.spider:
            deferred_from_coro(engine.close_spider_async(reason=reason))

    def opened() -> None:
        hours = CrawlHours.of(crawler.settings["CRAWL_HOURS"])
        end = hours.end(now()) if hours else None
        if end:
            call_later((end - now()).total_seconds(), stop, "crawl_hours")

    def closed(reason: str) -> None:
        passed.reason = reason

    def failed(failure: Any) -> None:
        passed.error = f"{type(failure.value).__name__}: {failure.value}"
        logger.error("the survey failed at a page: %s", failure.getTraceback())

    publisher.stop = stop
    for name in Aftermath.LOGGERS:
        logging.getLogger(name).addFilter(Aftermath(publisher))
    for handler, signal in (
        (opened, signals.spider_opened),
        (closed, signals.spider_closed),
        (failed, signals.spider_error),
    ):
        crawler.signals.connect(handler, signal=signal, weak=False)


def _take(passed: Passed, crawler: Crawler, publisher: Publisher) -> None:
    spider = crawler.spider
    if isinstance(spider, SurveySpider):
        passed.failures = {host: dict(one) for host, one in sorted(spider.failures.items())}
        passed.details = {key: _unnamed(one) for key, one in spider.details.items()}
        passed.lists = sum(n for (_, kind), n in spider.asked.items() if kind != "article")
        passed.answered_lists = spider.answered_lists
    stats = crawler.stats
    passed.hosts = stats.get_value("crawler/hosts", {}) if stats else {}
    passed.storage_error = publisher.storage_error


def _unnamed(detail: str) -> str:
    """A sentence on a failure without the name of the operator's proxy."""
    for address in getproxies().values():
        place = urlsplit(address if "://" in address else f"//{address}")
        for name in filter(None, (place.netloc, place.hostname)):
            detail = detail.replace(name, "the proxy")
    return detail


def _close(archive: WarcWriter, passed: Passed) -> None:
    """Give the WARCs their names and indexes."""
    try:
        archive.close()
        passed.warcs = [publish(path) for path in archive.files]
        for path in passed.warcs:
            cdxj.write_index(path, on_damage=lambda error: logger.error("%s", error))
    except StorageError as error:
        passed.storage_error = passed.storage_error or str(error)
