"""Cuts what the site adds to an article's text, and keeps it as `removed`.

The printed lines are gone through several times: whole lines that are furniture or name the duty
editor, and what of that kind is glued to a line's end; notices of the copyright family
(`notices.py`); lists of links; what only its place at the beginning or the end gives away. Every
cut names its rule. Lines with an editor, author, source or time become evidence, after what the
layout found.

Furniture are tools, share bars, pagers, players, codes and footers, by the words of
`boilerplate.toml`. A line is judged whole: a sentence that merely mentions such words is text.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler import dates, labels
from crawler.items import BlockKind, Evidence, Removed
from crawler.pipelines.clean_text import clean, clean_line, compact, skeleton
from crawler.pipelines.credits import bare_names, is_film_credit, read_credits
from crawler.pipelines.notices import find_notices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.items import Block, Draft
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
    lines = printed_lines(current.blocks)
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


def _cut_title(lines: Sequence[PrintedLine], title: str | None) -> None:
    """The headline, which the fallback's container may hold."""
    if not title:
        return
    for line in lines[:_FIRST_LINES]:
        is_short = len(line.text) <= _TITLE_PADDED * len(title)
        if is_short and skeleton(line.text) == skeleton(title):
            line.cut("title")


def _cut_lines(
    lines: Sequence[PrintedLine], article_id: str, found: _Found, but: frozenset[str] = frozenset()
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
    lines: Sequence[PrintedLine], number: int, article_id: str, found: _Found, but: frozenset[str]
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


def _is_of_film(lines: Sequence[PrintedLine], number: int) -> bool:
    return is_film_credit([line.text for line in lines], number)


def _cut_endings(line: PrintedLine, found: _Found) -> None:
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


def _cut_notices(lines: list[PrintedLine], title: str) -> None:
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
    """The lines of a text outside the article that are a notice: a channel prints only a few."""
    lines = [clean_line(line) for line in text.split("\n")]
    is_out = [not line or _is_plain_footer(line) for line in lines]
    spans = find_notices(lines, is_out, is_beside=True)
    return tuple(lines[span.line][span.start : span.end].strip() for span in spans)


def _is_plain_footer(line: str) -> bool:
    """Whether a line is a footer that forbids nothing: Copyright ©, 制作单位：某某."""
    return not any(word in line for word in _FORBIDS) and rule_for(line) == "footer"


def _cut_links(lines: list[PrintedLine]) -> None:
    """A heading of a link list, also one cut already, and the link-like lines below it."""
    left = [line for line in lines if line.text or any(r.rule == "related" for r in line.removed)]
    run: list[PrintedLine] = []
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


def _cut_last_links(lines: Sequence[PrintedLine], least: int, *, may_all: bool) -> None:
    """So many lines or more at the end that lead elsewhere and are no sentences: a list without a
    heading, or tags. All lines only where something else is the article."""
    left = [line for line in lines if line.text]
    last = [*takewhile(lambda e: e.is_link and _LINK_LIKE.fullmatch(e.text), reversed(left))]
    if least <= len(last) and (may_all or len(last) < len(left)):
        for line in last:
            line.cut("related")


def _cut_last(lines: Sequence[PrintedLine], found: _Found) -> None:
    """（来源：某某日报） or 编辑：某某中心 as the last line."""
    left = [line for line in lines if line.text]
    if left and names_source(left[-1].text):
        found.sources.append(Evidence(left[-1].cut("source_line"), left[-1].where))
    elif left and _OFFICE.fullmatch(left[-1].text) and not _is_of_film(left, len(left) - 1):
        left[-1].cut("editor_line")


def _cut_edges(lines: Sequence[PrintedLine]) -> None:
    """Weak furniture from either end of the text up to the first line that is text."""
    for inwards in (lines, reversed(lines)):
        for line in inwards:
            if line.text and not is_weak(line.text):
                break
            line.cut("tools")


# --- printed lines --------------------------------------------------------------------------------


@dataclass(slots=True)
class PrintedLine:
    """One printed line of a text block: what is left of it, and what was cut, in order.

    `seen` is the text that the rules for whole lines have let pass.
    """

    block: int
    where: str
    text: str
    seen: str | None = None
    is_link: bool = False
    removed: list[Removed] = field(default_factory=list)

    def cut(self, rule: str, start: int = 0, end: int | None = None) -> str:
        """Cut a part (all of it without `start`); the part."""
        end = len(self.text) if end is None else end
        part = self.text[start:end].strip()
        self.text = (self.text[:start].rstrip() + " " + self.text[end:].lstrip()).strip()
        if part:
            self.removed.append(Removed(part, rule, self.where))
        return part


def printed_lines(blocks: Sequence[Block]) -> list[PrintedLine]:
    """The lines of the text blocks, in order."""
    return [
        PrintedLine(number, block.where, text, is_link=block.is_link)
        for number, block in enumerate(blocks)
        if block.kind is BlockKind.TEXT
        for text in block.text.split("\n")
    ]


def blocks_of(blocks: Sequence[Block], lines: Sequence[PrintedLine]) -> tuple[Block, ...]:
    """The blocks with what is left of their lines."""
    left: dict[int, list[str]] = {}
    for line in lines:
        left.setdefault(line.block, []).extend([line.text] if line.text else [])
    touched = {line.block for line in lines if line.removed}
    kept = []
    for number, block in enumerate(blocks):
        if number not in touched:
            kept.append(block)
        elif text := clean("\n".join(left[number])):
            kept.append(block if text == block.text else replace(block, text=text))
    return tuple(kept)


# --- the rule of a line ---------------------------------------------------------------------------

_WORDING: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("boilerplate.toml").read_text(encoding="utf-8")
)

