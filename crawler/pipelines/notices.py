"""The site's copyright notices and disclaimers in printed lines.

Such a notice is made of phrases, grouped in clauses, with a slot for the outlet
(`notices.toml`). They are looked for on the skeleton of a line, where width, punctuation,
brackets and blanks make no difference. One phrase is not enough, as an article may talk about
copyright. A notice begins where a line or a sentence begins, never inside quotation marks, holds
several phrases (`_LEAST`), which make up a good part of it, and mostly stands at the end.
"""

from __future__ import annotations

import math
import re
import tomllib
from bisect import bisect_left
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.pipelines.clean_text import skeleton_map

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters at a line's end that are searched; the longest notice has under 1000.
_SEARCHED: Final = 4000

_WORDING: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("notices.toml").read_text(encoding="utf-8")
)
_OUTLET = _WORDING["outlet"]["pattern"]
PHRASES: Final = {
    f"{clause}_{number}": pattern.replace("{o}", _OUTLET)
    for clause, patterns in _WORDING["clauses"].items()
    for number, pattern in enumerate(patterns)
}
# Its name stands behind a phrase, so that a phrase is ruled out by its first character.
_PHRASE = re.compile("|".join(f"{pattern}(?P<{name}>)" for name, pattern in PHRASES.items()))
_ANCHORS = tuple(_WORDING["anchors"]["words"])
ANCHORS_OF_PIECES: Final = (*_ANCHORS, *_WORDING["anchors"]["of_pieces"])
_PROVES_NOTHING = frozenset({"reminder", "contact"})
_ENDS = "。！？；;!?)）】]\n"
_OPENS = "“\"「『‘《'"
_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十]{1,2})?"
_PREFIX = re.compile(
    rf"{_NUMBER}(?:\w{{1,10}}(?:网站?|报|社|站|台))?(?:特别|郑重)?(?:声明|说明|注|提示)?(?:本文|文章|作品|稿件|以上\w{{0,6}}|如|并)?{_NUMBER}"
)
_SAYS = re.compile(
    r"[^，。：“,:]{1,14}(?:认为|表示|(?<!特别)(?<!温馨)(?<!重要)(?<!友情)(?<!郑重)提醒|指出|介绍|建议|强调"
    r"|说|称)[，,：:]"
)
_SENTENCE_END = re.compile(r"[。！？；;!?\n]")

# A notice speaks of the site, of the text above it, or says what it is; an article needn't.
_OF_ITSELF = re.compile(r"[本我][网站报社刊]|本[平栏频]|新华[网社]|本文|以上内容|管理协调部|声明")

# Letters of a notice that needn't speak of the site at a page's end: 版权所有 违者必究.
_SHORT = 16

# Letters after the last phrase that still belong to the notice, or a third of the line.
_REST = 12

# Characters a quotation is looked for in on either side of its words.
_QUOTATION = 200

# Characters without a phrase that a notice split over lines may have between two with phrases.
# In longer lines only words that prove more are looked for.
_BRIDGE = 40

# Characters before a phrase among which the beginning of its sentence is looked for.
_SENTENCE_HEAD = 40

# Characters of a sentence's head that may have blanks inside; in a longer one, the notice begins
# behind the last blank.
_SPACED_HEAD = 16


@dataclass(frozen=True, slots=True)
class NoticeSpan:
    """A part of a line: characters `start` to `end` are notice."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Hit:
    name: str
    start: int
    end: int


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    letters: str
    places: list[int]
    hits: list[_Hit]

    def index(self, letter: int) -> int:
        """The place in the text of a letter of the skeleton."""
        return self.places[letter] if letter < len(self.places) else len(self.text)

    def letters_in(self, span: NoticeSpan) -> int:
        """How many letters of the skeleton stand in a part of the line."""
        return sum(span.start <= place < span.end for place in self.places)


@dataclass(frozen=True, slots=True)
class _Least:
    """What makes a notice: so many different phrases of so many clauses. Where phrases are that
    share of the letters, their number doesn't matter."""

    phrases: int
    clauses: int
    unless_covered: float = math.inf


# The least that makes a notice, by whether it is the last thing on the page (and speaks of the
# site, or is very short) and whether it is whole lines. In the midst of a text, or glued to a
# sentence, it takes more to be sure that the words aren't the article's.
_LEAST: Final = {
    (True, True): _Least(phrases=2, clauses=1, unless_covered=0.5),
    (True, False): _Least(phrases=3, clauses=1),
    (False, True): _Least(phrases=4, clauses=2),
    (False, False): _Least(phrases=6, clauses=2),
}

