"""Runs of lines outside the content container that may be the site's copyright notice.

They come out as evidence with their place; which of them are notices is told in
`pipelines/notices.py`. A page without a word of such a notice is not walked.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from crawler.items import Evidence
from crawler.pages.document import (
    LINES,
    around_and,
    children,
    collapse,
    css_name,
    elements_around,
    is_shown,
    visible_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.pages.document import Document, Node

# Every line of a notice that proves it has one of these: 凡本网注明, 本站转载, 免责声明, 未经授权,
# 均为新华网版权所有.
_SIGNS = ("本网", "声明", "未经", "均为新华", "本站")

# Every notice has one of these words, and a single character is found in a fiftieth of the time it
# takes to find a word.
_WORDS = {
    "权": re.compile("版权(?!所有)|[授侵]权|权益"),
    "载": re.compile("[转刊]载"),
    "声": re.compile("声明"),
    "仅": re.compile("仅(?:代表|供)"),
}

# Where a word of _WORDS and what must not follow it stand around its character.
_WORD_BEFORE, _WORD_AFTER = 1, 3

# Times a character is looked at for its word; where it stands more often, the page is walked.
_MOST_CHARACTERS = 200

# Elements whose children are looked at one by one; the site's pages take 10 to 30.
_MOST_LOOKED_INTO = 300

# Runs of lines that are taken; a notice is one or two.
_MOST = 40

# Neighbours of a line that may belong to its notice: a heading, whom to write to.
_BEFORE, _AFTER = 1, 3

# Neighbours between two lines of one notice, at most.
_GAP = 6

# Elements around a line and nothing else, at most.
_WRAPPERS = 4

# Elements around a line among which one with a name is looked for.
_NAMED_AROUND = 4

_BLOCKS = LINES | {"td", "th"}


def notices_beside(doc: Document, container: Node) -> list[Evidence]:
    """The runs of lines outside the container that may be a notice, in document order."""
    body = doc.tree.body
    if body is None or not _has_word(doc.source):
        return []
    around = around_and(container)
    found: list[Evidence] = []
    todo: list[tuple[Node, str]] = [(body, "before")]
    for _ in range(_MOST_LOOKED_INTO):
        if not todo or len(found) >= _MOST:
            break
        node, side = todo.pop()
        deeper: list[tuple[Node, str]] = []
        beside = _Side(node, side)
        for child in children(node):
            if child.mem_id not in around:
                beside.add(child)
                continue
            found += beside.evidence()
            deeper += beside.deeper
            if child.mem_id != container.mem_id:
                deeper.append((child, "before"))
            beside = _Side(node, "after")
        found += beside.evidence()
        todo.extend(reversed(deeper + beside.deeper))
    return found


class _Side:
    """The children of an element on one side of the content. `deeper` are those to be looked into
    themselves, with the side."""

    def __init__(self, parent: Node, side: str) -> None:
        self.deeper: list[tuple[Node, str]] = []
        self._parent = parent
        self._side = side
        self._shown: list[Node] = []
        # the places of lines with a sign among them
        self._holders: list[int] = []

    def add(self, child: Node) -> None:
        """The next child; one that shows nothing is passed over."""
        if child.is_text_node:
            text = child.text_content or ""
            if not text.strip():
                return
            holds_sign = _has_sign(text)
        elif not is_shown(child):
            return
        else:
            holds_sign = child.tag != "a" and _has_sign(child.text() or "")
            if holds_sign and not _is_line(child):
                self.deeper.append((child, self._side))
                holds_sign = False
            holds_sign = holds_sign and _has_sign_beside_links(child)
        if holds_sign:
            self._holders.append(len(self._shown))
        self._shown.append(child)

    def evidence(self) -> Iterator[Evidence]:
        """The runs of its lines that may be a notice."""
        for start, end in _runs(self._shown, self._holders) if self._holders else ():
            lines = "\n".join(_lines(self._shown[start:end]))
            held = [self._shown[place] for place in self._holders if start <= place < end]
            yield Evidence(lines, f"{self._side} the content, {_place(self._parent, held)}")


def _runs(inner: list[Node], holders: list[int]) -> Iterator[tuple[int, int]]:
    """Where the runs of neighbours begin and end that hold the lines at these places."""
    start = end = -1
    for place in holders:
        if start < 0 or place > end + _GAP:
            if start >= 0:
                yield start, end
            start = max(place - _BEFORE, end, 0)
        end = min(place + 1 + _AFTER, len(inner))
    yield start, end


def _lines(nodes: list[Node]) -> Iterator[str]:
    """The visible lines of neighbours; text and inline elements share theirs."""
    said = ""
    for node in nodes:
        if node.is_text_node:
            said += collapse(node.text_content or "")
        elif node.tag == "br":
            said += "\n"
        elif is_shown(node):
            text = visible_text(node)
            said += f"\n{text}\n" if _is_block(node) else text
    yield from (line.strip() for line in said.split("\n") if line.strip())


def _place(parent: Node, held: list[Node]) -> str:
    """The nearest name of or around the lines, such as #footer or .notice, else their element."""
    is_alone = len(held) == 1 and held[0].is_element_node
    inner = _innermost(held[0]) if is_alone else parent
    for node in islice(chain([inner], elements_around(inner)), _NAMED_AROUND):
        if node.tag == "body":
            break
        if (name := css_name(node)) != node.tag:
            return name
    return (held[0].tag if held[0].is_element_node else parent.tag) or ""


def _innermost(node: Node) -> Node:
    """The innermost element that holds a line, where those around it hold nothing else."""
    for _ in range(_WRAPPERS):
        inner = [each for each in children(node) if each.is_element_node]
        if len(inner) != 1 or not _is_block(inner[0]):
            break
        node = inner[0]
    return node


def _has_sign_beside_links(node: Node) -> bool:
    """Whether a node that holds a sign of a notice holds it outside its links."""
    links = frozenset(link.mem_id for link in node.css("a"))
    return not links or _has_sign(visible_text(node, links))


def _is_block(node: Node) -> bool:
    return node.tag in _BLOCKS


def _is_line(node: Node) -> bool:
    """Whether an element is one line of text, in elements around nothing else: `<tr><td>`."""
    for _ in range(_WRAPPERS):
        inner = [each for each in children(node) if each.is_element_node]
        if not any(_is_block(each) for each in inner):
            return True
        if len(inner) > 1 or any(_is_text(each) for each in children(node)):
            return False
        node = inner[0]
    return False


def _is_text(node: Node) -> bool:
    return node.is_text_node and bool((node.text_content or "").strip())


def _has_word(source: str) -> bool:
    for character, word in _WORDS.items():
        at = source.find(character)
        for _ in range(_MOST_CHARACTERS):
            if at < 0:
                break
            if word.search(source, max(0, at - _WORD_BEFORE), at + _WORD_AFTER):
                return True
            at = source.find(character, at + 1)
        else:
            return True
    return False


def _has_sign(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)
