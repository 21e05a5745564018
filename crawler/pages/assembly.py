"""The pages of one article, put together one after the other.

An Assembly begins with page 1, says which page is wanted next and where it may be had, takes in
each page that was fetched, and gives the one Draft of the article. The crawl, replay,
re-extraction and verification all use it, so that they agree on what an article of several pages
is.

Only articles of the old content systems have several pages, whose names are in `urls.PageName`. The
new one sends all parts in one document.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler import regions
from crawler.items import BlockKind, Removed
from crawler.urls import PageName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Draft, Evidence, Page

# Pages of one article; more are an error of the pager.
MAX_PAGES = 50

# Characters: the shortest copyright notices have more, photo credits far fewer.
NOTICE = 60

# The main site's articles stood at news.xinhuanet.com for years.
_MAIN_SITE = ("", "news")


class AstrayError(Exception):
    """At a page's address stands a page that was read already, a page of another number, or another
    article."""


class IncompleteError(Exception):
    """Pages of an article are missing, or are more than MAX_PAGES."""


def is_same_channel(one: str, other: str) -> bool:
    """Whether two addresses are of one channel: at its bare or its www host, in either domain."""
    first, second = (urlsplit(url).hostname or "" for url in (one, other))
    if first == second or _channel(first) == _channel(second):
        return True
    region, same = regions.region_of_url(one), regions.region_of_url(other)
    return region is not None and region == same


def _channel(host: str) -> str:
    labels = host.removeprefix("www.").split(".")[:-2]
    name = ".".join(labels)
    return "" if name in _MAIN_SITE else name


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page to ask for: its number and its addresses, the likeliest first.

    Page 1's host comes first, whatever host the pager names: it has just answered, its robots.txt
    allows the article, and the hosts of a channel serve the same files.
    """

    number: int
    addresses: tuple[str, ...]


class Assembly:
    """The pages of an article that were read so far."""

    def __init__(self, page: Page, draft: Draft) -> None:
        """Begin with page 1. Raises AstrayError for a further page in its place."""
        self.pages = [page]
        self._drafts = [draft]
        self._name = PageName.of(page.url)
        self._linked: dict[int, list[str]] = {}
        self._begin = 2
        self._said = 1
        self._ends_at: int | None = None
        if self._name and self._name.number > 1:
            raise AstrayError(f"page 1 leads to {page.url}")
        self._learn(draft)
        # some CMS count content_N_2 as page 2
        numbers = set(self._linked)
        if self._name and self._name.shape == "content" and 3 in numbers and 2 not in numbers:
            self._begin = 3

    @property
    def wanted(self) -> Wanted | None:
        """The next page to ask for; None when the article is whole or has too many pages."""
        number = self._begin + len(self.pages) - 1
        if self._name is None or number > self._last or self.is_too_large:
            return None
        scheme, host, *_ = urlsplit(self.pages[0].url)
        origin = f"{scheme}://{host}"
        linked = self._linked.get(number, [])
        own = [url for url in linked if url.startswith(f"{origin}/")]
        addresses = (*own, origin + self._name.path(number), *linked)
        return Wanted(number, tuple(dict.fromkeys(addresses)))

    @property
    def is_too_large(self) -> bool:
        return self._last - self._begin + 2 > MAX_PAGES

    @property
    def said(self) -> str:
        """The page that is asked for now and how many the article says it has, for people."""
        return f"page {len(self.pages) + 1} of {self._last - self._begin + 2}"

    @property
    def _last(self) -> int:
        """The number of the last page: the highest linked, or as many as the article says."""
        if self._ends_at is not None:
            return self._ends_at
        return max(self._begin + self._said - 2, *self._linked, self._begin - 1)

    def add(self, page: Page, draft: Draft) -> None:
        """Take in the wanted page. Raises AstrayError when it is another one."""
        wanted = self.wanted
        name = PageName.of(page.url)
        if wanted is None or self._name is None:
            raise AstrayError(f"no page is wanted, and {page.url} is none")
        if name is None or name.name != self._name.name or name.number != wanted.number:
            raise AstrayError(f"{self.said} leads to {page.url}")
        number = name.name.partition("_")[2]
        if _names(draft, number) is False and _names(self._drafts[0], number):
            raise AstrayError(f"{self.said} is another article's: {page.url}")
        shown = _shows(draft)
        for count, known in enumerate(self._drafts, start=1):
            if _shows(known) == shown:
                raise AstrayError(f"{self.said} shows page {count} again: {page.url}")
        self.pages.append(page)
        self._drafts.append(draft)
        self._learn(draft)

    def give_up(self, *, is_absent: bool) -> bool:
        """The wanted page can't be had; whether the article is whole without it.

        It is where the page `is_absent` (missing, or another one) and beyond those that the article
        says it has: the link to the next page that the last one bears.
        """
        wanted = self.wanted
        assert wanted is not None
        if is_absent and self._said > 1 and wanted.number > self._begin + self._said - 2:
            self._ends_at = wanted.number - 1
            return True
        return False

    def draft(self) -> Draft:
        """One Draft of all pages. It is made of the pages' own drafts and may be called once."""
        return join_drafts(self._drafts)

    def _learn(self, draft: Draft) -> None:
        for url in draft.next_pages:
            if name := PageName.of(url):
                known = self._linked.setdefault(name.number, [])
                known += [url] if url not in known else []
        self._said = max(self._said, draft.page_count or 1)


