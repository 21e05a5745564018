"""White space and unseen characters, one rule for every text that is published.

Text is kept as printed, except that

- a run of white space (indents, no-break and full-width blanks, tabs) becomes one blank, or one
  line feed when it holds one: within a paragraph that is a line break the page prints;
- white space at the ends and beside a line feed is dropped;
- control characters, zero-width characters, text-direction marks and lone surrogates are dropped.

Punctuation stays half or full width; nothing is normalised to another character. `compact` and
`skeleton` are for comparing only and are never published.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.items import BlockKind, Removed

if TYPE_CHECKING:
    from crawler.pipelines.normalisation import Normalisation

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")


def clean_blocks(current: Normalisation) -> Normalisation:
    """The blocks with clean texts, those without any left out; what the layout cut cleaned too."""
    blocks = []
    for block in current.blocks:
        if block.kind is not BlockKind.TEXT:
            blocks.append(block)
        elif text := clean(block.text):
            blocks.append(block if text == block.text else replace(block, text=text))
    removed = [
        Removed(text, each.rule, each.where)
        for each in current.draft.removed
        if (text := clean(each.text))
    ]
    return replace(current.with_values(removed=removed), blocks=tuple(blocks))


def clean(text: str) -> str:
    """A text as we publish it; "" when nothing visible is in it."""
    inside = text.strip()
    if inside.isprintable() and "  " not in inside:
        return inside  # as most are: no white space but single blanks, nothing unseen
    if _UNSEEN.search(text):
        text = _UNSEEN.sub("", text)
    return _SPACE.sub(_one, text.replace("\r\n", "\n")).strip()


def clean_line(text: str) -> str:
    """A text that has no line breaks of its own: a title, a name, a label."""
    return " ".join((text if text.isprintable() else _UNSEEN.sub("", text)).split())


def compact(text: str) -> str:
    """The visible characters in one width (NFKC), lower case, without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def skeleton(text: str) -> str:
    """`compact` without punctuation: what remains when brackets, quotes and colons vary."""
    return _NOT_WORD.sub("", compact(text))


def skeleton_map(text: str) -> tuple[str, list[int]]:
    """The skeleton and, for each of its characters, its index in `text`."""
    letters = [_LETTERS[character] for character in text]
    places = [place for place, letter in enumerate(letters) for _ in letter]
    return "".join(letters), places


class _Letters(dict[str, str]):
    """The skeletons of characters, each made once; there are some 150,000 of them."""

    def __missing__(self, character: str) -> str:
        self[character] = letter = skeleton(character)
        return letter


_LETTERS = _Letters()


def _one(run: re.Match[str]) -> str:
    return "\n" if "\n" in run[0] else " "
