"""Where an article stood on list pages, as the published sightings tell it.

In: a data folder, an article's id, when its address was first seen. Out: its placements from then
on. Sightings are read through for the one article, month by month; for years of hourly runs that
takes a while, so reading ends after some time, and the answer says up to when it is whole.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.data_dir import FILE_PREFIX, LINES_SUFFIX, SIGHTINGS_FOLDER, run_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

# News stands on lists for days: the two weeks from its first sighting on are always read, what is
# later for so many seconds.
WINDOW = timedelta(days=14)
LONGEST_READING = 1.0

# Longer files of one run are passed over: no run sees so much appear.
_MOST_BYTES = 64 * 1024 * 1024

# The keys of a line that are read.
_KEYS = frozenset({
    "article_id", "event", "at", "list", "url", "headline", "differs", "position", "last_shown_at",
})  # fmt: skip

# So many placements of one article are given.
MOST_PLACEMENTS = 500


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


class ArticlePlacements(NamedTuple):
    """The placements of an article, oldest first; `unread_from` is the month (YYYY-MM) in which
    reading ended, None where everything was read."""

    shown: list[Shown]
    unread_from: str | None


def placements_of(data_dir: Path, article_id: str, first_seen: datetime) -> ArticlePlacements:
    """The placements of an article. What is no line of ours is passed over, which `scrapy verify`
    tells of. Raises OSError."""
    found: dict[tuple[str, str, str | None], list[Shown]] = {}
    unread_from = None
    ends_at = time.monotonic() + LONGEST_READING
    window = run_stamp(first_seen + WINDOW)
    for path in _files(data_dir, first_seen):
        if _run_of(path) > window and time.monotonic() > ends_at:
            unread_from = "-".join(path.parts[-3:-1])
            break
        for line in _lines(path, article_id):
            placed = found.setdefault((line["list"], line["url"], line["headline"]), [])
            if line["event"] == "appeared":
                placed.append(Shown(
                    line["list"], line["headline"], bool(line["differs"]), line["position"],
                    line["at"], None,
                ))  # fmt: skip
            elif placed:
                placed[-1].until = line["last_shown_at"] or line["at"]
    shown = sorted((one for placed in found.values() for one in placed), key=lambda one: one.since)
    return ArticlePlacements(shown[:MOST_PLACEMENTS], unread_from)


def _lines(path: Path, article_id: str) -> Iterator[dict[str, Any]]:
    wanted = f'"{article_id}"'.encode()
    if path.stat().st_size > _MOST_BYTES or wanted not in (data := path.read_bytes()):
        return
    for raw in data.splitlines():
        if wanted in raw:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            is_whole = isinstance(line, dict) and line.keys() >= _KEYS
            if is_whole and line["article_id"] == article_id:
                yield line


def _files(data_dir: Path, first_seen: datetime) -> Iterator[Path]:
    """The files of the runs since then, oldest first; a run sees what it began before."""
    since = first_seen - timedelta(days=1)
    first, month = run_stamp(since), f"{since:%Y/%m}"
    folder = data_dir / SIGHTINGS_FOLDER
    for of_month in sorted(folder.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]")):
        if of_month.relative_to(folder).as_posix() >= month:
            yield from (
                path for path in sorted(of_month.glob(f"*{LINES_SUFFIX}")) if _run_of(path) >= first
            )


def _run_of(path: Path) -> str:
    return path.name.removeprefix(FILE_PREFIX).removesuffix(LINES_SUFFIX)
