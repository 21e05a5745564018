"""What every layout shares: to tell whether it claims a page, and to read the page's Draft.

A layout is one generation of a template, recognised by evidence in the page, never by date or
address. A layout's file says which selectors prove it and where its fields stand; `read_with` reads
them, also for the fallback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.items import BlockKind, Evidence, Removed
from crawler.pages import page_metadata
from crawler.pages.blocks import MarkedNode, marked_nodes, read_blocks
from crawler.pages.document import collapse, shows_text
from crawler.pages.errors import NotAnArticle
from crawler.pages.header import (
    DATE,
    EDITOR,
    SOURCE,
    Header,
    ShownFields,
    find,
    find_byline,
    find_time_line,
    lines_around,
    take_editor_lines,
    take_header_lines,
)
from crawler.pages.notices_beside import notices_beside
from crawler.pages.pictures_beside import pictures_beside

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document, Node

# A content container with so many links, and so much of its text in them, is a list.
_MANY_LINKS = 15
_LINK_SHARE = 0.6

# The rule, in `removed`, of what a layout says is furniture.
_FURNITURE = "furniture"


@dataclass(frozen=True, slots=True)
class Selectors:
    """Where a template keeps its fields; of several, the first that shows text counts.

    `time_parts` are the pieces of a time split over elements, in reading order. `author_lines` says
    that the template prints 作者： around the text, in no element of its own. `cut` are elements
    within the text that are none of it, `furniture` its lines that all pages of the template bear.
    """

    body: tuple[str, ...]
    title: tuple[str, ...]
    time: tuple[str, ...] = ()
    time_parts: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    subtitle: str = "#subtitle, .subtitle"
    kicker: str = "#pretitle, .pretitle"
    crumbs: tuple[str, ...] = page_metadata.CRUMBS
    author_lines: bool = False
    cut: tuple[str, ...] = ()
    furniture: frozenset[str] = frozenset()


class Layout:
    """One generation of a template.

    `marks` must all match (each may be a selector list), `foreign` must not, `phrases` stand in the
    page's source.
    """

    name: str
    marks: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    selectors: Selectors

    def select(self, doc: Document) -> Selectors | None:
        """The selectors that hold for the page, or None when it isn't of this layout."""
        if any(doc.maybe(mark) is None for mark in self.marks):
            return None
        if any(doc.maybe(mark) is not None for mark in self.foreign):
            return None
        if all(doc.container(body) is None for body in self.selectors.body):
            return None
        return self.selectors if all(phrase in doc.source for phrase in self.phrases) else None

    def read(self, doc: Document, selectors: Selectors) -> Draft:
        """The fields of a page this layout claims, by what `select` gave for it."""
        container, where = _container(doc, selectors.body)
        return read_with(doc, self.name, selectors, container, where)


def _container(doc: Document, selectors: tuple[str, ...]) -> tuple[Node, str]:
    """The first container that shows text, but none around one that doesn't.

    A page may be all film, or emptied: what stands around its container is no text of the article.
    """
    empty: list[tuple[Node, str]] = []
    for selector in selectors:
        node = doc.container(selector)
        if node is None:
            continue
        inside = {inner.mem_id for inner in node.traverse()}
        if shows_text(node) and not any(other.mem_id in inside for other, _ in empty):
            return node, selector
        empty.append((node, selector))
    return empty[0]


def _is_links(container: Node, draft: Draft) -> bool:
    """Whether a container without a source holds little but links."""
    links = [len((link.text() or "").strip()) for link in container.css("a[href]")]
    return len(links) >= _MANY_LINKS and sum(links) > _LINK_SHARE * sum(
        len(block.text) for block in draft.blocks
    )


def read_with(doc: Document, name: str, selectors: Selectors, container: Node, where: str) -> Draft:
    """The Draft of a page whose content container is known."""
    draft = page_metadata.start(doc, name, selectors.crumbs)
    header = Header(doc, container)
    draft.title = header.title(selectors.title)
    if doc.maybe(f"{selectors.subtitle}, {selectors.kicker}") is not None:
        draft.subtitle = header.outside(selectors.subtitle)
        draft.kicker = header.outside(selectors.kicker)
    shown = _read_header(draft, header, selectors)
    marked = _furniture(doc, container, selectors) | marked_nodes(doc, container)
    marked |= header.marked()
    draft.blocks, removed = read_blocks(doc, container, where, marked)
    draft.removed = removed + header.removed
    _take_furniture(draft, selectors.furniture)
    if not shown.sources and _is_links(container, draft):
        raise NotAnArticle("list_page", "the content is links")
    take_header_lines(draft, shown)
    duty, plain = take_editor_lines(draft)
    shown.editors += duty
    if selectors.author_lines or not shown.is_complete:
        _read_around(draft, container, shown, has_editors=bool(plain))
    pictures = pictures_beside(doc, container, header.inside, header.fields)
    draft.blocks = [*pictures.before, *draft.blocks, *pictures.after]
    draft.removed += pictures.removed
    draft.beside = notices_beside(doc, container)
    page_metadata.put_visible(
        draft, times=shown.times, sources=shown.sources, keywords=header.tags()
    )
    draft.editors = shown.editors + plain
    return draft


def _furniture(doc: Document, container: Node, selectors: Selectors) -> dict[int, MarkedNode]:
    """The elements within the container that the layout says are none of its text."""
    found = (node for selector in selectors.cut for node in doc.all(selector, container))
    return {node.mem_id: MarkedNode("cut", _FURNITURE) for node in found}


def _take_furniture(draft: Draft, lines: frozenset[str]) -> None:
    """Take out the lines that the layout says are no text."""
    if not lines:
        return
    kept = []
    for block in draft.blocks:
        if block.kind is BlockKind.TEXT and collapse(block.text).strip() in lines:
            draft.removed.append(Removed(block.text.strip(), _FURNITURE, block.where))
        else:
            kept.append(block)
    draft.blocks = kept


def _read_header(draft: Draft, header: Header, selectors: Selectors) -> ShownFields:
    """What stands in elements of its own, and what shares one with time or source; within the
    container, a line."""
    shown = ShownFields(
        times=header.split_time(selectors.time_parts) + header.times(selectors.time),
        sources=header.sources(selectors.source),
        editors=header.editors(),
    )
    if header.is_within or not (shown.times and shown.sources):
        lines, where = header.lines(), "line of the time or source"
        dated = next(filter(DATE.search, lines), None)
        if dated:
            shown.times = shown.times or [Evidence(dated, where)]
        shown.sources = shown.sources or find(SOURCE, lines, where)
        shown.editors = shown.editors or find(EDITOR, lines, where)
        draft.bylines += find_byline(lines, where)
    return shown


def _read_around(draft: Draft, container: Node, shown: ShownFields, *, has_editors: bool) -> None:
    """What is lacking, and bylines, in the lines around the container. With `has_editors` plain
    编辑 is named in the text: then only 责任编辑 counts here."""
    before, after = lines_around(container, near=shown.is_complete)
    shown.times = shown.times or find_time_line(before, after)
    sides = ((before, "line before the content"), (after, "line after the content"))
    for lines, place in sides:
        shown.sources = shown.sources or find(SOURCE, lines, place)
    for lines, place in reversed(sides):
        found = [] if shown.editors else find(EDITOR, lines, place)
        shown.editors += [one for one in found if "责" in one.text or not has_editors]
        draft.bylines += find_byline(lines, place)
