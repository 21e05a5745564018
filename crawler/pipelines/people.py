"""Who wrote the article and who edited it: `reporters`, `byline_raw`, `editors`.

A byline is a bracket with a function and names at a paragraph's end or beside the dateline
(（记者张三）, there also without 记者, as at the end of a text without another byline), or a line
that is nothing else (新华社记者张三、李四), or evidence beside the text (作者： 记者张三).
记者 makes a reporter, 通讯员 and 报道员 a correspondent, 评论员 a commentator, 作者 or no word an
author, or a photographer when the credit of a photo names the same person. `记者17日从…` names
nobody. The duty editor (责任编辑, else plain 编辑) is never an author.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from crawler import labels
from crawler.items import Person, Role
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.credits import Credit, bare_names, read_credits, without_trainees
from crawler.pipelines.media import is_photo_story
from crawler.pipelines.person_names import HAN, is_plain, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.items import Draft, Evidence
    from crawler.pipelines.credits import Credits
    from crawler.pipelines.normalisation import Normalisation

    _Edited = Iterable[tuple[Evidence, Credits | None]]

_BRACKET = re.compile(r"[(（【\[〔]([^()（）【】\[\]〔〕]{2,160})[)）】\]〕]")
_REST = re.compile(r"[\s。.完(（)）【】\[\]]*")

# A dateline and its byline stand in one of the first paragraphs and in its first characters.
_OPENING_PARAGRAPHS = 3
_OPENING = 120
_LONGEST_DATELINE = 80

# A bullet, or a dateline that shares the byline's line.
_BEFORE_BYLINE = re.compile(
    r"^(?:[□■●◆◇★☆▲△◎○•·*＊|｜—\s]{1,6}|[^，。（(]{2,30}\d\s?日专?[电讯]\s+)"
)

_BESIDE_DATELINE = re.compile(r"\d\s?日\s?(?:专)?[电讯]\s*$")

# What agencies print in brackets after a dateline and is nobody's name.
_TOPIC = re.compile(
    "国[际内]|经济|财经|文[化体娱教]|时政|高[端原]|社会|法治|科[技教]|国防|军事|体育|教育|健康|民生|安全"
    "|[足篮排网]球|全[运国]|冬奥|综述|特写|完|农[村业民]|党建|关注|平安|文明|高[铁校温]"
)

_LED_BY_DATELINE = re.compile(r"[电讯]\s*(?:题[:：].{0,60})?\s*$")
_OUTLET = re.compile(
    rf"(?:综合)?(?:[{HAN}\w·“”《》\s/]{{0,14}}"
    rf"(?:[报社网台刊线端点站”》]|媒体?|中心|频道|集团|新闻|杂志|驻[{HAN}]{{1,6}}))?\s*"
)
_QUOTED_SENTENCE = re.compile(r"据|受访|图为|接受")
_OURS = "新华社|新华网|本报|本网"
_REPORTER_REPORTS = (
    rf"(?:{_OURS})?({labels.REPORTER})\s*"
    rf"([{HAN}]{{2,4}}(?:、[{HAN}]{{2,3}}){{0,5}})\s*报道"
)
_REPORTS = re.compile(rf"[电讯]\s*{_REPORTER_REPORTS}[:：，,]")
_REPORTS_FIRST = re.compile(rf"{_REPORTER_REPORTS}[:：]")
_SIGNED = re.compile(
    r"[。！？…]”?([^。！？…，,；：:()（）]{0,16}(?:记者|评论员)[^。！？，,；：:()（）]{2,80})$"
)
# Characters of a name that is hardly another word.
_UNLIKE_WORDS = 3

_NO_BYLINE = re.compile(r"[。！？!?；;()（）【】]")
_IN_TEXT = frozenset({"reporter", "correspondent", "commentator", "author"})
# Characters of a byline; a longer line is text.
_LONGEST_BYLINE = 160

# Characters of a paragraph with bylines on lines of their own.
_LONGEST_LINES = 600
_SIGN_OFF = re.compile(
    rf"(?:^|[。！？…”])\s?([(（]([{HAN}·、\s]{{3,40}})[)）])(?:\s?[(（][^()（）]{{1,12}}[)）])?$"
)

# Endings of offices, places and kinds of text that a surname may begin.
_NO_SIGN_OFF = re.compile("[部委司处界院站会所组办员区县市省州乡镇村讯榜书图单版稿完篇]$")

# 新华社记者张三摄 is a photo's; 张三文/摄 is the text's too.
_PHOTO_CREDIT = re.compile(r"[^/／并]摄$")

_LISTED = re.compile(r"\w{0,4}记者\s?[:：]")
_SURE = re.compile(_OURS)


def set_people(current: Normalisation) -> Normalisation:
    """The same with `reporters`, `byline_raw` and `editors`."""
    paragraphs = current.article.paragraphs
    edited = [(each, read_credits(each.text)) for each in current.draft.editors]
    found = [*_in_text(paragraphs), *_in_evidence(current.draft, edited)]
    if paragraphs and not _signing(found):
        found += _signed_off(paragraphs[-1])
    raw = dict.fromkeys(credit.raw for credit in _signing(found))
    return current.with_values(
        reporters=_reporters(found, _photo_credits(current, found)),
        byline_raw="\n".join(raw) or None,
        editors=_editors(edited),
    )


def _signing(found: list[Credit]) -> list[Credit]:
    """The credits that name a writer."""
    return [credit for credit in found if credit.names and credit.function in _IN_TEXT]


def _photo_credits(current: Normalisation, found: list[Credit]) -> str:
    """The photo credits of a photo story that has an author, else nothing."""
    if any(c.function == "author" for c in found) and is_photo_story(current.blocks):
        return " ".join(image.credit or "" for image in current.article.images)
    return ""


def _reporters(found: list[Credit], credited: str) -> list[Person]:
    """Each name once, with the first role that is more than an author's."""
    reporters: dict[str, Role] = {}
    for credit in found:
        for name in credit.names or ():
            role = _role(credit, name, credited)
            if role and (name not in reporters or reporters[name] == "author"):
                reporters[name] = role
    return [Person(name, role) for name, role in reporters.items()]


