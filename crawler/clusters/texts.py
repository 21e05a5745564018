"""What two texts have in common: the runs of five characters that stand in both.

In: texts as published. Out: their plain form, a sample of its five-character runs to find
candidates by, and an exact comparison. A copy may be cut, extended and lightly edited, so what
counts is how much of the shorter text stands in the longer one.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple, Self
from zlib import crc32

from crawler.search.folding import fold

# Set this up when what is kept of a text changes.
FORM = 1

_LENGTH = 5
# One of so many runs is sampled, by its first two characters: a share of what two texts have in
# common is in the samples of both.
_SAMPLING = 11

# Shorter texts (in characters of the plain form) say too little to tell copies by.
SHORTEST = 60

# So much of the shorter text stands in the longer one.
_SHARED = 0.5
# Texts of one template share all but their figures and names. In copies, a figure is the same where
# the words around it are: so many that differ, and such a share of those compared, make a template.
_CHANGED_FIGURES = 3
_CHANGED_SHARE = 0.3
_BEFORE, _AFTER = 4, 3  # characters around a figure that tell its place

_FIGURE = re.compile(r"(\d+)")
_UNPRINTED = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """The letters and digits of a text alone, folded: no punctuation, blanks, paragraphs."""
    return _UNPRINTED.sub("", fold(text))


def sample(text: str) -> set[int]:
    """Numbers of the sampled runs of a plain text."""
    codes = memoryview(text.encode("utf-32-le")).cast("I")
    pairs = enumerate(pairwise(codes))
    starts = [at for at, (one, other) in pairs if not (one * 31 + other) % _SAMPLING]
    last = len(text) - _LENGTH
    return {crc32(text[at : at + _LENGTH].encode()) for at in starts if at <= last}


class Prepared(NamedTuple):
    """A plain text as it is compared: its runs, and its figures by the words around them."""

    runs: frozenset[str]
    figures: dict[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, text: str) -> Self:
        """Prepare a plain text."""
        runs = frozenset([text[at : at + _LENGTH] for at in range(len(text) - _LENGTH + 1)])
        return cls(runs, _figures(text))


def _figures(text: str) -> dict[tuple[str, str], frozenset[str]]:
    """Figures by what stands before and after them, where other figures are but a 0."""
    words = _FIGURE.split(text)  # words, a figure, words, …
    found: dict[tuple[str, str], frozenset[str]] = {}
    before = ""
    for at in range(0, len(words) - 1, 2):
        before = f"{before}{words[at]}"[-_BEFORE:]
        after = f"{words[at + 2]}{'0' if at + 3 < len(words) else ''}"[:_AFTER]
        place = (before, after)
        found[place] = found.get(place, frozenset()) | {words[at + 1]}
        before += "0"
    return found


class Likeness(NamedTuple):
    """How many runs two texts share, and whether that makes one a copy of the other."""

    shared: int
    is_copy: bool


def compare(one: Prepared, other: Prepared) -> Likeness:
    """Compare two texts."""
    shared = len(one.runs & other.runs)
    if shared < _SHARED * min(len(one.runs), len(other.runs)):
        return Likeness(shared, is_copy=False)
    places = one.figures.keys() & other.figures.keys()
    changed = sum(one.figures[place].isdisjoint(other.figures[place]) for place in places)
    is_template = changed >= _CHANGED_FIGURES and changed >= _CHANGED_SHARE * len(places)
    return Likeness(shared, is_copy=not is_template)
