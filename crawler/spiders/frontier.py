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
from crawler.outcomes import FETCHED, Outcome
from crawler.state.rows import Sighting, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.context import Context
    from crawler.state.rows import ArticleRow

CHUNK = 100
"""How many addresses are taken from a file or the ledger at a time."""

_MARGIN = timedelta(days=1)
_FETCH = frozenset({Verdict.NEW, Verdict.OWED})


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
        self._open: set[str] = set()
        self._published = 0
        context.on_end.append(self._ended)

    def admit(self, sightings: Iterable[Sighting]) -> list[Target]:
        """Show addresses to the ledger. Returns those to fetch now."""
        self._waiting.extend(Target(url) for url in self._wanted(sightings))
        return self.next()

    def admit_now(self, one: Sighting) -> bool:
        """Show the address a redirect led to, its page already fetched. True when it is wanted."""
        context = self._context
        (seen,) = context.ledger.see([one], run_id=context.run_id, at=now())
        if seen.verdict in _FETCH:
            self._open.add(one.url)
            return True
        return False

    def next(self) -> list[Target]:
        """The waiting addresses that may be fetched now: all, or as many as `limit` leaves."""
        limit = self._arguments.limit
        count = len(self._waiting)
        if limit is not None:
            count = min(count, max(0, limit - self._published - len(self._open)))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._open.update(target.address for target in taken)
        return taken

    def more(self) -> list[Target]:
        """The next addresses once few are in flight: waiting ones, then the next chunk."""
        if len(self._open) >= CHUNK // 2:
            return []
        ready = self.next()
        while not ready and not self._waiting:
            chunk = next(self._chunks, None)
            if chunk is None:
                return []
            self._waiting.extend(chunk)
            ready = self.next()
        return ready

    def _ended(self, address: str, outcome: Outcome) -> None:
        self._open.discard(address)
        if outcome in FETCHED:
            self._published += 1

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

    def _wanted(self, sightings: Iterable[Sighting]) -> Iterator[str]:
        """Show addresses to the ledger; those it wants fetched and that may be in range."""
        context = self._context
        for seen in context.ledger.see(list(sightings), run_id=context.run_id, at=now()):
            if seen.verdict not in _FETCH:
                continue
            if self._may_be_in_range(seen.sighting):
                yield seen.sighting.url
            else:
                detail = "its address's day is outside the days asked for"
                context.end(seen.sighting.url, Outcome.OUT_OF_RANGE, detail)

    def _without_lists(self) -> Iterator[list[Target]]:
        """Chunks of targets, each taken from a file or the ledger when the last is in flight."""
        arguments, ledger = self._arguments, self._context.ledger
        if arguments.urls is not None:
            for chunk in batches(map(sighting, arguments.iter_urls()), CHUNK):
                yield [Target(url) for url in self._wanted(chunk)]
                if arguments.recheck != "none":
                    known = (ledger.article(one.article_id) for one in chunk)
                    yield self._again([article for article in known if article])
            return
        if arguments.lists or arguments.since or arguments.until:
            return
        run_id = self._context.run_id
        while owed := ledger.owed(run_id=run_id, at=now(), regions=arguments.regions, limit=CHUNK):
            yield [Target(url) for url in self._wanted(one.sighting() for one in owed)]
        yield from self._rechecks()

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
        by_address = {one.canonical_url: one for one in articles}
        claimed = self._context.ledger.claim(list(by_address), run_id=self._context.run_id)
        return [Target(url, by_address[url]) for url in claimed]


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
