"""Title, time, source, editors, bylines and tags of a page, as evidence: texts as printed.

Templates show them in elements of their own (`Header`), as the first or last lines of the text
(`take_header_lines`, `take_editor_lines`), or in the lines around it (`lines_around`), where such a
line is known by what it always carries: a date, 来源：, 责任编辑：. What was taken from within the
content container is marked, so that it isn't read as text too; what stood beside it is kept as
removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from crawler import dates, labels
from crawler.items import Block, BlockKind, Draft, Evidence, Removed
from crawler.pages.blocks import CORRECTIONS, EDITORS, TAGS, MarkedNode
from crawler.pages.document import (
    LINES,
    children,
    collapse,
    css_name,
    elements_around,
    is_shown,
    visible_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.pages.document import Document, Node

# The site splits a time over elements as well: 2023 11/17 20:52:15.
DATE = re.compile(
    rf"{dates.CENTURY_OF_ANY_WIDTH}\d\d"
    rf"(?:{dates.MONTH_AND_DAY}|\s{{1,3}}\d{{1,2}}/\s{{0,2}}\d{{1,2}}\s{{1,3}}\d{{1,2}}:\d\d)"
)

SOURCE = re.compile(
    rf"(?:(?:{labels.SOURCE_KIND})\s?)?"
    rf"(?:{labels.SOURCE}|(?:{labels.SOURCE_FROM})(?=\s{{0,3}}[:：]))\s{{0,3}}{labels.COLON}"
)

# 总编辑, 主编辑, 副编辑 and 艺术编辑 are others.
EDITOR = re.compile(
    rf"[\[【(（]?\s{{0,3}}(?<![总主副术])(?:{labels.EDITOR})\s{{0,3}}{labels.COLON_OR_BAR}"
    rf"|[\[【(（]\s{{0,3}}(?:{labels.DUTY_EDITOR})\s{{1,3}}"
    rf"|^\s*(?:{labels.DUTY_EDITOR})\s{{1,3}}"
)
BYLINE = re.compile(rf"(?:{labels.WRITER})\s{{0,3}}{labels.COLON}")

# Without a colon it takes a line with a source to prove it.
BARE_BYLINE = re.compile(rf"(?<=\s)(?:{labels.REPORTER})\s{{1,3}}")

EDITOR_LINE = re.compile(
    rf"\s*[\[【(（]?\s*(?:(?:{labels.AUTHOR})\s?[:：][^。！？]{{0,30}}?)?"
    rf"(?:{labels.EDITOR})\s*{labels.COLON}[^。！？【\[]{{0,40}}"
)
TIME_LINE = re.compile(
    rf"\s*(?:(?:{labels.TIME_KIND})?(?:{labels.TIME})\s?[:：]\s?)?[(（]?\s?"
    rf"{dates.DATE}\s?日?\s*(?:[（(]?{dates.WEEKDAY}[)）]?\s*)?"
    rf"(?:(?:{dates.HALF_OF_DAY})?"
    r"\s?\d{1,2}\s?[:：时]\s?\d{1,2}\s?(?:[:：分]\s?\d{1,2}\s?秒?|分)?)?\s*[)）]?\s*"
)
_NEXT_LABEL = re.compile(
    rf"(?:{labels.SOURCE}|{labels.WRITER}|{labels.EDITOR}|{labels.CHECKER})\s?{labels.COLON_OR_BAR}"
    rf"|[【\[|｜]|稿件来源|责任编辑|(?:{labels.TIME_KIND})(?:{labels.TIME})"
    r"|字\s?[号体]|(?<=\s)(?:打印|关闭|分享|评论|我要|收藏|关注|纠错|微[信博])"
    rf"|{dates.DATE_BEGINS}|\s{{4}}"
)

# Characters of an information line; a longer one is text.
LONGEST = 160

_LINE_ENDS = LINES | {"td", "th", "br"}

# Lines searched on either side of the content.
_BEFORE, _AFTER, _NEAR = 40, 25, 12


class Lines:
    """Visible lines, found when they are asked for: what is looked for mostly stands in the first.

    They can be gone through several times.
    """

    def __init__(self, found: Iterator[str]) -> None:
        self._found: list[str] = []
        self._rest = found

    def __iter__(self) -> Iterator[str]:
        yield from self._found
        for line in self._rest:
            self._found.append(line)
            yield line


def lines_around(container: Node, *, near: bool = False) -> tuple[Lines, Lines]:
    """The short visible lines before the container, nearest first, and after it; `near`: few."""
    before, after = (_NEAR, _NEAR) if near else (_BEFORE, _AFTER)
    return (
        Lines(islice(_lines(container, backwards=True), before)),
        Lines(islice(_lines(container, backwards=False), after)),
    )


def _lines(container: Node, *, backwards: bool) -> Iterator[str]:
    """The lines from the container outwards that are short enough for information lines."""
    line: list[str] = []
    for piece in _texts_beside(container, backwards=backwards):
        if piece is not None:
            line.append(piece)
        elif line:
            text = "".join(line[::-1] if backwards else line).strip()
            line.clear()
            if text and len(text) <= LONGEST:
                yield text


def _texts_beside(container: Node, *, backwards: bool) -> Iterator[str | None]:
    """The texts of the container's siblings and then of those of its parents; None ends a line."""
    at: Node | None = container
    while at is not None and at.tag != "body":
        beside = at.prev if backwards else at.next
        if beside is not None:
            yield from _texts(beside, backwards=backwards)
            at = beside
        else:
            at = at.parent
            if at is not None and at.tag in _LINE_ENDS:
                yield None
    yield None


