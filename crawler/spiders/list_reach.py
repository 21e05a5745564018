"""How far the lists of a run's regions reach: whose lists answered, and how far back they went."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crawler import urls
from crawler.clock import BEIJING, now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.lists.links import ListLink

_MARGIN = timedelta(days=1)


class ListReach:
    """Regions whose lists were asked, those that answered, and the oldest day their lists show."""

    def __init__(self, since: date | None, until: date | None) -> None:
        self._since = since
        self._until = until
        self._asked: set[str] = set()
        self._answered: set[str | None] = set()
        self._oldest: dict[str, date] = {}

    def asked(self, region: str | None) -> None:
        if region:
            self._asked.add(region)

    def answered(self, region: str | None) -> None:
        self._answered.add(region)

    def read(self, region: str | None, links: Iterable[ListLink]) -> None:
        """Note the days of a page's links. The last is its oldest: pinned ones stand above."""
        days = [day for link in links if (day := _day(link))]
        if region and days:
            self._oldest[region] = min(days[-1], self._oldest.get(region, days[-1]))

    def silent(self) -> list[str]:
        """The regions none of whose lists answered."""
        return sorted(self._asked - self._answered)

    def unreached(self) -> dict[str, list[str]]:
        """By region, the first and last of the days asked for that no list went back to."""
        since = self._since
        if since is None:
            return {}
        last = self._until or now().astimezone(BEIJING).date()
        ends = {
            region: min(self._oldest.get(region, date.max) - timedelta(days=1), last)
            for region in sorted(self._asked)
        }
        return {
            region: [since.isoformat(), end.isoformat()]
            for region, end in ends.items()
            if end >= since
        }


def reaches(links: Iterable[ListLink], since: date) -> bool:
    """Whether a page's newest link is not yet older than `since`, with a day's margin."""
    days = [day for link in links if (day := _day(link)) is not None]
    return not days or max(days) >= since - _MARGIN


def _day(link: ListLink) -> date | None:
    article = urls.article(link.url)
    return article.day if article else None
