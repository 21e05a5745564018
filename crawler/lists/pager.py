"""The pagers of a list page: its next page, and which of its links are pages of a list.

Pages of a list are never lists of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOST = re.compile(r"https?://(?:www\.)?", re.ASCII)
# three digits at most: `ldhd_2016.htm` is a year's column
_FILE = re.compile(r"([^/]*?)(?:[_-]([1-9][0-9]{0,2}))?\.s?html?", re.ASCII)
_FOLDER = re.compile(r"/page/([1-9][0-9]{0,3})/?\Z", re.ASCII)
_NESTED = re.compile(r"(?:/page/[0-9]{1,4})+(?=/page/[0-9])", re.ASCII)
_DIGITS = re.compile(r"[_-]?[0-9]+", re.ASCII)
_INDEX = frozenset({"index", "default"})

# longer texts are no pager's
_TEXT_MAX = 30
_AROUND = r"[\s\[\]【】()（）<>|«»‹›]{0,12}"
_NEXT = re.compile(rf"{_AROUND}下一?页{_AROUND}")
_NUMBER = re.compile(rf"{_AROUND}第?([1-9][0-9]{{0,2}})页?{_AROUND}")
_WORDS = re.compile(
    rf"{_AROUND}(?:[上下前后]一?页|[尾末]页|最后一?页|更多|查看更多|more|\.\.\.|…)?{_AROUND}",
    re.IGNORECASE,
)


class Anchor(NamedTuple):
    """A link of a page: its canonical address and what a reader sees of it."""

    url: str
    text: str


class PageOf(NamedTuple):
    """What an address alone says: which list it is of, and its page's number, 0 when it has none.

    `name` is the same for `/a/`, `/a/index.htm`, `/a/index_2.htm` and `/a/page/2/`, with and
    without www, over http and https.
    """

    name: str
    number: int


class Pager(NamedTuple):
    """`following`: the list's next page as its pager has it, the likeliest first; `pages`: the
    links that are pages of a list, and no lists; `others`: where further pagers on the page begin,
    of lists that nothing else on it leads to."""

    following: list[str]
    pages: frozenset[str]
    others: list[str]


def list_page_of(url: str) -> PageOf:
    """Which list and page an address names by its form."""
    path = _HOST.sub("", unnested(url), count=1)
    if found := _FOLDER.search(path):
        return PageOf(f"{path[: found.start()]}/", int(found[1]))
    folder, slash, file = path.rpartition("/")
    if slash and (found := _FILE.fullmatch(file)):
        name, number = found.groups()
        return PageOf(f"{folder}/{'' if name in _INDEX else name}", int(number or 0))
    is_folder = "?" not in path and ("." not in file or not slash)
    return PageOf(path.rstrip("/") + "/" if is_folder else path, 0)


def unnested(url: str) -> str:
    """`/a/page/2/page/3/` as `/a/page/3/`: what a relative pager means on its own pages."""
    return _NESTED.sub("", url)


def read_pager(anchors: Sequence[Anchor], own: str) -> Pager:
    """The pagers of the page `own`, of whose links `anchors` are those into its channel.

    A number, or an address that only adds a number to a list's, is a page's; what is named with
    words is a list, digits in its address or not.
    """
    here = list_page_of(own)
    worded = {url for url, text in anchors if not _is_pagers(text)}
    named = [url for url in worded if not list_page_of(url).number]
    lists = {list_page_of(url).name for url in named}
    families = {_family(url) for url in (own, *named)}
    groups = _printed(anchors, worded)
    following = _following(anchors, here) or _by_number(groups, _family(own))
    paged = {here.name, *(list_page_of(url).name for url in following)}
    numbered = (g for family, g in groups.items() if family in families or len(g) > 1)
    pages = _pages(anchors, worded, lists, paged).union(*numbered)
    known = {here.name, *lists, *(list_page_of(url).name for url in following[:1])}
    others = [url for url in following[1:] if list_page_of(url).name not in known]
    others += _begun(groups, but=families.union(map(_family, following)))
    return Pager(following, frozenset(pages), list(dict.fromkeys(others)))


def _pages(
    anchors: Sequence[Anchor], worded: set[str], lists: set[str], paged: set[str]
) -> set[str]:
    """The links that are called the next page, or add a number to a list: one with words of its
    own only to those of `paged`, the lists that this page's pagers lead through."""
    return {
        url
        for url, text in anchors
        if _is_page(url, paged if url in worded else paged | lists)
        or (_is_next(text) and url not in worded)
    }


def _is_page(url: str, lists: set[str]) -> bool:
    """Whether an address adds a number to that of one of these lists."""
    name, number = list_page_of(url)
    return number > 0 and name in lists


def _begun(groups: dict[str, dict[str, int]], but: set[str]) -> list[str]:
    """Where the numbered pagers of other families begin: at their lowest number."""
    return [
        min(group, key=group.__getitem__)
        for family, group in groups.items()
        if family not in but and len(group) > 1
    ]


def _printed(anchors: Sequence[Anchor], worded: set[str]) -> dict[str, dict[str, int]]:
    """By family, the addresses that are called by a number, and the numbers."""
    groups: dict[str, dict[str, int]] = {}
    for url, text in anchors:
        number = _number(text)
        if number and url not in worded:
            groups.setdefault(_family(url), {}).setdefault(url, number)
    return groups


def _by_number(groups: dict[str, dict[str, int]], own: str) -> list[str]:
    """Where a pager is numbers alone: the page after the one that isn't linked, which is shown. The
    days of a calendar are all linked."""
    found = []
    for group in [groups[own]] if own in groups else groups.values():
        missing = set(range(1, max(group.values()) + 1)) - set(group.values())
        if len(group) > 1 and len(missing) == 1:
            shown = missing.pop()
            found += [unnested(url) for url, number in group.items() if number == shown + 1]
    return found


def _following(anchors: Sequence[Anchor], here: PageOf) -> list[str]:
    """What is called the next page, of this list before others; then the next by its number."""
    named = [unnested(url) for url, text in anchors if _is_next(text)]
    named = [url for url in named if list_page_of(url).name != here.name or _is_further(url, here)]
    named.sort(key=lambda url: list_page_of(url).name != here.name)
    numbered = [unnested(url) for url, text in anchors if _is_numbered(url, text, here)]
    numbered.sort(key=lambda url: list_page_of(url).number)
    return list(dict.fromkeys(named + numbered))


def _is_further(url: str, here: PageOf) -> bool:
    return list_page_of(url).number > here.number


def _is_numbered(url: str, text: str, here: PageOf) -> bool:
    """`x.htm` goes on at `x_2.htm`, or at an `x_1.htm` that is called 2."""
    page = list_page_of(url)
    is_second = here.number == 0 and page.number == 1 and _number(text) == 2
    return page.name == here.name and (is_second or page.number == max(here.number, 1) + 1)


def _family(url: str) -> str:
    """The list's name without the digits in it: `/a/p2.htm` and `/a/p3.htm` are of one family."""
    name = list_page_of(url).name
    family = _DIGITS.sub("", name)
    return f"{family}#" if family.endswith("/") and not name.endswith("/") else family


def _is_next(text: str) -> bool:
    return len(text) <= _TEXT_MAX and _NEXT.fullmatch(text) is not None


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text) if len(text) <= _TEXT_MAX else None
    return int(found[1]) if found else None


def _is_pagers(text: str) -> bool:
    """Whether a link's text names no list: a number, an arrow, `下一页`, nothing at all."""
    is_short = len(text) <= _TEXT_MAX
    return is_short and (_WORDS.fullmatch(text) or _NUMBER.fullmatch(text)) is not None