def _role(credit: Credit, name: str, credited: str) -> Role | None:
    if credit.function not in _IN_TEXT:
        return None
    if credit.function == "author" and name in credited:
        return "photographer"
    return next(role for role in get_args(Role) if role == credit.function)


def _in_text(paragraphs: list[str]) -> Iterator[Credit]:
    """Bylines as a line of their own, in brackets at an end, at a start or beside a dateline."""
    for place, paragraph in enumerate(paragraphs):
        if place < _OPENING_PARAGRAPHS:
            yield from _at_opening(paragraph)
        lines = [paragraph] if len(paragraph) > _LONGEST_LINES else paragraph.split("\n")
        for line in lines:
            yield from _at_line_end(line)


def _at_opening(paragraph: str) -> Iterator[Credit]:
    """Bylines in brackets that open a paragraph or follow its dateline, and 记者张三报道：."""
    opening = paragraph[: _OPENING + _LONGEST_BYLINE]
    for bracket in _BRACKET.finditer(opening):
        before = opening[max(0, bracket.start() - _LONGEST_DATELINE) : bracket.start()]
        at_start = not before and len(bracket[0]) < len(paragraph)
        if at_start or _LED_BY_DATELINE.search(before):
            yield from _credits(bracket[1], bracket[0])
        if _BESIDE_DATELINE.search(before):
            yield from _names_alone(bracket)
    if found := _REPORTS.search(opening) or _REPORTS_FIRST.match(opening):
        yield from _reports(found)


def _at_line_end(line: str) -> Iterator[Credit]:
    """Bylines that end a line, in brackets or behind its last sentence, or that are all of it."""
    ending = line[-2 * _LONGEST_BYLINE :]
    for bracket in _BRACKET.finditer(ending):
        if _only_brackets(ending[bracket.end() :]):
            yield from _credits(bracket[1], bracket[0])
    signs = "记者" in ending or "评论员" in ending
    if signs and (signed := _SIGNED.search(ending)):
        yield from _own_line(signed[1].strip())
    if len(line) <= _LONGEST_BYLINE and not _NO_BYLINE.search(without_trainees(line)):
        yield from _own_line(_BEFORE_BYLINE.sub("", line))


