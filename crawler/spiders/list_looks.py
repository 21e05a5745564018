"""What the looks at lists teach: which lists are due in this run, what each look is noted as, and
how far back the lists of a region reach.

A replay's archived answers say nothing of what the lists show today: it learns nothing, and asks
for all of them.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crawler import urls
from crawler.alarms import Alarm
from crawler.clock import BEIJING, iso, now
from crawler.context import RunFacts, attached, required
from crawler.coverage.continuity import Reach, day_of_address, head_of, hole_below, hole_of
from crawler.coverage.sightings import APPEARED, GONE, changes, placement
from crawler.ledger.lists import Lists, Placements
from crawler.ledger.rows import ShownLink, SourceYield
from crawler.ledger.schedule import (
    GIVE_UP,
    KEPT,
    QUIET_WAIT,
    is_given_up,
    is_look_due,
    look_interval,
)
from crawler.ledger.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from scrapy.crawler import Crawler

    from crawler.ledger.rows import ListState, Placement
    from crawler.lists.links import ListLink
    from crawler.spiders.list_requests import ListAnswer, ListStep

logger = logging.getLogger(__name__)

_LEAST_WAIT = timedelta(hours=1)
_UNKNOWN = SourceYield()

# An address may name another day than the page.
_MARGIN = timedelta(days=1)


class ListLooks:
    """The looks of one run, and what those of earlier runs taught."""

    def __init__(self, crawler: Crawler) -> None:
        facts = required(crawler, RunFacts)
        arguments = facts.arguments
        self._lists = required(crawler, Lists)
        self._sources = attached(crawler, Sources)
        self._placements = attached(crawler, Placements)
        self._run_id = facts.run_id
        self._reaches: dict[str, Reach] = {}
        self._roots = {url for region in facts.regions.values() for url in region.roots}
        self._asks_all = bool(arguments.lists or arguments.since)
        self._at = now()
        today = self._at.astimezone(BEIJING).date()
        self._yields: dict[str, SourceYield] = {}
        if self._sources and arguments.urls is None:
            self._yields = self._sources.yields(today, regions=arguments.regions)

    def is_due(self, url: str) -> bool:
        """Whether a list of the registry is to be asked in this run: front pages always, the others
        as often as they bring news, once a day when they are given up."""
        if url in self._roots or self._asks_all:
            return True
        state = self._lists.state(url)
        return self._is_day_over(state) if is_given_up(state) else self.has_turn(state)

    def has_turn(self, state: ListState) -> bool:
        """Whether a list that an earlier run found is to be asked in this one."""
        if is_given_up(state):
            is_due = self._asks_all or self._is_day_over(state)
            return state.completed_at is not None and is_due
        if self._asks_all or self._sources is None or state.failures or state.walk_started_at:
            return True
        return is_look_due(state.last_at, self._wait(state.url), self._at)

    def _is_day_over(self, state: ListState) -> bool:
        return is_look_due(state.last_at, QUIET_WAIT, self._at)

    def overdue(self, state: ListState) -> float:
        """How long a list has waited for its look, as a multiple of its wait."""
        if state.last_at is None:
            return float("inf")
        return (self._at - state.last_at) / max(self._wait(state.url), _LEAST_WAIT)

    def _wait(self, url: str) -> timedelta:
        return look_interval(self._yields.get(url, _UNKNOWN))

    def noted(self, step: ListStep, *, is_read: bool, is_unchanged: bool) -> None:
        """A list's first page was read or found unchanged, or it wasn't."""
        if self._sources and step.page == 1 and step.since is None:
            self._sources.note_look(step.source, at=now(), is_read=is_read)
            if is_unchanged:
                self._sources.seen_unchanged(step.source, at=now())

    def shown(self, step: ListStep, answer: ListAnswer) -> None:
        """What a list's page shows; to be called before its links join the list's known ground."""
        if self._sources is None or step.since is not None:
            return
        links = answer.links
        self._place(step, links)
        met = self._lists.met_links(step.source, [link.url for link in links])
        new = [_shown(link) for link in links if link.url not in met]
        is_first_walk = self._lists.state(step.source).completed_at is None
        if step.page == 1:
            newest = _newest(links) if is_first_walk else next(iter(new), None)
            head = head_of([link.url for link in links])
            self._sources.note_shown(
                step.source, at=now(), capacity=len(links), newest=newest, head=head
            )
        self._follow(step, answer, len(new))
        ids = list(dict.fromkeys(link.article_id for link in new))
        self._sources.note_news(step.source, at=now(), article_ids=ids, is_news=not is_first_walk)

    def _follow(self, step: ListStep, answer: ListAnswer, new: int) -> None:
        """Note whether a walk has reached what were the list's newest links at the one before."""
        assert self._sources
        source = self._sources.get(step.source)
        reach = self._reaches.setdefault(step.source, Reach())
        if step.page == 1:
            reach.is_from_start = True
        if source is not None:
            reach.read(answer, new, source.head or ())

    def walk_ended(
        self, step: ListStep, *, is_whole: bool, cut_below: Sequence[ListLink] = ()
    ) -> None:
        """A walk has come to its end, the list's or that of what could be had. `cut_below`: the
        last links that it read, where there are further pages that it was not to read."""
        reach = self._reaches.pop(step.source, None)
        source = self._sources.get(step.source) if self._sources else None
        if self._sources is None or source is None or reach is None:
            return
        hole = hole_of(source, reach, now(), is_whole=is_whole)
        if cut_below and self._placements:
            unknown = self._placements.unknown([link.url for link in cut_below])
            hole = hole_below(source, cut_below, unknown, now())
        if hole:
            logger.warning("list %s: %s since %s", step.source, hole.kind, iso(hole.since))
            self._sources.add_hole(hole)
        self._sources.end_walk(step.source, total=reach.total if is_whole else None)

    def read_back(self, step: ListStep, *, is_to_end: bool) -> None:
        """A backfill has come to its day, or to the end of the list."""
        if self._sources and step.since:
            self._sources.close_below(step.source, None if is_to_end else step.since)

    def _place(self, step: ListStep, links: Sequence[ListLink]) -> None:
        """Note what appeared on a list's first page since it was last read, and what went; of a
        further page, what no list has shown."""
        placements = self._placements
        assert placements is not None
        last_ok_at = self._lists.state(step.source).last_ok_at
        # the look before may have been another machine's, whose clock is ahead
        at = max(now(), last_ok_at) if last_ok_at else now()
        if step.page > 1:
            unknown = placements.unknown([link.url for link in links])
            appeared = [link for link in links if link.url in unknown]
            gone: Iterable[Placement] = ()
        else:
            change = changes(placements.of_list(step.source), links)
            appeared, gone = list(change.appeared), change.gone
            placements.gone(step.source, gone)
            placements.appeared(step.source, [placement(link) for link in appeared], at=at)
        lines = [
            _line(step, APPEARED, at, link.url, link.title, link.position, link.time, None)
            for link in appeared
        ]
        lines += [
            _line(step, GONE, at, one.url, one.headline, None, None, last_ok_at)
            for one in sorted(gone, key=lambda one: (one.url, one.headline or ""))
        ]
        placements.add_lines(self._run_id, lines)

    def forget(self) -> None:
        """Forget the looks that count no longer."""
        if self._sources:
            self._sources.forget(self._at.astimezone(BEIJING).date() - KEPT)

    def dead(self, regions: Iterable[str]) -> list[Alarm]:
        """An alarm for each region of which lists have died that brought news of late."""
        found = []
        for region in sorted(set(regions)) if self._sources else ():
            dead = [
                state.url
                for state in self._lists.states([region])
                if state.failures >= GIVE_UP and self._yields.get(state.url, _UNKNOWN).new
            ]
            if dead:
                lists = "1 list" if len(dead) == 1 else f"{len(dead)} lists"
                text = f"{lists} of region {region} that brought news can't be read: {dead[0]}"
                more = ", …" if len(dead) > 1 else ""
                found.append(Alarm(f"dead_lists:{region}", text + more, region))
        return found


