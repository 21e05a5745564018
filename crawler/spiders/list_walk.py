"""Walking list sources: which lists are asked, how far each is paged, when its walk is complete.

Known ground is what a list's completed walks met: a page that holds nothing else ends a walk; the
first known link never does, since items are pinned. A page that shows nothing new to the walk ends
it too. A walk cut off is resumed. With `since` a list is paged on below known ground: a backfill,
which is a walk of its own.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.alarms import Alarm
from crawler.clock import now
from crawler.context import RunFacts, attached, required
from crawler.exporters.publisher import Publisher
from crawler.ledger.leases import Others
from crawler.ledger.lists import NO_VALIDATORS, Lists
from crawler.ledger.rows import Validators
from crawler.ledger.schedule import GIVE_UP, is_given_up, next_try
from crawler.lists.links import ListError
from crawler.lists.pager import list_page_of
from crawler.spiders.conditional_requests import captured, validators
from crawler.spiders.frontier import sighting
from crawler.spiders.list_looks import ListLooks, ListReach, reaches
from crawler.spiders.list_requests import (
    Columns,
    ListStep,
    NamedColumns,
    by_turns,
    first_url,
    read_answer,
    region_code,
    region_of_link,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from scrapy.crawler import Crawler

    from crawler.items import Page
    from crawler.ledger.rows import ListState, Sighting
    from crawler.lists.links import ListLink
    from crawler.lists.pager import PageOf
    from crawler.spiders.list_requests import ListAnswer

    Walk = tuple[str, date | None]

logger = logging.getLogger(__name__)

# empty pages in the middle of a list that are paged over in a row
MOST_GAPS = 5

# Pages of a list that are read in one run. One that shows something new on so many is made up as it
# is read, or it was not looked at for years.
MOST_PAGES = 1000


@dataclass(slots=True)
class Found:
    """What a list answer gave: article addresses, and list pages to ask next."""

    sightings: list[Sighting] = field(default_factory=list)
    steps: list[ListStep] = field(default_factory=list)


class ListWalk:
    """The walks of one run."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._facts = required(crawler, RunFacts)
        self._arguments = self._facts.arguments
        self._lists = required(crawler, Lists)
        self._publisher = required(crawler, Publisher)
        self._others = attached(crawler, Others)
        self._asked: dict[str, int] = {}
        self._not_due: set[str] = set()
        self._paged: set[tuple[Walk, PageOf]] = set()
        self._met: dict[Walk, set[int]] = {}
        self._gaps: Counter[Walk] = Counter()
        self._read: Counter[Walk] = Counter()
        self.reach = ListReach(self._arguments.since, self._arguments.until)
        self._max_pages = crawler.settings.getint("LIST_MAX_PAGES")
        self._max_depth = crawler.settings.getint("LIST_MAX_DEPTH")
        self._columns = Columns(crawler.settings.getint("LIST_MAX_COLUMNS"))
        self._looks = ListLooks(crawler)

    def start(self) -> Iterator[ListStep]:
        """The lists every run begins with: those asked for, or the registry's and those found by
        earlier runs."""
        arguments = self._arguments
        if arguments.urls is not None:
            return
        if arguments.lists:
            for url in arguments.lists:
                yield from self._ask(url, region=region_code(url), depth=self._max_depth)
            return
        for code in arguments.regions:
            region = self._facts.regions[code]
            for url in (*region.lists, *map(first_url, region.nodes)):
                if self._looks.is_due(url):
                    yield from self._ask(url, region=code, depth=0)
                else:
                    self._not_due.add(url)
        for state in self._remembered():
            yield from self._ask(state.url, region=state.region, depth=state.depth)

    def _remembered(self) -> list[ListState]:
        """The lists that earlier runs found and that are due, so many as the budget allows, the
        longest overdue before others; in the order of their depth."""
        found = []
        for state in self._lists.states(self._arguments.regions):
            if state.url in self._asked or state.url in self._not_due:
                continue
            if self._looks.has_turn(state):
                found.append(state)
            elif not is_given_up(state):
                self._not_due.add(state.url)
        found.sort(key=lambda state: (-self._looks.overdue(state), state.url))
        taken = [state for state in found if self._columns.take(state.region, is_new=False)]
        self._count("sources/over_budget", len(found) - len(taken))
        return sorted(taken, key=lambda state: (state.depth, state.url))

    def columns(self) -> Iterator[ListStep]:
        """The first steps of the columns whose turn has come."""
        for level in self._columns.levels():
            for named, url in by_turns(level):
                if url in self._asked:
                    continue
                step = named.step
                if self._may_ask(url, step.region):
                    yield from self._ask(url, region=step.region, depth=named.depth, via=step.url)
                else:
                    named.is_whole = False
            for named in level:
                if named.is_whole:
                    self._lists.keep_validators(named.step.source, named.validators)

    def _may_ask(self, url: str, region: str | None) -> bool:
        """Whether the budget allows a list that a page names."""
        may = self._columns.take(region, is_new=True)
        if not may:
            self._count("sources/over_budget")
            logger.info("list %s is past LIST_MAX_COLUMNS of region %s", url, region)
        return may

    def conditions(self, step: ListStep) -> dict[str, bytes]:
        """Validators for a list whose walk is complete; none when all its links are needed, or
        when the answer they are of is not in this archive."""
        state = self._lists.state(step.source)
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
            self._count_entry(step, page.status)
        if page.status != 200:
            self._note(step, page.status)
            if page.status != 304:
                logger.warning("list %s answered HTTP %s", step.url, page.status)
                self._stopped(step, is_missing=400 <= page.status < 500)
            return Found()
        try:
            answer = read_answer(step, page)
        except ListError as error:
            self._unreadable(step, page, str(error))
            return Found()
        self._count("links/refused", answer.refused)
        return self._follow(step, page, answer)

    def _count_entry(self, step: ListStep, status: int) -> None:
        """The first page of a list in this run has answered."""
        self._columns.answered(step.region)
        is_answer = status < 300 or status == 304
        self._count("lists/answered" if is_answer else "lists/failed")
        if is_answer:
            self.reach.answered(step.region)

    def _follow(self, step: ListStep, page: Page, answer: ListAnswer) -> Found:
        """Note what a list says, and give its articles, further pages and further lists."""
        links = answer.links
        kept = Validators(page.validator("ETag"), page.validator("Last-Modified"), captured(page))
        columns = self._new_columns(step, answer.columns)
        if columns:
            self._columns.name(NamedColumns(step, columns, kept))
        further = self._further(step, page, answer.further)
        if step.page == 1 and not (links or further or answer.data):
            leads_on = bool(answer.columns) and step.depth < self._max_depth
            if not leads_on:
                self._unreadable(step, page, "no article in it")
                return Found()
            if step.depth:
                self._barren(step, page)
                return Found()
        data = list(self._data(step, page, answer.data))
        addresses = [link.url for link in links]
        is_known = len(self._lists.known_links(step.source, addresses)) == len(addresses)
        self._looks.shown(step, answer)
        self._note(
            step,
            page.status,
            validators=NO_VALIDATORS if columns else kept,
            links=addresses if step.since is None else (),
        )
        self.reach.read(step.region, links)
        steps = [*data, *self._go_on(step, further, answer, is_known=is_known)]
        return Found(list(self._sightings(step, links)), steps)

    def failed(self, step: ListStep, reason: str) -> None:
        """A list page gave no answer: the walk stays open and is resumed."""
        logger.warning("list %s gave no answer: %s", step.url, reason)
        if step.is_entry:
            self._columns.answered(step.region)
            self._count("lists/failed")
        self._note(step, status=None)
        self._stopped(step, is_missing=False)

    def passed_over(self, step: ListStep) -> None:
        """A replay's archives don't hold the page, which says nothing of the list."""
        logger.info("list %s is not archived", step.url)
        if step.is_entry:
            self._columns.answered(step.region)

    def kept_from(self, step: ListStep) -> None:
        """An error of ours kept us from a list page: nothing is held against the list."""
        if step.is_entry:
            self._count("lists/failed")
            self._columns.answered(step.region)

    def _unreadable(self, step: ListStep, page: Page, why: str) -> None:
        """An alarm for a list that once was read; any other may just be empty or long dead."""
        self._count("lists/unreadable")
        sentence = f"list {step.url} shows no links: {why}"
        state = self._lists.state(step.source)
        if step.page == 1 and state.completed_at and not is_given_up(state):
            self._publisher.alarm(Alarm(f"list_unreadable:{step.source}", sentence, step.region))
        else:
            logger.info(sentence)
        self._note(step, page.status, is_readable=False)
        self._stopped(step, is_missing=True)

    def _barren(self, step: ListStep, page: Page) -> None:
        """A page that leads to columns and shows nothing itself. What it leads to is remembered, so
        it is given up in time, and then asked by the schedule of failing addresses."""
        if self._lists.state(step.source).completed_at:
            self._unreadable(step, page, "no article in it")
        else:
            self._note(step, page.status, is_readable=False)

    def _stopped(self, step: ListStep, *, is_missing: bool) -> None:
        """A further page could not be had. The first time one is missing the pager may have moved:
        the next run walks this list from its first page. The second time the list ends there. A
        backfill is begun anew by the next run that asks for its day."""
        if step.page == 1:
            return
        lists = self._lists
        failures = max(
            (one.failures for one in lists.pages(step.url) if one.list_url == step.source),
            default=0,
        )
        self._start(step)
        if step.since:
            if is_missing or failures >= GIVE_UP:
                lists.finish_backfill(step.source, step.since)
        elif is_missing and failures > 1:
            lists.finish_walk(step.source, at=now())
            self._looks.walk_ended(step, is_whole=False)
        elif is_missing or failures >= GIVE_UP:
            lists.save_walk(step.source, step.source, 1)

    def _go_on(
        self, step: ListStep, further: ListStep | None, answer: ListAnswer, *, is_known: bool
    ) -> Iterator[ListStep]:
        """The next page of this walk; where the walk is complete, what comes after it."""
        lists, since = self._lists, self._arguments.since
        has_news = self._has_news(step, answer)
        self._start(step)
        goes_on = further is not None and has_news
        is_first = step.since is None and lists.state(step.source).completed_at is None
        if further and has_news and self._is_wanted(step, answer, is_known=is_known):
            if step.page > 1:
                # This page, not the next: what was taken off the list since moves links up.
                self._resume(step)
            self._read[step.walk] += 1
            if self._read[step.walk] < max(MOST_PAGES, self._max_pages):
                yield further
                return
            self._endless(step)
            if step.since:
                return
            self._finish(step, is_whole=False)
        elif step.since:
            self._finish(step)
            self._looks.read_back(step, is_to_end=not goes_on)
        else:
            self._finish(step, cut_below=answer.links if goes_on and is_first else ())
        met = self._met.pop(step.walk, set())
        if step.is_resumed and step.since is None:
            yield replace(step, url=step.source, page=1, is_entry=False, is_resumed=False)
        elif further and since and step.since is None and has_news and reaches(answer.links, since):
            backfill = replace(further, since=since)
            # an open one was resumed by `_ask`
            if lists.backfill(step.source, since) is None:
                self._met[backfill.walk] = met
                yield backfill

    def _has_news(self, step: ListStep, answer: ListAnswer) -> bool:
        """Whether a page shows a link that this run's part of the walk has not met: one that shows
        none is the end, and a source that would go on for ever is at its end there. An empty page
        that its source says isn't the end stands in the middle, but not many in a row."""
        if answer.is_gap and step.page > 1:
            self._gaps[step.walk] += 1
            return self._gaps[step.walk] <= MOST_GAPS
        del self._gaps[step.walk]
        met = self._met.setdefault(step.walk, set())
        before = len(met)
        # hashes take a third of the memory that the addresses would
        met.update(hash(link.url) for link in answer.links)
        return len(met) > before

    def _is_wanted(self, step: ListStep, answer: ListAnswer, *, is_known: bool) -> bool:
        if step.since is not None:
            return reaches(answer.links, step.since)
        if self._lists.state(step.source).completed_at is None:
            return step.page < self._max_pages
        return not is_known or answer.is_gap

    def _start(self, step: ListStep) -> None:
        if step.since is None:
            self._lists.start_walk(step.source, at=now())
        else:
            self._lists.start_backfill(step.source, step.since, at=now())

    def _resume(self, step: ListStep) -> None:
        if step.since is None:
            self._lists.save_walk(step.source, step.url, step.page)
        else:
            self._lists.save_backfill(step.source, step.since, step.url, step.page)

    def _endless(self, step: ListStep) -> None:
        """A list has shown something new on more pages than any does: it isn't read on now."""
        text = f"list {step.source} shows something new on each of {self._read[step.walk]} pages"
        why = f"{text}: is it made up? It was read no further"
        self._publisher.alarm(Alarm(f"list_endless:{step.source}", why, step.region))

    def _finish(
        self, step: ListStep, *, is_whole: bool = True, cut_below: Sequence[ListLink] = ()
    ) -> None:
        """A walk ends here; `cut_below`: the last links it read, where it was not to go on."""
        if step.since is None:
            self._lists.finish_walk(step.source, at=now())
            self._looks.walk_ended(step, is_whole=is_whole, cut_below=cut_below)
        else:
            self._lists.finish_backfill(step.source, step.since)

    def finish(self) -> None:
        """The crawl is over: a region none of whose lists answered has gone quiet."""
        assert self._crawler.stats
        self._crawler.stats.set_value("crawler/unreached", self.reach.unreached())
        self._count("sources/not_due", len(self._not_due - self._asked.keys()))
        self._looks.forget()
        if not self._arguments.lists:
            for alarm in self._looks.dead(self._arguments.regions):
                self._publisher.alarm(alarm)
        for region in self.reach.silent():
            text = f"no list of region {region} answered"
            self._publisher.alarm(Alarm(f"no_list:{region}", text, region))

    def _further(self, step: ListStep, page: Page, url: str | None) -> ListStep | None:
        """The next page of a list, unless the pager leads back to one already asked."""
        if url is None:
            return None
        named = list_page_of(url)
        if named == list_page_of(step.source) or (step.walk, named) in self._paged:
            return None
        self._paged.add((step.walk, named))
        return replace(step, url=url, page=step.page + 1, via=page.url, is_entry=False)

    def _data(self, step: ListStep, page: Page, named: Iterable[str]) -> Iterator[ListStep]:
        """The first steps of the machine-made lists a page is filled from."""
        for url in named:
            state = self._lists.state(url)
            if url in self._asked or url in self._not_due or _is_at_rest(state):
                continue
            if state.completed_at and not is_given_up(state) and not self._looks.has_turn(state):
                continue
            if self._may_ask(url, step.region):
                yield from self._ask(url, region=step.region, depth=step.depth, via=page.url)

    def _new_columns(self, step: ListStep, columns: Iterable[str]) -> list[str]:
        """Those of the columns to ask because a page names them: never asked, or given up and not
        at rest. Other remembered ones have their turn, and pages of a list are none."""
        if step.depth >= self._max_depth:
            return []
        new = []
        for url in columns:
            depth = self._asked.get(url)
            if depth is None:
                state = self._lists.state(url)
                has_turn = (state.walk_started_at or state.completed_at) and not is_given_up(state)
                is_page = list_page_of(url).number and self._lists.pages(url)
                if not (has_turn or _is_at_rest(state) or is_page):
                    new.append(url)
            elif depth > step.depth + 1:
                self._asked[url] = step.depth + 1
                self._lists.remember(url, region=step.region, depth=step.depth + 1)
        return new

    def _ask(
        self, url: str, *, region: str | None, depth: int, via: str | None = None
    ) -> Iterator[ListStep]:
        """A list's first step in this run (or the page its open walk stopped at)."""
        if url in self._asked:
            return
        self._asked[url] = depth
        self._count("lists/asked")
        self.reach.asked(region)
        self._columns.asked(region)
        lists, since = self._lists, self._arguments.since
        lists.remember(url, region=region, depth=depth)
        state = lists.state(url)
        if state.completed_at is None:
            lists.start_walk(url, at=now())
        step = ListStep(source=url, url=url, region=region, depth=depth, via=via, is_entry=True)
        walk = self._resumed(step, state.resume_url, state.resume_page)
        if since:
            open_one = lists.backfill(url, since)
            backfill = open_one and self._resumed(
                replace(step, since=since, is_entry=False),
                open_one.resume_url,
                open_one.resume_page,
            )
            if backfill:
                yield backfill
            elif not walk and state.completed_at is None:
                walk = replace(step, since=since)
        yield walk or step

    def _resumed(self, step: ListStep, url: str | None, page: int | None) -> ListStep | None:
        """The last page that the open walk of an earlier run read."""
        if not url or not page or page == 1:
            return None
        self._paged.add((step.walk, list_page_of(url)))
        return replace(step, url=url, page=page, is_resumed=True)

    def _sightings(self, step: ListStep, links: Iterable[ListLink]) -> Iterator[Sighting]:
        """The links that are ours to fetch, or another run's that shares the ledger; the others are
        counted."""
        arguments = self._arguments
        is_any = bool(arguments.lists) and not arguments.regions_given
        for link in links:
            code = region_of_link(step, link.url)
            is_theirs = self._others is not None and self._others.have(code)
            if not (is_any or is_theirs) and code not in arguments.regions:
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

    def _note(
        self,
        step: ListStep,
        status: int | None,
        *,
        is_readable: bool = True,
        validators: Validators = NO_VALIDATORS,
        links: Sequence[str] = (),
    ) -> None:
        self._looks.noted(
            step, is_read=is_readable and status in {200, 304}, is_unchanged=status == 304
        )
        if step.page > 1:
            self._lists.add_page_answer(
                step.source,
                step.url,
                at=now(),
                status=status,
                is_readable=is_readable,
                links=links,
            )
            return
        self._lists.add_answer(
            step.source,
            at=now(),
            status=status,
            is_readable=is_readable,
            validators=validators,
            region=step.region,
            links=links,
        )

    def _count(self, name: str, count: int = 1) -> None:
        assert self._crawler.stats
        self._crawler.stats.inc_value(f"crawler/{name}", count)


def _is_at_rest(state: ListState) -> bool:
    """Whether a list that was given up is not to be tried again yet."""
    if not is_given_up(state) or state.last_at is None:
        return False
    return next_try(state.last_at, state.failures) > now()
