"""Read: the engine every layout shares. In: a document. Out: whether it is claimed, and its Draft.

A layout is one generation of a template, recognised by evidence in the page, never by date or
address. A layout's file says which selectors prove it and where its fields stand; the rest is here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from crawler.items import Block, BlockKind, Draft, Evidence, Removed
from crawler.pages import facts
from crawler.pages.blocks import Part, read_blocks
from crawler.pages.document import squeeze, visible_text
from crawler.pages.evidence import (
    BYLINE,
    DATE,
    EDITOR,
    EDITOR_LINE,
    LONGEST,
    SOURCE,
    find,
    find_time,
    labelled,
    lines_around,
)
from crawler.pages.parts import EDITORS, TAGS, parts_of

if TYPE_CHECKING:
    from crawler.pages.document import Document, Node

_CORRECTION = (".tiyi1", ".advise")
_HEADER_BLOCKS = 6
"""Paragraphs at the head of a container among which its information line may stand."""


@dataclass(frozen=True, slots=True)
class Selectors:
    """Where a template keeps its fields; of several, the first that shows text counts.

    `time_parts` are the pieces of a time split over elements, in reading order.
    """

    body: tuple[str, ...]
    title: tuple[str, ...]
    time: tuple[str, ...] = ()
    time_parts: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    subtitle: tuple[str, ...] = ("#subtitle", ".subtitle")
    kicker: tuple[str, ...] = ("#pretitle", ".pretitle")


class Layout:
    """One generation of a template.

    `marks` must all match (each may be a selector list), `foreign` must not, `phrases` stand in the
    page's source.
    """

    name: ClassVar[str]
    marks: ClassVar[tuple[str, ...]]
    foreign: ClassVar[tuple[str, ...]] = ()
    phrases: ClassVar[tuple[str, ...]] = ()
    selectors: ClassVar[Selectors]

    def claims(self, doc: Document) -> bool:
        """Whether the page proves to be of this layout."""
        return self.select(doc) is not None

    def select(self, doc: Document) -> Selectors | None:
        """The selectors that hold for the page, or None when it isn't of this layout."""
        if (
            all(doc.maybe(mark) is not None for mark in self.marks)
            and all(doc.maybe(mark) is None for mark in self.foreign)
            and all(phrase in doc.source for phrase in self.phrases)
        ):
            return self.selectors
        return None

    def read(self, doc: Document) -> Draft:
        """The fields of a page this layout claims."""
        selectors = self.select(doc)
        if selectors is None:
            raise ValueError(f"{self.name} doesn't claim {doc.url}")
        container, where = _container(doc, selectors.body)
        return read_with(doc, self.name, selectors, container, where)


def _container(doc: Document, selectors: tuple[str, ...]) -> tuple[Node, str]:
    found = doc.first(selectors)
    if found is not None:
        return found
    for selector in selectors:
        node = doc.maybe(selector)
        if node is not None:
            return node, selector
    raise ValueError(f"no content container in {doc.url}")


def read_with(doc: Document, name: str, selectors: Selectors, container: Node, where: str) -> Draft:
    """The Draft of a page whose content container is known."""
    draft = facts.start(doc, name)
    parts = parts_of(container)
    within = {node.mem_id for node in container.traverse()}
    used: list[Node] = []

    draft.title = _first(doc, selectors.title, used)
    draft.subtitle = _first(doc, selectors.subtitle, used)
    draft.kicker = _first(doc, selectors.kicker, used)
    times = _split_time(doc, selectors.time_parts, used)
    times += [e for e in _each(doc, selectors.time, used) if DATE.search(e.text)]
    sources = [
        Evidence(labelled(SOURCE, e.text) or e.text, e.where)
        for e in _each(doc, selectors.source, used)
        if not SOURCE.fullmatch(e.text)
    ]
    _mark_header(container, used, within, parts)
    editors, corrections = _editors(doc, within)
    draft.blocks, draft.removed = read_blocks(doc, container, where, parts)
    draft.removed += corrections
    _take_header_lines(draft, times, sources)
    _take_editor_lines(draft, editors)

    if not (times and sources and editors):
        before, after = lines_around(doc, container)
        if not times and (time := find_time(before)):
            times.append(time)
        if not sources and (source := find(SOURCE, before, "line before the content")):
            sources.append(source)
        if not sources and (source := find(SOURCE, after[:5], "line after the content")):
            sources.append(source)
        for lines, place in (
            (after, "line after the content"),
            (before, "line before the content"),
        ):
            if not editors and (editor := find(EDITOR, lines, place)):
                editors.append(editor)
            if byline := find(BYLINE, lines, place):
                draft.bylines.append(byline)

    facts.visible(draft, "times", times)
    facts.visible(draft, "sources", sources)
    facts.visible(draft, "keywords", _tags(doc))
    draft.editors = editors
    return draft