# Characters of a line that may be furniture.
_LONGEST: Final = 200

_RULE_OF = {word: rule for rule, words in _WORDING["furniture"].items() for word in words}
_WEAK = frozenset(_WORDING["weak"]["words"])
_HEADINGS = frozenset(_WORDING["headings"]["words"])
_WORD = re.compile("|".join(sorted({*_RULE_OF, *_WEAK}, key=len, reverse=True)) + r"|\d{1,3}")
_BRACKETED = re.compile(r"[【\[（(〔][^【\[（(〔】\]）)〕]{1,16}[】\]）)〕]")

# Lines are judged without blanks and in one width.
_DATE = rf"\d{{4}}{dates.AFTER_YEAR}\d{{1,2}}{dates.AFTER_MONTH}\d{{1,2}}日?"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_CLOCK = (
    rf"(?:\(?{dates.WEEKDAY}\)?)?(?:{dates.HALF_OF_DAY})?"
    r"\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}秒?|分)?"
)
_SOURCE = rf"(?:{labels.SOURCE_KIND})?(?:{labels.SOURCE_BUT_ORIGIN})"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("page_code", re.compile(r"(?:_?wdxid=)?\d{24,}")),
    (
        "time_line",
        re.compile(
            rf"(?:(?:{labels.TIME_KIND})?(?:{labels.TIME}):)?\(?{_DATE}{_CLOCK}\)?(?:[|丨/]?(?:新华网|新华社))?"
        ),
    ),
    (
        "source_line",
        re.compile(
            rf"(?:\w{{0,12}}\(?{_DATE}(?:{_CLOCK})?\)?)?[|丨/]?"
            rf"{_SOURCE}[:丨|][^。!?;]{{1,40}}"
        ),
    ),
    ("player", re.compile(rf"(?:playvideo|/?{_TIME}/{_TIME}|您的浏览器|当前浏览器).{{0,60}}")),
    (
        "pager",
        re.compile(
            r"[|<>«»\[\]()\d]*(?:上一页|下一页)[|<>«»\[\]()\d]*(?:下一页|尾页|末页)?[|<>«»\[\]()\d]*"
        ),
    ),
    (
        "comments",
        re.compile(r"[\[(【>]{1,3}(?:点击)?进入[^。!?]{0,12}(?:论坛|社区|留言板)[\])】>]{0,3}"),
    ),
    ("pager", re.compile(r"(?:\[\d{1,2}\]){2,40}|(?:共\d{1,3}页|第\d{1,3}页){1,2}|\|<<.{0,60}")),
    ("editor_line", re.compile(r"[\[(]?editors?:[a-z.,]{2,40}[\])]?")),
    ("like", re.compile(r"\+1")),
    ("related", re.compile(r"(?:阅读下一篇|上一篇|下一篇):.{0,80}")),
    (
        "qr_code",
        re.compile(
            r"(?:请|用|使用|打开|微信|手机|或|可){0,3}(?:扫一扫|扫描|扫码|长按|识别)[^。!?,]{0,12}"
            r"(?:二维码|公众号|客户端|手机看新闻|微信)(?:,?(?:即可|可|进入|关注|下载|分享|查看|阅读|观看|"
            r"了解|获取|手机|打开|收听|更多|新华)[^。!?]{0,24})?"
        ),
    ),
    ("qr_code", re.compile(r"扫(?:码|一扫),?(?:关注|下载|分享|阅读|观看|查看)[^。!?]{0,12}")),
    (
        "qr_code",
        re.compile(
            r"(?:点击(?:上方|下方|蓝字)[^。!?]{0,12}|请|欢迎){1,2}关注我们|(?:(?:更多[^。!?]{0,20}|请|欢迎){1,2}(?:关注|下载|搜索)|(?:关注|下载|搜索)"
            r"(?:新华|本网|我们|官方))[^。!?]{0,16}(?:公众号|微信|微博|客户端|app)[^。!?]{0,16}"
        ),
    ),
    ("footer", re.compile(r"\w?icp[备证]\w{0,4}\d{5,14}号?(?:-\d{1,3})?")),
    ("footer", re.compile(r"[^。]{0,80}allrights?reserved?[^。]{0,80}")),
    (
        "footer",
        re.compile(r"(?:copyright|©|\(c\)copyright|制作单位:|版权所有(?=[:新©\dc]|$)).{0,200}"),
    ),
)

