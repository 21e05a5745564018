"""What any page says of itself, whatever its layout: metas, codes, breadcrumb, further pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.items import Codes, Draft, Evidence
from crawler.pages.assembly import is_same_channel
from crawler.pages.document import visible_text
from crawler.urls import PageName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.pages.document import Document, Node

_TIME_METAS = (
    "publishdate", "pubdate", "publishtime", "article:published_time", "article:publish_time",
)  # fmt: skip

# Where breadcrumbs stand, for templates that don't say.
CRUMBS = (
    ".news-position", ".header-nav", ".crumbs", ".position", ".location", ".bread", ".curNews",
    "#location", "#position", ".place", ".weizhi", ".weizhi02", ".detail_location",
)  # fmt: skip

# The page's codes: 42 digits, of which the first are the channel's path and the last the article's
# number; day and hash of a new address; the article's number and places in the CMS; a column's.
_FWL = re.compile(r"01[0-9]{40}(?![0-9A-Za-z])")
_CONTENT_ID = re.compile(r"[0-9]{8}[0-9a-f]{32}")
_PUBLISHID = re.compile(r"[1-9]\d{4,11}(?:\.\d{1,10}){1,5}")
_NODE_ID = re.compile(r"[1-9]\d{3,9}")
# Where the column's number stands in meta[name=pageid].
_NODE_PLACE = 4

# Characters of a step of the breadcrumb.
_LONGEST_CRUMB = 30

# Further pages of one article that are looked at; Assembly takes fewer.
_MAX_PAGES = 100
# What leads to the further pages of an article, where `{0}` is its name.
_PAGE_LINKS = (
    "a[href*='{0}'], area[href*='{0}'], link[rel~='next'][href*='{0}'], option[value*='{0}']"
)
# The pagers that stand in the articles of the old CMS.
_PAGERS = "#div_currpage, [id^='div_page_roll'], .pagelink"
# How pagers call a page, and how many there are: [2], 共3页, 1/3页.
_PAGE_LABEL = re.compile(r"\s{0,9}[\[【(（]?\s{0,9}(\d{1,3})\s{0,9}[\]】)）]?\s{0,9}")
_PAGE_COUNT = re.compile(r"共\s{0,9}(\d{1,3})\s{0,9}页|\d\s{0,9}/\s{0,9}(\d{1,3})\s{0,9}页")


def start(doc: Document, layout: str, crumbs: Sequence[str] = CRUMBS) -> Draft:
    """A Draft with all that doesn't depend on the layout. Visible evidence is put before this."""
    draft = Draft(url=doc.url, layout=layout, encoding=doc.encoding)
    title_tag = doc.maybe("title")
    draft.title_tag = (title_tag.text() or "").strip() or None if title_tag is not None else None
    draft.times = _metas(doc, *_TIME_METAS)
    draft.sources = _metas(doc, "source")
    draft.keywords = _metas(doc, "keywords")
    draft.summaries = _metas(doc, "description", "og:description")
    draft.channel = _channel(doc, crumbs)
    if (root := doc.tree.root) is not None:
        draft.language = (root.attributes.get("lang") or "").strip() or None
    draft.codes = _codes(doc)
    draft.next_pages, draft.page_count = _further_pages(doc)
    return draft


def _metas(doc: Document, *names: str) -> list[Evidence]:
    return [evidence for name in names if (evidence := doc.meta(name))]


def _channel(doc: Document, crumbs: Sequence[str]) -> list[str]:
    """The links of the breadcrumb: 新华网 > 时政 > 正文 gives 新华网 and 时政."""
    for node in doc.all(", ".join(crumbs)):
        names = [visible_text(a).strip() for a in node.css("a")]
        names = [name for name in names if 0 < len(name) <= _LONGEST_CRUMB and name != "正文"]
        if names:
            return names
    return []


def _codes(doc: Document) -> Codes:
    numbers = [part.strip() for part in doc.metas.get("pageid", "").split(".")]
    node = numbers[_NODE_PLACE] if len(numbers) > _NODE_PLACE else ""
    content_id = doc.metas.get("contentid", "").strip()
    publishid = doc.metas.get("publishid", "").strip()
    return Codes(
        fwl=_fwl(doc),
        publishid=publishid if _PUBLISHID.fullmatch(publishid) else None,
        content_id=content_id if _CONTENT_ID.fullmatch(content_id) else None,
        node_id=node if _NODE_ID.fullmatch(node) else None,
    )


def _fwl(doc: Document) -> str | None:
    """The 42-digit page code: of `#fwl`, else the only one on the page. All known begin with 01."""
    node = doc.maybe("#fwl")
    if node is not None and (found := _FWL.search(node.text(separator=" ") or "")):
        return found[0]
    codes = {
        found[0]
        for found in _FWL.finditer(doc.source)
        if not doc.source[max(0, found.start() - 1)].isalnum()
    }
    return codes.pop() if len(codes) == 1 else None


def _further_pages(doc: Document) -> tuple[list[str], int | None]:
    """The later pages of an old-CMS article, at any host of its channel, by number; and how many
    pages it says it has, by the numbers that its pager shows."""
    own = PageName.of(doc.url)
    if own is None:
        return [], None
    found: dict[str, int] = {}
    said = [count for pager in doc.all(_PAGERS) for count in _counts(pager)]
    for url, number, text in _page_links(doc, own) if f"{own.name}_" in doc.source else ():
        # what leads to the article itself may be numbered for another reason: its comments
        label = _PAGE_LABEL.fullmatch(text) if f"{own.name}_" in url else None
        # counted from another number the address may say one more or less
        if label and abs(int(label[1]) - number) <= 1:
            said.append(int(label[1]))
        if number > own.number:
            found.setdefault(url.partition("#")[0].partition("?")[0], number)
    numbers = sorted(set(found.values()))[:_MAX_PAGES]
    ordered = sorted(found, key=lambda url: found[url])
    return [url for url in ordered if found[url] in numbers], max(said, default=0) or None


def _page_links(doc: Document, own: PageName) -> Iterator[tuple[str, int, str]]:
    """The links to pages of the article in its folder, at any host of its channel: address, number
    of the page, text."""
    for link in doc.all(_PAGE_LINKS.format(own.name)):
        url = doc.absolute(link.attributes.get("href") or link.attributes.get("value"))
        name = PageName.of(url) if url else None
        if url and name and name.is_of(own) and is_same_channel(url, doc.url):
            yield url, name.number, link.text() or ""


def _counts(pager: Node) -> Iterator[int]:
    """How many pages a pager says there are: 共3页, 1/3页, or the numbers of its scripted links."""
    for count in _PAGE_COUNT.finditer(visible_text(pager)):
        yield int(count[1] or count[2])
    for link in pager.css("a:not([href]), a[href^='javascript'], a[href^='#']"):
        if label := _PAGE_LABEL.fullmatch(link.text() or ""):
            yield int(label[1])


def put_visible(
    draft: Draft, *, times: list[Evidence], sources: list[Evidence], keywords: list[Evidence]
) -> None:
    """Put what a reader sees before what a meta says."""
    draft.times = times + draft.times
    draft.sources = sources + draft.sources
    draft.keywords = keywords + draft.keywords
