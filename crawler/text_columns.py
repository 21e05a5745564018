"""Text on a terminal or in a mail: how many columns it takes, and lines that fit.

A Chinese character takes two columns (Unicode Standard Annex 11).
"""

from __future__ import annotations

import unicodedata

# What a terminal and a mail have room for.
LINE = 80


def columns(text: str) -> int:
    """How many columns a text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """The text with blanks after it up to that many columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, first: str = "", rest: str = "", width: int = LINE) -> list[str]:
    """The words of a text as lines that begin with `first`, those after it with `rest`. A word that
    is longer than a line, such as an address, stays whole."""
    lines = [first]
    is_begun = False
    for word in text.split(" "):
        joint = " " if is_begun else ""
        if is_begun and columns(f"{lines[-1]}{joint}{word}") > width:
            lines.append(rest + word)
        else:
            lines[-1] += joint + word
        is_begun = True
    return lines
