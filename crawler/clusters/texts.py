"""What two texts have in common: the runs of five characters that stand in both.

In: texts as published. Out: their plain form, a sample of its five-character runs to find
candidates by, and an exact comparison. A copy may be cut, extended and lightly edited, so what
counts is how much of the shorter text stands in the longer one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple, Self
from zlib import crc32

from crawler.search.folding import fold, folds

# Set this up when what is kept of a text changes.
FORM = 2

# Characters of a run: fewer are shared by chance, more are lost by each edit.
_LENGTH = 5
# The runs that begin with one of so many characters are sampled: a share of what two texts have in
# common is in the samples of both. Half of those of a longer text are, and half again, until they
# are no more than MOST_SAMPLED; in these halves, too, two texts have the same in common.
_SAMPLING = 12
_OF_ALPHABETS = "2dkm"
MOST_SAMPLED = 96

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
_PRINTED = re.compile(r"[^\W_]+")


def plain_text(text: str) -> str:
    """The letters and digits of a text alone, folded: no punctuation, blanks, paragraphs."""
    letters = "".join(_PRINTED.findall(text)).lower()
    if folds(letters):
        return "".join(_PRINTED.findall(fold(letters)))
    return letters


class Sample(NamedTuple):
    """Numbers of sampled runs; `halvings`: so often half of them was left out."""

    runs: frozenset[int]
    halvings: int

    @property
    def size(self) -> int:
        """How many there would be, had none been left out."""
        return len(self.runs) << self.halvings


def sample(text: str) -> Sample:
    """The sample of a plain text."""
    runs = frozenset([crc32(run.encode()) for run in _sampled().findall(text)])
    halvings = 0
    while len(runs) > MOST_SAMPLED:
        halvings += 1
        runs = frozenset([run for run in runs if not run & (1 << halvings) - 1])
    return Sample(runs, halvings)


@cache
def _sampled() -> re.Pattern[str]:
    """Finds each sampled run; they may overlap."""
    # Knuth's multiplicative hash: no radical's characters come together
    han = [chr(code) for code in range(0x4E00, 0xA000) if not (code * 2654435761 >> 9) % _SAMPLING]
    return re.compile(f"(?=([{''.join(han)}{_OF_ALPHABETS}].{{{_LENGTH - 1}}}))")


class Prepared(NamedTuple):
    """A plain text as it is compared: its runs, and its figures by the words around them."""

    text: str
    runs: frozenset[str]
    figures: dict[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, text: str) -> Self:
        """Prepare a plain text."""
        runs = frozenset([text[at : at + _LENGTH] for at in range(len(text) - _LENGTH + 1)])
        return cls(text, runs, _figures(text))


def _figures(text: str) -> dict[tuple[str, str], frozenset[str]]:
    """Figures by what stands before and after them, where other figures count as a 0."""
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
    if one.text in other.text or other.text in one.text:
        return Likeness(min(len(one.runs), len(other.runs)), is_copy=True)
    shared = len(one.runs & other.runs)
    if shared < _SHARED * min(len(one.runs), len(other.runs)):
        return Likeness(shared, is_copy=False)
    places = one.figures.keys() & other.figures.keys()
    changed = sum(one.figures[place].isdisjoint(other.figures[place]) for place in places)
    is_template = changed >= _CHANGED_FIGURES and changed >= _CHANGED_SHARE * len(places)
    return Likeness(shared, is_copy=not is_template)