# What stands above the box for comments, on a line's skeleton: of 2009, and of other sites.
_COMMENT_RULES = re.compile(
    r"(?:\w{0,24}(?:发表|评论|观点|留言))?请您?文明上网理性发言"
    r"(?:并?请?遵守\w{0,24}|在?(?:注册|登录)后\w{0,20})?(?:留言须知)?"
)

_PAGE_NUMBER = re.compile(r"[\[【]\d{1,2}[\]】]")
_SOURCE_IN_BRACKETS = re.compile(rf"\({_SOURCE}:[^。!?;()\d]{{2,24}}\)")
_BARE_MARKS = re.compile(r"[\[\]【】()（）|｜:：>»·\s-]+")
# Breadcrumbs: characters of a step, and of a line that says only where the reader is.
_CRUMB = re.compile(r"[>›»]")
_LONGEST_CRUMB = 14
_LONGEST_POSITION = 40
_POSITION = re.compile(r"(?:您(?:现在)?(?:所在)?的?(?:当前)?位置|当前位置|所在位置)")
_MAY_BE_LONG = frozenset({"footer", "page_code"})

# Characters of furniture but footers and codes.
_LONGEST_SHORT = 100

# Characters of a heading, and of what only its place shows to be furniture.
_LONGEST_WEAK = 40

# Footer words that make a line a footer.
_FOOTER_WORDS = 2


def rule_for(line: str, article_id: str = "") -> str | None:
    """The rule that cuts the whole line, None when it may be text."""
    if len(line) > _LONGEST:
        return None
    if "文明上网" in line and _COMMENT_RULES.fullmatch(skeleton(line)):
        return "comments"
    if "。" in line[:-1]:
        return None
    if len(line) <= _LONGEST_SHORT and (rule := _furniture_or_code(line, article_id)):
        return rule
    flat = compact(line)
    if rule := _rule_of_shape(flat):
        return rule
    if _is_breadcrumb(flat):
        return "breadcrumb"
    is_footer = sum(word in flat for word in _WORDING["footer"]["words"]) >= _FOOTER_WORDS
    return "footer" if is_footer else None


def _furniture_or_code(line: str, article_id: str) -> str | None:
    """The rule of a line of furniture words, or of one that is the article's own number."""
    bare = skeleton(line)
    is_code = bool(bare) and bare == article_id
    return _furniture(bare) or ("page_code" if is_code else None)


def _rule_of_shape(flat: str) -> str | None:
    """The rule of the first shape that the whole line has, compact."""
    is_short = len(flat) <= _LONGEST_SHORT
    return next(
        (
            rule
            for rule, shape in _SHAPES
            if (is_short or rule in _MAY_BE_LONG) and shape.fullmatch(flat)
        ),
        None,
    )


def is_weak(line: str) -> bool:
    """Whether the line may be furniture, if nothing but furniture stands between it and an edge."""
    if len(line) > _LONGEST_WEAK:
        return False
    bare = skeleton(line)
    if not bare:
        return _BARE_MARKS.fullmatch(line) is not None
    if _PAGE_NUMBER.fullmatch(line):
        return True
    return not bare.isdigit() and _only_words(bare)


def names_source(line: str) -> bool:
    """Whether the line is （来源：某某日报）; it ends a text, or stands under a table in it."""
    return len(line) <= _LONGEST_WEAK and _SOURCE_IN_BRACKETS.fullmatch(compact(line)) is not None


def heads_links(line: str) -> bool:
    """Whether the line is a heading of a link list."""
    return len(line) <= _LONGEST_WEAK and skeleton(line) in _HEADINGS


def without_brackets(line: str) -> str:
    """The line without bracketed furniture: 【纠错】责任编辑：张三 → 责任编辑：张三."""
    return _BRACKETED.sub(
        lambda found: "" if _furniture(skeleton(found[0])) else found[0], line
    ).strip()


def _only_words(bare: str) -> bool:
    """Whether the skeleton is nothing but furniture words and page numbers."""
    at = 0
    while at < len(bare):
        found = _WORD.match(bare, at)
        if found is None:
            return False
        at = found.end()
    return True


def _furniture(bare: str) -> str | None:
    """The rule of the first strong word of a skeleton that is furniture and nothing else."""
    if not bare or not _only_words(bare):
        return None
    return next((_RULE_OF[f[0]] for f in _WORD.finditer(bare) if f[0] in _RULE_OF), None)


def _is_breadcrumb(flat: str) -> bool:
    steps = _CRUMB.split(_POSITION.sub("", flat))
    if len(steps) < 2:
        return bool(_POSITION.match(flat)) and len(flat) <= _LONGEST_POSITION
    short = all(len(step) <= _LONGEST_CRUMB for step in steps)
    opens = steps[0].strip(":") in ("新华网", "首页", "主页", "新闻中心", "")
    return short and (opens or steps[-1] == "正文")
