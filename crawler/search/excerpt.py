"""Where a text matches a query, for display: the text in pieces, as printed.

In: a text as published, and words folded as the index folds them. Out: pieces of the text in order,
of which those that match are marked. Folding changes lengths (full width, traditional characters,
padding blanks), so each folded character remembers which printed one it came from.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from crawler.search.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 120  # characters of an excerpt
_BEFORE = 30  # of them before the first match
_BLANKS = re.compile(r"\s+")


class ExcerptPart(NamedTuple):
    """A piece of a text."""

    text: str
    is_match: bool


def marked(text: str, words: Iterable[str]) -> tuple[ExcerptPart, ...]:
    """The whole text, its matches marked."""
    return _parts(text, _spans(text, words), 0, len(text))


def excerpt(text: str, words: Iterable[str]) -> tuple[ExcerptPart, ...]:
    """The text around its first match on one line, cut to `LONGEST` characters with … where it goes
    on; () where nothing matches."""
    text = _BLANKS.sub(" ", text)
    spans = _spans(text, words)
    if not spans:
        return ()
    start = max(spans[0][0] - _BEFORE, 0)
    end = min(start + LONGEST, len(text))
    parts = _parts(text, spans, start, end)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return tuple(
        part
        for part in (ExcerptPart(before, False), *parts, ExcerptPart(after, False))
        if part.text
    )


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """The pieces of the text that match, in order, apart from each other."""
    folded, origins = [], []
    for position, character in enumerate(text):
        for one in _folded(character):
            folded.append(one)
            origins.append(position)
    # without any blanks, which match or not as they stand: the index has decided already
    haystack = "".join(folded)
    found = []
    for word in words:
        needle = "".join(word.split())
        start = haystack.find(needle) if needle else -1
        while start >= 0:
            found.append((origins[start], origins[start + len(needle) - 1] + 1))
            start = haystack.find(needle, start + len(needle))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


@lru_cache(maxsize=20_000)
def _folded(character: str) -> str:
    return fold(character).strip()


def _parts(
    text: str, spans: list[tuple[int, int]], start: int, end: int
) -> tuple[ExcerptPart, ...]:
    parts, at = [], start
    for begin, stop in spans:
        if stop <= start or begin >= end:
            continue
        parts.append(ExcerptPart(text[at:begin], False))
        parts.append(ExcerptPart(text[begin : min(stop, end)], True))
        at = min(stop, end)
    parts.append(ExcerptPart(text[at:end], False))
    return tuple(part for part in parts if part.text)