def _own_line(line: str) -> list[Credit]:
    """A line that is a byline: its names must be plain ones, beside Xinhua's name or in a list
    after 记者： one of them."""
    found = _credits(line, line)
    plain = [is_plain(name) for credit in found for name in credit.names or ()]
    sure = _SURE.match(line) or (len(plain) > 1 and _LISTED.match(line))
    return found if all(plain) or (sure and any(plain)) else []


def _names_alone(bracket: re.Match[str]) -> Iterator[Credit]:
    """新华网南京9月28日电（张三 李四）: reporters, where each is plainly a name."""
    people = bare_names(bracket[1]) or []
    if _likely(people) and not any(map(_TOPIC.search, people)):
        yield Credit("reporter", people, bracket[0])


def _signed_off(last: str) -> Iterator[Credit]:
    """Plain names and nothing else in brackets behind the last sentence: （张三丰）."""
    signed = _SIGN_OFF.search(last[-_LONGEST_BYLINE:])
    people = (bare_names(signed[2]) if signed else None) or []
    doubtful = any(_TOPIC.search(name) or _NO_SIGN_OFF.search(name) for name in people)
    if signed and _likely(people) and not doubtful:
        yield Credit("author", people, signed[1])


def _likely(people: list[str]) -> bool:
    """Whether words in brackets without a function are names: plain ones, and several or one of
    three characters, as two may be any word."""
    return all(map(is_plain, people)) and (
        len(people) > 1 or (len(people) == 1 and len(people[0]) == _UNLIKE_WORDS)
    )


def _only_brackets(text: str) -> bool:
    return _REST.fullmatch(_BRACKET.sub("", text)) is not None


def _credits(text: str, raw: str) -> list[Credit]:
    """The credits of a byline, all certain, or none. `raw`: the byline as printed."""
    line = read_credits(text)
    if (
        line is None
        or not _OUTLET.fullmatch(line.before)
        or _QUOTED_SENTENCE.match(line.before)
        or not any(credit.names for credit in line.found)
        or any(credit.names is None for credit in line.found)
        or any(credit.function == "author" and not _all_plain(credit) for credit in line.found)
        or _PHOTO_CREDIT.search(line.found[-1].raw)
    ):
        return []
    return [Credit(credit.function, credit.names, raw) for credit in line.found]


def _all_plain(credit: Credit) -> bool:
    return all(map(is_plain, credit.names or ()))


def _reports(found: re.Match[str]) -> Iterator[Credit]:
    """记者张三报道：— without brackets a name must begin with a surname."""
    people = names(found[2])
    if people and all(map(is_plain, people)):
        role: Role = "reporter" if found[1] == "记者" else "correspondent"
        yield Credit(role, people, found[0].lstrip("电讯 ").rstrip("：:，, "))


def _in_evidence(draft: Draft, edited: _Edited) -> Iterator[Credit]:
    """Bylines outside the text; an editor line may name the author as well."""
    for evidence in draft.bylines:
        line = read_credits(evidence.text)
        if line is None:
            bare = Credit("author", bare_names(evidence.text), clean_line(evidence.text))
            yield from _in_function([bare])
        elif _OUTLET.fullmatch(line.before):
            yield from _in_function(line.found)
    for _, line in edited:
        if line is not None:
            yield from _in_function(c for c in line.found if "实习" not in c.raw)


def _in_function(credits_: Iterable[Credit]) -> Iterator[Credit]:
    """Those of writers; whom no function but 作者 names must have a plain name."""
    for credit in credits_:
        if credit.function in _IN_TEXT and (credit.function != "author" or _all_plain(credit)):
            yield credit


def _editors(edited: _Edited) -> list[str]:
    """The duty editors; plain 编辑 and unlabelled names only when no 责任编辑 is named."""
    duty: list[str] = []
    plain: list[str] = []
    for each, line in edited:
        if line is None:
            plain += [name for name in bare_names(each.text) or () if is_plain(name)]
        for credit in line.found if line else ():
            if credit.function == "duty_editor":
                duty += credit.names or []
            elif credit.function == "editor":
                plain += credit.names or []
    return list(dict.fromkeys(duty or plain))
