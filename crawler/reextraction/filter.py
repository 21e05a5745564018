"""Which captures a re-extraction is asked for.

In: the address and the time of a capture. Out: whether it is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from crawler import regions, urls
from crawler.archive.decode import MAX_BODY
from crawler.clock import BEIJING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Filter:
    """Which captures are wanted: regions by code, hosts by name, days of capture (Beijing time).

    A page of over `max_bytes` is too large, as it is in a crawl with that DOWNLOAD_MAXSIZE.
    """

    regions: Collection[str] | None = None
    hosts: Collection[str] | None = None
    since: date | None = None
    until: date | None = None
    max_bytes: int = MAX_BODY

    @property
    def is_narrow(self) -> bool:
        return replace(self, max_bytes=MAX_BODY) != Filter()

    @property
    def key(self) -> str:
        """The same for equal filters, in every process."""
        names = (sorted(value) if value else value for value in (self.regions, self.hosts))
        return repr((*names, self.since, self.until, self.max_bytes))

    def wants(self, url: str, captured_at: str | None) -> bool:
        """Whether a capture is wanted; without its time, whether its address is."""
        if self.hosts is not None and urls.host_of(url) not in self.hosts:
            return False
        if self.regions is not None:
            region = regions.region_of_url(url)
            if region is None or region.code not in self.regions:
                return False
        if captured_at is None or (self.since is None and self.until is None):
            return True
        try:
            day = datetime.fromisoformat(captured_at).astimezone(BEIJING).date()
        except ValueError:
            return False
        return (self.since or date.min) <= day <= (self.until or date.max)
