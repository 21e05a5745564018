"""Cuts what the site adds to an article's text, and keeps it as `removed`.

The printed lines are gone through several times: whole lines that are furniture or name the duty
editor, and what of that kind is glued to a line's end; notices of the copyright family; lists of
links; what only its place at the beginning or the end gives away. Every cut names its rule. Lines
with an editor, author, source or time become evidence, after what the layout found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

from crawler import labels
from crawler.items import BlockKind, Evidence, Removed
from crawler.pipelines.boilerplate_lines import (
    heads_links,
    is_weak,
    names_source,
    rule_for,
    without_brackets,
)
from crawler.pipelines.clean_text import clean_line, skeleton
from crawler.pipelines.credits import bare_names, read_credits
from crawler.pipelines.film_credits import is_film_credit
from crawler.pipelines.notices import find_notices
from crawler.pipelines.text_lines import Line, blocks_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.items import Draft
    from crawler.pipelines.credits import Credit
    from crawler.pipelines.normalisation import Normalisation

# Characters of a line that names editors; a longer one is text.
_LONGEST_EDITOR_LINE = 120
_EDITOR_LABEL = re.compile(rf"(?:{labels.DUTY_EDITOR})\s?[:：]\s?$")

_SENTENCE = re.compile(r"[。！？!?；]")
_COLON = re.compile("[:：]")
_AUTHOR_LABEL = re.compile(rf"\W*(?:{labels.AUTHOR})\s?[:：]")

# Not before the notices are found: a notice split over lines has a line 来源：新华网.
_EVIDENCE_RULES = frozenset({"source_line", "time_line"})

_EDITORIAL = frozenset({"duty_editor", "editor", "checker"})
_GLUED_EDITOR = re.compile(
    rf"[(（【\[〔]\s?(?:[^()（）【】\[\]〔〕。]{{0,30}}\s)?(?:{labels.DUTY_EDITOR})\s?[:：]?"
    r"[^()（）【】\[\]〔〕。]{0,30}[)）】\]〕]\s*$"
    rf"|(?<=[。！？”）)\s])(?:{labels.DUTY_EDITOR})\s?[:：]\s?[^。，！？：:]{{2,12}}$"
)

# An editor's line that ends a text and names no person.
_OFFICE = re.compile(
    r"\W?(?:编辑|审核|校对|监制)\s?[:：/／|｜丨]\s?\w{2,12}(?:中心|[部组室台网社站]|频道|公司|团队)\W?"
)

_GLUED_CODE = re.compile(r"(?<!\d)\d{30,60}$")
_GLUED_TOOL = re.compile(r"[【\[][^【\[】\]]{1,12}[】\]]\s*$")
_FORBIDS = ("未经", "不得", "转载", "本网")

# Notices that are remembered.
_NOTICES = 128

# Characters at a line's end in which something may be glued to the text, or a label ends it.
_ENDING = 160
_LABEL_AT_END = 20

# Lines among which the fallback's container may hold the headline, and how often its length such a
# line has at most.
_FIRST_LINES = 5
_TITLE_PADDED = 2

# Lines that lead elsewhere at the end of a text, so many that they are a list: a single one may be
# the author's own, unless the page's design is unknown.
_LEAST_LINKS = 2
_LEAST_LINKS_IN_FALLBACK = 1

_LINK_LIKE = re.compile(r"[^。！？!?]{2,45}")


def cut_boilerplate(current: Normalisation) -> Normalisation:
    """The same with blocks that are only the article's."""
    lines = lines_of(current.blocks)
    found = _Found()
    is_guess = current.draft.layout == "fallback"
    if is_guess:
        _cut_title(lines, current.article.title)
    _cut_lines(lines, current.article.id, found, but=_EVIDENCE_RULES)
    _cut_edges(lines)
    _cut_notices(lines, current.article.title or "")
    _cut_lines(lines, current.article.id, found)
    _cut_links(lines)
    shows_film = any(block.kind is BlockKind.VIDEO for block in current.blocks)
    least = _LEAST_LINKS_IN_FALLBACK if is_guess else _LEAST_LINKS
    _cut_last_links(lines, least, may_all=is_guess and shows_film)
    _cut_edges(lines)
    _cut_last(lines, found)
    removed = [*current.article.removed, *(part for line in lines for part in line.removed)]
    removed += _notices_beside(current.draft)
    current = current.with_values(removed=removed)
    return replace(
        current, draft=found.added_to(current.draft), blocks=blocks_of(current.blocks, lines)
    )