def assemble_whole(pages: Sequence[Page], drafts: Sequence[Draft]) -> Draft:
    """The Draft of an article of these pages, page 1 first.

    Raises AstrayError for a page that isn't the next one, IncompleteError where some are missing or
    too many.
    """
    first, *others = zip(pages, drafts, strict=True)
    assembly = Assembly(*first)
    for page, draft in others:
        assembly.add(page, draft)
    if assembly.is_too_large or (assembly.wanted and not assembly.give_up(is_absent=True)):
        raise IncompleteError(f"{assembly.said} is missing: {pages[0].url}")
    return assembly.draft()


def join_drafts(drafts: Sequence[Draft]) -> Draft:
    """One Draft of the pages of an article, page 1 first: the text of all, the facts of the first.

    Editors and bylines often stand on the last page only, so all pages are asked for them. What
    closes a page and the next one alike, as disclaimers do, is kept once, at the end.
    """
    if not drafts:
        raise ValueError("an article has at least one page")
    first, *others = drafts
    for page, following in pairwise(drafts):
        _drop_common_end(page, following)
    for other in others:
        first.blocks += other.blocks
        first.removed += other.removed
        first.beside = _union(first.beside, other.beside)
        first.editors = _union(first.editors, other.editors)
        first.bylines = _union(first.bylines, other.bylines)
    first.next_pages = []
    return first


def _names(draft: Draft, number: str) -> bool | None:
    """Whether a page's own codes are those of the article; None where it has none. `publishid`
    begins with the article's number, the 42-digit code ends in it."""
    if draft.codes.publishid:
        return draft.codes.publishid.partition(".")[0] == number
    return draft.codes.fwl.endswith(number) if draft.codes.fwl else None


def _shows(draft: Draft) -> list[tuple[BlockKind, str, str | None]]:
    """The text and media of a page, to be compared with another page's."""
    return [(block.kind, block.text, block.url) for block in draft.blocks]


def _drop_common_end(page: Draft, following: Draft) -> None:
    common = 0
    for mine, next_one in zip(reversed(page.blocks), reversed(following.blocks), strict=False):
        if mine.kind is not BlockKind.TEXT or mine.text != next_one.text:
            break
        common += 1
    kept = len(page.blocks) - common
    if sum(len(block.text) for block in page.blocks[kept:]) < NOTICE:
        return  # a credit that stands under the pictures of both pages
    page.removed += [Removed(b.text, "repeated", b.where) for b in page.blocks[kept:]]
    page.blocks = page.blocks[:kept]


def _union(known: list[Evidence], more: list[Evidence]) -> list[Evidence]:
    texts = {e.text for e in known}
    return known + [e for e in more if e.text not in texts]
