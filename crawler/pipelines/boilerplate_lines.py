"""Which rule cuts a printed line: tools, share bars, pagers, players, codes, footers.

A line is judged whole: a sentence that merely mentions such words is text. The words are data
(`boilerplate.toml`).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from crawler import dates, labels
from crawler.pipelines.clean_text import skeleton, squeeze

WORDING: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("boilerplate.toml").read_text(encoding="utf-8")
)

# Characters of a line that may be furniture.
LONGEST: Final = 200

_RULE_OF = {word: rule for rule, words in WORDING["furniture"].items() for word in words}
_WEAK = frozenset(WORDING["weak"]["words"])
_HEADINGS = frozenset(WORDING["headings"]["words"])
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
    if len(line) > LONGEST:
        return None
    if "文明上网" in line and _COMMENT_RULES.fullmatch(skeleton(line)):
        return "comments"
    if "。" in line[:-1]:
        return None
    if len(line) <= _LONGEST_SHORT and (rule := _furniture_or_code(line, article_id)):
        return rule
    flat = squeeze(line)
    if rule := _rule_of_shape(flat):
        return rule
    if _is_breadcrumb(flat):
        return "breadcrumb"
    is_footer = sum(word in flat for word in WORDING["footer"]["words"]) >= _FOOTER_WORDS
    return "footer" if is_footer else None


def _furniture_or_code(line: str, article_id: str) -> str | None:
    """The rule of a line of furniture words, or of one that is the article's own number."""
    bare = skeleton(line)
    is_code = bool(bare) and bare == article_id
    return _furniture(bare) or ("page_code" if is_code else None)


def _rule_of_shape(flat: str) -> str | None:
    """The rule of the first shape that the whole squeezed line has."""
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
    return len(line) <= _LONGEST_WEAK and _SOURCE_IN_BRACKETS.fullmatch(squeeze(line)) is not None


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
