"""Pictures of the article that stand outside its content container.

They come out as blocks, with captions and credits, before and after those of the text. Templates of
2009 and before keep the picture in an element of its own (`#Image`), tables in a cell above the
text.

Which picture is the article's is told by its address: it lies in the article's folder, bears the
article's number or content id, or is called xin_<digits> or xinsrc_<digits> as in 2009; the site's
own pictures and those of other articles are not. One in a link to a page is a list's or an
advertisement's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler import labels, urls
from crawler.items import BlockKind
from crawler.pages.blocks import has_cut_name, marked_nodes, read_nodes
from crawler.pages.document import (
    UNSEEN,
    around_and,
    css_name,
    elements_around,
    is_hidden,
    is_shown,
    visible_text,
)
from crawler.pages.media_urls import image_url, is_furniture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crawler.items import Block, Removed
    from crawler.pages.blocks import MarkedNode
    from crawler.pages.document import Document, Node
    from crawler.urls import ArticleUrl

_OF_2009 = re.compile(r"xin(?:src)?_\d{4,}\w*\.(?:jpe?g|gif|png|bmp)", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|gif|png|bmp|webp)$", re.IGNORECASE)
_OWN_ELEMENTS = "#Image, #image"

# Pictures of a page that are looked at, and of them those that are the article's.
_MOST_LOOKED_AT = 500
_MOST = 60

# Characters beside a picture; more are a text, or another part of the page.
_LONGEST_CAPTION = 400

# Elements around a picture that may be its own: figure, cell, row, table.
_HIGHEST = 12

# Elements around a picture among which its link is looked for first.
_NEAREST = 3

# Lines under a picture's element that may be its caption and credit.
_MOST_LINES = 3

_CREDIT = re.compile(
    rf"(?:{labels.PHOTO_AGENCY}|{labels.REPORTER})[^。，]{{0,24}}摄\s?[)）]?\s?[。.]?\s*$"
)
_CAPTION = re.compile(
    r"摄\s?[)）]?\s?[。.]?\s*$|供图|图为|[上下左右]图|新华[社网](?:发|记者|照片|资料)|资料(?:图|照)片"
)


@dataclass(slots=True)
class Beside:
    """The blocks before and after the text, and what was cut of them."""

    before: list[Block] = field(default_factory=list)
    after: list[Block] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)


def pictures_beside(
    doc: Document, container: Node, inside: set[int], fields: Iterable[Node]
) -> Beside:
    """The article's pictures outside its container.

    `inside`: the `mem_id`s of the container's elements; `fields`: the elements of title and time.
    """
    found = Beside()
    images = _images(doc, container, inside)
    if not images:
        return found
    before = _before(container)
    frames = _frames(container, inside, fields)
    others = set(frames)
    shown = {url for image in container.css("img") if (url := image_url(image, doc))}
    taken: set[int] = set()
    for image in images[:_MOST]:
        url = image_url(image, doc)
        if url is None or url in shown or image.mem_id in taken:
            continue
        nodes = _with_caption(doc, _box(image, doc, others), others)
        taken.update(inner.mem_id for node in nodes for inner in node.traverse())
        blocks, removed = _read(doc, nodes)
        if _stands_in(nodes[0], frames) or _is_proven(image, blocks, doc):
            shown.update(block.url for block in blocks if block.url)
            (found.before if around_and(nodes[0]) & before else found.after).extend(blocks)
            found.removed += removed
    return found


def _frames(container: Node, inside: set[int], fields: Iterable[Node]) -> set[int]:
    """The elements around the container, and around title and time outside it."""
    outside = (around_and(node) for node in fields if node.mem_id not in inside)
    return around_and(container).union(*outside)


def _stands_in(node: Node, elements: set[int]) -> bool:
    """Whether an element is the child of one of these."""
    return node.parent is not None and node.parent.mem_id in elements


def _images(doc: Document, container: Node, inside: set[int]) -> list[Node]:
    """The pictures outside the container that bear the article's address, or stand in an element
    that is named for them."""
    marks = _Marks.of(doc, container, inside)
    return [
        image
        for image in doc.all("img")[:_MOST_LOOKED_AT]
        if image.mem_id not in inside and marks.prove(image, doc) and not _is_others(image, doc)
    ]


@dataclass(frozen=True, slots=True)
class _Marks:
    """By what a picture of an article is known: its address, its day, a name of 2009; the element
    of its own that it stands in; a photo credit beside it, in elements that aren't `around` the
    container (which is empty where the page has no such credit).

    `in_addresses`: what addresses of its pictures have, one of them each, if they name a folder.
    """

    article: ArticleUrl | None
    in_addresses: tuple[str, ...]
    named: frozenset[int]
    around: frozenset[int]

    @classmethod
    def of(cls, doc: Document, container: Node, inside: set[int]) -> _Marks:
        around = around_and(container)
        element = doc.maybe(_OWN_ELEMENTS)
        is_beside = element is not None and element.mem_id not in inside | around
        images = element.css("img") if element is not None and is_beside else ()
        article = urls.article(doc.url)
        in_addresses = ["/xin"]
        if article is not None:
            in_addresses.append(article.id)
            in_addresses += [f"{article.day:%Y-%m/%d}/"] if article.day is not None else []
        return cls(
            article,
            tuple(in_addresses),
            frozenset(image.mem_id for image in images),
            frozenset(around if "摄" in doc.source else ()),
        )

    def prove(self, image: Node, doc: Document) -> bool:
        """Whether a picture may be the article's. Of most, the address alone tells that they
        aren't."""
        source = image.attributes.get("src")
        if not source or not (self.around or self.named or self._may_name(source)):
            return False
        if _is_linked(image, "/" if self.article is None else self.article.id):
            return False
        if image.mem_id in self.named:
            return True
        if self._may_name(source) and _is_own(source, doc, self.article):
            return True
        return bool(self.around) and _has_credit(image, self.around)

    def _may_name(self, source: str) -> bool:
        """Whether a picture's address has what those of the article have."""
        return "/" not in source or any(text in source for text in self.in_addresses)


