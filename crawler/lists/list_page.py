"""HTML list pages: their article links, and where more of them are found.

`classify` tells them from the two machine-made kinds of list, which `json_sources` reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from crawler import urls
from crawler.lists.links import Links, ListError, ListLink, find_time
from crawler.lists.pager import Anchor, read_pager
from crawler.pages.document import UNSEEN, Document, Node, children, collapse, visible_text
from crawler.pages.errors import NotAnArticle
from crawler.regions import region_of_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.items import Page

# The main site's front page has some 6,000.
_MAX_TAGS = 200_000

_ITEMS = frozenset({"li", "tr", "dd"})
_LINKS = frozenset({"a", "area"})
_SKIPPED = UNSEEN - {"map"}
_NODE = re.compile(r"[1-9][0-9]{4,8}", re.ASCII)
_DATA = re.compile(r"datasource:([0-9a-f]{32})", re.ASCII)
_PUBLISHID = re.compile(r"([1-9][0-9]{4,7})\.0\.[0-9]{1,9}\.0", re.ASCII)
_NODES = (
    re.compile(r"getid\">\s{0,9}([1-9][0-9]{4,8})(?![0-9])", re.ASCII),
    re.compile(r"\bnid\s{0,9}[=:]\s{0,9}[\"']?([1-9][0-9]{4,8})(?![0-9])", re.ASCII),
)
# `category` is the column's name, `content` an article's
_DATA_TYPES = frozenset({"", "ds"})

# Neither articles nor lists; dated folders hold articles only.
_NOT_COLUMNS = re.compile(
    r"/(?:titlepic|ad|static|skin|[0-9]{4}(?:css|js|images?))/"
    r"|/(?:zhuanti|topic|zt)/[^/]*/"
    r"|/[0-9]{4}-[0-9]{2}/[0-9]{2}/|/[0-9]{8}/"
    r"|/(?:top|xlright|webSkipping|4G|pc)\.htm\Z",
    re.ASCII,
)
_NOT_COLUMN_HOSTS = frozenset({"forum.home.news.cn", "info.search.news.cn", "so.news.cn"})
_FRONT_PAGES = frozenset({"/", "/index.htm", "/index.html"})


@dataclass(frozen=True, slots=True)
class ListPage:
    """What a list page gives, everything in document order and once.

    `data_sources`: addresses of `ds_` files; `node_ids`: list API nodes; `columns`: pages of the
    same region that may be lists; `next_pages`: this list's next page, as its pager has it. The
    pages of a pager are no columns. `refused`: so many links were not understood.
    """

    links: list[ListLink]
    data_sources: list[str]
    node_ids: list[str]
    columns: list[str]
    next_pages: list[str]
    title: str | None
    refused: int


def classify(page: Page) -> Literal["list", "datasource", "nodeart"]:
    """Which reader a list source's answer is for, by its address, then by its first byte."""
    path = page.url.partition("?")[0]
    if path.endswith(("/nodeart/list", "/nodeart/page")):
        return "nodeart"
    if path.endswith(".json") or page.body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "datasource"
    return "list"


def read_list(page: Page) -> ListPage:
    """The links of an HTML list page. Raises ListError when there is nothing to follow on it.

    Hidden links count: the main site's are there for crawlers.
    """
    if not page.body.strip():
        raise ListError("no bytes")
    try:
        doc = Document.of(page)
    except NotAnArticle as error:
        raise ListError(error.detail) from error
    if doc.source.count("<") > _MAX_TAGS:
        raise ListError("more tags than any list page")
    own = urls.canonical(page.url)
    anchors = _anchors(doc, own)
    pager = read_pager([one for one in anchors if _is_beside(one.url, own)], own)
    columns = dict.fromkeys(one.url for one in anchors if one.url not in pager.pages)
    links, refused = _links(doc)
    found = ListPage(
        links=links,
        data_sources=list(dict.fromkeys(_data_sources(doc))),
        node_ids=list(dict.fromkeys(_node_ids(doc))),
        columns=_columns([*columns, *pager.others], own),
        next_pages=pager.following,
        title=collapse(doc.text("title")) or None,
        refused=refused,
    )
    if not (found.links or found.data_sources or found.node_ids or found.columns):
        raise ListError("nothing on it leads to an article, a list or a data file")
    return found


