"""Walking list sources: which lists are asked, how far each is paged, when its walk is complete.

Known ground is the link set of a list's last *completed* walk: a page that holds nothing else ends
the walk; the first known link never does, since items are pinned. A walk cut off is resumed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crawler import regions, urls
from crawler.clock import now
from crawler.pages import lists
from crawler.spiders.frontier import sighting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scrapy.crawler import Crawler

    from crawler.context import Context
    from crawler.items import Page
    from crawler.pages.lists import ListLink
    from crawler.state.rows import Sighting

logger = logging.getLogger(__name__)

LOCAL = "local"
"""The main site's column of regional news: what its data lists is its own, wherever it stands."""

GIVE_UP = 5
"""A list that failed so many times in a row is asked again only when a page links to it."""

NODEART_COUNT = 20
"""Links asked for in one list API answer: the site's own pages never ask for more."""


@dataclass(frozen=True, slots=True)
class ListStep:
    """One page of one list. `source` names the list (its first page), `root` whether columns are
    looked for on it, `via` the page that led here; `is_head` marks the first pages of a list whose
    open walk goes on elsewhere: they are read down to where that walk began."""

    source: str
    url: str
    region: str | None
    page: int = 1
    root: bool = False
    via: str | None = None
    is_head: bool = False


@dataclass(slots=True)
class Found:
    """What a list answer gave: article addresses, and list pages to ask next."""

    sightings: list[Sighting] = field(default_factory=list)
    steps: list[ListStep] = field(default_factory=list)


