"""The fallback: reads pages that no layout claims, or several do.

The content is where the prose is: for each element the characters and commas of its own running
text outside links, counted in one pass from the leaves up, as readers' modes of browsers do it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.items import Evidence
from crawler.layouts.layout import Selectors, read_with
from crawler.pages import page_metadata
from crawler.pages.blocks import player_of
from crawler.pages.document import (
    LINES,
    children,
    collapse,
    elements_around,
    is_shown,
    only_links,
    visible_text,
)
from crawler.pages.header import DATE, SOURCE
from crawler.pages.media_urls import film_url

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document, Node

# What prose has, and names and labels have not.
_PROSE = re.compile(r"[，。；：、！？,;]")

# Prose that every page carries and that would outweigh a short article.
_BOILERPLATE = re.compile(
    r"凡本网|本网站?(?:转载|注明|授权|同意)|[与同]本网站?联系|联系方式|版权(?:归|均|所有)|免责|许可证|制作单位"
    r"|copyright|©",
    re.IGNORECASE,
)

# A title tag that is cut short, or names only the site; headings that are held against it.
_CUT_SHORT = re.compile(r"(.{4,200}?)\s?(?:\.{3}|…)")
_SITE_ALONE = re.compile(r"(?:新华网)?\w{0,6}(?:频道)?|新华网.{0,2}\w{0,6}频道")
_HEADINGS = 8

_FILM = "video, [video_src], iframe.pageVideo, iframe[src*='player'], .video-url"

# Characters of a run of text that counts as prose, with a comma or full stop in it; the fewer where
# nothing longer is found, and for sentences beside longer prose.
_SHORTEST = 20
_SHORTEST_OF_ALL = 8

_SENTENCE_ENDS = tuple("。！？…”")

_LINE_OF_ITS_OWN = ("p", "center", "span", "font")

# Elements around a text that are looked at.
_HIGHEST = 16

_NAMED = Selectors(
    body=(),
    title=("h1",),
    time=(".time", "#pubtime", ".pubtime", ".date"),
    source=("#source", ".source"),
    author_lines=True,
)


def read_fallback(doc: Document) -> Draft:
    """The Draft of the densest element; no blocks where there is neither prose nor film."""
    container = densest(doc)
    if container is None:
        draft = page_metadata.start(doc, "fallback")
    else:
        draft = read_with(doc, "fallback", _NAMED, container, "densest element")
    if draft.title_tag:
        draft.title = _heading(doc, draft.title_tag) or Evidence(draft.title_tag, "title")
    return draft


def _heading(doc: Document, tag: str) -> Evidence | None:
    """The heading that the title tag repeats, or cuts short; the first one where the tag names only
    the site.

    A heading that the tag doesn't know is another's, a channel's or a list's.
    """
    tag = collapse(tag).strip()
    begun = _CUT_SHORT.match(tag)
    for node in doc.all("h1, h2")[:_HEADINGS]:
        text = collapse(visible_text(node)).strip()
        if not text or only_links(node):
            continue
        cut_short = begun is not None and text.startswith(begun[1])
        if (text in tag and len(text) > len(tag) // 3) or cut_short or _SITE_ALONE.fullmatch(tag):
            return Evidence(visible_text(node).strip(), node.tag or "")
    return None


def densest(doc: Document) -> Node | None:
    """The element that holds most prose directly or one level of paragraphs below.

    On a page without prose it is the element that holds its first film; without a film, too, short
    lines count where a page names its source and day.
    """
    body = doc.tree.body
    if body is None:
        return None
    found = _Density(_SHORTEST).densest(body)
    if found is None:
        film = next((film for film in body.css(_FILM) if film_url(film, doc)), None)
        found = None if film is None else _around(player_of(film, body))
    if found is None and SOURCE.search(doc.source) and DATE.search(doc.source):
        found = _Density(_SHORTEST_OF_ALL).densest(body)
    return found


def _around(player: Node) -> Node | None:
    """The element that holds a player's paragraph and those beside it."""
    return next((one for one in elements_around(player) if one.tag not in _LINE_OF_ITS_OWN), None)


class _Density:
    """How much prose of at least so many characters a run stands in and below each element."""

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._score: dict[int, float] = {}
        self._nodes: dict[int, Node] = {}
        self._paragraphs: dict[int, bool] = {}
        self._found = False

    def densest(self, body: Node) -> Node | None:
        todo = [(body, body)]
        while todo:
            node, block = todo.pop()
            for child in children(node):
                if child.is_text_node:
                    self._credit(child, block)
                elif is_shown(child) and child.tag != "a":
                    todo.append((child, child if _starts_block(child) else block))
        if not self._found:
            return None
        return self._nodes[max(self._score, key=lambda key: self._score[key])]

    def _credit(self, text: Node, block: Node) -> None:
        """Prose counts for its block, most for the one that holds paragraphs, less further out."""
        said = collapse(text.text_content or "").strip()
        if not self._is_prose(said):
            return
        self._found = self._found or len(said) >= self._shortest
        shares = [0.9, 1.0, 0.5, 0.25] if self._is_paragraph(block) else [1.0, 0.5, 0.25]
        around: Node | None = block
        for _ in range(_HIGHEST):
            if not shares or around is None:
                break
            score = self._score.get(around.mem_id, 0.0)
            self._score[around.mem_id] = score + len(said) * shares[0]
            self._nodes[around.mem_id] = around
            if around is block or (_starts_block(around) and not _only_wraps(around)):
                shares.pop(0)
            around = around.parent

    def _is_prose(self, said: str) -> bool:
        """Whether a run of text is long enough, and neither boilerplate nor a line with source and
        day."""
        is_sentence = said.endswith(_SENTENCE_ENDS)
        if len(said) < (_SHORTEST_OF_ALL if is_sentence else self._shortest):
            return False
        if not _PROSE.search(said) or _BOILERPLATE.search(said):
            return False
        return not (SOURCE.search(said) and DATE.search(said))

    def _is_paragraph(self, block: Node) -> bool:
        """Whether a block is a `<p>` or, like one, holds only one line."""
        if block.tag == "p":
            return True
        if block.mem_id not in self._paragraphs:
            self._paragraphs[block.mem_id] = block.tag != "td" and not any(
                child.tag == "br" or _starts_block(child) for child in children(block)
            )
        return self._paragraphs[block.mem_id]


def _starts_block(node: Node) -> bool:
    return node.tag in LINES or node.tag == "td"


def _only_wraps(node: Node) -> bool:
    """Whether an element holds nothing but one other: no level of its own."""
    inside = 0
    for child in children(node):
        if child.is_element_node:
            inside += 1
        if inside > 1 or (child.is_text_node and (child.text_content or "").strip()):
            return False
    return True
