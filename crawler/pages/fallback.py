"""Read: pages no layout claims, or several do. In: a document. Out: a Draft marked `fallback`.

The content is where the prose is: for each element the characters and commas of its own running
text outside links, counted in one pass from the leaves up, as readers' modes of browsers do it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.items import Evidence
from crawler.pages import facts
from crawler.pages.document import LINES, UNSEEN, children, is_hidden, squeeze
from crawler.pages.layout import Selectors, read_with

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document, Node

_PROSE = re.compile(r"[，。；：、！？,;]")
_SHORTEST = 20
"""Characters of a run of text that counts as prose; with a comma or full stop in it."""

_NAMED = Selectors(
    body=(),
    title=("h1",),
    time=(".time", "#pubtime", ".pubtime", ".date"),
    source=("#source", ".source"),
)


def read(doc: Document) -> Draft:
    """The Draft of the densest element; no blocks where there is no prose."""
    container = densest(doc)
    if container is None:
        draft = facts.start(doc, "fallback")
    else:
        draft = read_with(doc, "fallback", _NAMED, container, "densest element")
    title = draft.title
    if title is None or (draft.title_tag and squeeze(title.text) not in squeeze(draft.title_tag)):
        draft.title = Evidence(draft.title_tag, "title") if draft.title_tag else title
    return draft


def densest(doc: Document) -> Node | None:
    """The element that holds most prose directly or one level of paragraphs below."""
    body = doc.tree.body
    if body is None:
        return None
    score: dict[int, float] = {}
    nodes: dict[int, Node] = {}
    todo: list[Node] = [body]
    while todo:
        node = todo.pop()
        for child in children(node):
            if child.is_text_node:
                _credit(child, node, score, nodes)
            elif (
                child.is_element_node
                and child.tag not in UNSEEN
                and child.tag != "a"
                and not is_hidden(child.attributes)
            ):
                todo.append(child)
    if not score:
        return None
    return nodes[max(score, key=lambda key: score[key])]


def _credit(text: Node, parent: Node, score: dict[int, float], nodes: dict[int, Node]) -> None:
    """Prose counts for the nearest block, in full for the block around it, half for the next."""
    said = squeeze(text.text_content or "").strip()
    if len(said) < _SHORTEST or not _PROSE.search(said):
        return
    points = float(len(said))
    block: Node | None = parent
    while block is not None and block.tag not in LINES and block.tag != "td":
        block = block.parent
    share = 0.9 if block is not None and block.tag == "p" else 1.0
    while block is not None and share > 0.2:
        score[block.mem_id] = score.get(block.mem_id, 0.0) + points * share
        nodes[block.mem_id] = block
        block = block.parent
        share = 1.0 if share == 0.9 else share / 2