def _links(doc: Document) -> tuple[list[ListLink], int]:
    """Article links, and how many others were refused. A date beside a link is its own if its list
    item links that article only."""
    links = Links(doc.base)
    times: dict[str, str] = {}
    items: list[tuple[set[str], list[str]]] = [(set(), [])]
    todo: list[Node | None] = [doc.tree.root]  # None: the end of an item
    while todo:
        node = todo.pop()
        if node is None:
            addresses, dates = items.pop()
            if len(addresses) == 1 and dates:
                times.setdefault(addresses.pop(), dates[0])
        elif node.tag in _LINKS:
            if address := links.add(_href(node), _link_text(node)):
                items[-1][0].add(address)
        elif node.is_text_node:
            if time := find_time(node.text_content or ""):
                items[-1][1].append(time)
        elif node.is_element_node and node.tag not in _SKIPPED:
            if node.tag in _ITEMS:
                items.append((set(), []))
                todo.append(None)
            todo.extend(list(children(node))[::-1])
    return [replace(link, time=times.get(link.url)) for link in links.all()], links.refused


def _link_text(node: Node) -> str:
    """The link's text; its title where the text is cut off, and for pictures."""
    text = visible_text(node).strip()
    if text and not text.endswith(("…", "...")):
        return text
    image = node.css_first("img[alt]")
    alt = image.attributes.get("alt") if image is not None else None
    return node.attributes.get("title") or text or alt or ""


def _anchors(doc: Document, own: str) -> list[Anchor]:
    """The page's links to other pages in scope that are no articles."""
    found = []
    for node in doc.all("a[href], area[href]"):
        url = _absolute(doc, node)
        if url is not None and url != own and urls.article(url) is None:
            found.append(Anchor(url, visible_text(node)))
    return found


def _is_beside(url: str, own: str) -> bool:
    """Whether an address is of the page's host, with or without www, or of its region."""
    region = region_of_url(own)
    is_near = region is not None and region_of_url(url) == region
    return is_near or _bare_host(url) == _bare_host(own)


def _columns(found: Iterable[str], own: str) -> list[str]:
    """Those of the addresses, of the page's region, that may be lists. Front pages are the
    registry's business."""
    region = region_of_url(own)
    own_host = _bare_host(own)
    fronts = {_bare_host(url) for url in region.lists} if region else {own_host}
    columns = []
    for url in found:
        if not _may_be_list(url):
            continue
        is_near = region_of_url(url) == region if region else _bare_host(url) == own_host
        is_front = urlsplit(url).path in _FRONT_PAGES and _bare_host(url) in fronts
        if is_near and not is_front:
            columns.append(url)
    return columns


def _may_be_list(url: str) -> bool:
    parts = urlsplit(url)
    name = parts.path.rpartition("/")[2]
    return (
        not parts.query
        and parts.netloc not in _NOT_COLUMN_HOSTS
        and ("." not in name or name.endswith((".htm", ".html")))
        and not _NOT_COLUMNS.search(parts.path)
    )


def _data_sources(doc: Document) -> Iterator[str]:
    """`data="datasource:<32 hex>" preview="…ds_"`: below the page's folder, or, where preview
    names a folder (page of Hebei, 2024) or is absent (the main site's lists), below the root."""
    for node in doc.all('[data^="datasource:"]'):
        found = _DATA.fullmatch(node.attributes.get("data") or "")
        if found is None or (node.attributes.get("datatype") or "").strip() not in _DATA_TYPES:
            continue
        preview = (node.attributes.get("preview") or "/ds_").strip()
        base = urls.join(doc.url, "/" if "/" in preview else ".")
        url = urls.join(base or doc.url, f"{preview}{found[1]}.json")
        if url and urls.in_scope(url):
            yield urls.canonical(url)


def _node_ids(doc: Document) -> Iterator[str]:
    """List API nodes: the mobile lists' input, scripts, and the page's own."""
    value = doc.maybe("input#nid")
    found = _NODE.fullmatch((value.attributes.get("value") or "").strip()) if value else None
    if found:
        yield found[0]
    for pattern in _NODES:
        yield from pattern.findall(doc.source)
    if own := _PUBLISHID.fullmatch(doc.metas.get("publishid", "").strip()):
        yield own[1]


def _absolute(doc: Document, node: Node) -> str | None:
    url = urls.join(doc.base, _href(node))
    return urls.canonical(url) if url and urls.in_scope(url) else None


def _href(node: Node) -> str:
    return node.attributes.get("href") or ""


def _bare_host(url: str) -> str:
    return (urls.host_of(url) or "").removeprefix("www.")
