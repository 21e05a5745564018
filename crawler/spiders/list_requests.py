"""One page of a list: how it is asked for, and what its answer names; of the lists that pages name,
those that are asked.

A page of links may lead to any number of others (a calendar to one a day), so they are asked
breadth-first, within one budget per region and run: the lists nearest to the registry's come first,
those that one page names take turns with those of the others, and what is past the budget waits for
another run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from crawler import regions
from crawler.lists import json_sources, list_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from crawler.items import Page
    from crawler.ledger.rows import Validators
    from crawler.lists.links import ListLink

# The main site's column of regional news: what its data lists is its own, wherever it stands.
LOCAL = "local"

# Links asked for in one list API answer: the site's own pages never ask for more.
NODEART_COUNT = 20

# A part of the budget is kept for lists never asked, however many are remembered.
_FOR_NEW = 4


@dataclass(frozen=True, slots=True)
class ListStep:
    """One page of one list. `source` is the list's first page, `depth` so many links from the
    registry's lists, `via` the page that led here, `is_entry` marks the first request of a list in
    a run, `is_resumed` the steps of a walk that an earlier run began, `since` a backfill."""

    source: str
    url: str
    region: str | None
    page: int = 1
    depth: int = 0
    via: str | None = None
    is_entry: bool = False
    is_resumed: bool = False
    since: date | None = None

    @property
    def walk(self) -> tuple[str, date | None]:
        """The walk this step belongs to."""
        return self.source, self.since


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What a list's page says. `further`: the address of its next page; `data`: the machine-made
    lists it is filled from; `columns`: other lists it leads to; `is_gap`: it is empty, but its
    source says that it isn't the end; `refused`: so many links were not understood; `total`: so
    many articles the list has, by its own account, and `skipped` so many rows of the page name
    none."""

    links: list[ListLink]
    further: str | None = None
    data: Sequence[str] = ()
    columns: Sequence[str] = ()
    is_gap: bool = False
    refused: int = 0
    total: int | None = None
    skipped: int = 0


def first_url(node: str) -> str:
    """The list API's address of a node's newest links."""
    return json_sources.nodeart_url(node, 1, NODEART_COUNT)


def read_answer(step: ListStep, page: Page) -> ListAnswer:
    """What a list's page says, whichever kind of list it is; ListError when it is none. Columns are
    named by first pages."""
    kind = list_page.classify(page)
    if kind == "datasource":
        file = json_sources.read_datasource(page)
        return ListAnswer(file.links, refused=file.refused)
    if kind == "nodeart":
        node = json_sources.read_nodeart(page)
        further = None if node.end else json_sources.next_nodeart_url(step.url)
        is_gap = not (node.links or node.end)
        return ListAnswer(
            node.links,
            further,
            is_gap=is_gap,
            refused=node.refused,
            total=node.total,
            skipped=node.skipped,
        )
    answer = list_page.read_list(page)
    data = [*answer.data_sources, *map(first_url, answer.node_ids)]
    columns = [url for url in answer.columns if region_code(url) == step.region]
    further = next(iter(answer.next_pages), None)
    if step.page > 1:
        columns = []
    return ListAnswer(answer.links, further, data, columns, refused=answer.refused)


def region_code(url: str) -> str | None:
    region = regions.region_of_url(url)
    return region.code if region else None


def region_of_link(step: ListStep, url: str) -> str | None:
    """The region of a link that a list's page shows."""
    code = region_code(url)
    is_data = "ds_" in step.url or "/nodeart/" in step.url
    return LOCAL if code is None and is_data and step.region == LOCAL else code


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
