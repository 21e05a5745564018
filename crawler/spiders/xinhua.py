"""The spider: list pages → article addresses → article pages → readings for the pipelines.

Links come from `lists`, fields from `layouts` and `pages`, what is known from the ledger. A run
that crawls another web archive goes by `web_archive` instead.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import DontCloseSpider

from crawler import regions, urls
from crawler.alarms import extraction_failed
from crawler.context import attached, required
from crawler.downloader.failures import ending_of, is_ours, postpone, raise_alarm
from crawler.downloader.replay import ReplayIndex
from crawler.downloader.scope import ArchiveHosts
from crawler.exporters.publisher import Publisher
from crawler.history.withdrawals import Withdrawals
from crawler.items import Draft, Page, ScrapedArticle
from crawler.layouts import AcceptedLayouts
from crawler.ledger.ledger import Ledger
from crawler.ledger.lists import Lists
from crawler.outcomes import Outcome
from crawler.pages.assembly import MAX_PAGES, Assembly, AstrayError
from crawler.spiders.article_answers import (
    NoDraft,
    Says,
    add_further_page,
    led_away,
    read_first_page,
)
from crawler.spiders.conditional_requests import archived, archived_list, conditions
from crawler.spiders.frontier import PER_HOST, Frontier, Target, sighting
from crawler.spiders.list_walk import ListWalk
from crawler.spiders.pictures import PictureRequests
from crawler.spiders.web_archive import WebArchive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from crawler.ledger.rows import PictureRow
    from crawler.spiders.list_requests import ListStep

logger = logging.getLogger(__name__)

# Lists before articles, so that what is new is known early.
LIST_PRIORITY = 10

# Archived articles after new ones.
RECHECK_PRIORITY = -10

# Pictures are asked for when nothing else is; what they lead to by redirect comes before the next.
PICTURE_PRIORITY = -20

PICTURE_HEADERS = {"Accept": "image/*,*/*;q=0.5"}

# The further pages of an article that has begun, before the next article.
FURTHER_PAGE_PRIORITY = 5


class XinhuaSpider(Spider):
    """`scrapy crawl xinhua`; its arguments are in the run's facts, already validated."""

    name = "xinhua"

    def __init__(self, crawler: Crawler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ledger = required(crawler, Ledger)
        self._lists = required(crawler, Lists)
        self._publisher = required(crawler, Publisher)
        self._withdrawals = required(crawler, Withdrawals)
        self._accepted = required(crawler, AcceptedLayouts)
        self._is_replay = attached(crawler, ReplayIndex) is not None
        settings = crawler.settings
        self.frontier = Frontier(
            crawler,
            recheck_budget=settings.getint("RECHECK_BUDGET"),
            per_host=max(PER_HOST, 4 * settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")),
        )
        self.walk = ListWalk(crawler)
        self.pictures = PictureRequests(crawler)
        is_other = attached(crawler, ArchiveHosts) is not None
        self.web_archive = WebArchive(crawler) if is_other else None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = cls(crawler, *args, **kwargs)
        spider._set_crawler(crawler)
        crawler.signals.connect(spider._feed, signal=signals.scheduler_empty)
        crawler.signals.connect(spider._idle, signal=signals.spider_idle)
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        agent = settings["USER_AGENT"].replace("{contact}", settings["CONTACT"])
        settings.set("USER_AGENT", agent, priority="spider")

    async def start(self) -> AsyncIterator[Request]:
        if self.web_archive is not None:
            for request in self.web_archive.more():
                yield request
            return
        for step in self.walk.start():
            yield self._list_request(step)

    def closed(self, reason: str) -> None:
        if reason == "finished" and not self._is_replay and self.web_archive is None:
            self.walk.finish()

    def _feed(self, *, is_idle: bool = False) -> bool:
        """Hand out what may be asked for now; whether there was anything."""
        engine = self.crawler.engine
        if not (engine and engine.running):
            return False
        if self.web_archive is not None:
            for request in (requests := self.web_archive.more()):
                engine.crawl(request)
            return bool(requests) or self.web_archive.has_more
        requests = [self._list_request(step) for step in self.walk.columns()]
        # a replay's own articles come last: the lists say where they were found
        targets = self.frontier.more(with_chunks=is_idle or not self._is_replay)
        requests += map(self._article_request, targets)
        requests += map(self._picture_request, self.pictures.more())
        for request in requests:
            engine.crawl(request)
        return bool(requests) or self.frontier.has_more or self.pictures.has_more

    def _idle(self) -> None:
        """A chunk of addresses may hold nothing to fetch, and what is handed out may end at once,
        its host closed: go on with the next one. When all is done, the witnesses that withdrawals
        want; after them the pictures."""
        self._go_on_if(self._feed(is_idle=True))
        engine = self.crawler.engine
        if not (engine and engine.running) or self.web_archive is not None:
            return
        witnesses = self.frontier.witnesses()
        for target in witnesses:
            engine.crawl(self._article_request(target))
        if not witnesses and self.pictures.begin():
            self._go_on_if(self._feed(is_idle=True))

    def _go_on_if(self, has_more: bool) -> None:
        """Keep the crawl open where something was handed out."""
        engine = self.crawler.engine
        if has_more and engine and engine._slot:
            engine._slot.nextcall.schedule()
            raise DontCloseSpider

    # --- lists ---------------------------------------------------------------------------------

    def _list_request(self, step: ListStep) -> Request:
        known = self._lists.state(step.source)
        return Request(
            step.url,
            callback=self.parse_list,
            errback=self.list_failed,
            headers=self.walk.conditions(step),
            priority=LIST_PRIORITY,
            cb_kwargs={"step": step},
            meta={"via": step.via, "kind": "list", **archived_list(known)},
        )

    def parse_list(self, response: Response, step: ListStep) -> Iterator[Request]:
        page: Page = response.meta["page"]
        found = self.walk.answered(step, page)
        self.frontier.admit(found.sightings)
        yield from map(self._list_request, found.steps)
        yield from map(self._article_request, self.frontier.next())

    def list_failed(self, failure: Failure) -> None:
        step: ListStep = _request(failure).cb_kwargs["step"]
        error = _raised(failure)
        ending = ending_of(error, _request(failure))
        if ending.is_ours:
            raise_alarm(self._publisher, step.url, ending.detail, error)
        if ending.outcome is Outcome.PENDING:
            self.walk.kept_from(step)
        elif ending.outcome is Outcome.NOT_ARCHIVED:
            self.walk.passed_over(step)
        else:
            self.walk.failed(step, f"{ending.outcome}: {ending.detail}")

    # --- articles ------------------------------------------------------------------------------

    def _article_request(self, target: Target) -> Request:
        known = target.article
        address = self._ledger.addresses.get(target.address)
        found_on = address.found_on if address else None
        return Request(
            target.address,
            callback=self.parse_article,
            errback=self.article_failed,
            headers=conditions(known) if known else None,
            priority=RECHECK_PRIORITY if known else 0,
            cb_kwargs={"target": target},
            meta={
                "kind": "article",
                "via": found_on,
                "discovered_from": found_on,
                **(archived(known) if known else {}),
            },
        )

    def parse_article(
        self, response: Response, target: Target
    ) -> Iterator[Request | ScrapedArticle]:
        """Read page 1 of an article; ask for its further pages; hand over when all are read."""
        page: Page = response.meta["page"]
        moved = self._moved(target, page)
        draft = self._read(moved, page) if moved else None
        if moved is None or draft is None:
            return
        try:
            assembly = Assembly(page, draft)
        except AstrayError as error:
            self._failed(moved, Outcome.INCOMPLETE, str(error))
            return
        yield from self._go_on(moved, assembly)

    def _go_on(self, target: Target, assembly: Assembly) -> Iterator[Request | ScrapedArticle]:
        """The article's next page, or the article."""
        wanted = assembly.wanted
        if wanted:
            yield self._page_request(target, assembly, wanted.addresses)
        elif assembly.is_too_large:
            self._failed(target, Outcome.TOO_LARGE, f"more than {MAX_PAGES} pages")
        else:
            fetched = tuple(assembly.pages)
            yield ScrapedArticle(address=target.address, draft=assembly.draft(), pages=fetched)

    def _page_request(
        self, target: Target, assembly: Assembly, addresses: Sequence[str]
    ) -> Request:
        """For the page that is wanted, at the first of these addresses."""
        return Request(
            addresses[0],
            callback=self.parse_page,
            errback=self.page_failed,
            priority=FURTHER_PAGE_PRIORITY,
            cb_kwargs={"target": target, "assembly": assembly, "others": addresses[1:]},
            meta={"kind": "article", "via": assembly.pages[0].url},
        )

    def parse_page(
        self, response: Response, target: Target, assembly: Assembly, others: Sequence[str]
    ) -> Iterator[Request | ScrapedArticle]:
        """Add a further page to its article."""
        page: Page = response.meta["page"]
        try:
            lacking = add_further_page(page, assembly, self._accepted)
        except Exception as error:
            self._broken(target, page, error)
            return
        if lacking:
            yield from self._lacking(target, assembly, others, **lacking._asdict())
        else:
            yield from self._go_on(target, assembly)

    def page_failed(self, failure: Failure) -> Iterator[Request | ScrapedArticle]:
        """A further page gave no answer."""
        request = _request(failure)
        ending, kwargs = ending_of(_raised(failure), request), request.cb_kwargs
        if ending.outcome in (Outcome.DEFERRED, Outcome.PENDING):
            self.article_failed(failure)
            return
        why = f"{kwargs['assembly'].said}: {ending.outcome}: {ending.detail}"
        yield from self._lacking(**kwargs, why=why, is_absent=False)

    def _lacking(
        self,
        target: Target,
        assembly: Assembly,
        others: Sequence[str],
        why: str,
        *,
        is_absent: bool,
    ) -> Iterator[Request | ScrapedArticle]:
        """The wanted page isn't at one of its addresses: ask at the next, or end without it. An
        article that lacks a page is neither published nor withdrawn."""
        if others:
            yield self._page_request(target, assembly, others)
        elif assembly.give_up(is_absent=is_absent):
            yield from self._go_on(target, assembly)
        else:
            self._failed(target, Outcome.INCOMPLETE, why)

    def article_failed(self, failure: Failure) -> None:
        request = _request(failure)
        target: Target = request.cb_kwargs["target"]
        ending = ending_of(_raised(failure), request)
        if ending.is_ours:
            postpone(self._publisher, target.address, _raised(failure))
        else:
            self._failed(target, ending.outcome, ending.detail)

    # --- pictures ------------------------------------------------------------------------------

    def _picture_request(self, picture: PictureRow) -> Request:
        assert picture.address is not None
        article = self._ledger.articles.get(picture.article_id)
        return Request(
            picture.address,
            callback=self.parse_picture,
            errback=self.picture_failed,
            headers=PICTURE_HEADERS,
            priority=PICTURE_PRIORITY,
            cb_kwargs={"picture": picture},
            meta={"kind": "picture", "via": article.url if article else None},
        )

    def parse_picture(self, response: Response, picture: PictureRow) -> None:
        """Note what a picture's address answered."""
        self.pictures.answered(picture, response.meta["page"])

    def picture_failed(self, failure: Failure) -> None:
        """A picture's address gave no answer, or none that can be read."""
        request, error = _request(failure), _raised(failure)
        ending = self.pictures.failed(request.cb_kwargs["picture"], error, request)
        if ending.is_ours:
            raise_alarm(self._publisher, request.url, ending.detail, error)

    # --- how articles end ----------------------------------------------------------------------

    def _failed(self, target: Target, outcome: Outcome, detail: str) -> None:
        """End a fetch that says nothing of the article."""
        if target.article and outcome is not Outcome.PENDING:
            self._withdrawals.failed(target.address)
        self._publisher.end(target.address, outcome, detail)

    def _end(self, target: Target, page: Page, answer: NoDraft) -> None:
        """Act on an answer that gave no draft."""
        address, known, outcome = target.address, target.article, answer.outcome
        if known and answer.says is Says.UNCHANGED:
            self._withdrawals.answered(address, is_recheck=True)
            self._withdrawals.looked(address, known, status=page.status, warc=page.warc)
            self._publisher.end(address, outcome)
        elif known and answer.says is Says.ABSENT:
            self._withdrawals.sign(
                address, known, status=page.status, warc=page.warc, reason=answer.detail
            )
        elif answer.says is Says.ABSENT:
            self._publisher.end(address, outcome, answer.detail)
        elif answer.says is Says.UNREAD:
            self._withdrawals.unread(address, page, outcome, answer.detail)
        else:
            self._failed(target, outcome, answer.detail)

    def _moved(self, target: Target, page: Page) -> Target | None:
        """Where a redirect led: the target to go on with, or None when this fetch is over."""
        address = target.address
        if urls.canonical(page.url) == address:
            return target
        there = urls.article(page.url)
        if there is None:
            if urls.article(address) is None:
                return target
            self._end(target, page, led_away(page, self._accepted))
            return None
        if there.id == urls.article_id(address):
            return target
        reason = f"redirected to {there.url}"
        self._withdrawals.unread(address, page, Outcome.REDIRECTED, reason)
        is_wanted = self.frontier.admit_now(sighting(there.url, found_on=address))
        return Target(there.url) if is_wanted else None

    def _read(self, target: Target, page: Page) -> Draft | None:
        """The draft of page 1, or None after the address got another outcome."""
        try:
            is_archived = target.article is not None
            answer = read_first_page(page, self._accepted, is_archived=is_archived)
        except Exception as error:
            self._broken(target, page, error)
            return None
        if isinstance(answer, NoDraft):
            self._end(target, page, answer)
            return None
        return answer

    def _broken(self, target: Target, page: Page, error: Exception) -> None:
        """Our code failed at an archived page, or the machine while it read it."""
        if is_ours(error):
            postpone(self._publisher, target.address, error)
            return
        logger.error("reading %s failed", page.url, exc_info=error)
        detail = f"{type(error).__name__}: {error}"
        region = regions.region_of_url(page.url)
        self._publisher.alarm(extraction_failed(page.url, detail, region.code if region else None))
        self._withdrawals.unread(target.address, page, Outcome.EXTRACTION_FAILED, detail)


def _request(failure: Failure) -> Request:
    """The request that failed: Scrapy puts it there."""
    request: Request = failure.request  # type: ignore[attr-defined]
    return request


def _raised(failure: Failure) -> BaseException:
    """What was raised."""
    assert failure.value is not None
    return failure.value
