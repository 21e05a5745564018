"""Read: pages no layout claims, or several do. In: a document. Out: a Draft marked `fallback`.

The content is where the prose is: for each element the characters and commas of its own running
text outside links, counted in one pass from the leaves up, as readers' modes of browsers do it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.items import Evidence
from crawler.pages import facts
from crawler.pages.document import LINES, children, is_shown, squeeze
from crawler.pages.evidence import DATE, SOURCE
from crawler.pages.layout import Selectors, read_with
from crawler.pages.media import film_url
from crawler.pages.parts import player_of

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document, Node

_PROSE = re.compile(r"[，。；：、！？,;]")
_BOILERPLATE = re.compile(
    r"凡本网|本网站?(?:转载|注明|授权|同意)|版权(?:归|均|所有)|免责|许可证|制作单位|copyright|©",
    re.IGNORECASE,
)
"""Prose that every page carries and that would outweigh a short article."""

_FILM = "video, [video_src], iframe.pageVideo, .video-url"
_SHORTEST = 20
"""Characters of a run of text that counts as prose; with a comma or full stop in it."""

_NAMED = Selectors(
    body=(),
    title=("h1",),
    time=(".time", "#pubtime", ".pubtime", ".date"),
    source=("#source", ".source"),
    author_lines=True,
)


def read(doc: Document) -> Draft:
    """The Draft of the densest element; no blocks where there is neither prose nor film."""
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
    """The element that holds most prose directly or one level of paragraphs below.

    On a page without prose, the element that holds its first film.
    """
    body = doc.tree.body
    if body is None:
        return None
    score: dict[int, float] = {}
    nodes: dict[int, Node] = {}
    todo = [(body, body)]
    while todo:
        node, block = todo.pop()
        for child in children(node):
            if child.is_text_node:
                _credit(child, block, score, nodes)
            elif is_shown(child) and child.tag != "a":
                todo.append((child, child if _starts_block(child) else block))
    if not score:
        film = next((film for film in body.css(_FILM) if film_url(film, doc)), None)
        return None if film is None else player_of(film, body).parent
    return nodes[max(score, key=lambda key: score[key])]


def _starts_block(node: Node) -> bool:
    return node.tag in LINES or node.tag == "td"


def _credit(text: Node, block: Node, score: dict[int, float], nodes: dict[int, Node]) -> None:
    """Prose counts for its block, most for the block that holds paragraphs, less further out."""
    said = squeeze(text.text_content or "").strip()
    if len(said) < _SHORTEST or not _PROSE.search(said) or _BOILERPLATE.search(said):
        return
    if SOURCE.search(said) and DATE.search(said):
        return
    shares = [0.9, 1.0, 0.5, 0.25] if block.tag == "p" else [1.0, 0.5, 0.25]
    around: Node | None = block
    while shares and around is not None:
        score[around.mem_id] = score.get(around.mem_id, 0.0) + len(said) * shares[0]
        nodes[around.mem_id] = around
        if _starts_block(around):  # font and span are no level of their own
            shares.pop(0)
        around = around.parent
