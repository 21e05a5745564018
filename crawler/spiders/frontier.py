"""The frontier: which article addresses are fetched now, which wait, which need no fetch.

The ledger is the frontier's memory: every address is shown to it first, and its verdict decides.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from crawler import regions, urls
from crawler.clock import now
from crawler.outcomes import Outcome
from crawler.state.rows import Sighting, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.archive.replay import ReplayIndex
    from crawler.context import Context
    from crawler.state.rows import ArticleRow, Seen

CHUNK = 100
"""How many addresses are taken from a file or the ledger at a time."""

LISTED_GONE = timedelta(days=1)
"""A gone article that a list shows is looked at again so long after the last look."""

_MARGIN = timedelta(days=1)
_FETCH = frozenset({Verdict.NEW, Verdict.OWED})
_ARCHIVED = frozenset({Verdict.KNOWN, Verdict.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Target:
    """An address to fetch now; `article` is what is archived when it is looked at again."""

    address: str
    article: ArticleRow | None = None


class Frontier:
    """Admits addresses, keeps `limit`, feeds those no list page gives: addresses asked for by name,
    those earlier runs still owe, and re-checks that are due, up to a budget."""

    def __init__(self, context: Context, *, recheck_budget: int) -> None:
        self._context = context
        self._arguments = context.arguments
        self._recheck_budget = recheck_budget
        self._chunks = self._without_lists()
        self._waiting: deque[Target] = deque()
        self.has_more = False

    def admit(self, sightings: Iterable[Sighting]) -> list[Target]:
        """Show a list's addresses to the ledger. Returns those to fetch now."""
        self._waiting.extend(self._shown(sightings))
        return self.next()

    def admit_now(self, one: Sighting) -> bool:
        """Show the address a redirect led to, its page already fetched. True when it is wanted."""
        context = self._context
        (seen,) = context.ledger.see([one], run_id=context.run_id, at=now())
        if seen.verdict in _FETCH:
            context.open.add(one.url)
            return True
        return False

    def next(self) -> list[Target]:
        """The waiting addresses that may be fetched now: all, or as many as `limit` leaves."""
        limit = self._arguments.limit
        count = len(self._waiting)
        if limit is not None:
            count = min(count, max(0, limit - self._context.fetched - len(self._context.open)))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._context.open.update(target.address for target in taken)
        return taken

    def more(self) -> list[Target]:
        """The next addresses once few are in flight: waiting ones, then those of one chunk.

        `has_more` then says whether it is worth asking again at once. Once `limit` is reached the
        addresses asked for by name are still shown to the ledger, which owes them to the next run.
        """
        self.has_more = False
        if len(self._context.open) >= CHUNK // 2:
            return []
        ready = self.next()
        if ready or (self._waiting and not self._is_full()):
            return ready
        if self._is_full():
            self._waiting.clear()
            if self._arguments.urls is None:
                return []
        chunk = next(self._chunks, None)
        if chunk is None:
            return []
        self._waiting.extend(chunk)
        self.has_more = True
        return self.next()

    def witnesses(self) -> list[Target]:
        """The archived articles to ask for when all else is done, to judge withdrawals by; none
        where `limit` counts what is asked for."""
        if self._arguments.limit is not None:
            return []
        self._waiting.extend(self._claimed(self._context.withdrawals.witnesses()))
        return self.next()

    def _is_full(self) -> bool:
        limit = self._arguments.limit
        return limit is not None and self._context.fetched >= limit

    def _may_be_in_range(self, sighting: Sighting) -> bool:
        """The address's day only prefilters, with a day's margin: it may differ from the page's."""
        day = sighting.day
        since, until = self._arguments.since, self._arguments.until
        if day is None:
            return True
        return not (
            (since is not None and day < since - _MARGIN)
            or (until is not None and day > until + _MARGIN)
        )

    def _shown(self, sightings: Iterable[Sighting]) -> Iterator[Target]:
        """What to fetch of a list's addresses: new and owed ones, and gone articles it shows."""
        context = self._context
        seen = context.ledger.see(list(sightings), run_id=context.run_id, at=now())
        for url in self._wanted(seen):
            yield Target(url)
        if self._arguments.recheck != "none":
            archived = {one.sighting.article_id for one in seen if one.verdict in _ARCHIVED}
            gone = context.ledger.gone(archived, before=now() - LISTED_GONE)
            yield from self._claimed(gone)

    def _wanted(self, seen: Iterable[Seen]) -> Iterator[str]:
        """Those of the addresses shown to the ledger that it wants and that may be in range."""
        for one in seen:
            if one.verdict not in _FETCH:
                continue
            if self._may_be_in_range(one.sighting):
                yield one.sighting.url
            else:
                detail = "its address's day is outside the days asked for"
                self._context.end(one.sighting.url, Outcome.OUT_OF_RANGE, detail)

    def _targets(self, sightings: Sequence[Sighting]) -> list[Target]:
        context = self._context
        seen = context.ledger.see(sightings, run_id=context.run_id, at=now())
        return [Target(url) for url in self._wanted(seen)]

    def _without_lists(self) -> Iterator[list[Target]]:
        """Chunks of targets, each taken from a file or the ledger when the last is in flight."""
        arguments, ledger = self._arguments, self._context.ledger
        if arguments.urls is not None:
            for chunk in batches(map(sighting, arguments.iter_urls()), CHUNK):
                yield self._targets(chunk)
                if arguments.recheck != "none" and not self._is_full():
                    known = (ledger.article(one.article_id) for one in chunk)
                    yield self._again([article for article in known if article])
            return
        if arguments.lists:
            return
        if self._context.replay:
            yield from self._archived(self._context.replay)
            return
        run_id = self._context.run_id
        while owed := ledger.owed(run_id=run_id, at=now(), regions=arguments.regions, limit=CHUNK):
            yield self._targets([one.sighting() for one in owed])
        if not (arguments.since or arguments.until):
            yield from self._rechecks()

    def _archived(self, replay: ReplayIndex) -> Iterator[list[Target]]:
        """In a replay, the archived articles of the regions, whether a list shows them or not."""
        arguments = self._arguments
        found = (
            one
            for one in map(sighting, replay.articles())
            if not arguments.regions_given or one.region in arguments.regions
        )
        for chunk in batches(found, CHUNK):
            yield self._targets(chunk)

    def _rechecks(self) -> Iterator[list[Target]]:
        """The articles of the regions that are due (or all), the longest due first."""
        arguments, ledger = self._arguments, self._context.ledger
        if arguments.recheck == "due":
            last = None
            while self._recheck_budget > 0 and (
                due := ledger.due(now(), regions=arguments.regions, limit=CHUNK, after=last)
            ):
                last = due[-1]
                yield self._again(due)
        elif arguments.recheck == "all":
            after = None
            while articles := ledger.articles(regions=arguments.regions, limit=CHUNK, after=after):
                after = articles[-1].id
                yield self._again(articles)

    def _again(self, articles: list[ArticleRow]) -> list[Target]:
        """Those of the articles to look at again, claimed for this run."""
        arguments, moment = self._arguments, now()
        if arguments.recheck == "due":
            articles = [
                one for one in articles if one.next_check_at and one.next_check_at <= moment
            ][: self._recheck_budget]
            self._recheck_budget -= len(articles)
        return self._claimed(articles)

    def _claimed(self, articles: Iterable[ArticleRow]) -> list[Target]:
        """Targets for those not open or ended in this run, in their order. One looked at in time to
        come waits for that: what is newest is told by the time, and the clock is or was wrong."""
        moment = now()
        past = [one for one in articles if one.last_checked_at <= moment]
        by_address = {one.canonical_url: one for one in past}
        claimed = set(self._context.ledger.claim(list(by_address), run_id=self._context.run_id))
        return [Target(url, one) for url, one in by_address.items() if url in claimed]


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