def _texts(root: Node, *, backwards: bool) -> Iterator[str | None]:
    """The visible texts of a node, None where a line ends."""
    todo: list[Node | None] = [root]
    while todo:
        node = todo.pop()
        if node is None:
            yield None
        elif node.is_text_node:
            yield collapse(node.text_content or "")
        elif is_shown(node):
            if node.tag in _LINE_ENDS:
                yield None
                todo.append(None)
            inner = list(children(node))
            todo.extend(inner if backwards else inner[::-1])


def labelled(label: re.Pattern[str], text: str) -> str | None:
    """The part of a line from a label to the next label, both as printed; None without a value."""
    found = label.search(text)
    if found is None:
        return None
    start, value_at = found.start(), _blanks(text, found.end())
    while again := label.match(text, value_at):  # 来源：来源：某某日报
        value_at = _blanks(text, again.end())
    after = _NEXT_LABEL.search(text, value_at)
    end = len(text) if after is None else after.start()
    return text[start:end].strip() if text[value_at:end].strip() else None


def _blanks(text: str, at: int) -> int:
    """Where the blanks there end."""
    return len(text) - len(text[at:].lstrip())


def find(label: re.Pattern[str], lines: Iterable[str], where: str) -> list[Evidence]:
    """The part behind that label of the first line that has one; [] where none has."""
    parts = (labelled(label, line) for line in lines)
    return [Evidence(part, where) for part in islice(filter(None, parts), 1)]


def find_byline(lines: Iterable[str], where: str) -> list[Evidence]:
    """The first line's part with 作者： and the like, else 记者 and a name beside a source."""
    sourced = (line for line in lines if _may_sign(line) and SOURCE.search(line))
    return find(BYLINE, filter(_may_sign, lines), where) or find(BARE_BYLINE, sourced, where)


def _may_sign(line: str) -> bool:
    return "者" in line or "通讯员" in line or "报道员" in line


def find_time_line(before: Lines, after: Lines) -> list[Evidence]:
    """The nearest line with a date and a source, else the nearest before with a date."""
    for lines, side in ((before, "before"), (after, "after")):
        if best := next((e for e in lines if DATE.search(e) and SOURCE.search(e)), None):
            return [Evidence(best, f"line {side} the content")]
    return [
        Evidence(line, "line before the content") for line in islice(filter(DATE.search, before), 1)
    ]


# --- elements of the template ---------------------------------------------------------------------

# Paragraphs at the head of a container among which its information line may stand.
_HEAD = 6

# Elements around a field that may be its line: span, div.info, div.header.
_AROUND = 3

# Characters of a paragraph that names an editor.
_LONGEST_EDITOR_LINE = 60


@dataclass(slots=True)
class ShownFields:
    """Times, sources and editors that a page shows. For each, one place after the other is tried
    until one has a value."""

    times: list[Evidence]
    sources: list[Evidence]
    editors: list[Evidence]

    @property
    def is_complete(self) -> bool:
        return bool(self.times and self.sources and self.editors)


