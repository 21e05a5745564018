"""Normalise: who wrote it and who edited it.

In: the paragraphs and the byline and editor evidence. Out: `reporters`, `byline_raw`, `editors`.

A byline is a bracket with a function and names at a paragraph's end or beside the dateline
(（记者张三）), or a paragraph that is nothing else (新华社记者张三、李四), or evidence from outside the text
(作者： 记者张三). 记者 makes a reporter, 通讯员 a correspondent, 评论员 a commentator, 作者 an author, or a
photographer when the credit of a photo story names the same person. `记者17日从…` names nobody. The
duty editor (责任编辑, else plain 编辑) is never an author.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from crawler.items import Person, Role
from crawler.pipelines.credits import Credit, bare_names, read_credits
from crawler.pipelines.names import HAN, has_surname, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.items import Draft, Evidence
    from crawler.pipelines.work import Work

_BRACKET = re.compile(r"[(（【\[〔]([^()（）【】\[\]〔〕]{2,160})[)）】\]〕]")
_REST = re.compile(r"[\s。.完(（)）【】\[\]]*")
_OPENING = 120
"""A dateline and its byline stand in a paragraph's first characters."""

_LED_BY_DATELINE = re.compile(r"[电讯]\s*(?:题[:：].{0,60})?\s*$")
_OUTLET = re.compile(
    rf"(?:[{HAN}\w·“”《》\s/]{{0,14}}(?:报|社|网|台|刊|线|端|媒体?|中心|频道|集团|传媒|新闻|杂志|点|站|”|》|驻[{HAN}]{{1,6}}))?\s*"
)
_QUOTED_SENTENCE = re.compile(r"据|受访|图为|接受")
_REPORTS = re.compile(
    rf"[电讯][\s　]*(?:新华社|新华网|本报|本网)?(记者|通讯员)\s*([{HAN}]{{2,4}}(?:、[{HAN}]{{2,3}}){{0,5}})\s*报道[:：，,]"
)
_SENTENCE = re.compile(r"[。！？!?；;]")
_IN_TEXT = frozenset({"reporter", "correspondent", "commentator", "author"})
_LONGEST_BYLINE = 160
_LONGEST_LINES = 600
_SURE = re.compile(r"[(（【\[]|[^:：]{0,12}[:：]|新华|本报|本网")


def set_people(work: Work) -> Work:
    """Fill `reporters`, `byline_raw` and `editors`."""
    paragraphs = work.article.paragraphs
    credits = [*_in_text(paragraphs), *_in_evidence(work.draft)]
    credited = " ".join(image.credit or "" for image in work.article.images)
    reporters: dict[str, Role] = {}
    raw: list[str] = []
    for credit in credits:
        for name in credit.names or ():
            role = _role(credit, name, credited)
            if role and (name not in reporters or reporters[name] == "author"):
                reporters[name] = role
        if credit.names and credit.function in _IN_TEXT:
            raw.append(credit.raw)
    return work.having(
        reporters=[Person(name, role) for name, role in reporters.items()],
        byline_raw="\n".join(dict.fromkeys(raw)) or None,
        editors=_editors(work.draft.editors),
    )


def _role(credit: Credit, name: str, credited: str) -> Role | None:
    if credit.function not in _IN_TEXT:
        return None
    if credit.function == "author" and name in credited:
        return "photographer"
    return next(role for role in get_args(Role) if role == credit.function)


def _in_text(paragraphs: list[str]) -> Iterator[Credit]:
    """Bylines as a line of their own, in brackets at an end, at a start or beside a dateline."""
    for place, paragraph in enumerate(paragraphs):
        for line in paragraph.split("\n") if len(paragraph) <= _LONGEST_LINES else ():
            if len(line) <= _LONGEST_BYLINE and not _SENTENCE.search(line):
                yield from _own_line(line)
        if place < 3:
            opening = paragraph[: _OPENING + _LONGEST_BYLINE]
            for bracket in _BRACKET.finditer(opening):
                before = opening[max(0, bracket.start() - 80) : bracket.start()]
                if not before or _LED_BY_DATELINE.search(before):
                    yield from _credits(bracket[1], bracket[0])
            if found := _REPORTS.search(opening):
                yield from _reports(found)
        ending = paragraph[-2 * _LONGEST_BYLINE :]
        for bracket in _BRACKET.finditer(ending):
            if _only_brackets(ending[bracket.end() :]):
                yield from _credits(bracket[1], bracket[0])


def _own_line(line: str) -> list[Credit]:
    """Without colon, bracket or outlet a line is a byline only when the names have surnames."""
    credits = _credits(line)
    sure = credits and (_SURE.match(line) or len(credits) > 1)
    if sure or all(has_surname(name) for credit in credits for name in credit.names or ()):
        return credits
    return []


def _only_brackets(text: str) -> bool:
    return _REST.fullmatch(_BRACKET.sub("", text)) is not None


def _credits(text: str, raw: str | None = None) -> list[Credit]:
    """The credits of a byline, all of them certain, or none. `raw`: the byline with its brackets."""
    credits = read_credits(text)
    if (
        credits is None
        or not _OUTLET.fullmatch(credits.before)
        or _QUOTED_SENTENCE.match(credits.before)
        or not any(credit.names for credit in credits.found)
        or any(credit.names is None for credit in credits.found)
        or credits.found[-1].raw.endswith("摄")
    ):
        return []
    if raw is None:
        return credits.found
    return [Credit(credit.function, credit.names, raw) for credit in credits.found]


def _reports(found: re.Match[str]) -> Iterator[Credit]:
    """记者张三报道：— without brackets a name must begin with a surname."""
    people = names(found[2])
    if people and all(has_surname(name) for name in people):
        role: Role = "reporter" if found[1] == "记者" else "correspondent"
        yield Credit(role, people, found[0].lstrip("电讯 ").rstrip("：:，, "))


def _in_evidence(draft: Draft) -> Iterator[Credit]:
    """Bylines outside the text; an editor line may name the author as well."""
    for evidence in draft.bylines:
        credits = read_credits(evidence.text)
        if credits is None:
            people = bare_names(evidence.text)
            if people:
                yield Credit("author", people, evidence.text.strip())
        elif _OUTLET.fullmatch(credits.before):
            yield from (credit for credit in credits.found if credit.function in _IN_TEXT)
    for evidence in draft.editors:
        credits = read_credits(evidence.text)
        for credit in credits.found if credits else ():
            if credit.function in _IN_TEXT and "实习" not in credit.raw:
                yield credit


def _editors(evidence: Iterable[Evidence]) -> list[str]:
    """The duty editors; plain 编辑 and unlabelled names only when no 责任编辑 is named."""
    duty: list[str] = []
    plain: list[str] = []
    for each in evidence:
        credits = read_credits(each.text)
        if credits is None:
            plain += bare_names(each.text) or []
        for credit in credits.found if credits else ():
            if credit.function == "duty_editor":
                duty += credit.names or []
            elif credit.function == "editor":
                plain += credit.names or []
    return list(dict.fromkeys(duty or plain))
