"""The frontier: which article addresses are fetched now, which wait, which need no fetch.

The ledger is the frontier's memory: every address is shown to it first, and its verdict decides.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler import regions, urls
from crawler.clock import now
from crawler.outcomes import FETCHED, Outcome
from crawler.state.rows import Sighting, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.context import Context

CHUNK = 100
"""How many addresses are taken from a file or the ledger at a time."""

_MARGIN = timedelta(days=1)
_FETCH = frozenset({Verdict.NEW, Verdict.OWED})


class Frontier:
    """Admits addresses, keeps `limit`, feeds those no list page gives."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._arguments = context.arguments
        self._chunks = self._chunks_without_lists()
        self._waiting: deque[str] = deque()
        self._open: set[str] = set()
        self._published = 0
        context.on_end.append(self._ended)

    def admit(self, sightings: Iterable[Sighting]) -> list[str]:
        """Show addresses to the ledger. Returns those to fetch now."""
        context = self._context
        wanted = []
        for seen in context.ledger.see(list(sightings), run_id=context.run_id, at=now()):
            if seen.verdict not in _FETCH:
                continue
            if self._may_be_in_range(seen.sighting):
                wanted.append(seen.sighting.url)
            else:
                detail = "its address's day is outside the days asked for"
                context.end(seen.sighting.url, Outcome.OUT_OF_RANGE, detail)
        self._waiting.extend(wanted)
        return self.next()

    def admit_now(self, one: Sighting) -> bool:
        """Show the address a redirect led to, its page already fetched. True when it is wanted."""
        context = self._context
        (seen,) = context.ledger.see([one], run_id=context.run_id, at=now())
        if seen.verdict in _FETCH:
            self._open.add(one.url)
            return True
        return False

    def next(self) -> list[str]:
        """The waiting addresses that may be fetched now: all, or as many as `limit` leaves."""
        limit = self._arguments.limit
        count = len(self._waiting)
        if limit is not None:
            count = min(count, max(0, limit - self._published - len(self._open)))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._open.update(taken)
        return taken

    def more(self) -> list[str]:
        """The next addresses once few are in flight: waiting ones, then the next chunk."""
        if len(self._open) >= CHUNK // 2:
            return []
        ready = self.next()
        while not ready and not self._waiting:
            chunk = next(self._chunks, None)
            if chunk is None:
                return []
            ready = self.admit(chunk)
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

    def _chunks_without_lists(self) -> Iterator[list[Sighting]]:
        """Chunks of addresses: those asked for by name, or those earlier runs still owe."""
        arguments, context = self._arguments, self._context
        if arguments.urls is not None:
            yield from _chunks(sighting(url) for url in arguments.iter_urls())
        elif not arguments.lists and not arguments.since and not arguments.until:
            while owed := context.ledger.owed(
                run_id=context.run_id, at=now(), regions=arguments.regions, limit=CHUNK
            ):
                yield [address.sighting() for address in owed]


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


def _chunks(sightings: Iterable[Sighting]) -> Iterator[list[Sighting]]:
    chunk = []
    for one in sightings:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