class Header:
    """Finds the fields a template shows around its text, and remembers which lay within it."""

    def __init__(self, doc: Document, container: Node) -> None:
        self.doc = doc
        self.removed: list[Removed] = []
        self.inside = {node.mem_id for node in container.traverse()} - {container.mem_id}
        self._used: list[Node] = []
        self._titles: set[int] = set()

    def title(self, selectors: Sequence[str]) -> Evidence | None:
        found = self.doc.first(selectors)
        if found is None:
            return None
        self._used.append(found[0])
        self._titles.add(found[0].mem_id)
        return Evidence(visible_text(found[0]).strip(), found[1])

    def outside(self, selector: str) -> Evidence | None:
        """A field that counts only outside the container: inside, the same element is a heading of
        the text."""
        found = self.doc.first((selector,))
        if found is None or found[0].mem_id in self.inside:
            return None
        return Evidence(visible_text(found[0]).strip(), found[1])

    def times(self, selectors: Sequence[str]) -> list[Evidence]:
        """The first time, or nothing."""
        for node, text, selector in self._short(selectors):
            if DATE.search(text):
                self._used.append(node)
                return [Evidence(text, selector)]
        return []

    def split_time(self, selectors: Sequence[str]) -> list[Evidence]:
        """`<em> 2023</em>`, `<em> 11</em>/<em> 17</em>`, `20:52:15` as "2023 11/17 20:52:15"."""
        nodes = [node for selector in selectors if (node := self.doc.maybe(selector)) is not None]
        pieces = [re.sub(r"\s+", "", visible_text(node)) for node in nodes]
        if len(pieces) < 2 or not all(pieces):
            return []
        self._used += nodes
        return [Evidence(" ".join(pieces), ", ".join(selectors))]

    def sources(self, selectors: Sequence[str]) -> list[Evidence]:
        """The first source, or nothing; within the container only one with the label 来源."""
        for node, whole, selector in self._short(selectors):
            text = _without_links(node) or whole
            part = labelled(SOURCE, text) or labelled(SOURCE, whole)
            if part is None and (SOURCE.search(text) or DATE.search(text)):
                continue
            if node.mem_id in self.inside and part is None and not _is_labelled(node):
                continue
            self._used.append(node)
            return [Evidence(part or text, selector)]
        return []

    def editors(self) -> list[Evidence]:
        """The editor lines, without the 【纠错】 that shares their element."""
        found: list[Evidence] = []
        seen: set[int] = set()
        for node in self.doc.all(EDITORS):
            if node.mem_id in seen:
                continue
            seen.update(inner.mem_id for inner in node.traverse())
            marks = node.css(CORRECTIONS)
            text = visible_text(node, frozenset(mark.mem_id for mark in marks)).strip()
            if text:
                found.append(Evidence(text, css_name(node)))
            if marks and marks[0].mem_id in self.inside:
                cut = visible_text(marks[0]).strip()
                self.removed += [Removed(cut, "correction", css_name(node))] if cut else []
        return found

    def tags(self) -> list[Evidence]:
        """The tags a page shows, joined by commas."""
        for selector in TAGS if self.doc.maybe(", ".join(TAGS)) is not None else ():
            node = self.doc.maybe(selector)
            if node is None:
                continue
            names = dict.fromkeys(visible_text(a).strip() for a in node.css("a"))
            if text := ",".join(name for name in names if name) or visible_text(node).strip():
                return [Evidence(text, selector)]
        return []

    def lines(self) -> list[str]:
        """The texts of time and source and, within the container, of the lines they stand in.

        The two may share an element or a line, also with an author or editor.
        """
        fields = [node for node in self._used if node.mem_id not in self._titles]
        found = [visible_text(node) for node in [*fields, *self._lines_within(fields)]]
        lines = (collapse(line).strip() for text in found for line in text.split("\n"))
        return [line for line in lines if line and len(line) <= LONGEST]

    @property
    def fields(self) -> list[Node]:
        """The elements that title, time and source were taken from."""
        return self._used

    @property
    def is_within(self) -> bool:
        """Whether time or source stand within the container, where no line around it is."""
        return any(n.mem_id in self.inside and n.mem_id not in self._titles for n in self._used)

    def marked(self) -> dict[int, MarkedNode]:
        """What was taken from within the container, and the lines it stood in."""
        lines = self._lines_within(self._used)
        marked = {line.mem_id: MarkedNode("cut", "header") for line in lines}
        inside = (node.mem_id for node in self._used if node.mem_id in self.inside)
        return marked | {node: MarkedNode("field") for node in inside}

    def _lines_within(self, fields: Iterable[Node]) -> Iterator[Node]:
        """The elements within the container around each field that are its line, inner first."""
        for node in fields:
            if node.mem_id not in self.inside:
                continue
            for line in islice(elements_around(node), _AROUND):
                if line.mem_id not in self.inside or not _is_line(line):
                    break
                yield line

    def _short(self, selectors: Sequence[str]) -> Iterator[tuple[Node, str, str]]:
        seen: set[int] = set()
        for selector in selectors:
            node = self.doc.maybe(selector)
            if node is None or node.mem_id in seen:
                continue
            seen.add(node.mem_id)
            text = visible_text(node).strip()
            if text and len(text) <= 2 * LONGEST:
                yield node, text, selector


