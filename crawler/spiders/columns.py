"""The lists that pages name: asked breadth-first, within one budget per region and run.

A page of links may lead to any number of others (a calendar to one a day), so the lists nearest to
the registry's come first, those that one page names take turns with those of the others, and what
is past the budget waits for another run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.ledger.rows import Validators
    from crawler.spiders.list_requests import ListStep

# a part of the budget is kept for lists never asked, however many are remembered
_FOR_NEW = 4


@dataclass(slots=True)
class NamedColumns:
    """The columns that a list's page names and that were not asked yet. `validators` are the
    page's: they are kept when all of the columns are remembered, for a 304 names none."""

    step: ListStep
    urls: Sequence[str]
    validators: Validators
    is_whole: bool = True

    @property
    def depth(self) -> int:
        """That of the columns."""
        return self.step.depth + 1


class Columns:
    """By region: what is left of the budget, how many lists have yet to answer, what was named."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._taken: Counter[str | None] = Counter()
        self._asked: Counter[str | None] = Counter()
        self._named: dict[str | None, list[NamedColumns]] = {}

    def take(self, region: str | None, *, is_new: bool) -> bool:
        """Whether a list that is not the registry's may be asked; it then counts."""
        left = self._budget - self._taken[region]
        may = left > (0 if is_new else self._budget // _FOR_NEW)
        self._taken[region] += may
        return may

    def asked(self, region: str | None) -> None:
        """A list was asked for its first page."""
        self._asked[region] += 1

    def answered(self, region: str | None) -> None:
        """It has answered, or gave no answer."""
        self._asked[region] -= 1

    def name(self, named: NamedColumns) -> None:
        """Take in what a page names."""
        self._named.setdefault(named.step.region, []).append(named)

    def levels(self) -> Iterator[list[NamedColumns]]:
        """Of each region all of whose lists have answered, what was named nearest to its roots."""
        for region in [code for code in self._named if self._asked[code] <= 0]:
            waiting = self._named.pop(region)
            depth = min(one.depth for one in waiting)
            further = [one for one in waiting if one.depth > depth]
            if further:
                self._named[region] = further
            yield [one for one in waiting if one.depth == depth]


def by_turns(level: Sequence[NamedColumns]) -> Iterator[tuple[NamedColumns, str]]:
    """The first column of every page, then the second of every page, and so on."""
    pairs = [[(one, url) for url in one.urls] for one in level]
    return (pair for pair in chain.from_iterable(zip_longest(*pairs)) if pair is not None)