def _first(doc: Document, selectors: tuple[str, ...], used: list[Node]) -> Evidence | None:
    found = doc.first(selectors)
    if found is None:
        return None
    used.append(found[0])
    return Evidence(visible_text(found[0]).strip(), found[1])


def _each(doc: Document, selectors: tuple[str, ...], used: list[Node]) -> list[Evidence]:
    found = []
    for selector in selectors:
        node = doc.maybe(selector)
        text = "" if node is None else visible_text(node).strip()
        if node is not None and text and len(text) <= LONGEST * 2:
            used.append(node)
            found.append(Evidence(text, selector))
    return found


def _split_time(doc: Document, selectors: tuple[str, ...], used: list[Node]) -> list[Evidence]:
    """`<em> 2023</em>`, `<em> 11</em>/<em> 17</em>`, `20:52:15` as "2023 11/17 20:52:15"."""
    nodes = [node for selector in selectors if (node := doc.maybe(selector)) is not None]
    pieces = [re.sub(r"\s+", "", visible_text(node)) for node in nodes]
    if len(nodes) < 2 or not all(pieces):
        return []
    used += nodes
    return [Evidence(" ".join(pieces), ", ".join(selectors))]


def _mark_header(
    container: Node, used: list[Node], within: set[int], parts: dict[int, Part]
) -> None:
    """Title, time and source may stand in the container: fields, and their labels no text."""
    for node in used:
        if node.mem_id not in within or node.mem_id == container.mem_id:
            continue
        parts[node.mem_id] = Part("field")
        parent = node.parent
        while parent is not None and parent.mem_id in within and parent.mem_id != container.mem_id:
            if (
                len(visible_text(parent).strip()) > LONGEST
                or parent.css_first("p, img") is not None
            ):
                break
            parts.setdefault(parent.mem_id, Part("cut", "header", "header in the container"))
            parent = parent.parent


def _editors(doc: Document, within: set[int]) -> tuple[list[Evidence], list[Removed]]:
    found: list[Evidence] = []
    corrections: list[Removed] = []
    seen: set[int] = set()
    for selector in EDITORS:
        for node in doc.all(selector):
            if node.mem_id in seen:
                continue
            seen.update(n.mem_id for n in node.traverse())
            marks = next((m for s in _CORRECTION if (m := node.css(s))), [])
            text = visible_text(node, frozenset(m.mem_id for m in marks)).strip()
            if text:
                found.append(Evidence(text, selector))
            corrections += [
                Removed(cut, "correction", selector)
                for m in marks
                if m.mem_id in within and (cut := visible_text(m).strip())
            ]
    return found, corrections


def _tags(doc: Document) -> list[Evidence]:
    for selector in TAGS:
        node = doc.maybe(selector)
        names = (
            [visible_text(a).strip() for a in node.css("a, span > a")] if node is not None else []
        )
        names = list(dict.fromkeys(name for name in names if name))
        if node is not None and not names and (text := visible_text(node).strip()):
            names = [text]
        if names:
            return [Evidence(",".join(names), selector)]
    return []


def _take_header_lines(draft: Draft, times: list[Evidence], sources: list[Evidence]) -> None:
    """An information line at the head of the container is evidence, not text."""
    head = [b for b in draft.blocks if b.kind is BlockKind.TEXT][:_HEADER_BLOCKS]
    line = next(
        (
            b
            for b in head
            if len(b.text) <= LONGEST and DATE.search(b.text) and SOURCE.search(b.text)
        ),
        None,
    )
    if line is None:
        return
    title = squeeze(draft.title.text if draft.title else "").strip()
    above = head[: head.index(line)]
    taken = [line, *(b for b in above if title and squeeze(b.text).strip() == title)]
    if not times:
        times.append(Evidence(line.text, line.where))
    if not sources and (source := labelled(SOURCE, line.text)):
        sources.append(Evidence(source, line.where))
    _remove(draft, taken, "header")


def _take_editor_lines(draft: Draft, editors: list[Evidence]) -> None:
    """A paragraph that is nothing but 责任编辑：X is evidence, not text."""
    lines = [
        b
        for b in draft.blocks
        if b.kind is BlockKind.TEXT and len(b.text) <= 60 and EDITOR_LINE.fullmatch(b.text)
    ]
    editors += [Evidence(b.text.strip(), b.where) for b in lines]
    draft.blocks = [b for b in draft.blocks if not any(b is line for line in lines)]


def _remove(draft: Draft, blocks: list[Block], rule: str) -> None:
    draft.removed += [Removed(b.text.strip(), rule, b.where) for b in blocks]
    draft.blocks = [b for b in draft.blocks if not any(b is cut for cut in blocks)]
