"""Time, source, editor and byline in the lines around the content, where no selector finds them.

The lines before the content (from the nearest up) and after it are searched for what such a line
always carries: a date, 来源：, 责任编辑：. What is found comes out as evidence, as printed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from crawler import dates, labels
from crawler.items import Evidence
from crawler.pages.document import LINES, children, is_shown, squeeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.pages.document import Node

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

    They can be gone through again, one time after the other.
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
            yield squeeze(node.text_content or "")
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
    """The first line's part with that label, or nothing."""
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
