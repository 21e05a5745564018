"""The spider: list pages → article addresses → article pages → readings for the pipelines.

Thin: links come from `pages.lists`, fields from `pages`, what is known from the ledger.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import NotConfigured

from crawler import pages, regions, urls
from crawler.context import Context, context_of
from crawler.items import Draft, Page, Reading
from crawler.outcomes import Outcome
from crawler.spiders.failures import outcome_of
from crawler.spiders.frontier import Frontier, sighting
from crawler.spiders.listwalk import ListStep, ListWalk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

LIST_PRIORITY = 10
"""Lists before articles, so that what is new is known early."""

FURTHER_PAGE_PRIORITY = 5
"""The further pages of an article that has begun, before the next article."""

MAX_PAGES = 50
"""Pages of one old-CMS article; more are an error of the pager."""

_NO_ARTICLE = {
    "list_page": Outcome.NOT_ARTICLE,
    "redirect_stub": Outcome.NOT_ARTICLE,
    "soft_404": Outcome.SOFT_404,
    "error_page": Outcome.SOFT_404,
    "empty": Outcome.SOFT_404,
}


class XinhuaSpider(Spider):
    """`scrapy crawl xinhua`; its arguments are in the run's Context, already validated."""

    name = "xinhua"

    def __init__(self, context: Context, crawler: Crawler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context = context
        self.frontier = Frontier(context)
        self.walk = ListWalk(context, crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        context = context_of(crawler)
        if context is None:
            raise NotConfigured("no run is open: start it with `scrapy crawl xinhua`")
        spider = cls(context, crawler, *args, **kwargs)
        spider._set_crawler(crawler)
        crawler.signals.connect(spider._feed, signal=signals.scheduler_empty)
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        agent = settings["USER_AGENT"].replace("{contact}", settings["CONTACT"])
        settings.set("USER_AGENT", agent, priority="spider")

    async def start(self) -> AsyncIterator[Request]:
        for step in self.walk.start():
            yield self._list_request(step)

    def _feed(self) -> None:
        engine = self.crawler.engine
        if engine and engine.running:
            for address in self.frontier.more():
                engine.crawl(self._article_request(address))

    # --- lists ---------------------------------------------------------------------------------

    def _list_request(self, step: ListStep) -> Request:
        return Request(
            step.url,
            callback=self.parse_list,
            errback=self.list_failed,
            headers=self.walk.conditions(step),
            priority=LIST_PRIORITY,
            cb_kwargs={"step": step},
            meta={"via": step.via, "kind": "list"},
        )

    def parse_list(self, response: Response, step: ListStep) -> Iterator[Request]:
        page: Page = response.meta["page"]
        found = self.walk.answered(step, page)
        yield from map(self._article_request, self.frontier.admit(found.sightings))
        yield from map(self._list_request, found.steps)

    def list_failed(self, failure: Failure) -> None:
        step: ListStep = failure.request.cb_kwargs["step"]
        outcome, detail = outcome_of(failure.value)
        self.walk.failed(step, f"{outcome}: {detail}")

    # --- articles ------------------------------------------------------------------------------

    def _article_request(self, address: str) -> Request:
        return Request(
            address,
            callback=self.parse_article,
            errback=self.article_failed,
            cb_kwargs={"address": address},
            meta={"kind": "article"},
        )

    def parse_article(
        self,
        response: Response,
        address: str,
        read: tuple[tuple[Draft, Page], ...] = (),
        queue: tuple[str, ...] = (),
    ) -> Iterator[Request | Reading]:
        """Read one page of an article; ask for its further pages; hand over when all are read."""
        page: Page = response.meta["page"]
        if not read:
            moved = self._moved(address, page.url)
            if moved is None:
                return
            address = moved
        draft = self._read(address, page)
        if draft is None:
            return
        read = (*read, (draft, page))
        known = {urls.canonical(one.url) for _, one in read} | set(queue)
        queue += tuple(url for url in draft.next_pages if url not in known)
        if queue and len(read) < MAX_PAGES:
            yield Request(
                queue[0],
                callback=self.parse_article,
                errback=self.article_failed,
                priority=FURTHER_PAGE_PRIORITY,
                cb_kwargs={"address": address, "read": read, "queue": queue[1:]},
                meta={"kind": "article", "via": page.url},
            )
            return
        drafts, fetched = zip(*read, strict=True)
        yield Reading(address=address, draft=pages.join(drafts), pages=fetched)

    def article_failed(self, failure: Failure) -> None:
        outcome, detail = outcome_of(failure.value)
        self.context.end(failure.request.cb_kwargs["address"], outcome, detail)

    def _moved(self, address: str, url: str) -> str | None:
        """Where a redirect led: the address to go on with, or None when this fetch is over."""
        if urls.canonical(url) == address:
            return address
        target = urls.article(url)
        if target is None:
            if urls.article(address) is None:
                return address
            self.context.end(address, Outcome.MISSING, f"redirected to {url}")
            return None
        if target.id == urls.article_id(address):
            return address
        self.context.end(address, Outcome.REDIRECTED, f"redirected to {target.url}")
        region = regions.region_of_url(target.url)
        seen = self.frontier.admit_now(
            sighting(target.url, region=region.code if region else None, found_on=address)
        )
        return target.url if seen else None

    def _read(self, address: str, page: Page) -> Draft | None:
        """The page's draft, or None after the address got another outcome."""
        if page.status in {404, 410}:
            self.context.end(address, Outcome.MISSING, f"HTTP {page.status}")
        elif page.status != 200:
            self.context.end(address, Outcome.HTTP_ERROR, f"HTTP {page.status}")
        else:
            try:
                return pages.read(page)
            except pages.NotAnArticle as error:
                self.context.end(address, _NO_ARTICLE[error.kind], f"{error.kind} at {page.url}")
            except Exception as error:
                logger.exception("reading %s failed", page.url)
                detail = f"{type(error).__name__}: {error}"
                self.context.alarm(f"extraction failed for {page.url}: {detail}")
                self.context.end(address, Outcome.EXTRACTION_FAILED, detail)
        return None
