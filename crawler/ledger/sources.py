"""What is learnt of the lists: their looks day by day, what each yielded and was the first to show.

Only the last weeks are kept (`forget`), so that years of hourly looks take no more room than those.
Days are Beijing's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, select, update

from crawler.clock import BEIJING
from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import Source, SourceYield
from crawler.ledger.schedule import LATELY, LOOK_BACK
from crawler.ledger.schema import addresses, finds, list_days, lists, sources

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from crawler.ledger.rows import ShownLink


class Sources:
    """The list sources: what they showed, when, and whether another showed it too."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def note_look(self, list_url: str, *, at: datetime, is_read: bool) -> None:
        """Note a look at a list's first page: one that read it (or found it unchanged), or not."""
        local = at.astimezone(BEIJING)
        key = {"list_url": list_url, "day": local.date()}
        row = key | {"looks": 0, "failures": 0, "hours": 0, "new": 0}
        self._connection.upsert(list_days, [row], update=())
        count = list_days.c.looks if is_read else list_days.c.failures
        values = {count.name: count + 1}
        if is_read:
            values["hours"] = list_days.c.hours.op("|")(1 << local.hour)
        self._connection.write(
            update(list_days)
            .where(list_days.c.list_url == list_url, list_days.c.day == local.date())
            .values(values)
        )

    def note_shown(
        self,
        list_url: str,
        *,
        at: datetime,
        capacity: int | None,
        newest: ShownLink | None,
    ) -> None:
        """Note how many links a list's first page shows (None: as before) and the newest article
        on it (None: as before)."""
        row = {"list_url": list_url, "first_at": at, "capacity": capacity or 0}
        self._connection.upsert(sources, [row], update=())
        values: dict[str, object] = {}
        if capacity is not None:
            values["capacity"] = capacity
        if newest is not None:
            values |= {
                "newest_url": newest.url, "newest_title": newest.title, "newest_at": at,
            }  # fmt: skip
        if values:
            self._connection.write(
                update(sources).where(sources.c.list_url == list_url).values(values)
            )

    def note_news(self, list_url: str, *, at: datetime, article_ids: Collection[str]) -> None:
        """Note articles that are new on a list since its last look, before the addresses it shows
        are told to `Addresses.see`: those never seen anywhere were found by it."""
        if not article_ids:
            return
        day = at.astimezone(BEIJING).date()
        key = {"list_url": list_url, "day": day}
        row = key | {"looks": 0, "failures": 0, "hours": 0, "new": 0}
        self._connection.upsert(list_days, [row], update=())
        self._connection.write(
            update(list_days)
            .where(list_days.c.list_url == list_url, list_days.c.day == day)
            .values(new=list_days.c.new + len(article_ids))
        )
        ids = list(article_ids)
        for start in range(0, len(ids), CHUNK):
            self._note_finds(list_url, day, ids[start : start + CHUNK])

    def _note_finds(self, list_url: str, day: date, article_ids: Collection[str]) -> None:
        known = {
            found.article_id
            for found in self._connection.rows(
                select(addresses.c.article_id).where(addresses.c.article_id.in_(article_ids))
            )
        }
        rows = [
            {"article_id": one, "list_url": list_url, "day": day, "is_sole": True}
            for one in article_ids
            if one not in known
        ]
        self._connection.upsert(finds, rows, update=())
        self._connection.write(
            update(finds)
            .where(
                finds.c.article_id.in_(known),
                finds.c.list_url != list_url,
                finds.c.is_sole.is_(True),
            )
            .values(is_sole=False)
        )

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
                func.sum(case((finds.c.is_sole.is_(True), 1), else_=0)).label("sole"),
            )
            .where(finds.c.day >= since)
            .group_by(finds.c.list_url)
        )
        return {row.list_url: (row.first, row.sole) for row in self._connection.rows(statement)}

    def _known(self) -> dict[str, Source]:
        rows = self._connection.rows(select(sources))
        return {row.list_url: Source(**row._mapping) for row in rows}

    def known(self, list_urls: Sequence[str]) -> dict[str, Source]:
        """What is known of these lists beside their looks, by address."""
        return {url: source for url, source in self._known().items() if url in set(list_urls)}

    def forget(self, before: date) -> None:
        """Forget looks and finds of the days before one."""
        self._connection.write(delete(list_days).where(list_days.c.day < before))
        self._connection.write(delete(finds).where(finds.c.day < before))
