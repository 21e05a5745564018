"""One page of a list: how it is asked for, and what its answer names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler import regions
from crawler.lists import json_sources, list_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from crawler.items import Page
    from crawler.lists.links import ListLink

# The main site's column of regional news: what its data lists is its own, wherever it stands.
LOCAL = "local"

# Links asked for in one list API answer: the site's own pages never ask for more.
NODEART_COUNT = 20


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
