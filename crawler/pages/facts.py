"""Read: what a page says of itself in any layout: metas, codes, breadcrumb, further pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.items import Codes, Draft, Evidence
from crawler.pages.document import visible_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.pages.document import Document

_TIME_METAS = (
    "publishdate", "pubdate", "publishtime", "article:published_time", "article:publish_time",
)  # fmt: skip
CRUMBS = (
    ".news-position", ".header-nav", ".crumbs", ".position", ".location", ".bread", ".curNews",
    "#location", "#position", ".place", ".weizhi", ".weizhi02", ".detail_location",
)  # fmt: skip
"""Where breadcrumbs stand, for templates that don't say."""

_FWL = re.compile(r"01[0-9]{40}(?![0-9A-Za-z])")
_CONTENT_ID = re.compile(r"[0-9]{8}[0-9a-f]{32}")
_PUBLISHID = re.compile(r"[1-9]\d{4,11}(?:\.\d{1,10}){1,5}")
_NODE_ID = re.compile(r"[1-9]\d{3,9}")
_OLD_CMS = re.compile(r"/((?:content|c)_\d{6,12})(?:_(\d{1,3}))?\.s?html?$")
_LONGEST_CRUMB = 30
_MAX_PAGES = 100


def start(doc: Document, layout: str, crumbs: Sequence[str] = CRUMBS) -> Draft:
    """A Draft with all that doesn't depend on the layout. Visible evidence is put before this."""
    draft = Draft(url=doc.url, layout=layout, encoding=doc.encoding)
    title_tag = doc.maybe("title")
    draft.title_tag = (title_tag.text() or "").strip() or None if title_tag is not None else None
    draft.times = [e for name in _TIME_METAS if (e := doc.meta(name))]
    draft.sources = [e for name in ("source",) if (e := doc.meta(name))]
    draft.keywords = [e for name in ("keywords",) if (e := doc.meta(name))]
    draft.summaries = [e for name in ("description", "og:description") if (e := doc.meta(name))]
    draft.channel = _channel(doc, crumbs)
    if (root := doc.tree.root) is not None:
        draft.language = (root.attributes.get("lang") or "").strip() or None
    draft.codes = _codes(doc)
    draft.next_pages = _next_pages(doc)
    return draft


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
    content_id = doc.metas.get("contentid", "").strip()
    publishid = doc.metas.get("publishid", "").strip()
    return Codes(
        fwl=_fwl(doc),
        publishid=publishid if _PUBLISHID.fullmatch(publishid) else None,
        content_id=content_id if _CONTENT_ID.fullmatch(content_id) else None,
        node_id=numbers[4] if len(numbers) > 4 and _NODE_ID.fullmatch(numbers[4]) else None,
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


def _next_pages(doc: Document) -> list[str]:
    """The later pages of an old-CMS article: content_X_1.htm, c_X_2.htm."""
    own = _OLD_CMS.search(urlsplit(doc.url).path)
    if own is None or f"{own[1]}_" not in doc.source:
        return []
    found: dict[int, str] = {}
    for link in doc.all(f"a[href*='{own[1]}_']"):
        url = doc.absolute(link.attributes.get("href"))
        path = "" if url is None else urlsplit(url).path
        page = _OLD_CMS.search(path)
        if url and page and page[1] == own[1] and page[2] and int(page[2]) > int(own[2] or 0):
            same_folder = path[: page.start()] == urlsplit(doc.url).path[: own.start()]
            if same_folder and urlsplit(url).netloc == urlsplit(doc.url).netloc:
                found.setdefault(int(page[2]), url.partition("#")[0].partition("?")[0])
    return [found[n] for n in sorted(found)][:_MAX_PAGES]


def put_visible(
    draft: Draft, *, times: list[Evidence], sources: list[Evidence], keywords: list[Evidence]
) -> None:
    """Put what a reader sees before what a meta says."""
    draft.times = times + draft.times
    draft.sources = sources + draft.sources
    draft.keywords = keywords + draft.keywords
