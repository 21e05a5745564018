"""Whether a walk of a list reaches what the one before it had seen, or leaves a hole. Pure.

A list shows its newest articles first and as many as it holds. As long as one of those that were
its newest at the last look is still there, all that came since is there too; where none is left,
others may have come and gone between the looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from crawler import urls
from crawler.coverage.verdicts import day_at
from crawler.ledger.rows import Hole, HoleKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from crawler.ledger.rows import Source
    from crawler.lists.links import ListLink

# So many of the newest links are looked for, and no more than half of a page: one may be taken off
# the list, and one that is pinned on a short page is always there.
HEAD = 5

# No article is older: the site went online in 1997.
FIRST_DAY = date(1997, 1, 1)

_DAY = timedelta(days=1)


class Answer(Protocol):
    """What a page of a list shows: its links, the total that the list API says, rows that name no
    article and links that were not understood."""

    @property
    def links(self) -> Sequence[ListLink]: ...
    @property
    def total(self) -> int | None: ...
    @property
    def skipped(self) -> int: ...
    @property
    def refused(self) -> int: ...


@dataclass(slots=True)
class Reach:
    """How far a walk has come in this run. `is_from_start`: it read the first page; `is_joined`: it
    met one of the links that were the newest at the walk before; `new` links, and `unusable` rows
    that may be new; `oldest`: by day, the links that it met."""

    is_from_start: bool = False
    is_joined: bool = False
    new: int = 0
    unusable: int = 0
    total: int | None = None
    days: frozenset[date] = frozenset()

    def read(self, answer: Answer, new: int, head: Collection[str]) -> None:
        """Take in a page with so many links that are new on the list."""
        wanted = set(head)
        self.is_joined |= any(link.url in wanted for link in answer.links)
        self.new += new
        self.unusable += answer.skipped + answer.refused
        self.total = answer.total if self.total is None else self.total
        self.days |= {day for link in answer.links if (day := day_of_address(link.url))}


def head_of(links: Sequence[str]) -> list[str]:
    """The newest of a page's addresses, by the days in them and then as they stand: what an editor
    pinned on top is old."""
    dated = sorted(links, key=lambda link: day_of_address(link) or date.min, reverse=True)
    return dated[: min(HEAD, (len(dated) + 1) // 2)]


def hole_of(source: Source, reach: Reach, at: datetime, *, is_whole: bool) -> Hole | None:
    """The hole that a walk leaves which ended now, None where it leaves none or it was the first.
    It is not `is_whole` where a further page could not be had."""
    if not source.head or source.head_at is None:
        return None
    first, last = day_at(source.head_at), day_at(at)
    missing = None
    if not reach.is_joined:
        if not reach.new:
            return None
        kind = HoleKind.OVERFLOW if is_whole else HoleKind.PAGES_UNREACHED
        # what went is older than what is left
        last = min((day for day in reach.days if day >= first), default=last)
    else:
        missing = _missing(source, reach)
        if not missing:
            return None
        kind = HoleKind.TOTAL
    return Hole(source.list_url, at, kind, source.head_at, first, max(first, last), missing)


def hole_below(
    source: Source, shown: Sequence[ListLink], unknown: Collection[str], at: datetime
) -> Hole | None:
    """The hole that a list's first walk leaves which was cut off below these links, the last that
    it read: its further pages hold what is as old as the last of them, and older. None where all
    of them are articles that were known (none is `unknown`): the list goes over known ground, as
    one does whose address is new."""
    if not shown or not any(link.url in unknown for link in shown):
        return None
    days = [day for link in shown if (day := _day_of(link))]
    last = days[-1] if days else day_at(at)
    return Hole(source.list_url, at, HoleKind.PAGES_LEFT, source.first_at, FIRST_DAY, last)


def _day_of(link: ListLink) -> date | None:
    """The day of publication as far as a list tells it."""
    day = day_of_address(link.url)
    return day or (date.fromisoformat(link.time[:10]) if link.time else None)


def _missing(source: Source, reach: Reach) -> int:
    """How many articles the list API's total grew by and didn't show. Rows that name no article, or
    none that we understand, may be among the new ones."""
    if source.total is None or reach.total is None or not reach.is_from_start:
        return 0
    return max(0, reach.total - source.total - reach.new - reach.unusable)


def day_of_address(url: str) -> date | None:
    """The day in an article's address."""
    article = urls.article(url)
    return article.day if article else None
