"""Read: the ids and class names a page has. In: its markup. Out: the selectors worth asking.

A template is told from the others by names that are absent: most selectors asked of a page match
nothing, and to find that out takes a walk over its whole tree. One look at the markup tells
beforehand. It may see names that no element has (in scripts, comments), and never misses one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_CLASSES = re.compile(rb"""class\s*=\s*("[^"]*|'[^']*|[^>]*)""")
_QUOTES = bytes(0x20 if sign in b"\"'" else sign for sign in range(256))
_NOT_NEEDED = re.compile(r"\[[^\]]*\]|:not\([^)]*\)")
_NEEDED = re.compile(r"[#.][\w-]+")


class Identifiers:
    """What occurs in a page, as selectors write it and lower-cased: `#title`, `.h-time`.

    Lower-cased, since without a doctype case doesn't count.
    """

    def __init__(self, tree: LexborHTMLParser, markup: bytes) -> None:
        ids = {f"#{node.id}".lower() for node in tree.css("[id]")}
        classes = b" ".join(set(_CLASSES.findall(markup.lower())))
        self._known = b"&" not in classes  # else a name may be written as character references
        names = classes.translate(_QUOTES).decode("utf-8", "replace").split()
        self._occurring = ids.union(map(".".__add__, names))

    def possible(self, selector: str) -> str:
        """The alternatives of a selector list that may match; "" when none may."""
        alternatives = _alternatives(selector)
        possible = [one for one, needed in alternatives if needed <= self._occurring]
        if len(possible) == len(alternatives) or not self._known:
            return selector
        return ", ".join(possible)


@lru_cache(maxsize=1024)
def _alternatives(selector: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The alternatives of a selector list and the ids and class names that each needs."""
    return tuple(
        (one.strip(), frozenset(_NEEDED.findall(_NOT_NEEDED.sub("", one.lower()))))
        for one in selector.split(",")
    )
