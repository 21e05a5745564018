"""One spelling for texts and queries: width, case, traditional characters, blanks.

In: a text. Out: what is indexed of it, or asked of the index. Two texts that a reader takes for the
same words fold to the same characters.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from operator import add
from pathlib import Path

# Set this up when `fold` or its table changes: an index made by another folding answers wrongly.
FOLDING = 1

# A table and no library: OpenCC is 7 MB of native code, and another release of it would fold texts
# otherwise than the index was made.
TABLE = Path(__file__).with_name("traditional.toml")

# No character after these folds to another (Unicode 17) but those that nobody sees.
_END_OF_HAN = 0x33480

# Blanks stay between two words of an alphabet only: the site pads names (张 三) and headlines.
_WORD = r"[^\W⺀-鿿豈-﫿\U00020000-\U0003ffff]"
_PADDING = re.compile(rf"(?<!{_WORD}) +| +(?!{_WORD})")
_BLANKS = re.compile(r"[^\S\n]+")
_BETWEEN_LINES = " \u2029 "
_LINE_BREAKS = "\r\n\v\f\x85\u2028\u2029"
_LINE_ENDS = re.compile(f"[{_LINE_BREAKS}]+")
# In a class with others, these would make its search a thousand times as slow.
_RARE = re.compile("[\U00010000-\U0010ffff]")


def fold(text: str) -> str:
    """The text in one width (NFKC) and case, in simplified characters, without what nobody sees
    (controls, zero-width characters, variation selectors) and without padding blanks.

    Line feeds stay: words don't go on across them.
    """
    folded = text.translate(_table())
    if not unicodedata.is_normalized("NFKC", folded):  # accents and the like after their letters
        folded = unicodedata.normalize("NFKC", folded).translate(_table())
    return _PADDING.sub("", _BLANKS.sub(" ", _LINE_ENDS.sub("\n", folded)))


def folds(letters: str) -> bool:
    """Whether lower-case letters and digits, with nothing between them, fold to something else."""
    return bool(
        _folding().search(letters)
        or _RARE.search(letters)
        or not unicodedata.is_normalized("NFKC", letters)
    )


@cache
def _folding() -> re.Pattern[str]:
    every = (re.escape(chr(code)) for code in _table() if code <= 0xFFFF)
    return re.compile(f"[{''.join(every)}]")


def foldings(query: str) -> list[str]:
    """What a query may stand for: its folding, and another one where a traditional phrase has
    simplified characters that its characters don't have by themselves (瞭解 is 了解, 瞭望 is not).
    """
    others = query
    for phrase, simple in _phrases():
        others = others.replace(phrase, simple)
    return list(dict.fromkeys((fold(query), fold(others))))


def tokens(folded: str) -> str:
    """The bigrams of a folded text, separated by blanks.

    Each run of characters without a blank ends with its last character alone, so that no bigram of
    one run stands beside the first of the next: a phrase of bigrams is found exactly where its
    characters stand together. Between two lines stands a token of its own.
    """
    return _BETWEEN_LINES.join(
        [" ".join(map(_bigrams, line.split())) for line in folded.split("\n")]
    )


def _bigrams(run: str) -> str:
    return f"{' '.join(map(add, run, run[1:]))} {run[-1]}"


def letters(folded: str) -> str:
    """Each character of a folded text once."""
    return " ".join(dict.fromkeys("".join(folded.split())))


@cache
def _table() -> dict[int, str | None]:
    """Each character that folds to something else: one look-up does width, case and tradition,
    which is twice as fast as one after the other."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["characters"]
    simple = str.maketrans(dict(zip(rows["traditional"], rows["simplified"], strict=True)))
    unseen = {
        *range(0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, 0x180E, *range(0x200B, 0x2010),
        *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xD800, 0xE000),
        *range(0xFE00, 0xFE10), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0200),
    }  # fmt: skip
    table: dict[int, str | None] = {}
    for code in (*range(_END_OF_HAN), *unseen):
        character = chr(code)
        if code in unseen and not character.isspace():
            table[code] = None
        elif character not in _LINE_BREAKS:
            folded = unicodedata.normalize("NFKC", character).casefold().translate(simple)
            if folded != character:
                table[code] = folded
    return table


@cache
def _phrases() -> list[tuple[str, str]]:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["phrases"]
    pairs = zip(rows["traditional"].split(), rows["simplified"].split(), strict=True)
    return sorted(pairs, key=lambda pair: -len(pair[0]))
