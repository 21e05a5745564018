"""The lines that say who made a film, which stay together in the text.

策划：, 编导： and the like are printed for films alone. 摄影：, 编辑： and 监制： stand under
articles as well, and belong to a film only among the others.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from crawler import labels
from crawler.pipelines.credits import read_credits

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters of a line of credits; a longer one is text.
_LONGEST = 120

# Characters of an unknown word before a known label: 联合策划.
_LONGEST_BEFORE = 4

_PRODUCED = re.compile(
    r"\W*(?:总|联合|执行|特别|视频|视觉){0,2}"
    rf"(?:{labels.FILM})\s?{labels.COLON_OR_BAR}"
)
_LABELLED = re.compile(rf"\W*[^\W\d]{{1,8}}\s?{labels.COLON_OR_BAR}")

# Lines of a block that says who made a film; its 监制：X and 编辑：X stay too.
_LEAST_PRODUCED = 2

# Lines of such a block looked at on either side: a page may have thousands.
_MOST_PRODUCED = 10


def is_film_credit(texts: Sequence[str], number: int) -> bool:
    """Whether a text stands among those that say who planned, filmed and cut a film."""
    produced = sum(map(_produced, _beside(texts, number)))
    return produced >= _LEAST_PRODUCED


def is_listed(texts: Sequence[str], number: int) -> bool:
    """Whether a text is a credit with a label right beside others: 文字：X, 摄影：Y."""
    return _is_credit(texts[number]) and bool(_beside(texts, number))


def names_makers(text: str) -> bool:
    """Whether a text names by itself those who made a film: 策划：X 摄影：Y 剪辑：Z."""
    return _produced(text) > 0 and _is_credit(text)


def _beside(texts: Sequence[str], number: int) -> list[str]:
    """The lines of credits right before and after a text."""
    before = texts[max(0, number - _MOST_PRODUCED) : number]
    after = texts[number + 1 : number + 1 + _MOST_PRODUCED]
    return [*takewhile(_is_credit, reversed(before)), *takewhile(_is_credit, after)]


def _produced(text: str) -> int:
    return sum(_PRODUCED.match(line) is not None for line in text.split("\n"))


def _is_credit(text: str) -> bool:
    if len(text) > _LONGEST or "。" in text or not _LABELLED.match(text):
        return False
    line = read_credits(text)
    return line is not None and len(line.before) <= _LONGEST_BEFORE
