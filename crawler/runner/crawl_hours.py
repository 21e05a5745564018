"""CRAWL_HOURS: the hours of the day, Beijing time, in which runs may crawl."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from crawler.clock import BEIJING

_FORM = re.compile(r"([01]?[0-9]|2[0-4])-([01]?[0-9]|2[0-4])", re.ASCII)


@dataclass(frozen=True, slots=True)
class CrawlHours:
    """From `first` to `last` o'clock; over midnight where the first is the later one."""

    first: int
    last: int

    @classmethod
    def of(cls, setting: str | None) -> Self | None:
        """The hours that a setting such as 22-6 names; None for all day. Raises ValueError."""
        value = str(setting or "").strip()
        if not value:
            return None
        found = _FORM.fullmatch(value)
        first, last = map(int, found.groups()) if found else (0, 0)
        if first % 24 == last % 24:
            message = f"hours of the day such as 22-6 are wanted, not {value!r}"
            raise ValueError(message)
        return cls(first % 24, last % 24)

    def end(self, at: datetime) -> datetime | None:
        """When the hours end in which this moment lies; None where it lies in none."""
        local = at.astimezone(BEIJING)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = (self.last - self.first) % 24
        for day in (midnight - timedelta(days=1), midnight):
            began = day + timedelta(hours=self.first)
            if began <= local < began + timedelta(hours=hours):
                return began + timedelta(hours=hours)
        return None

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"