@dataclass(slots=True)
class _Found:
    """Evidence in lines that were cut."""

    editors: list[Evidence] = field(default_factory=list)
    bylines: list[Evidence] = field(default_factory=list)
    sources: list[Evidence] = field(default_factory=list)
    times: list[Evidence] = field(default_factory=list)

    def added_to(self, draft: Draft) -> Draft:
        return replace(
            draft,
            editors=[*draft.editors, *self.editors],
            bylines=[*draft.bylines, *self.bylines],
            sources=[*draft.sources, *self.sources],
            times=[*draft.times, *self.times],
        )


def _cut_title(lines: Sequence[Line], title: str | None) -> None:
    """The headline, which the fallback's container may hold."""
    if not title:
        return
    for line in lines[:_FIRST_LINES]:
        is_short = len(line.text) <= _TITLE_PADDED * len(title)
        if is_short and skeleton(line.text) == skeleton(title):
            line.cut("title")


def _cut_lines(
    lines: Sequence[Line], article_id: str, found: _Found, but: frozenset[str] = frozenset()
) -> None:
    """Whole lines and what is glued to their ends; `but` these rules, which wait for later."""
    after_label = False
    for number, line in enumerate(lines):
        if after_label and line.text and bare_names(line.text):
            found.editors.append(Evidence(f"责任编辑：{line.cut('editor_line')}", line.where))
        after_label = _EDITOR_LABEL.search(line.text[-_LABEL_AT_END:]) is not None
        if line.text and line.text != line.seen:
            waits = _cut_line(lines, number, article_id, found, but)
            _cut_endings(line, found)
            line.seen = None if waits else line.text


def _cut_line(
    lines: Sequence[Line], number: int, article_id: str, found: _Found, but: frozenset[str]
) -> bool:
    """Whole lines: the editor's, then furniture. Whether a rule of `but` holds for the line."""
    line = lines[number]
    function = _credit_line(line.text)
    if function == "editor" and "责" not in line.text and _is_of_film(lines, number):
        found.editors.append(Evidence(line.text, line.where))
        return False
    if function is not None:
        rule = "editor_line" if function == "editor" else "author_line"
        evidence = Evidence(without_brackets(line.cut(rule)), line.where)
        (found.editors if function == "editor" else found.bylines).append(evidence)
        return False
    furniture = rule_for(line.text, article_id)
    if furniture is None or furniture in but:
        return furniture is not None
    text = line.cut(furniture)
    if furniture in ("source_line", "time_line"):
        found.times.append(Evidence(text, line.where))
    if furniture == "source_line":
        found.sources.append(Evidence(text, line.where))
        found.bylines.append(Evidence(text, line.where))
    return False


def _credit_line(text: str) -> str | None:
    """`editor` when the line names editors or checkers (and perhaps others), `author` when it is
    作者： and names, None when it is text."""
    if len(text) > _LONGEST_EDITOR_LINE or _SENTENCE.search(text):
        return None
    line = read_credits(without_brackets(text))
    if line is None or line.before:
        return None
    if _names_editor(line.found, text):
        return "editor"
    authors = [credit for credit in line.found if credit.function == "author" and credit.names]
    is_author = authors and authors == line.found
    return "author" if is_author and _AUTHOR_LABEL.match(text) else None


def _names_editor(found: list[Credit], text: str) -> bool:
    """Whether the credits of a line are an editor's: where not all names are certain, only a duty
    editor's behind a colon."""
    functions = {credit.function for credit in found}
    if any(credit.names is None for credit in found):
        is_labelled = _COLON.search(text) is not None and "，" not in text
        return "duty_editor" in functions and is_labelled
    is_named = any(credit.names for credit in found)
    return "duty_editor" in functions or (is_named and bool(functions & _EDITORIAL))


