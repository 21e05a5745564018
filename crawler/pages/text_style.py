"""The style of text, as the elements around it set it: which of it is a caption or a link.

The site sets captions in a navy 楷体 font or gives them a class; that proves them. Elsewhere they
are only set apart: centred, small, blue or 楷体, and not bold, as headings are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.pages.document import Node

_CAPTION_CLASS = re.compile(
    r"(?:^|[\s_-])(?:caption|figcaption|picintro|pictext|pictxt|pic[_-]txt|tuzhu|imgtext|zhushi)",
    re.IGNORECASE,
)
_NAVY = re.compile(r"navy|#000080|rgb\(\s?0,\s?0,\s?128\s?\)", re.IGNORECASE)
_BLUE = re.compile(
    r"(?:^|(?<![a-z-])color\s?:\s?)(?:blue|#0000ff|rgb\(\s?0,\s?0,\s?255\s?\))(?![a-z-])",
    re.IGNORECASE,
)
_KAITI = re.compile(r"楷|kai_?ti", re.IGNORECASE)
_SMALL = re.compile(
    r"font-size\s?:\s?(?:1[0-4](?:\.\d{1,3})?px|(?:[789]|10)(?:\.\d{1,3})?pt|(?:x-)?small)",
    re.IGNORECASE,
)
_ALIGN = re.compile(r"text-align\s?:\s?([a-z]+)", re.IGNORECASE)


_BLANK = re.compile(r"[\s\u200b\ufeff]*")
_BESIDE_LINK = re.compile(r"[\s\u200b\ufeff·•●■◆▪◇□>»\-—\d.:、()（）\[\]]*")


class ElementStyle(NamedTuple):
    """What one element says of its text; `align` is "" when it says nothing of that."""

    caption: bool
    navy: bool
    kaiti: bool
    small: bool
    bold: bool
    verbatim: bool
    align: str


_SILENT = ElementStyle(
    caption=False, navy=False, kaiti=False, small=False, bold=False, verbatim=False, align=""
)


class TextStyle:
    """The elements around a place in the text, entered and not yet left."""

    def __init__(self) -> None:
        self._caption = self._navy = self._kaiti = self._small = self._bold = self._verbatim = 0
        self._aligned = [""]

    def enter(self, node: Node) -> ElementStyle:
        """Add an element's style. Returns what `leave` is to be called with."""
        said = node.attributes
        mark = _mark(
            node.tag or "",
            said.get("class") or "",
            said.get("style") or "",
            (said.get("color") or "") + "|" + (said.get("face") or ""),
            said.get("align") or "",
        )
        self._shift(mark, 1)
        if mark.align:
            self._aligned.append(mark.align)
        return mark

    def leave(self, mark: ElementStyle) -> None:
        """Take an element's style away again."""
        self._shift(mark, -1)
        if mark.align:
            self._aligned.pop()

    def _shift(self, mark: ElementStyle, step: int) -> None:
        if mark is _SILENT:
            return
        self._caption += step * mark.caption
        self._navy += step * mark.navy
        self._kaiti += step * mark.kaiti
        self._small += step * mark.small
        self._bold += step * mark.bold
        self._verbatim += step * mark.verbatim

    def keep_white_space(self) -> None:
        """From here on, line ends of the source are line ends of the text."""
        self._verbatim += 1

    @property
    def is_verbatim(self) -> bool:
        return self._verbatim > 0

    @property
    def is_caption(self) -> bool:
        return self._caption > 0 or (self._navy > 0 and self._kaiti > 0)

    @property
    def is_set_apart(self) -> bool:
        """Whether the text here is styled as captions often are, and other text sometimes is."""
        looks = self._navy or self._kaiti or self._small or self._aligned[-1] == "center"
        return bool(looks) and not self._bold


@lru_cache(maxsize=4096)
def _mark(tag: str, name: str, style: str, font: str, align: str) -> ElementStyle:
    styled = _ALIGN.search(style)
    if tag == "center":
        align = "center"
    elif styled:
        align = styled[1]
    mark = ElementStyle(
        caption=tag == "figcaption" or _CAPTION_CLASS.search(name) is not None,
        navy=any(color.search(text) for color in (_NAVY, _BLUE) for text in (font, style)),
        kaiti=_KAITI.search(font) is not None or _KAITI.search(style) is not None,
        small=tag == "small" or _SMALL.search(style) is not None,
        bold=tag in ("b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"),
        verbatim=tag == "pre",
        align=align.strip().lower(),
    )
    return _SILENT if mark == _SILENT else mark


class StyledText(NamedTuple):
    """A run of text in one style, its white space collapsed."""

    text: str
    is_caption: bool = False
    is_set_apart: bool = False
    is_link: bool = False


# No caption, not set apart, no link.
USUAL = (False, False, False)


class StyledParts:
    """Answers for any part of a text whether all of it is a caption, set apart, or a link."""

    def __init__(self, text: str, pieces: Sequence[StyledText]) -> None:
        self._text = text
        self._plain = _blanked((p.text, p.is_caption) for p in pieces)
        self._usual = _blanked((p.text, p.is_caption or p.is_set_apart) for p in pieces)
        self._unlinked = _blanked((p.text, p.is_link) for p in pieces)

    def of(self, start: int, end: int) -> tuple[bool, bool, bool]:
        """Whether a part is a caption, set apart, a link, as a whole."""
        is_caption = _BLANK.fullmatch(self._plain, start, end) is not None
        is_set_apart = not is_caption and _BLANK.fullmatch(self._usual, start, end) is not None
        is_link = (
            self._text[start:end] != self._unlinked[start:end]
            and _BESIDE_LINK.fullmatch(self._unlinked, start, end) is not None
        )
        return is_caption, is_set_apart, is_link


def _blanked(pieces: Iterable[tuple[str, bool]]) -> str:
    """The text of the pieces, in which the marked ones are replaced by blanks."""
    return "".join([" " * len(text) if is_marked else text for text, is_marked in pieces])
