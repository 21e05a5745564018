"""What is learnt of the lists: their looks day by day, what each yielded and was the first to show.

Only the last weeks are kept (`forget`), so that years of hourly looks take no more room than those.
Days are Beijing's.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, func, null, select, update

from crawler.clock import BEIJING
from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import HoleKind, Source, SourceYield
from crawler.ledger.schedule import LATELY, LOOK_BACK
from crawler.ledger.schema import addresses, finds, holes, list_days, lists, sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from crawler.ledger.rows import Hole, ShownLink

# A list's mark is so many hex digits; so many lists are noted of an article.
MARK = 10
MOST_MARKS = 8


def mark(list_url: str) -> str:
    """What stands for a list in `finds`: its address would take ten times the room."""
    return hashlib.sha256(list_url.encode()).hexdigest()[:MARK]


class Sources:
    """The list sources: what they showed, when, and whether another showed it too."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection
        # Asked for at each page of a list, and changed when a walk begins and ends.
        self._read: dict[str, Source | None] = {}

    def note_look(self, list_url: str, *, at: datetime, is_read: bool) -> None:
        """Note a look at a list's first page: one that read it (or found it unchanged), or not."""
        local = at.astimezone(BEIJING)
        looks = {"looks": 1, "hours": 1 << local.hour} if is_read else {"failures": 1}
        self._add_to_day(list_url, local.date(), **looks)

    def _add_to_day(self, list_url: str, day: date, **counts: int) -> None:
        """Add to the counts of a list's day; `hours` has a bit for each."""
        row = {"list_url": list_url, "day": day, "looks": 0, "failures": 0, "hours": 0, "new": 0}
        own = list_days.c

        def added(given: Any) -> dict[str, Any]:
            sums = {name: own[name] + given[name] for name in counts}
            return sums | ({"hours": own.hours.op("|")(given.hours)} if "hours" in counts else {})

        self._connection.upsert(list_days, [row | counts], added)

    def note_shown(
        self,
        list_url: str,
        *,
        at: datetime,
        capacity: int | None,
        newest: ShownLink | None,
        head: Sequence[str] | None = None,
    ) -> None:
        """Note how many links a list's first page shows, the newest article on it, and `head`, its
        newest links where a walk of it begins; each None is as before."""
        self._read.pop(list_url, None)
        values: dict[str, object] = {}
        if capacity is not None:
            values["capacity"] = capacity
        if newest is not None:
            values |= {
                "newest_url": newest.url, "newest_title": newest.title, "newest_at": at,
            }  # fmt: skip
        if head is not None:
            values |= {"next_head": list(head), "next_head_at": at}
        row = {"list_url": list_url, "first_at": at, "capacity": 0} | values
        self._connection.upsert(sources, [row], tuple(values))

    def note_news(
        self, list_url: str, *, at: datetime, article_ids: Collection[str], is_news: bool
    ) -> None:
        """Note articles that appeared on a list, before the addresses it shows are told to
        `Addresses.see`. `is_news`: since its last look; those never seen anywhere were then found
        by it. Else the list is read for the first time."""
        if not article_ids:
            return
        day = at.astimezone(BEIJING).date()
        if is_news:
            self._add_to_day(list_url, day, new=len(article_ids))
        ids = list(article_ids)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            if is_news:
                self._find(list_url, day, chunk)
            self._show(list_url, chunk)

    def _find(self, list_url: str, day: date, article_ids: Collection[str]) -> None:
        known = {
            found.article_id
            for found in self._connection.rows(
                select(addresses.c.article_id).where(addresses.c.article_id.in_(article_ids))
            )
        }
        rows = [
            {"article_id": one, "list_url": list_url, "day": day, "shown_by": mark(list_url)}
            for one in article_ids
            if one not in known
        ]
        self._connection.upsert(finds, rows, update=())

    def _show(self, list_url: str, article_ids: Collection[str]) -> None:
        own = mark(list_url)
        rows = self._connection.rows(
            select(finds.c.article_id, finds.c.shown_by).where(
                finds.c.article_id.in_(article_ids),
                finds.c.list_url != list_url,
                func.length(finds.c.shown_by) < MOST_MARKS * (MARK + 1) - 1,
            )
        )
        added = [
            {"of_article": row.article_id, "marks": f"{row.shown_by} {own}"}
            for row in rows
            if own not in row.shown_by
        ]
        self._connection.write(
            update(finds)
            .where(finds.c.article_id == bindparam("of_article"))
            .values(shown_by=bindparam("marks")),
            added,
        )

    def shown_by(self, region: str, since: date) -> list[frozenset[str]]:
        """Of each article that a list of the region found from that day on, the marks of the lists
        that showed it; of those that MOST_MARKS or more showed, nothing."""
        statement = (
            select(finds.c.shown_by)
            .join(lists, lists.c.url == finds.c.list_url)
            .where(lists.c.region == region, finds.c.day >= since)
        )
        found = [frozenset(row.shown_by.split()) for row in self._connection.rows(statement)]
        return [marks if len(marks) < MOST_MARKS else frozenset() for marks in found]

    def yields(
        self, today: date, *, regions: Collection[str] | None = None
    ) -> dict[str, SourceYield]:
        """What each list (of these regions) yielded in LOOK_BACK until today, by its address. Today
        isn't over: its news count, and it isn't counted among the days."""
        since = today - LOOK_BACK
        is_recent = list_days.c.day >= today - LATELY
        is_looked_at = (list_days.c.looks > 0) & (list_days.c.day < today)
        statement = (
            select(
                list_days.c.list_url,
                func.sum(case((is_looked_at, 1), else_=0)).label("days"),
                func.sum(list_days.c.looks).label("looks"),
                func.sum(list_days.c.new).label("new"),
                func.max(list_days.c.new).label("peak"),
                func.sum(case((is_recent, list_days.c.new), else_=0)).label("recent"),
                func.sum(case((is_recent & is_looked_at, 1), else_=0)).label("recent_days"),
            )
            .where(list_days.c.day >= since)
            .group_by(list_days.c.list_url)
        )
        if regions is not None:
            statement = statement.join(lists, lists.c.url == list_days.c.list_url).where(
                lists.c.region.in_(regions)
            )
        first = self._finds(since)
        known = self._known()
        return {
            row.list_url: SourceYield(
                days=row.days,
                looks=row.looks,
                new=row.new,
                peak=row.peak,
                recent=row.recent,
                recent_days=row.recent_days,
                first=first.get(row.list_url, (0, 0))[0],
                sole=first.get(row.list_url, (0, 0))[1],
                capacity=known[row.list_url].capacity if row.list_url in known else 0,
            )
            for row in self._connection.rows(statement)
        }

    def _finds(self, since: date) -> dict[str, tuple[int, int]]:
        """By list, how many articles it was the first to show, and how many of them no other did
        since."""
        statement = (
            select(
                finds.c.list_url,
                func.count().label("first"),
                func.sum(case((func.length(finds.c.shown_by) == MARK, 1), else_=0)).label("sole"),
            )
            .where(finds.c.day >= since)
            .group_by(finds.c.list_url)
        )
        return {row.list_url: (row.first, row.sole) for row in self._connection.rows(statement)}

    def _known(self) -> dict[str, Source]:
        rows = self._connection.rows(select(sources))
        return {row.list_url: Source(**row._mapping) for row in rows}

    def end_walk(self, list_url: str, *, total: int | None) -> None:
        """A walk is whole: what were the newest links as it began are what the next one must
        reach. `total` is what the list API says, None where it isn't known."""
        self._read.pop(list_url, None)
        self._connection.write(
            update(sources)
            .where(sources.c.list_url == list_url, sources.c.next_head_at.is_not(None))
            .values(
                head=sources.c.next_head,
                head_at=sources.c.next_head_at,
                next_head=null(),
                next_head_at=None,
                total=total,
            )
        )

    def seen_unchanged(self, list_url: str, *, at: datetime) -> None:
        """A list shows what it showed."""
        self._read.pop(list_url, None)
        self._connection.write(
            update(sources)
            .where(sources.c.list_url == list_url, sources.c.head_at.is_not(None))
            .values(head_at=at)
        )

    def add_hole(self, hole: Hole) -> None:
        """Note what a list implies and no look has shown."""
        row = asdict(hole) | {"kind": str(hole.kind)}
        self._connection.upsert(holes, [row])

    def close_below(self, list_url: str, since: date | None) -> None:
        """A list was read back to `since`, or to its end (None): what its first walk left is known
        by now as far as that."""
        is_its = (holes.c.list_url == list_url) & (holes.c.kind == HoleKind.PAGES_LEFT)
        if since is None:
            self._connection.write(delete(holes).where(is_its))
            return
        before = since - timedelta(days=1)
        self._connection.write(
            update(holes).where(is_its, holes.c.last_day > before).values(last_day=before)
        )

    def get(self, list_url: str) -> Source | None:
        """What is known of a list beside its looks."""
        if list_url not in self._read:
            row = self._connection.row(select(sources).where(sources.c.list_url == list_url))
            self._read[list_url] = None if row is None else Source(**row._mapping)
        return self._read[list_url]

    def known(self, list_urls: Sequence[str]) -> dict[str, Source]:
        """What is known of these lists beside their looks, by address."""
        return {url: source for url, source in self._known().items() if url in set(list_urls)}

    def restore(self, source: Source, days: Mapping[date, Sequence[int]]) -> None:
        """Know a list again as published files tell of it; `days` are its looks, failures, hours
        and news by day."""
        self._read.pop(source.list_url, None)
        self._connection.upsert(sources, [asdict(source)])
        names = ("looks", "failures", "hours", "new")
        rows = [
            {"list_url": source.list_url, "day": day, **dict(zip(names, counts, strict=True))}
            for day, counts in sorted(days.items())
        ]
        self._connection.upsert(list_days, rows)

    def restore_finds(self, found: Iterable[tuple[str, str, date, Sequence[str]]]) -> None:
        """Know again which list was the first to show an article, on which day, and the marks of
        those that showed it."""
        rows = [
            {"article_id": article, "list_url": url, "day": day, "shown_by": " ".join(marks)}
            for article, url, day, marks in found
        ]
        for start in range(0, len(rows), CHUNK):
            self._connection.upsert(finds, rows[start : start + CHUNK])

    def forget(self, before: date) -> None:
        """Forget looks and finds of the days before one."""
        self._connection.write(delete(list_days).where(list_days.c.day < before))
        self._connection.write(delete(finds).where(finds.c.day < before))
        self._connection.write(delete(holes).where(holes.c.last_day < before))