def _is_of_film(lines: Sequence[Line], number: int) -> bool:
    return is_film_credit([line.text for line in lines], number)


def _cut_endings(line: Line, found: _Found) -> None:
    """What is glued to the end of a line of text: the editor, the page code, a tool."""
    while line.text:
        start = max(0, len(line.text) - _ENDING)
        ending = line.text[start:]
        if "编" in ending and (glued := _GLUED_EDITOR.search(ending)):
            found.editors.append(
                Evidence(line.cut("editor_line", start + glued.start()), line.where)
            )
        elif ending[-1].isdigit() and (glued := _GLUED_CODE.search(ending)):
            line.cut("page_code", start + glued.start())
        elif ending[-1] in "】]" and (glued := _GLUED_TOOL.search(ending)):
            rule = rule_for(glued[0])
            if rule is None:
                return
            line.cut(rule, start + glued.start())
        else:
            return


def _cut_notices(lines: list[Line], title: str) -> None:
    """Notices of the copyright family, unless the article is such a notice and nothing else."""
    spans = find_notices([line.text for line in lines], [not line.text for line in lines])
    by_line = {span.line: span for span in spans}
    kept = any(
        line.text and (number not in by_line or by_line[number].start > 0)
        for number, line in enumerate(lines)
    )
    if not kept and "声明" in title:
        return
    for span in spans:
        lines[span.line].cut("disclaimer", span.start, span.end)


def _notices_beside(draft: Draft) -> Iterator[Removed]:
    """The site's notices outside the text, each line once: further pages repeat them."""
    told: set[str] = set()
    for evidence in draft.beside:
        for line in _notice_of(evidence.text):
            if line not in told:
                told.add(line)
                yield Removed(line, "disclaimer", evidence.where)


@lru_cache(maxsize=_NOTICES)
def _notice_of(text: str) -> tuple[str, ...]:
    """The lines of a text outside the article that are a notice: a channel prints but a few."""
    lines = [clean_line(line) for line in text.split("\n")]
    is_out = [not line or _is_plain_footer(line) for line in lines]
    spans = find_notices(lines, is_out, is_beside=True)
    return tuple(lines[span.line][span.start : span.end].strip() for span in spans)


def _is_plain_footer(line: str) -> bool:
    """Whether a line is a footer that forbids nothing: Copyright ©, 制作单位：某某."""
    return not any(word in line for word in _FORBIDS) and rule_for(line) == "footer"


def _cut_links(lines: list[Line]) -> None:
    """A heading of a link list, also one cut already, and the link-like lines below it."""
    left = [line for line in lines if line.text or any(r.rule == "related" for r in line.removed)]
    run: list[Line] = []
    for line in reversed(left):
        if not line.text or heads_links(line.text):
            for each in [line, *run]:
                if each.text:
                    each.cut("related")
            run = []
        elif _LINK_LIKE.fullmatch(line.text):
            run.append(line)
        else:
            return


def _cut_last_links(lines: Sequence[Line], least: int, *, may_all: bool) -> None:
    """So many lines or more at the end that lead elsewhere and are no sentences: a list without a
    heading, or tags. All lines only where something else is the article."""
    left = [line for line in lines if line.text]
    last = [*takewhile(lambda e: e.is_link and _LINK_LIKE.fullmatch(e.text), reversed(left))]
    if least <= len(last) and (may_all or len(last) < len(left)):
        for line in last:
            line.cut("related")


def _cut_last(lines: Sequence[Line], found: _Found) -> None:
    """（来源：某某日报） or 编辑：某某中心 as the last line."""
    left = [line for line in lines if line.text]
    if left and names_source(left[-1].text):
        found.sources.append(Evidence(left[-1].cut("source_line"), left[-1].where))
    elif left and _OFFICE.fullmatch(left[-1].text) and not _is_of_film(left, len(left) - 1):
        left[-1].cut("editor_line")


def _cut_edges(lines: Sequence[Line]) -> None:
    """Weak furniture from either end of the text up to the first line that is text."""
    for inwards in (lines, reversed(lines)):
        for line in inwards:
            if line.text and not is_weak(line.text):
                break
            line.cut("tools")