class ListWalk:
    """The walks of one run."""

    def __init__(self, context: Context, crawler: Crawler) -> None:
        self._context = context
        self._crawler = crawler
        self._arguments = context.arguments
        self._asked: set[str] = set()
        self._silent: set[str] = set()
        self._answered: set[str | None] = set()
        self._oldest: dict[str, date] = {}
        self._max_pages = crawler.settings.getint("LIST_MAX_PAGES")
        self._max_columns = crawler.settings.getint("LIST_MAX_COLUMNS")

    def start(self) -> Iterator[ListStep]:
        """The lists every run begins with: those asked for, or the registry's and those found on
        the regions' roots by earlier runs."""
        arguments = self._arguments
        if arguments.urls is not None:
            return
        if arguments.lists:
            for url in arguments.lists:
                yield from self._ask(url, region=_region_code(url), root=True)
            return
        for code in arguments.regions:
            region = self._context.regions[code]
            for url in region.lists:
                yield from self._ask(url, region=code, root=True)
            for node in region.nodes:
                url = lists.nodeart_url(node, 1, NODEART_COUNT)
                yield from self._ask(url, region=code)
        for state in self._context.ledger.list_states(arguments.regions):
            is_source = state.completed_at or state.walk_started_at
            if is_source and state.failures < GIVE_UP:
                yield from self._ask(state.url, region=state.region)

    def conditions(self, step: ListStep) -> dict[str, str]:
        """Validators for a list whose walk is complete; none when all its links are needed."""
        state = self._context.ledger.list_state(step.source)
        if (
            step.page > 1
            or self._arguments.since
            or state.walk_started_at
            or not state.completed_at
        ):
            return {}
        conditions = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
        return {name: value for name, value in conditions.items() if value}

    def answered(self, step: ListStep, page: Page) -> Found:
        """Take in a list answer; its article links, further pages and further lists come back."""
        ledger = self._context.ledger
        if step.page == 1:
            is_answer = page.status < 300 or page.status == 304
            self._count("lists/answered" if is_answer else "lists/failed")
            if is_answer:
                self._answered.add(step.region)
        if page.status != 200:
            self._note(step, page.status)
            if page.status != 304:
                logger.warning("list %s answered HTTP %s", step.url, page.status)
            if step.page > 1 and not step.is_head and 400 <= page.status < 500:
                # The pager has moved: the next run walks this list from its first page.
                ledger.start_walk(step.source, at=now())
                ledger.resume(step.source, step.source, 1)
            return Found()
        try:
            links, further, lists_found = self._read(step, page)
        except lists.ListError as error:
            self._unreadable(step, str(error))
            return Found()
        ledger.start_walk(step.source, at=now())
        addresses = [link.url for link in links]
        known = ledger.known_links(step.source, addresses)
        if step.is_head:
            known |= ledger.walked_links(step.source, addresses)
        fresh = [link for link in links if link.url not in known]
        self._record(step, page, links)
        self._note_days(step, links)
        found = Found(steps=lists_found)
        if further is not None and self._goes_on(step, links, fresh):
            found.steps.append(further)
            if not step.is_head:
                ledger.resume(step.source, further.url, further.page)
        elif not step.is_head:
            ledger.finish_walk(step.source, at=now())
        found.sightings = list(self._sightings(step, links))
        return found

    def failed(self, step: ListStep, reason: str) -> None:
        """A list page gave no answer: the walk stays open and is resumed."""
        logger.warning("list %s gave no answer: %s", step.url, reason)
        if step.page == 1:
            self._count("lists/failed")
        self._note(step, status=None)

    def _unreadable(self, step: ListStep, why: str) -> None:
        """An alarm for a list that once was read; any other may just be empty or long dead."""
        self._count("lists/unreadable")
        sentence = f"list {step.url} shows no links: {why}"
        if self._context.ledger.list_state(step.source).completed_at:
            self._context.alarm(sentence)
        else:
            logger.info(sentence)

    def _note_days(self, step: ListStep, links: Iterable[ListLink]) -> None:
        days = [day for link in links if (day := _day(link))]
        if step.region and days:
            oldest = min(days)
            self._oldest[step.region] = min(oldest, self._oldest.get(step.region, oldest))

    def unreached(self) -> dict[str, list[str]]:
        """By region, the first and last of the days asked for that no list went back to."""
        since = self._arguments.since
        if since is None:
            return {}
        return {
            region: [since.isoformat(), (oldest - timedelta(days=1)).isoformat()]
            for region, oldest in sorted(self._oldest.items())
            if oldest > since
        }

    def finish(self) -> None:
        """The crawl is over: a region none of whose lists answered has gone quiet."""
        assert self._crawler.stats
        self._crawler.stats.set_value("crawler/unreached", self.unreached())
        for region in sorted(self._silent - self._answered):
            self._context.alarm(f"no list of region {region} answered")

    def _read(
        self, step: ListStep, page: Page
    ) -> tuple[list[ListLink], ListStep | None, list[ListStep]]:
        """The links, the next page of this list, and other lists this page names."""
        kind = lists.classify(page)
        if kind == "datasource":
            return lists.read_datasource(page), None, []
        if kind == "nodeart":
            node = lists.read_nodeart(page)
            url = lists.next_nodeart_url(step.url)
            return node.links, None if node.end else self._further(step, page, url), []
        answer = lists.read_list(page)
        further = self._further(step, page, *answer.next_pages[:1])
        return answer.links, further, list(self._lists_on(step, page, answer))

    def _further(self, step: ListStep, page: Page, url: str | None = None) -> ListStep | None:
        """The next page of a list, unless the pager leads back to one already asked."""
        if url is None or url in self._asked:
            return None
        self._asked.add(url)
        return replace(step, url=url, page=step.page + 1, via=page.url)

    def _lists_on(self, step: ListStep, page: Page, answer: lists.ListPage) -> Iterator[ListStep]:
        for url in answer.data_sources:
            yield from self._ask(url, region=step.region, via=page.url)
        for node in answer.node_ids:
            url = lists.nodeart_url(node, 1, NODEART_COUNT)
            yield from self._ask(url, region=step.region, via=page.url)
        if step.root and not self._arguments.lists:
            columns = [url for url in answer.columns if _region_code(url) == step.region]
            for url in columns[: self._max_columns]:
                yield from self._ask(url, region=step.region, via=page.url)

    def _ask(
        self,
        url: str,
        *,
        region: str | None,
        root: bool = False,
        via: str | None = None,
    ) -> Iterator[ListStep]:
        """A list's first step in this run (or the page its open walk stopped at)."""
        if url in self._asked:
            return
        self._asked.add(url)
        self._count("lists/asked")
        if region and region not in self._answered:
            self._silent.add(region)
        step = ListStep(source=url, url=url, region=region, root=root, via=via)
        state = self._context.ledger.list_state(url)
        further = state.resume_page or 1
        if state.walk_started_at and state.resume_url and further > 1:
            self._asked.add(state.resume_url)
            yield replace(step, url=state.resume_url, page=further, root=False)
            step = replace(step, is_head=True)
        yield step

    def _goes_on(self, step: ListStep, links: list[ListLink], fresh: list[ListLink]) -> bool:
        if not links or (step.is_head and not fresh):
            return False
        since = self._arguments.since
        if since is not None:
            days = [day for link in links if (day := _day(link)) is not None]
            return not days or max(days) >= since - timedelta(days=1)
        if self._context.ledger.list_state(step.source).completed_at is None:
            return step.page < self._max_pages
        return bool(fresh)

    def _sightings(self, step: ListStep, links: Iterable[ListLink]) -> Iterator[Sighting]:
        """The links that are ours to fetch; the others are counted."""
        arguments = self._arguments
        is_any = bool(arguments.lists) and not arguments.regions_given
        is_data = "ds_" in step.url or "/nodeart/" in step.url
        for link in links:
            code = _region_code(link.url)
            if code is None and is_data and step.region == LOCAL:
                code = LOCAL
            if not is_any and code not in arguments.regions:
                self._count("links/refused")
                continue
            yield sighting(
                link.url,
                region=code,
                found_on=step.url,
                position=link.position,
                title=link.title,
                list_time=link.time,
            )

    def _record(self, step: ListStep, page: Page, links: list[ListLink]) -> None:
        self._note(
            step,
            page.status,
            etag=page.header("ETag"),
            last_modified=page.header("Last-Modified"),
            links=[link.url for link in links],
        )

    def _note(
        self,
        step: ListStep,
        status: int | None,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        links: Sequence[str] = (),
    ) -> None:
        self._context.ledger.record_list(
            step.url if step.page > 1 else step.source,
            list_url=step.source,
            run_id=self._context.run_id,
            at=now(),
            status=status,
            etag=etag,
            last_modified=last_modified,
            region=step.region,
            links=links,
        )

    def _count(self, name: str) -> None:
        assert self._crawler.stats
        self._crawler.stats.inc_value(f"crawler/{name}")


def _region_code(url: str) -> str | None:
    region = regions.region_of_url(url)
    return region.code if region else None


def _day(link: ListLink) -> date | None:
    article = urls.article(link.url)
    return article.day if article else None
