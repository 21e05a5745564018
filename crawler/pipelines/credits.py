"""Reads credits, which are functions with the names behind them, from a short printed text.

`[作者: 张三 责任编辑: 李四 ]` and `新华社记者 张三、李四` give Credits in their order: what the
label makes of a person, the names, the printed words. The labels are in `crawler/labels.toml`.

The lines that say who made a film stay together in the text. 策划：, 编导： and the like are
printed for films alone. 摄影：, 编辑： and 监制： stand under articles as well, and belong to a
film only among the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from crawler import labels
from crawler.items import Role
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.person_names import HAN, is_plain, names

if TYPE_CHECKING:
    from collections.abc import Sequence

# 责任编辑 is the `duty_editor`, plain 编辑 an `editor`; a `checker` proofreads and signs off;
# the `crew` plans, draws or films.
Function = Role | Literal["duty_editor", "editor", "checker", "crew"]

# Characters of a text with credits; a longer one is text.
LONGEST = 240

_BEFORE = rf"{labels.BEFORE_CREDIT}|驻[{HAN}]{{2,6}}?"
_BARE = labels.with_blanks(*labels.CREDITS_BARE.values())
_WITH_COLON = labels.with_blanks(*labels.CREDITS_WITH_COLON.values())
_LABEL = re.compile(
    rf"(?:{_BEFORE}){{0,3}} ?(?:(?:{_WITH_COLON}) ?{labels.COLON_OR_BAR}"
    rf"|(?:{_BARE})(?!们) ?{labels.COLON_OR_BAR}?"
    rf"|(?<![{HAN}])编 ?辑 (?=[{HAN}])|(?<=[；;，,])编 ?辑(?=[{HAN}]{{2,4}}(?:[、 )）]|$)))"
)
_FUNCTIONS: list[tuple[Function, re.Pattern[str]]] = [
    (function, re.compile(rf"(?:{labels.with_blanks(words)}) ?{labels.COLON_OR_BAR}? ?$"))
    for table in (labels.CREDITS_BARE, labels.CREDITS_WITH_COLON)
    for function, words in table.items()
]
_NEEDS_NO_COLON = re.compile(labels.REPORTS)
_BRACKETS = re.compile(r"^[\s(（【\[〔{|]+|[\s)）】\]〕}|]+$")
# 张三 文 and 张 三 文 wrote the text; 高 文 is a name of two characters that is padded.
_WROTE_TEXT = r"(?:(?<=[/／])|(?<=[/／]\s)|(?<=\w\w\s)|(?<=(?<!\w)\w\s\w\s))文"
_ENDING = re.compile(
    r"[\s/／]*(?:(?:综合|摄影|联合|实习)?报道|文并?[/／]?[图摄]|图[/／]?文|文字整理|采写|整理|统稿|摄影|执笔"
    rf"|{_WROTE_TEXT})[:：]?$"
)
_WROTE = re.compile(r"\s?[/／]\s?文(?!\w)")
_PHOTOGRAPHED = re.compile(rf"[{HAN}]{{2,4}}\s?[/／]\s?(?:图|摄影?)(?!\w)")
_TRAINEE = re.compile(r"[(（]实习(?:生|记者)?[)）]")
_EDGES = " 、，,;；/／|｜丨\n。."


@dataclass(frozen=True, slots=True)
class Credit:
    """One function. `names` is None when the words behind the label are no certain names."""

    function: Function
    names: list[str] | None
    raw: str


@dataclass(frozen=True, slots=True)
class Credits:
    """`before`: the words before the first label (an outlet, or a sentence)."""

    before: str
    found: list[Credit]


def read_credits(text: str) -> Credits | None:
    """The credits in a text, None when it has no label or is too long for one."""
    if len(text) > LONGEST:
        return None
    line = _BRACKETS.sub("", without_trainees(clean_line(text)))
    if line.endswith(("文/图", "文/摄", "图/文", "文／图", "文／摄")):
        line = line[:-3].rstrip(_EDGES)
    labelled = list(_LABEL.finditer(line))
    if not labelled:
        return None
    ends = [label.start() for label in labelled[1:]] + [len(line)]
    found = []
    for label, end in zip(labelled, ends, strict=True):
        value = line[label.end() : end].strip(_EDGES)
        raw = _BRACKETS.sub("", line[label.start() : end].strip(_EDGES))
        people = _names(value)
        if people and label[0][-1] not in ":：/／|｜丨" and not _NEEDS_NO_COLON.search(label[0]):
            people = people if all(map(is_plain, people)) else None
        found.append(Credit(_function(label[0]), people, raw))
    return Credits(line[: labelled[0].start()].strip(), _merged(found))


def bare_names(text: str) -> list[str] | None:
    """The names of a text that is nothing but names in brackets or not."""
    return names(_BRACKETS.sub("", clean_line(text[:LONGEST])).strip(_EDGES))


def without_trainees(text: str) -> str:
    """The text without （实习） behind a name."""
    return _TRAINEE.sub("", text) if "实习" in text else text


def _function(label: str) -> Function:
    """That of the longest word the label ends with: 总编辑 is no 编辑."""
    ends = [
        (found.start(), place)
        for place, (_, pattern) in enumerate(_FUNCTIONS)
        if (found := pattern.search(label))
    ]
    return _FUNCTIONS[min(ends)[1]][0]


def _names(value: str) -> list[str] | None:
    value = _WROTE.sub("", _PHOTOGRAPHED.sub("", _BRACKETS.sub("", value))).strip(_EDGES)
    return names(_ENDING.sub("", value).strip(_EDGES))


def _merged(found: list[Credit]) -> list[Credit]:
    """`作者：记者张三` is one credit: a label with nothing behind it hands on to the next."""
    merged: list[Credit] = []
    before = ""
    for credit in found:
        if credit.names == [] and credit.function in ("author", "reporter", "photographer"):
            before += credit.raw + " "
            continue
        merged.append(Credit(credit.function, credit.names, before + credit.raw))
        before = ""
    return merged


# --- who made a film ------------------------------------------------------------------------------

# Characters of a line of credits; a longer one is text.
_LONGEST_LINE = 120

# Characters of an unknown word before a known label: 联合策划.
_LONGEST_UNKNOWN = 4

_PRODUCED = re.compile(
    r"\W*(?:总|联合|执行|特别|视频|视觉){0,2}"
    rf"(?:{labels.FILM})\s?{labels.COLON_OR_BAR}"
)
_LABELLED = re.compile(rf"\W*[^\W\d]{{1,8}}\s?{labels.COLON_OR_BAR}")

# Lines of a block that says who made a film; its 监制：X and 编辑：X stay too.
_LEAST_PRODUCED = 2

# Lines of such a block looked at on either side: a page may have thousands.
_MOST_PRODUCED = 10


def is_film_credit(texts: Sequence[str], number: int) -> bool:
    """Whether a text stands among those that say who planned, filmed and cut a film."""
    produced = sum(map(_produced, _beside(texts, number)))
    return produced >= _LEAST_PRODUCED


def is_listed(texts: Sequence[str], number: int) -> bool:
    """Whether a text is a credit with a label right beside others: 文字：X, 摄影：Y."""
    return _is_credit(texts[number]) and bool(_beside(texts, number))


def names_makers(text: str) -> bool:
    """Whether a text names by itself those who made a film: 策划：X 摄影：Y 剪辑：Z."""
    return _produced(text) > 0 and _is_credit(text)


def _beside(texts: Sequence[str], number: int) -> list[str]:
    """The lines of credits right before and after a text."""
    before = texts[max(0, number - _MOST_PRODUCED) : number]
    after = texts[number + 1 : number + 1 + _MOST_PRODUCED]
    return [*takewhile(_is_credit, reversed(before)), *takewhile(_is_credit, after)]


def _produced(text: str) -> int:
    return sum(_PRODUCED.match(line) is not None for line in text.split("\n"))


def _is_credit(text: str) -> bool:
    if len(text) > _LONGEST_LINE or "。" in text or not _LABELLED.match(text):
        return False
    line = read_credits(text)
    return line is not None and len(line.before) <= _LONGEST_UNKNOWN
