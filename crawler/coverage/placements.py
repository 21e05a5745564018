"""What appeared on a list's first page and what went, between two looks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.ledger.rows import Placement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from crawler.lists.links import ListLink

# So many links of one page are followed as placements; the site's own have some hundreds.
MOST_PLACED = 2000


@dataclass(frozen=True, slots=True)
class Changes:
    """Links that appeared, in their order, and placements that went."""

    appeared: tuple[ListLink, ...]
    gone: frozenset[Placement]


def placement(link: ListLink) -> Placement:
    """A link as a placement: its canonical address under its headline."""
    return Placement(link.url, link.title)


def changes(before: Collection[Placement], links: Sequence[ListLink]) -> Changes:
    """What two looks at a list's first page differ in. A place that merely changed is none."""
    shown = links[:MOST_PLACED]
    known = frozenset(before)
    return Changes(
        tuple(link for link in shown if placement(link) not in known),
        known - {placement(link) for link in shown},
    )