def _has_credit(image: Node, around: Collection[int]) -> bool:
    """Whether a picture shares an element with little but a photo credit."""
    for element in islice(elements_around(image), _NEAREST):
        if element.mem_id in around:
            break
        text = (element.text() or "").strip()
        if len(text) > _LONGEST_CAPTION:
            break
        if "摄" in text:
            return _CREDIT.search(text) is not None
    return False


def _is_linked(image: Node, number: str) -> bool:
    """Whether a picture stands in a link that leads neither to a picture nor to the article."""
    for element in islice(elements_around(image), _NEAREST):
        if element.tag == "a":
            href = element.attributes.get("href") or ""
            return "/" in href and number not in href and not _PICTURE.search(href)
    return False


def _is_own(source: str, doc: Document, own: ArticleUrl | None) -> bool:
    """Whether a picture's address shows that it is the article's."""
    name = source.rpartition("/")[2]
    if is_furniture(name) or not _PICTURE.search(name):
        return False
    url = doc.absolute(source)
    path = "" if url is None else urlsplit(url).path
    if path == urlsplit(doc.base).path.rpartition("/")[0] + "/" + name or _OF_2009.fullmatch(name):
        return True
    if own is None or "/titlepic/" in path:
        return False
    content_id = f"{own.day:%Y%m%d}{own.id}" if own.day is not None else own.id
    return name.startswith((own.id, content_id))


def _is_others(image: Node, doc: Document) -> bool:
    """Whether a picture isn't seen, leads to a page, or stands in a part that is cut."""
    return any(
        node.tag in UNSEEN
        or is_hidden(node.attributes)
        or has_cut_name(node)
        or (node.tag == "a" and _leads_away(node, doc))
        for node in chain([image], elements_around(image))
    )


