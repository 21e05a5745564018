"""Where an article stood on list pages, as the published sightings tell it.

In: a data folder, an article's id, when its address was first seen. Out: its placements in the two
weeks from then on, in which news stands on lists: older files aren't read through for one article.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crawler.data_dir import FILE_PREFIX, LINES_SUFFIX, SIGHTINGS_FOLDER, run_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

WINDOW = timedelta(days=14)

# Longer files of one run are passed over: no run sees so much appear.
_MOST_BYTES = 64 * 1024 * 1024

# So many placements of one article are shown.
MOST_PLACEMENTS = 50


@dataclass(slots=True)
class Shown:
    """A placement: the list, the headline there and whether it differs from the article's, the
    place from 1 where it is known, since when (UTC) and until when it was last seen there."""

    list_url: str
    headline: str | None
    differs: bool
    position: int | None
    since: str
    until: str | None


def placements_of(data_dir: Path, article_id: str, first_seen: datetime) -> list[Shown]:
    """The placements of an article, oldest first. What is no line of ours is passed over, which
    `scrapy verify` tells of. Raises OSError."""
    found: dict[tuple[str, str, str | None], Shown] = {}
    for line in _lines(data_dir, article_id, first_seen):
        key = (line["list"], line["url"], line["headline"])
        if line["event"] == "appeared":
            found[key] = Shown(
                line["list"], line["headline"], bool(line["differs"]), line["position"],
                line["at"], None,
            )  # fmt: skip
        elif key in found:
            found[key].until = line["last_shown_at"] or line["at"]
    return list(found.values())[:MOST_PLACEMENTS]


def _lines(data_dir: Path, article_id: str, first_seen: datetime) -> Iterator[dict[str, Any]]:
    wanted = f'"{article_id}"'.encode()
    for path in _files(data_dir, first_seen):
        if path.stat().st_size > _MOST_BYTES or wanted not in (data := path.read_bytes()):
            continue
        for raw in data.splitlines():
            if wanted in raw:
                try:
                    line = json.loads(raw)
                    is_of_it = line["article_id"] == article_id
                    line["list"], line["url"], line["headline"], line["event"], line["differs"]
                    line["position"], line["at"], line["last_shown_at"]
                except (ValueError, KeyError, TypeError):
                    continue
                if is_of_it:
                    yield line


def _files(data_dir: Path, first_seen: datetime) -> Iterator[Path]:
    """The files of runs that began within the window; a run sees what it began before."""
    since, until = first_seen - timedelta(days=1), first_seen + WINDOW
    first, last = run_stamp(since), run_stamp(until)
    months = dict.fromkeys((f"{since:%Y/%m}", f"{until:%Y/%m}"))
    for month in months:
        folder = data_dir / SIGHTINGS_FOLDER / month
        if folder.is_dir():
            for path in sorted(folder.glob(f"*{LINES_SUFFIX}")):
                run = path.name.removeprefix(FILE_PREFIX).removesuffix(LINES_SUFFIX)
                if first <= run <= last:
                    yield path
