"""A readable difference of two records or Chinese texts: by paragraph, then by character and word.

In: a field of two records, or two lists of paragraphs. Out: for a terminal lines, with
`[-taken out-]` and `{+put in+}`; for two columns rows, in which paragraphs that are alike stand
side by side and are compared sentence by sentence first.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Longer passages are shown whole, before and after: comparing takes the square of the length.
MAX_TOKENS = 4000

_TOKEN = re.compile(r"[A-Za-z]+|[0-9][0-9.,:%-]*|\s+|.", re.ASCII | re.DOTALL)

# A match of fewer characters between two changes only breaks up the reading.
_SHORT = 2

_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』）)]*|[^。！？；!?;\n]+")

# Paragraphs that share less stand for themselves; sentences that share less are replaced whole.
_ALIKE = 0.4

# So many pairs of paragraphs are looked through for those that are alike.
_MOST_PAIRS = 900


class Piece(NamedTuple):
    """A step through two texts: what is taken out, what is put in, then what both have."""

    out: str
    put: str
    same: str


class Span(NamedTuple):
    """A part of one side: `is_marked` where the other side hasn't got it."""

    text: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Two paragraphs side by side; one side is empty where it has none. `kind` is `same`,
    `changed`, `removed` or `added`."""

    kind: str
    left: tuple[Span, ...]
    right: tuple[Span, ...]


def of_fields(
    fields: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """The changes of each field, under its name."""
    for field in fields:
        yield f"    {field}:"
        changes = difference(paragraphs_of(before, field), paragraphs_of(after, field))
        yield from (f"        {line}" for line in changes)


def paragraphs_of(record: Mapping[str, Any], field: str) -> list[str]:
    """A field as paragraphs to compare: the body's own, one per item of a list, else one."""
    value = record.get(field)
    if field == "body":
        return list(record["paragraphs"] or ([value] if value else []))
    if isinstance(value, list):
        return [item if isinstance(item, str) else _item(item) for item in value]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False)]
    return [] if value is None else [str(value)]


def _item(item: dict[str, Any]) -> str:
    """A person, image, video or attachment on one line; its place in the body doesn't count."""
    return " ".join(str(value) for key, value in item.items() if value and key != "position")


def difference(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The changed paragraphs, marked, with how many unchanged ones stand between them."""
    matcher = SequenceMatcher(None, before, after)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            count = last - first
            yield f"({count} unchanged paragraph{'s' if count > 1 else ''})"
        else:
            yield from _passage("\n".join(before[first:last]), "\n".join(after[start:end]))


def rows(before: Sequence[str], after: Sequence[str]) -> Iterator[Row]:
    """All paragraphs of both sides, in order."""
    for tag, first, last, start, end in SequenceMatcher(None, before, after, False).get_opcodes():
        if tag == "equal":
            for text in before[first:last]:
                both = (Span(text, False),)
                yield Row("same", both, both)
        else:
            for old, new in _pairs(before[first:last], after[start:end]):
                yield _row(old, new)


def _pairs(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Changed paragraphs with those that they became: the pairs that are most alike in sum, in
    order; what has none stands alone. One that one stands in the place of is its pair."""
    if len(before) == len(after) == 1:
        yield before[0], after[0]
        return
    if len(before) * len(after) > _MOST_PAIRS:
        yield from ((text, None) for text in before)
        yield from ((None, text) for text in after)
        return
    likeness = [[_likeness(old, new) for new in after] for old in before]
    best = _best(likeness)
    i = j = 0
    while i < len(before) and j < len(after):
        if likeness[i][j] >= _ALIKE and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            yield before[i], after[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield before[i], None
            i += 1
        else:
            yield None, after[j]
            j += 1
    yield from ((text, None) for text in before[i:])
    yield from ((None, text) for text in after[j:])


def _best(likeness: Sequence[Sequence[float]]) -> list[list[float]]:
    """By two places, the most that the paragraphs from there on can be alike in sum."""
    rows, columns = len(likeness), len(likeness[0]) if likeness else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            alike = likeness[i][j]
            paired = alike + best[i + 1][j + 1] if alike >= _ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    return best


def _likeness(old: str, new: str) -> float:
    """The share of pairs of neighbouring characters that both have (Dice's coefficient)."""
    first, second = _pairs_of_characters(old), _pairs_of_characters(new)
    return 2 * len(first & second) / max(len(first) + len(second), 1)


def _pairs_of_characters(text: str) -> set[str]:
    return {text[n : n + 2] for n in range(max(len(text) - 1, 1))}


def _row(old: str | None, new: str | None) -> Row:
    if new is None:
        return Row("removed", (Span(old or "", True),), ())
    if old is None:
        return Row("added", (), (Span(new, True),))
    left: list[Span] = []
    right: list[Span] = []
    for piece in _by_sentence(old, new):
        if piece.out:
            left.append(Span(piece.out, True))
        if piece.put:
            right.append(Span(piece.put, True))
        if piece.same:
            left.append(Span(piece.same, False))
            right.append(Span(piece.same, False))
    return Row("changed", tuple(left), tuple(right))


def _by_sentence(old: str, new: str) -> Iterator[Piece]:
    before, after = _SENTENCE.findall(old), _SENTENCE.findall(new)
    for tag, first, last, start, end in SequenceMatcher(None, before, after, False).get_opcodes():
        was, now = "".join(before[first:last]), "".join(after[start:end])
        if tag == "equal":
            yield Piece("", "", was)
        elif was and now and _likeness(was, now) >= _ALIKE:
            yield from pieces(was, now)
        else:
            yield Piece(was, now, "")


def _passage(before: str, after: str) -> Iterator[str]:
    marked = "".join(_marked(*piece) for piece in pieces(before, after))
    yield from marked.split("\n")


def pieces(before: str, after: str) -> Iterator[Piece]:
    """Two texts by character and word; matches too short to read join the changes."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if not old or not new or len(old) + len(new) > MAX_TOKENS:
        yield Piece(before, after, "")
        return
    out, put = "", ""
    for tag, first, last, start, end in SequenceMatcher(None, old, new, False).get_opcodes():
        was, now = "".join(old[first:last]), "".join(new[start:end])
        is_inside = bool(out or put) and (last < len(old) or end < len(new))
        if tag == "equal" and not (is_inside and len(was) < _SHORT):
            yield Piece(out, put, was)
            out, put = "", ""
        else:
            out, put = out + was, put + now
    if out or put:
        yield Piece(out, put, "")


def _marked(out: str, put: str, same: str) -> str:
    return (f"[-{out}-]" if out else "") + (f"{{+{put}+}}" if put else "") + same