def _leads_away(link: Node, doc: Document) -> bool:
    """Whether a link leads to a page; one to a picture or to the article's next page doesn't."""
    url = doc.absolute(link.attributes.get("href"))
    if url is None or _PICTURE.search(urlsplit(url).path):
        return False
    own, other = urls.article(doc.url), urls.article(url)
    return own is None or other is None or own.id != other.id or own.page == other.page


def _box(image: Node, doc: Document, others: set[int]) -> Node:
    """The largest element around a picture that holds only it, its like and what is told of them.

    What holds more is noted in `others`.
    """
    box = image
    for around in islice(elements_around(image), _HIGHEST):
        if around.mem_id in others:
            break
        if not _holds_pictures(around, doc):
            others.update(around_and(around))
            break
        box = around
    return box


def _holds_pictures(node: Node, doc: Document) -> bool:
    links = node.css("a[href]")
    if len(links) > _MOST or any(_leads_away(link, doc) for link in links):
        return False
    return len((node.text() or "").strip()) <= _LONGEST_CAPTION * len(node.css("img"))


def _with_caption(doc: Document, box: Node, others: set[int]) -> list[Node]:
    """An element of pictures, and the lines right under it that tell of them."""
    nodes = [box]
    waiting: list[Node] = []
    lines = 0
    below = box.next
    while below is not None and lines < _MOST_LINES and below.mem_id not in others:
        text = (below.text_content or "") if below.is_text_node else visible_text(below)
        if not text.strip():
            if below.is_element_node and (below.tag == "img" or below.css_first("img")):
                break
            waiting.append(below)
        elif not _is_caption(doc, below, text.strip()):
            break
        else:
            nodes += [*waiting, below]
            waiting = []
            lines += 1
        below = below.next
    return nodes


def _is_caption(doc: Document, node: Node, text: str) -> bool:
    """Whether a line under a picture is marked or looks as captions do, or names who took it."""
    if len(text) > _LONGEST_CAPTION or (node.is_element_node and not is_shown(node)):
        return False
    if _CAPTION.search(text):
        return True
    return node.is_element_node and node.css_first("a, img") is None and _looks_apart(doc, node)


def _looks_apart(doc: Document, node: Node) -> bool:
    blocks, _ = read_nodes(doc, [node], "", {})
    return bool(blocks) and all(block.is_caption or block.is_set_apart for block in blocks)


def _is_proven(image: Node, blocks: list[Block], doc: Document) -> bool:
    """Whether a picture among other things is the article's beyond its folder, in which the
    pictures of all the day's articles lie: by a credit, its element or the article's number."""
    own = urls.article(doc.url)
    source = image.attributes.get("src") or ""
    element = doc.maybe(_OWN_ELEMENTS)
    return (
        any(_CAPTION.search(block.text) for block in blocks)
        or (own is not None and own.id in source.rpartition("/")[2])
        or (element is not None and element.mem_id in around_and(image))
    )


def _read(doc: Document, nodes: list[Node]) -> tuple[list[Block], list[Removed]]:
    """The blocks of pictures found beside the text; the lines among them are captions."""
    marked: dict[int, MarkedNode] = {}
    for node in nodes:
        if node.is_element_node:
            marked |= marked_nodes(doc, node)
    where = css_name(nodes[0]) if nodes[0].is_element_node else "beside the content"
    blocks, removed = read_nodes(doc, nodes, where, marked)
    return [
        replace(block, is_caption=True) if block.kind is BlockKind.TEXT else block
        for block in blocks
    ], removed


def _before(container: Node) -> set[int]:
    """The elements before the container, in any element around it."""
    found = set()
    for node in chain([container], elements_around(container)):
        earlier = node.prev
        while earlier is not None:
            found.add(earlier.mem_id)
            earlier = earlier.prev
    return found