def _line(
    step: ListStep,
    event: str,
    at: datetime,
    url: str,
    headline: str | None,
    position: int | None,
    time_shown: str | None,
    last_shown_at: datetime | None,
) -> tuple[str, dict[str, Any]]:
    """An article's id, and the keys of a line on its placement."""
    return urls.article_id(url), {
        "event": event,
        "at": iso(at),
        "list": step.source,
        "region": step.region,
        "page": step.page,
        "url": url,
        "headline": headline,
        "position": position,
        "time_shown": time_shown,
        "last_shown_at": iso(last_shown_at) if last_shown_at else None,
    }


def _shown(link: ListLink) -> ShownLink:
    return ShownLink(link.url, urls.article_id(link.url), link.title)


def _newest(links: Sequence[ListLink]) -> ShownLink | None:
    """Of the articles on a page the first of those with the latest day in their addresses."""
    dated = [(day, link) for link in links if (day := day_of_address(link.url))]
    if not dated:
        return _shown(links[0]) if links else None
    latest = max(day for day, _ in dated)
    return _shown(next(link for day, link in dated if day == latest))


class ListReach:
    """Regions whose lists were asked, those that answered, and the oldest day their lists show."""

    def __init__(self, since: date | None, until: date | None) -> None:
        self._since = since
        self._until = until
        self._asked: set[str] = set()
        self._answered: set[str | None] = set()
        self._oldest: dict[str, date] = {}

    def asked(self, region: str | None) -> None:
        if region:
            self._asked.add(region)

    def answered(self, region: str | None) -> None:
        self._answered.add(region)

    def read(self, region: str | None, links: Iterable[ListLink]) -> None:
        """Note the days of a page's links. The last is its oldest: pinned ones stand above."""
        days = [day for link in links if (day := day_of_address(link.url))]
        if region and days:
            self._oldest[region] = min(days[-1], self._oldest.get(region, days[-1]))

    def silent(self) -> list[str]:
        """The regions none of whose lists answered."""
        return sorted(self._asked - self._answered)

    def unreached(self) -> dict[str, list[str]]:
        """By region, the first and last of the days asked for that no list went back to."""
        since = self._since
        if since is None:
            return {}
        last = self._until or now().astimezone(BEIJING).date()
        ends = {
            region: min(self._oldest.get(region, date.max) - timedelta(days=1), last)
            for region in sorted(self._asked)
        }
        return {
            region: [since.isoformat(), end.isoformat()]
            for region, end in ends.items()
            if end >= since
        }


def reaches(links: Iterable[ListLink], since: date) -> bool:
    """Whether a page's newest link is not yet older than `since`, with a day's margin."""
    days = [day for link in links if (day := day_of_address(link.url)) is not None]
    return not days or max(days) >= since - _MARGIN
