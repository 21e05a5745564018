"""Captures of other web archives: what is still to be listed, what is owed, what became of each.

A run tells what an index lists and how the captures it asked for ended; it gets what is to be asked
for next. What is listed again changes nothing, so that no capture is asked for twice.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update

from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import CaptureListing, CaptureRow
from crawler.ledger.schedule import RETRY_SCHEDULE, next_try
from crawler.ledger.schema import capture_listings, captures, visits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement

# A capture that failed so often is given up.
MOST_ATTEMPTS = len(RETRY_SCHEDULE)


class Captures:
    """What web archives list of articles."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    # --- listings ------------------------------------------------------------------------------

    def listings(self, archive: str, prefix: str, asked_from: datetime) -> list[CaptureListing]:
        """What an earlier run left to be listed of these addresses, oldest first."""
        table = capture_listings
        statement = select(table).where(
            table.c.archive == archive, table.c.prefix == prefix, table.c.asked_from == asked_from
        )
        rows = self._connection.rows(statement.order_by(table.c.page, table.c.begin))
        return [CaptureListing(**row._mapping) for row in rows]

    def save_listing(self, listing: CaptureListing) -> None:
        """Keep what is still to be listed."""
        self._connection.upsert(capture_listings, [asdict(listing)])

    def end_listing(self, listing: CaptureListing) -> None:
        """It is listed, or others stand in its place."""
        table = capture_listings
        self._connection.write(
            delete(table).where(
                table.c.archive == listing.archive,
                table.c.prefix == listing.prefix,
                table.c.asked_from == listing.asked_from,
                table.c.begin == listing.begin,
                table.c.page == listing.page,
            )
        )

    def count_listings(self, archive: str) -> int:
        """How many windows of an archive's index are still to be listed."""
        statement = select(func.count()).where(capture_listings.c.archive == archive)
        row = self._connection.row(statement)
        return int(row[0]) if row else 0

    # --- captures ------------------------------------------------------------------------------

    def add(self, rows: Sequence[CaptureRow]) -> int:
        """Note what an index lists; how many of them were not known."""
        new = 0
        for start in range(0, len(rows), CHUNK):
            chunk = [asdict(row) for row in rows[start : start + CHUNK]]
            urls = {row["url"] for row in chunk}
            statement = select(captures.c.url, captures.c.at).where(
                captures.c.archive == chunk[0]["archive"], captures.c.url.in_(urls)
            )
            known = {(row.url, row.at) for row in self._connection.rows(statement)}
            fresh = {(row["url"], row["at"]): row for row in chunk}
            for key in known:
                fresh.pop(key, None)
            new += len(fresh)
            self._connection.upsert(captures, list(fresh.values()), update=())
        return new

    def reopen(self, archive: str, since: date | None, until: date | None) -> None:
        """Captures of articles published outside the days of an earlier run are owed again where
        they are within those of this one."""
        is_in: list[ColumnElement[bool]] = [
            captures.c.ended.is_not(None),
            captures.c.day.is_not(None),
        ]
        if since is not None:
            is_in.append(captures.c.day >= since)
        if until is not None:
            is_in.append(captures.c.day <= until)
        self._connection.write(
            update(captures)
            .where(captures.c.archive == archive, *is_in)
            .values(ended=None, day=None)
        )

    def owed_addresses(
        self,
        archive: str,
        *,
        run_id: str,
        regions: Collection[str],
        at: datetime,
        after: str,
        limit: int,
    ) -> list[tuple[str, str, str | None]]:
        """Articles of the regions with captures that are owed by now and that the run has not met,
        by id from the one after `after` on: id, an address that was captured, region."""
        is_met = exists().where(
            visits.c.run_id == run_id, visits.c.article_id == captures.c.article_id
        )
        statement = (
            select(
                captures.c.article_id,
                func.min(captures.c.url).label("url"),
                func.min(captures.c.region).label("region"),
            )
            .where(
                *_owed(archive, at),
                captures.c.region.in_(regions),
                captures.c.article_id > after,
                ~is_met,
            )
            .group_by(captures.c.article_id)
            .order_by(captures.c.article_id)
            .limit(limit)
        )
        rows = self._connection.rows(statement)
        return [(row.article_id, row.url, row.region) for row in rows]

    def of_article(self, archive: str, article_id: str) -> list[CaptureRow]:
        """All captures of an article's pages that an archive lists, oldest first."""
        statement = (
            select(captures)
            .where(captures.c.archive == archive, captures.c.article_id == article_id)
            .order_by(captures.c.at, captures.c.url)
        )
        return [CaptureRow(**row._mapping) for row in self._connection.rows(statement)]

    def same_as(self, article_id: str, before: datetime) -> tuple[datetime, int] | None:
        """The newest capture up to a time of which it is known that a line says the same: when it
        was made, and the line's number."""
        statement = (
            select(captures.c.at, captures.c.number)
            .where(
                captures.c.article_id == article_id,
                captures.c.number.is_not(None),
                captures.c.at <= before,
            )
            .order_by(captures.c.at.desc())
            .limit(1)
        )
        row = self._connection.row(statement)
        return None if row is None else (row.at, row.number)

    def end(
        self,
        row: CaptureRow,
        ended: str,
        *,
        number: int | None = None,
        day: date | None = None,
    ) -> None:
        """A capture was dealt with: nothing is owed any more. `number`: the line that says the
        same; `day`: that of publication, of one outside the days asked for."""
        self._write(row, {"ended": ended, "number": number, "day": day, "retry_at": None})

    def failed(self, row: CaptureRow, ended: str, at: datetime) -> None:
        """It could not be had: it is tried again later, a few times."""
        attempts = row.attempts + 1
        is_over = attempts >= MOST_ATTEMPTS
        self._write(
            row,
            {
                "attempts": attempts,
                "ended": ended if is_over else None,
                "retry_at": None if is_over else next_try(at, attempts),
            },
        )

    def _write(self, row: CaptureRow, values: dict[str, object]) -> None:
        self._connection.write(
            update(captures)
            .where(
                captures.c.archive == row.archive,
                captures.c.url == row.url,
                captures.c.at == row.at,
            )
            .values(values)
        )

    def count_owed(self, archive: str, regions: Collection[str]) -> int:
        """Captures that are still to be asked for, now or later."""
        statement = select(func.count()).where(
            captures.c.archive == archive,
            captures.c.ended.is_(None),
            captures.c.page == 1,
            or_(captures.c.region.in_(regions), captures.c.region.is_(None)),
        )
        row = self._connection.row(statement)
        return int(row[0]) if row else 0

    def by_archive(self, article_id: str) -> list[tuple[str, int, int]]:
        """The archives that list captures of an article: index, how many, how many are owed."""
        is_owed = and_(captures.c.ended.is_(None), captures.c.page == 1)
        statement = (
            select(
                captures.c.archive,
                func.count().label("listed"),
                func.count().filter(is_owed).label("owed"),
            )
            .where(captures.c.article_id == article_id)
            .group_by(captures.c.archive)
            .order_by(captures.c.archive)
        )
        rows = self._connection.rows(statement)
        return [(row.archive, row.listed, row.owed) for row in rows]


def _owed(archive: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        captures.c.archive == archive,
        captures.c.ended.is_(None),
        captures.c.page == 1,
        or_(captures.c.retry_at.is_(None), captures.c.retry_at <= at),
    )
