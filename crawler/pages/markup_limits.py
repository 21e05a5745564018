"""A limit on what parsing a page's markup may cost.

HTML parsing is quadratic in two ways that a hostile page can use: every tag looks through the open
elements, and every paragraph opens the unclosed formatting elements anew. Both are estimated before
the page is parsed. 10,000 nested tags and any real page stay far below the limits.
"""

from __future__ import annotations

import re

from crawler.pages.errors import NotAnArticle

# Tags that can't cost much, however they nest: real pages have 300 to 2,000.
_FREE = 3_000

# Sum over the tags of the elements open at each: half a second of parsing.
_MAX_WORK = 200_000_000

# Sum over the tags of the unclosed formatting elements: nodes the parser may have to make.
_MAX_COPIES = 5_000_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
    "u",
})  # fmt: skip
_SELF_CLOSING = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "option",
    "html", "head", "body",
})  # fmt: skip


def check_nesting(text: str) -> None:
    """Raise NotAnArticle("too_deep") when parsing could take long or fill memory."""
    if text.count("<") < _FREE:
        return
    depth = work = formatting = copies = 0
    for match in _TAG.finditer(text):
        tag = match[2].lower()
        step = -1 if match[1] else 1
        if tag in _FORMATTING:
            formatting = max(0, formatting + step)
        if tag not in _SELF_CLOSING:
            depth = max(0, depth + step)
        work += depth
        copies += formatting
    if work > _MAX_WORK or copies > _MAX_COPIES:
        raise NotAnArticle("too_deep", "markup nested beyond any page of the site")
