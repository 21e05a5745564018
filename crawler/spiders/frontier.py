"""The frontier: which article addresses are fetched now, which wait, which need no fetch.

The ledger is the frontier's memory: every address is shown to it first, and its decision counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from crawler import regions, urls
from crawler.clock import now
from crawler.context import RunFacts, attached, required
from crawler.downloader.replay import ReplayIndex
from crawler.exporters.publisher import Publisher
from crawler.history.withdrawals import Withdrawals
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Decision, Sighting
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from scrapy.crawler import Crawler

    from crawler.ledger.rows import ArticleRow, OpenVisit

# how many addresses are taken from a file or the ledger at a time
CHUNK = 100

# so many addresses of one host are requests at a time; the others wait in the ledger
PER_HOST = 32

# a gone article that a list shows is looked at again so long after the last look
LISTED_GONE = timedelta(days=1)

_MARGIN = timedelta(days=1)
_FETCH = frozenset({Decision.NEW, Decision.OWED})
_ARCHIVED = frozenset({Decision.KNOWN, Decision.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Target:
    """An address to fetch now; `article` is what is archived when it is looked at again."""

    address: str
    article: ArticleRow | None = None


class Frontier:
    """Admits addresses, keeps `limit`, finds those no list page gives: addresses asked for by name,
    those earlier runs still owe, and re-checks that are due, up to a budget.

    What is admitted waits in the ledger, where it has no outcome yet; targets are made of it a few
    for each host, so that memory doesn't grow with what waits and no host waits for another.
    """

    def __init__(self, crawler: Crawler, *, recheck_budget: int, per_host: int = PER_HOST) -> None:
        facts = required(crawler, RunFacts)
        self._run_id = facts.run_id
        self._arguments = facts.arguments
        self._ledger = required(crawler, Ledger)
        self._publisher = required(crawler, Publisher)
        self._withdrawals = required(crawler, Withdrawals)
        self._replay = attached(crawler, ReplayIndex)
        self._recheck_budget = recheck_budget
        self._per_host = per_host
        self._chunks = self._without_lists()
        # hosts whose addresses may wait; by host, the place of the last target and the targets
        self._waiting: dict[str, None] = {}
        self._last: dict[str, int] = {}
        self._handed: dict[str, set[str]] = {}
        self.has_more = False

    def admit(self, sightings: Iterable[Sighting]) -> None:
        """Show a list's addresses to the ledger: the new and owed ones among them wait there, and
        so do gone articles that a list shows."""
        decided = self._see(list(sightings))
        if self._arguments.recheck != "none":
            archived = {one.article_id for one, decision in decided if decision in _ARCHIVED}
            self._let_wait(self._ledger.articles.gone(archived, before=now() - LISTED_GONE))

    def admit_now(self, one: Sighting) -> bool:
        """Show the address a redirect led to, its page already fetched. True when it is wanted: one
        of a region that another run crawls is left to that."""
        if self._ledger.others.have(one.region):
            self._ledger.addresses.leave([one], run_id=self._run_id, at=now())
            return False
        (decision,) = self._ledger.addresses.see([one], run_id=self._run_id, at=now())
        if decision in _FETCH:
            self._publisher.open.add(one.url)
            return True
        return False

    def next(self) -> list[Target]:
        """Waiting addresses to fetch now: of each host so many that it doesn't run dry, and no more
        than `limit` leaves."""
        return [target for host in list(self._waiting) for target in self._of_host(host)]

    def _of_host(self, host: str) -> list[Target]:
        handed = {url for url in self._handed.get(host, ()) if url in self._publisher.open}
        self._handed[host] = handed
        if len(handed) > self._per_host // 2:
            return []
        room = self._per_host - len(handed)
        if self._arguments.limit is not None:
            room = min(
                room, self._arguments.limit - self._publisher.fetched - len(self._publisher.open)
            )
        if room <= 0:
            return []
        found = self._ledger.visits.still_open(
            self._run_id, host, after=self._last.get(host, 0), limit=room
        )
        if len(found) < room:
            del self._waiting[host]
        if found:
            self._last[host] = found[-1].number
        self._ledger.hand_out(found)
        targets = [self._target(one) for one in found if one.url not in self._publisher.open]
        addresses = {target.address for target in targets}
        handed |= addresses
        self._publisher.open |= addresses
        return targets

    def _target(self, one: OpenVisit) -> Target:
        article = self._ledger.articles.get(one.article_id)
        is_archived = article is not None and article.is_ours and article.canonical_url == one.url
        return Target(one.url, article if is_archived else None)

    def more(self, *, with_chunks: bool = True) -> list[Target]:
        """The next addresses once few are in flight: waiting ones, then (`with_chunks`) those of a
        chunk that no list gave.

        `has_more` then says whether it is worth asking again at once. Once `limit` is reached the
        addresses asked for by name are still shown to the ledger, which owes them to the next run.
        """
        self.has_more = False
        ready = self.next()
        if ready or not with_chunks or (self._waiting and not self._is_full()):
            return ready
        if len(self._publisher.open) >= CHUNK // 2:
            return []
        if self._is_full():
            self._waiting.clear()
            if self._arguments.urls is None:
                return []
        if not next(self._chunks, False):
            return []
        self.has_more = True
        return self.next()

    def witnesses(self) -> list[Target]:
        """The archived articles to ask for when all else is done, to judge withdrawals by; none
        where `limit` counts what is asked for."""
        if self._arguments.limit is not None:
            return []
        self._let_wait(self._withdrawals.witnesses())
        return self.next()

    def _is_full(self) -> bool:
        limit = self._arguments.limit
        return limit is not None and self._publisher.fetched >= limit

    def _may_be_in_range(self, sighting: Sighting) -> bool:
        """The address's day only prefilters, with a day's margin: it may differ from the page's."""
        return is_in_range(sighting.day, self._arguments.since, self._arguments.until)

    def _see(self, sightings: Sequence[Sighting]) -> list[tuple[Sighting, Decision]]:
        """Show addresses to the ledger. Those it wants wait there, but for those that can't be in
        range, which end. Those of regions that other runs crawl are left to these."""
        others = self._ledger.others
        if theirs := [one for one in sightings if others.have(one.region)]:
            self._ledger.addresses.leave(theirs, run_id=self._run_id, at=now())
            sightings = [one for one in sightings if not others.have(one.region)]
        decisions = self._ledger.addresses.see(sightings, run_id=self._run_id, at=now())
        decided = list(zip(sightings, decisions, strict=True))
        for one, decision in decided:
            if decision not in _FETCH:
                continue
            if self._may_be_in_range(one):
                self._wait(one.url)
            else:
                detail = "its address's day is outside the days asked for"
                self._publisher.end(one.url, Outcome.OUT_OF_RANGE, detail)
        return decided

    def _wait(self, url: str) -> None:
        self._waiting[urlsplit(url).hostname or ""] = None

    def _without_lists(self) -> Iterator[Literal[True]]:
        """Admits a chunk of addresses from a file or the ledger each time it is asked."""
        arguments, ledger = self._arguments, self._ledger
        if arguments.urls is not None:
            for chunk in batches(map(sighting, arguments.iter_urls()), CHUNK):
                self._see(chunk)
                yield True
                if arguments.recheck != "none" and not self._is_full():
                    known = ledger.articles.of_ids([one.article_id for one in chunk])
                    self._look_again([article for article in known.values() if article])
                    yield True
            return
        if arguments.lists:
            return
        if self._replay:
            yield from self._archived(self._replay)
            return
        run_id = self._run_id
        while owed := ledger.addresses.owed(
            run_id=run_id, at=now(), regions=arguments.regions, limit=CHUNK
        ):
            self._see([one.sighting() for one in owed])
            yield True
        if not (arguments.since or arguments.until):
            yield from self._rechecks()

    def _archived(self, replay: ReplayIndex) -> Iterator[Literal[True]]:
        """In a replay, the archived articles of the regions, whether a list shows them or not."""
        arguments = self._arguments
        found = (
            one
            for one in map(sighting, replay.articles())
            if not arguments.regions_given or one.region in arguments.regions
        )
        for chunk in batches(found, CHUNK):
            self._see(chunk)
            yield True

    def _rechecks(self) -> Iterator[Literal[True]]:
        """The articles of the regions that are due (or all), the longest due first."""
        arguments, ledger = self._arguments, self._ledger
        if arguments.recheck == "due":
            last = None
            while self._recheck_budget > 0 and (
                due := ledger.articles.due(
                    now(), regions=arguments.regions, limit=CHUNK, after=last
                )
            ):
                last = due[-1]
                self._look_again(due)
                yield True
        elif arguments.recheck == "all":
            after = None
            while articles := ledger.articles.every(
                regions=arguments.regions, limit=CHUNK, after=after
            ):
                after = articles[-1].id
                self._look_again(articles)
                yield True

    def _look_again(self, articles: list[ArticleRow]) -> None:
        """Let those of the articles wait that are to be looked at again."""
        arguments, moment = self._arguments, now()
        if arguments.recheck == "due":
            articles = [
                one for one in articles if one.next_check_at and one.next_check_at <= moment
            ][: self._recheck_budget]
            self._recheck_budget -= len(articles)
        self._let_wait(articles)

    def _let_wait(self, articles: Iterable[ArticleRow]) -> None:
        """Let those not open or ended in this run wait, in their order. One looked at in time to
        come is left: what is newest is told by the time, and the clock is or was wrong."""
        moment = now()
        past = [one.canonical_url for one in articles if one.last_checked_at <= moment]
        for url in self._ledger.addresses.recheck(list(dict.fromkeys(past)), run_id=self._run_id):
            self._wait(url)


def is_in_range(day: date | None, since: date | None, until: date | None) -> bool:
    """Whether an address with that day in it may be of an article published in these days."""
    if day is None:
        return True
    return not (
        (since is not None and day < since - _MARGIN)
        or (until is not None and day > until + _MARGIN)
    )


def sighting(
    url: str,
    *,
    region: str | None = None,
    found_on: str | None = None,
    position: int | None = None,
    title: str | None = None,
    list_time: str | None = None,
) -> Sighting:
    """A sighting of an address in scope, in canonical form."""
    article = urls.article(url)
    if region is None:
        known = regions.region_of_url(url)
        region = known.code if known else None
    address = article.url if article else urls.canonical(url)
    return Sighting(
        url=address,
        article_id=urls.article_id(address),
        region=region,
        day=article.day if article else None,
        found_on=found_on,
        position=position,
        title=title,
        list_time=list_time,
    )


def batches(things: Iterable[Sighting], size: int) -> Iterator[list[Sighting]]:
    """Lists of up to `size` things each (itertools.batched, which Python 3.11 lacks)."""
    source = iter(things)
    while batch := list(islice(source, size)):
        yield batch
