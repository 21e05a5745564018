"""One page of a list: how it is asked for, and what its answer names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler import regions
from crawler.pages import lists

if TYPE_CHECKING:
    from datetime import date

    from crawler.items import Page
    from crawler.pages.lists import ListLink

LOCAL = "local"
"""The main site's column of regional news: what its data lists is its own, wherever it stands."""

NODEART_COUNT = 20
"""Links asked for in one list API answer: the site's own pages never ask for more."""


@dataclass(frozen=True, slots=True)
class ListStep:
    """One page of one list. `source` is the list's first page, `root` says whether columns are
    looked for on it, `via` is the page that led here, `is_entry` marks the first request of a list
    in a run, `is_resumed` the steps of a walk that an earlier run began, `since` a backfill."""

    source: str
    url: str
    region: str | None
    page: int = 1
    root: bool = False
    via: str | None = None
    is_entry: bool = False
    is_resumed: bool = False
    since: date | None = None

    @property
    def walk(self) -> str:
        """The ledger's name of the walk this step belongs to."""
        return self.source if self.since is None else f"{self.source}#since={self.since}"


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """The article links of a list's page, the address of its next page, those of other lists."""

    links: list[ListLink]
    further: str | None
    named: list[str]


def first_url(node: str) -> str:
    """The list API's address of a node's newest links."""
    return lists.nodeart_url(node, 1, NODEART_COUNT)


def read(step: ListStep, page: Page, *, max_columns: int) -> ListAnswer:
    """What a list's page says, whichever kind of list it is; ListError when it is none. Columns are
    named by the first page of a region's root, so many of its own at most."""
    kind = lists.classify(page)
    if kind == "datasource":
        return ListAnswer(lists.read_datasource(page), None, [])
    if kind == "nodeart":
        node = lists.read_nodeart(page)
        return ListAnswer(node.links, None if node.end else lists.next_nodeart_url(step.url), [])
    answer = lists.read_list(page)
    named = [*answer.data_sources, *map(first_url, answer.node_ids)]
    if step.root and step.page == 1:
        named += [url for url in answer.columns if region_code(url) == step.region][:max_columns]
    return ListAnswer(answer.links, next(iter(answer.next_pages), None), named)


def region_code(url: str) -> str | None:
    region = regions.region_of_url(url)
    return region.code if region else None


def region_of_link(step: ListStep, url: str) -> str | None:
    """The region of a link that a list's page shows."""
    code = region_code(url)
    is_data = "ds_" in step.url or "/nodeart/" in step.url
    return LOCAL if code is None and is_data and step.region == LOCAL else code
