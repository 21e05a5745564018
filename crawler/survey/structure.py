"""How pages are built: their headings, ids, classes and attributes, and which are built alike.

In: parsed pages. Out: features, each of which is a selector, and clusters of pages that share most
of them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.pages.document import Document, Node

# Elements of a page that are looked at.
_MOST_NODES = 20_000

# Features of one page.
_MOST_FEATURES = 600

# A page belongs to a cluster with which it shares so much: features of both among those of either.
ALIKE = 0.5

# A cluster's own features are those of so many of its pages.
_OWN_SHARE = 0.5

# What tables are told apart by where they have no names.
_MEASURED = ("table", "td", "div", "center", "font")
_MEASURES = ("height", "width", "bgcolor")

# Elements of which one says much by being there.
_TELLING = frozenset({"h1", "h2", "h3", "article", "main", "time", "figure", "header", "section"})

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9#%._ -]{1,30}", re.ASCII)


def names_of(node: Node) -> Iterator[str]:
    """The selectors that name an element by itself: its id, its classes, its measures."""
    attributes = node.attributes
    identity = attributes.get("id") or ""
    if IDENTIFIER.fullmatch(identity):
        yield f"#{identity}"
    for name in (attributes.get("class") or "").split()[:6]:
        if IDENTIFIER.fullmatch(name):
            yield f".{name}"
    if node.tag in _MEASURED:
        for key in _MEASURES:
            value = attributes.get(key) or ""
            if _VALUE.fullmatch(value):
                yield f"{node.tag}[{key}='{value}']"


def features_of(doc: Document) -> frozenset[str]:
    """The selectors of what a page is built of."""
    found: dict[str, None] = {}
    root = doc.tree.body
    for count, node in enumerate(root.traverse() if root is not None else ()):
        if count > _MOST_NODES or len(found) > _MOST_FEATURES:
            break
        if node.tag in _TELLING:
            found[node.tag or ""] = None
        found.update(dict.fromkeys(names_of(node)))
    return frozenset(found)


@dataclass(slots=True)
class PageCluster:
    """Pages built alike, by their numbers, and how many of them have each feature."""

    members: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, features: frozenset[str]) -> None:
        """Take in a page."""
        self.members.append(number)
        self.counts.update(features)

    def likeness(self, features: frozenset[str]) -> float:
        """How much a page shares with the cluster, from 0 to 1."""
        least = _OWN_SHARE * len(self.members)
        own = {name for name, count in self.counts.items() if count >= least}
        either = len(own | features)
        return len(own & features) / either if either else 1.0

    def common(self) -> list[str]:
        """The features of all pages."""
        return sorted(n for n, count in self.counts.items() if count == len(self.members))


def clusters_of(pages: Sequence[frozenset[str]]) -> list[PageCluster]:
    """The clusters of pages given by their features, largest first."""
    found: list[PageCluster] = []
    for number, features in enumerate(pages):
        best = max(found, key=lambda one: one.likeness(features), default=None)
        if best is None or best.likeness(features) < ALIKE:
            best = PageCluster()
            found.append(best)
        best.add(number, features)
    return sorted(found, key=lambda one: -len(one.members))


def shown_by(features: Iterable[str], pages: Sequence[frozenset[str]]) -> list[str]:
    """Those of the features that none of the pages has."""
    return [name for name in features if not any(name in page for page in pages)]
