"""Walking list sources: which lists are asked, how far each is paged, when its walk is complete.

Known ground is what a list's completed walks met: a page that holds nothing else ends a walk; the
first known link never does, since items are pinned. A walk cut off is resumed. With `since` a list
is paged on below known ground: a backfill, which is a walk of its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.clock import now
from crawler.pages import lists
from crawler.spiders.archived import captured, validators
from crawler.spiders.coverage import Coverage, reaches
from crawler.spiders.frontier import sighting
from crawler.spiders.listhealth import GIVE_UP, is_at_rest, is_given_up
from crawler.spiders.liststep import ListStep, first_url, read, region_code, region_of_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scrapy.crawler import Crawler

    from crawler.context import Context
    from crawler.items import Page
    from crawler.pages.lists import ListLink
    from crawler.state.rows import ListCapture, Sighting

logger = logging.getLogger(__name__)


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
        self._lists = context.lists
        self._asked: set[str] = set()
        self._paged: set[tuple[str, str]] = set()
        self.coverage = Coverage(self._arguments.since, self._arguments.until)
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
                yield from self._ask(url, region=region_code(url))
            return
        for code in arguments.regions:
            region = self._context.regions[code]
            for url in region.lists:
                yield from self._ask(url, region=code, root=True)
            for node in region.nodes:
                yield from self._ask(first_url(node), region=code)
        for state in self._lists.list_states(arguments.regions):
            is_source = state.completed_at or state.walk_started_at
            if is_source and not is_given_up(state):
                yield from self._ask(state.url, region=state.region)

    def conditions(self, step: ListStep) -> dict[str, bytes]:
        """Validators for a list whose walk is complete; none when all its links are needed, or
        when the answer they are of is not in this archive."""
        state = self._lists.list_state(step.source)
        if (
            step.page > 1
            or self._arguments.since
            or state.walk_started_at
            or not state.completed_at
            or not state.capture
        ):
            return {}
        return validators(state.etag, state.last_modified)

    def answered(self, step: ListStep, page: Page) -> Found:
        """Take in a list answer; its article links, further pages and further lists come back."""
        if step.is_entry:
            is_answer = page.status < 300 or page.status == 304
            self._count("lists/answered" if is_answer else "lists/failed")
            if is_answer:
                self.coverage.answered(step.region)
        if page.status != 200:
            self._note(step, page.status)
            if page.status != 304:
                logger.warning("list %s answered HTTP %s", step.url, page.status)
                self._stopped(step, is_missing=400 <= page.status < 500)
            return Found()
        try:
            answer = read(step, page, max_columns=self._max_columns)
            links, named = answer.links, answer.named
            further = self._further(step, page, answer.further)
            if step.page == 1 and not (links or further or named):
                raise lists.ListError("no article in it")
        except lists.ListError as error:
            self._unreadable(step, page, str(error))
            return Found()
        addresses = [link.url for link in links]
        is_known = len(self._lists.known_links(step.source, addresses)) == len(addresses)
        self._record(step, page, addresses)
        self.coverage.read(step.region, links)
        found = self._lists_named(step, page, named)
        steps = [*found, *self._go_on(step, further, links, is_known=is_known)]
        return Found(list(self._sightings(step, links)), steps)

    def failed(self, step: ListStep, reason: str) -> None:
        """A list page gave no answer: the walk stays open and is resumed."""
        logger.warning("list %s gave no answer: %s", step.url, reason)
        if step.is_entry:
            self._count("lists/failed")
        self._note(step, status=None)
        self._stopped(step, is_missing=False)

    def _unreadable(self, step: ListStep, page: Page, why: str) -> None:
        """An alarm for a list that once was read; any other may just be empty or long dead."""
        self._count("lists/unreadable")
        sentence = f"list {step.url} shows no links: {why}"
        if step.page == 1 and self._lists.list_state(step.source).completed_at:
            self._context.alarm(sentence)
        else:
            logger.info(sentence)
        self._note(step, page.status, is_readable=False)
        self._stopped(step, is_missing=True)

    def _stopped(self, step: ListStep, *, is_missing: bool) -> None:
        """A further page could not be had. The first time one is missing the pager may have moved:
        the next run walks this list from its first page. The second time the list ends there."""
        if step.page == 1:
            return
        ledger = self._lists
        failures = ledger.list_state(step.url).failures
        ledger.start_walk(step.walk, at=now())
        if is_missing and failures > 1:
            ledger.finish_walk(step.walk, at=now())
        elif is_missing or failures >= GIVE_UP:
            ledger.resume(step.walk, step.source, 1)

    def _go_on(
        self, step: ListStep, further: ListStep | None, links: list[ListLink], *, is_known: bool
    ) -> Iterator[ListStep]:
        """The next page of this walk; where the walk is complete, what comes after it."""
        ledger, since = self._lists, self._arguments.since
        ledger.start_walk(step.walk, at=now())
        if further and links and self._is_wanted(step, links, is_known=is_known):
            if step.page > 1:
                # This page, not the next: what was taken off the list since moves links up.
                ledger.resume(step.walk, step.url, step.page)
            yield further
            return
        ledger.finish_walk(step.walk, at=now())
        if step.is_resumed and step.since is None:
            yield replace(step, url=step.source, page=1, is_entry=False, is_resumed=False)
        elif further and since and step.since is None and reaches(links, since):
            backfill = replace(further, since=since)
            if not ledger.list_state(backfill.walk).walk_started_at:  # else it was resumed
                yield backfill

    def _is_wanted(self, step: ListStep, links: list[ListLink], *, is_known: bool) -> bool:
        if step.since is not None:
            return reaches(links, step.since)
        if self._lists.list_state(step.source).completed_at is None:
            return step.page < self._max_pages
        return not is_known

    def finish(self) -> None:
        """The crawl is over: a region none of whose lists answered has gone quiet."""
        assert self._crawler.stats
        self._crawler.stats.set_value("crawler/unreached", self.coverage.unreached())
        for region in self.coverage.silent():
            self._context.alarm(f"no list of region {region} answered")

    def _further(self, step: ListStep, page: Page, url: str | None) -> ListStep | None:
        """The next page of a list, unless the pager leads back to one already asked."""
        if url is None or url == step.source or (step.walk, url) in self._paged:
            return None
        self._paged.add((step.walk, url))
        return replace(step, url=url, page=step.page + 1, via=page.url, is_entry=False)

    def _lists_named(self, step: ListStep, page: Page, named: Iterable[str]) -> Iterator[ListStep]:
        """The first steps of those not asked in this run and not at rest."""
        for url in named:
            if not is_at_rest(self._lists.list_state(url)):
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
        self.coverage.asked(region)
        ledger, since = self._lists, self._arguments.since
        if ledger.list_state(url).completed_at is None:
            ledger.start_walk(url, at=now(), region=region)  # from now on it is remembered
        step = ListStep(source=url, url=url, region=region, root=root, via=via, is_entry=True)
        walk = self._resumed(step)
        if since:
            backfill = self._resumed(replace(step, since=since, is_entry=False))
            if backfill:
                yield backfill
            elif not walk and ledger.list_state(url).completed_at is None:
                walk = replace(step, since=since)
        yield walk or step

    def _resumed(self, step: ListStep) -> ListStep | None:
        """The last page that the open walk of an earlier run read."""
        state = self._lists.list_state(step.walk)
        url, page = state.resume_url, state.resume_page or 1
        if not state.walk_started_at or not url or page == 1:
            return None
        self._paged.add((step.walk, url))
        return replace(step, url=url, page=page, is_resumed=True)

    def _sightings(self, step: ListStep, links: Iterable[ListLink]) -> Iterator[Sighting]:
        """The links that are ours to fetch; the others are counted."""
        arguments = self._arguments
        is_any = bool(arguments.lists) and not arguments.regions_given
        for link in links:
            code = region_of_link(step, link.url)
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

    def _record(self, step: ListStep, page: Page, addresses: Sequence[str]) -> None:
        self._note(
            step,
            page.status,
            etag=page.validator("ETag"),
            last_modified=page.validator("Last-Modified"),
            capture=captured(page),
            links=addresses if step.since is None else (),
        )

    def _note(
        self,
        step: ListStep,
        status: int | None,
        *,
        is_readable: bool = True,
        etag: str | None = None,
        last_modified: str | None = None,
        capture: ListCapture | None = None,
        links: Sequence[str] = (),
    ) -> None:
        self._lists.record_list(
            step.url if step.page > 1 else step.source,
            list_url=step.source,
            run_id=self._context.run_id,
            at=now(),
            status=status,
            is_readable=is_readable,
            etag=etag,
            last_modified=last_modified,
            capture=capture,
            region=step.region,
            links=links,
        )

    def _count(self, name: str) -> None:
        assert self._crawler.stats
        self._crawler.stats.inc_value(f"crawler/{name}")
