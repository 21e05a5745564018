"""What one run shares with the components Scrapy builds, kept beside the crawler by its type.

`runner/run.py` attaches the run's facts and its open parts (Ledger, WarcWriter, Publisher, Holds,
…) to the crawler; a component asks for those it needs. Where no run is open (`scrapy shell`,
`scrapy fetch`) there are none, and nothing is archived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from scrapy.exceptions import NotConfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from scrapy.crawler import Crawler

    from crawler.arguments import Arguments
    from crawler.regions import Region

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is so of a run from its beginning to its end.

    `regions` is the registry by code, `schedule` the ages at which articles are looked at again,
    `confirm_after` the least time between two signs of a withdrawal; `archives_pictures`: those of
    the articles that it publishes are fetched too.
    """

    run_id: str
    started_at: datetime
    command: str
    data_dir: Path
    arguments: Arguments
    regions: Mapping[str, Region]
    schedule: Sequence[timedelta]
    confirm_after: timedelta
    archives_pictures: bool = False


_attached: WeakKeyDictionary[Crawler, dict[type, object]] = WeakKeyDictionary()


def attach(crawler: Crawler, *parts: object) -> None:
    """Keep these for the components of the crawler, one of each type, as long as it lives."""
    _attached.setdefault(crawler, {}).update({type(part): part for part in parts})


def attached(crawler: Crawler, kind: type[T]) -> T | None:
    """The part of this type, or None where the crawler has none."""
    part = _attached.get(crawler, {}).get(kind)
    return part if isinstance(part, kind) else None


def required(crawler: Crawler, kind: type[T]) -> T:
    """The part of this type. Raises NotConfigured, at which Scrapy leaves the component out."""
    part = attached(crawler, kind)
    if part is None:
        raise NotConfigured("no run is open: start it with `scrapy crawl xinhua`")
    return part