def _without_links(node: Node) -> str:
    """What a field says beside its links: 关注新华网, 微博. Its value may be a link as well."""
    text = visible_text(node, frozenset(link.mem_id for link in node.css("a"))).strip()
    return "" if SOURCE.fullmatch(text) else text


def _is_line(node: Node) -> bool:
    inner = [n for n in node.css("p, img") if n.mem_id != node.mem_id]
    return not inner and len(visible_text(node).strip()) <= LONGEST


def _is_labelled(node: Node) -> bool:
    parent = node.parent
    return parent is not None and SOURCE.search(visible_text(parent)[: 2 * LONGEST]) is not None


# --- lines of the text ----------------------------------------------------------------------------


def take_header_lines(draft: Draft, shown: ShownFields) -> None:
    """Title, time and source printed as text at the head of the container are evidence, not text.

    Only where a line with the time stands there: the first paragraph may well be the title again.
    """
    head = _head(draft)
    lines = [block for block in head if _has_time(block.text)]
    if not lines:
        return
    title = collapse(draft.title.text if draft.title else "").strip()
    taken = [
        b for b in head if b in lines or SOURCE.match(b.text) or collapse(b.text).strip() == title
    ]
    shown.times = shown.times or _evidence(lines[:1])
    for block in taken:
        shown.sources = shown.sources or find(SOURCE, [block.text], block.where)
    said = [block.text for block in taken]
    shown.editors = shown.editors or find(EDITOR, said, taken[0].where)
    draft.bylines += find_byline(said, taken[0].where)
    draft.removed += [Removed(b.text.strip(), "header", b.where) for b in taken]
    _drop(draft, taken)


def _head(draft: Draft) -> list[Block]:
    """The short lines that the text begins with, up to its first sentence."""
    head = [block for block in draft.blocks if block.kind is BlockKind.TEXT][:_HEAD]
    before_text = takewhile(lambda block: "。" not in block.text, head)
    return [block for block in before_text if len(block.text) <= LONGEST]


def _has_time(line: str) -> bool:
    """Whether a line is a time and nothing else, or has a date and a source."""
    has_both = DATE.search(line) is not None and SOURCE.search(line) is not None
    return has_both or TIME_LINE.fullmatch(line) is not None


def take_editor_lines(draft: Draft) -> tuple[list[Evidence], list[Evidence]]:
    """The paragraphs that are nothing but 责任编辑：X, which leave the text here, and 编辑：X.

    Plain 编辑 may stand in an interview or among those who made a film: the pipelines tell.
    """
    lines = [
        b
        for b in draft.blocks
        if b.kind is BlockKind.TEXT
        and len(b.text) <= _LONGEST_EDITOR_LINE
        and EDITOR_LINE.fullmatch(b.text)
    ]
    duty = [b for b in lines if "责" in b.text]
    draft.removed += [Removed(b.text.strip(), "editor_line", b.where) for b in duty]
    _drop(draft, duty)
    plain = [b for b in lines if b not in duty]
    return _evidence(duty), _evidence(plain)


def _evidence(blocks: list[Block]) -> list[Evidence]:
    return [Evidence(block.text.strip(), block.where) for block in blocks]


def _drop(draft: Draft, blocks: list[Block]) -> None:
    gone = {id(block) for block in blocks}
    draft.blocks = [block for block in draft.blocks if id(block) not in gone]
