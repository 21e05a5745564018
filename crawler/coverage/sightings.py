"""What appeared on lists between two looks and what went, and the files of it: `data/sightings/`, a
file a run, one JSON object a line.

The lines wait in the ledger until the run is over (`ledger.lists`). A kill before the file has
its name leaves them there, and the recovery writes it; one after that leaves lines whose file is
there already, and they are dropped.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.data_dir import sightings_name
from crawler.items import as_line
from crawler.ledger.rows import Placement
from crawler.storage import publish_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import SightingLine
    from crawler.lists.links import ListLink

SCHEMA_VERSION = 1

# The keys of a line, in their order (DATA_FORMAT.md).
KEYS = (
    "schema_version", "run_id", "event", "at", "list", "region", "page", "article_id", "url",
    "also_at", "headline", "differs", "position", "time_shown", "last_shown_at",
)  # fmt: skip

APPEARED, GONE = "appeared", "gone"

# What a list puts in place of the end of a long headline.
_CUT = ("…", "...")

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


def publish_sightings(data_dir: Path, ledger: Ledger, run_id: str) -> Path | None:
    """Write what waits of a run's lines and give the file its name; None where there is none.

    The ledger forgets the lines, to be committed by the caller. Raises StorageError.
    """
    final = data_dir / sightings_name(run_id)
    if not final.exists():
        lines = (as_line(record(run_id, line)) for line in ledger.placements.lines(run_id))
        if not publish_lines(final, lines):
            return None
    ledger.placements.drop_lines(run_id)
    return final


def has_sightings(data_dir: Path, ledger: Ledger, run_id: str) -> bool:
    """Whether there is a file of a run to be written."""
    return ledger.placements.has_lines(run_id) and not (data_dir / sightings_name(run_id)).exists()


def record(run_id: str, line: SightingLine) -> dict[str, Any]:
    """A line as it is published."""
    keys = line.keys
    values = {
        **keys,
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "article_id": line.article_id,
        "also_at": [url for url in line.addresses if url != keys["url"]],
        "differs": differs(keys["headline"], line.title),
    }
    return {key: values[key] for key in KEYS}


def differs(headline: str | None, title: str | None) -> bool | None:
    """Whether a list's headline says something else than the article's title; None where one of
    them isn't known. Blanks and widths don't count, nor that a list cuts off the end."""
    if headline is None or title is None:
        return None
    shown, own = _letters(headline), _letters(title)
    for mark in _CUT:
        if headline.rstrip().endswith(mark):
            return not own.startswith(shown.rstrip("."))
    return shown != own


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
