"""The pass of a survey over the network: as polite as a crawl, every exchange in its own WARC.

It has the crawl's settings, middlewares and download handler, but a folder of its own, no lock, and
a ledger that goes with it: robots.txt is asked anew, and nothing is learnt of lists.

Its spider asks each list once, a region's roots and what they lead to, and follows no pager. When
all lists have answered, articles are chosen so that every host, form of address and year that was
met is among them.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import DontCloseSpider
from scrapy.utils.asyncio import call_later
from scrapy.utils.defer import deferred_from_coro

from crawler import urls
from crawler.archive import cdxj
from crawler.archive.writer import WarcWriter
from crawler.arguments import parse
from crawler.clock import now
from crawler.context import RunFacts, attach
from crawler.data_dir import folder_of, new_run_id
from crawler.downloader.failures import ending_of
from crawler.downloader.holds import Holds
from crawler.downloader.pace import Bandwidth
from crawler.exporters.jsonl import JsonlWriter
from crawler.exporters.publisher import Publisher, StorageFailureFilter
from crawler.layouts import AcceptedLayouts
from crawler.ledger.errors import NoLedgerError
from crawler.ledger.ledger import Ledger
from crawler.lists.links import ListError
from crawler.runner.crawl_hours import CrawlHours
from crawler.runner.run import warc_info
from crawler.spiders.list_requests import ListStep, first_url, read_answer, region_of_link
from crawler.storage import StorageError, check_disk, publish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings, Settings
    from twisted.python.failure import Failure

    from crawler.items import Page
    from crawler.lists.links import ListLink
    from crawler.regions import Region

logger = logging.getLogger(__name__)


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
    extensions = settings.getdict("EXTENSIONS") | {"crawler.extensions.progress.Progress": None}
    settings.set("EXTENSIONS", extensions, priority="cmdline")
    settings.set("ITEM_PIPELINES", {}, priority="cmdline")
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
    for name in StorageFailureFilter.LOGGERS:
        logging.getLogger(name).addFilter(StorageFailureFilter(publisher))
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


# --- the spider -----------------------------------------------------------------------------------

# Links kept of one region, of which its sample is chosen.
_MOST_LINKS = 20_000

# Details kept of failures, one a host and outcome.
_MOST_DETAILS = 500


class SurveySpider(Spider):
    """Asks for lists, then articles. `failures` counts what gave no answer, by host and outcome,
    `details` has a sentence for each; `asked` counts requests by region and kind."""

    name = "survey"

    def __init__(
        self, surveyed: Sequence[Region], columns: int, articles: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._surveyed = {region.code: region for region in surveyed}
        self._columns = columns
        self._articles = articles
        self._max_depth = 0
        self._met: set[str] = set()
        self._lists: Counter[str] = Counter()
        self._links: defaultdict[str, dict[str, ListLink]] = defaultdict(dict)
        self._is_sampled = False
        self.asked: Counter[tuple[str, str]] = Counter()
        self.answered_lists = 0
        self.failures: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.details: dict[tuple[str, str], str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider._max_depth = crawler.settings.getint("LIST_MAX_DEPTH")
        crawler.signals.connect(spider._idle, signal=signals.spider_idle)
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        agent = settings["USER_AGENT"].replace("{contact}", settings["CONTACT"])
        settings.set("USER_AGENT", agent, priority="spider")

    async def start(self) -> AsyncIterator[Request]:
        for code, region in self._surveyed.items():
            for url in (*region.lists, *map(first_url, region.nodes)):
                step = ListStep(source=url, url=url, region=code)
                if url not in self._met:
                    yield self._list_request(step, "root")

    def _list_request(self, step: ListStep, kind: str) -> Request:
        self._met.add(step.url)
        self.asked[step.region or "", kind] += 1
        return Request(
            step.url,
            callback=self.parse_list,
            errback=self.failed,
            priority=10 - step.depth,
            cb_kwargs={"step": step},
            meta={"via": step.via, "kind": "list"},
        )

    def parse_list(self, response: Response, step: ListStep) -> Iterator[Request]:
        """Note the articles of a list; ask for the lists it leads to, within the region's
        budget."""
        page: Page = response.meta["page"]
        if page.status != 200:
            return
        try:
            answer = read_answer(step, page)
        except ListError as error:
            logger.info("list %s is not understood: %s", step.url, error)
            return
        self.answered_lists += 1
        for link in answer.links:
            code = region_of_link(step, link.url)
            if code in self._surveyed and len(self._links[code]) < _MOST_LINKS:
                self._links[code].setdefault(link.url, link)
        if step.depth >= self._max_depth:
            return
        code = step.region or ""
        for url in chain(answer.data, answer.columns):
            if url not in self._met and self._lists[code] < self._columns:
                self._lists[code] += 1
                depth = step.depth + 1
                further = ListStep(
                    source=url, url=url, region=step.region, depth=depth, via=page.url
                )
                yield self._list_request(further, "column")

    def _idle(self) -> None:
        """All lists have answered: ask for the sample, once."""
        engine = self.crawler.engine
        if self._is_sampled or not (engine and engine.running):
            return
        self._is_sampled = True
        requests = [
            self._article_request(url, code)
            for code, links in self._links.items()
            for url in sample_of(links, self._articles)
        ]
        for request in requests:
            engine.crawl(request)
        if requests:
            raise DontCloseSpider

    def _article_request(self, url: str, code: str) -> Request:
        self.asked[code, "article"] += 1
        return Request(
            url, callback=self.parse_article, errback=self.failed, meta={"kind": "article"}
        )

    def parse_article(self, response: Response) -> None:
        """An article is archived; it is read when all are."""

    def failed(self, failure: Failure) -> None:
        """Count what gave no answer."""
        request: Request = failure.request  # type: ignore[attr-defined]
        assert failure.value is not None
        ending = ending_of(failure.value, request)
        host = urlsplit(request.url).hostname or ""
        self.failures[host][str(ending.outcome)] += 1
        if len(self.details) < _MOST_DETAILS:
            self.details.setdefault((host, str(ending.outcome)), ending.detail)


def sample_of(links: Iterable[str], count: int) -> list[str]:
    """So many of these articles, the hosts, forms of address and years taking turns; of each the
    first that lists name, then ones further down."""
    groups: defaultdict[tuple[str, str, int], list[str]] = defaultdict(list)
    for url in links:
        article = urls.article(url)
        if article is not None:
            host = (urlsplit(url).hostname or "").removeprefix("www.")
            groups[host, article.shape, article.day.year if article.day else 0].append(url)
    turns = zip_longest(*map(_spread, groups.values()))
    return [url for turn in turns for url in turn if url is not None][:count]


def _spread(found: list[str]) -> list[str]:
    """The same, first those that stand far from each other: the first, the last, the middle."""
    order: dict[int, None] = {}
    step = len(found) - 1
    while step > 0:
        order.update(dict.fromkeys(range(0, len(found), step)))
        step //= 2
    order.update(dict.fromkeys(range(len(found))))
    return [found[number] for number in order]
