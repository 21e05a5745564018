"""The survey's spider: a region's roots, what they lead to, and a sample of the articles.

Each list is asked once and no pager is followed. When all lists have answered, articles are chosen
so that every host, form of address and year that was met is among them.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.exceptions import DontCloseSpider

from crawler import urls
from crawler.downloader.failures import ending_of
from crawler.lists.list_page import ListError
from crawler.spiders.list_requests import ListStep, first_url, read_answer, region_of_link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from crawler.items import Page
    from crawler.lists.links import ListLink
    from crawler.regions import Region

logger = logging.getLogger(__name__)

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