# The share of its letters that phrases have at least in any notice.
_LEAST_COVERED: Final = 0.25


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Lines that may be a notice.

    `phrases` and `clauses` are how many different ones it has (clauses that prove nothing not
    counted), `covered` the share of its letters that are phrases, `least` what it must have.
    """

    spans: list[NoticeSpan]
    phrases: int
    clauses: int
    covered: float
    least: _Least

    @property
    def is_notice(self) -> bool:
        return (
            self.covered >= _LEAST_COVERED
            and self.clauses >= self.least.clauses
            and (self.phrases >= self.least.phrases or self.covered >= self.least.unless_covered)
        )


def find_notices(
    lines: Sequence[str], is_cut: Sequence[bool], *, is_beside: bool = False
) -> list[NoticeSpan]:
    """The notices in an article's lines, in order; lines already cut are not looked at but count
    as the page's end. Lines beside the text are no article's: each stands at an end."""
    spans: list[NoticeSpan] = []
    done = list(is_cut)
    end = len(done)
    for group in reversed(_groups(lines, is_cut)):
        while end > 0 and done[end - 1]:
            end -= 1
        for span in _notice(group, at_end=is_beside or group[-1].number + 1 >= end):
            spans.append(span)
            done[span.line] = span.start == 0
    return sorted(spans, key=lambda span: span.line)


def _groups(lines: Sequence[str], is_cut: Sequence[bool]) -> list[list[_Line]]:
    """Neighbouring lines with phrases; a short line between two of them joins them."""
    groups: list[list[_Line]] = [[]]
    bridge: list[_Line] = []
    for number, text in enumerate(lines):
        if is_cut[number]:
            continue
        line = _read(number, text)
        if line.hits:
            groups[-1] += [*bridge, line] if groups[-1] else [line]
            bridge = []
        elif groups[-1] and len(text) + sum(len(each.text) for each in bridge) <= _BRIDGE:
            bridge.append(line)
        elif groups[-1]:
            groups.append([])
            bridge = []
    return [group for group in groups if group]


def _read(number: int, text: str) -> _Line:
    """A line with its phrases; one without a word of the family is not looked at."""
    plain = "".join(text.split()) if len(text) <= _SEARCHED else text
    anchors = _ANCHORS if len(text) > _BRIDGE else ANCHORS_OF_PIECES
    if not any(anchor in plain for anchor in anchors):
        return _Line(number, text, "", [], [])
    skipped = max(0, len(text) - _SEARCHED)
    letters, places = skeleton_map(text[skipped:])
    places = [place + skipped for place in places]
    hits = [
        _Hit(found.lastgroup or "", found.start(), found.end())
        for found in _PHRASE.finditer(letters)
        if not _is_told(text, places[found.start()])
    ]
    return _Line(number, text, letters, places, hits)


def _is_told(text: str, at: int) -> bool:
    """Whether the words there are quoted, or what somebody says: an article's, not the site's."""
    near = max(0, at - _QUOTATION)
    opened, closed = text.rfind("“", near, at), text.rfind("”", near, at)
    if opened > closed:
        end, again = (text.find(mark, at, at + _QUOTATION) for mark in "”“")
        if end >= 0 and not 0 <= again < end:
            return True
    return _SAYS.match(text, _sentence_start(text, at)) is not None


def _notice(group: list[_Line], *, at_end: bool) -> list[NoticeSpan]:
    """The spans of a group's notice, [] when it is none."""
    begins = ((place, _begin(line)) for place, line in enumerate(group))
    place, begin = next(((p, b) for p, b in begins if b is not None), (0, None))
    if begin is None:
        return []
    candidate = _candidate(group[place:], begin, at_end=at_end)
    return candidate.spans if candidate.is_notice else []


def _candidate(group: list[_Line], begin: int, *, at_end: bool) -> _Candidate:
    """What a group looks like whose first line's notice begins there."""
    first, last = group[0], group[-1]
    end = _end(last)
    spans = _spans(group, begin, end)
    hits = [hit for hit in first.hits if first.index(hit.start) >= begin]
    hits += [hit for line in group[1:] for hit in line.hits]
    phrases = {hit.name for hit in hits}
    letters = sum(line.letters_in(span) for line, span in zip(group, spans, strict=True))
    names_itself = any(_OF_ITSELF.search(line.letters) for line in group)
    is_to_the_end = end == len(last.text)
    is_last = at_end and is_to_the_end and (names_itself or letters <= _SHORT)
    return _Candidate(
        spans=spans,
        phrases=len(phrases),
        clauses=len({name.rpartition("_")[0] for name in phrases} - _PROVES_NOTHING),
        covered=sum(hit.end - hit.start for hit in hits) / max(letters, 1),
        least=_LEAST[is_last, begin == 0 and is_to_the_end],
    )


def _spans(group: list[_Line], begin: int, end: int) -> list[NoticeSpan]:
    """All of the lines, but the first from `begin` on and the last up to `end`."""
    spans = [NoticeSpan(line.number, 0, len(line.text)) for line in group]
    spans[0] = replace(spans[0], start=begin)
    spans[-1] = replace(spans[-1], end=end)
    return spans


def _begin(line: _Line) -> int | None:
    """Where in the text the notice begins, None when no phrase stands at a beginning."""
    for hit in line.hits:
        at = line.index(hit.start)
        start = _sentence_start(line.text, at)
        prefix = line.letters[bisect_left(line.places, start) : hit.start]
        if _PREFIX.fullmatch(prefix) and not set(_OPENS) & set(line.text[start:at]):
            return start
    return None


def _sentence_start(text: str, at: int) -> int:
    """The beginning of the sentence, or of the words after a blank, that hold this place."""
    start = at
    while start > 0 and at - start < _SENTENCE_HEAD and text[start - 1] not in _ENDS:
        start -= 1
    blank = text.rfind(" ", start, at)
    head = "".join(text[start:at].split())
    return start if len(head) <= _SPACED_HEAD or blank < 0 else blank + 1


def _end(line: _Line) -> int:
    """Where in the text the notice ends: with the sentence of the last phrase."""
    if not line.hits:
        return len(line.text)
    letter = line.hits[-1].end
    if len(line.letters) - letter <= max(_REST, len(line.letters) // 3):
        return len(line.text)
    found = _SENTENCE_END.search(line.text, line.index(letter - 1))
    end = found.end() if found else len(line.text)
    while end < len(line.text) and line.text[end] in '”"’)） ':
        end += 1
    rest = sum(place >= end for place in line.places)
    return end if rest > _REST else len(line.text)
