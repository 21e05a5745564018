"""What the ledger knows of a day of publication, and which days have their certificates.

Days are Beijing's. What a certificate says is worked out in `crawler.coverage`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select

from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import DayLink, DaySource, Hole, HoleKind
from crawler.ledger.schema import (
    addresses,
    articles,
    certificates,
    holes,
    late_finds,
    list_days,
    lists,
    sources,
    versions,
    visits,
)
from crawler.outcomes import NEW, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

_DAY = timedelta(days=1)

# The day in an address and that of its list differ by no more where both are right.
_APART = 2 * _DAY

_LINK = (
    addresses.c.url, addresses.c.article_id, addresses.c.region, addresses.c.day,
    addresses.c.list_time, addresses.c.first_seen_at, addresses.c.found_on, addresses.c.result,
    addresses.c.retry_at,
)  # fmt: skip


class Certificates:
    """The evidence on days, the certificates that were claimed, and what was found later."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    # --- evidence ------------------------------------------------------------------------------

    def watched_since(self) -> dict[str, datetime]:
        """By region, when one of its lists was first read."""
        statement = (
            select(lists.c.region, func.min(sources.c.first_at).label("first_at"))
            .join(sources, sources.c.list_url == lists.c.url)
            .where(lists.c.region.is_not(None))
            .group_by(lists.c.region)
        )
        return {row.region: row.first_at for row in self._connection.rows(statement)}

    def unread_since(self) -> dict[str, date]:
        """By region none of whose lists was ever read, the first day of late on which one was
        asked."""
        read = (
            select(lists.c.region)
            .join(sources, sources.c.list_url == lists.c.url)
            .where(lists.c.region.is_not(None))
        )
        statement = (
            select(lists.c.region, func.min(list_days.c.day).label("day"))
            .join(list_days, list_days.c.list_url == lists.c.url)
            .where(lists.c.region.is_not(None), lists.c.region.not_in(read))
            .group_by(lists.c.region)
        )
        return {row.region: row.day for row in self._connection.rows(statement)}

    def archived(self, day: date) -> list[DayLink]:
        """The archived articles that were published on a day; where the page gives no time, those
        whose address has the day in it."""
        dated = and_(
            articles.c.published_at >= day.isoformat(),
            articles.c.published_at < (day + _DAY).isoformat(),
        )
        undated = and_(articles.c.published_at.is_(None), addresses.c.day == day)
        return [*self._archived(dated), *self._archived(undated)]

    def _archived(self, condition: ColumnElement[bool]) -> list[DayLink]:
        statement = (
            select(
                articles.c.article_id, articles.c.canonical_url, articles.c.published_at,
                articles.c.region, articles.c.first_seen_at, addresses.c.day,
                addresses.c.list_time, addresses.c.found_on,
            )
            .select_from(articles)
            .outerjoin(addresses, addresses.c.url == articles.c.canonical_url)
            .where(condition)
            .order_by(articles.c.article_id)
        )  # fmt: skip
        return [
            DayLink(
                url=row.canonical_url,
                article_id=row.article_id,
                region=row.region,
                day=row.day,
                list_time=row.list_time,
                first_seen_at=row.first_seen_at,
                found_on=row.found_on,
                is_archived=True,
                published_at=row.published_at,
                result=None,
                is_owed=False,
            )
            for row in self._connection.rows(statement)
        ]

    def not_archived(self, day: date) -> list[DayLink]:
        """Addresses of articles that aren't archived: all that are owed, and the others whose
        addresses have about that day in them, or none."""
        is_near = addresses.c.day.between(day - _APART, day + _APART)
        has_ended = and_(addresses.c.retry_at.is_(None), addresses.c.result.is_not(None))
        found: dict[str, DayLink] = {}
        for condition in (addresses.c.retry_at.is_not(None), and_(is_near, has_ended)):
            statement = (
                select(*_LINK)
                .outerjoin(articles, articles.c.article_id == addresses.c.article_id)
                .where(condition, articles.c.article_id.is_(None))
            )
            found |= {row.url: _link(row) for row in self._connection.rows(statement)}
        return sorted(found.values(), key=lambda link: link.url)

    def sources(self, day: date) -> list[DaySource]:
        """The lists that were ever read, with their looks on a day."""
        on_day = and_(list_days.c.list_url == lists.c.url, list_days.c.day == day)
        statement = (
            select(
                lists.c.url, lists.c.region, lists.c.last_ok_at, lists.c.failures,
                lists.c.completed_at, lists.c.walk_started_at, sources.c.first_at,
                list_days.c.looks, list_days.c.hours,
            )
            .join(sources, sources.c.list_url == lists.c.url)
            .outerjoin(list_days, on_day)
            .order_by(lists.c.url)
        )  # fmt: skip
        return [
            DaySource(**{**row._mapping, "looks": row.looks or 0, "hours": row.hours or 0})
            for row in self._connection.rows(statement)
        ]

    def holes(self, day: date) -> list[Hole]:
        """The holes of lists that may concern a day."""
        statement = select(holes).where(holes.c.last_day >= day, holes.c.first_day <= day)
        rows = self._connection.rows(statement.order_by(holes.c.list_url, holes.c.until))
        return [Hole(**{**row._mapping, "kind": HoleKind(row.kind)}) for row in rows]

    # --- certificates --------------------------------------------------------------------------

    def days(self) -> set[date]:
        """The days that have a certificate."""
        statement = select(certificates.c.day).where(certificates.c.number == 0)
        return {row.day for row in self._connection.rows(statement)}

    def claim(self, day: date, number: int, *, run_id: str, at: datetime) -> bool:
        """Claim a certificate, or a number of what was found later; False if another run has."""
        row = {"day": day, "number": number, "run_id": run_id, "claimed_at": at}
        self._connection.upsert(certificates, [row], update=())
        claimed = self._connection.row(
            select(certificates.c.run_id).where(
                certificates.c.day == day, certificates.c.number == number
            )
        )
        return claimed is not None and claimed.run_id == run_id

    def give_back(self, day: date, number: int) -> None:
        """A claimed one was never written: a later run claims it."""
        self._connection.write(
            delete(certificates).where(certificates.c.day == day, certificates.c.number == number)
        )

    def next_number(self, day: date) -> int:
        """The number of the next file on a day."""
        row = self._connection.row(
            select(func.max(certificates.c.number).label("newest")).where(certificates.c.day == day)
        )
        newest = row.newest if row else None
        return 0 if newest is None else int(newest) + 1

    def of_run(self, run_id: str) -> list[tuple[date, int]]:
        """The days and numbers that a run has claimed."""
        statement = select(certificates.c.day, certificates.c.number).where(
            certificates.c.run_id == run_id
        )
        rows = self._connection.rows(statement.order_by(certificates.c.day, certificates.c.number))
        return [(row.day, row.number) for row in rows]

    def every(self) -> dict[tuple[date, int], str]:
        """The run that claimed each, by day and number."""
        rows = self._connection.rows(select(certificates))
        return {(row.day, row.number): row.run_id for row in rows}

    # --- found later ---------------------------------------------------------------------------

    def note_late(self, run_id: str) -> None:
        """Note the articles that a run has archived first and whose day has a certificate."""
        days = self.days()
        if not days:
            return
        fresh = or_(visits.c.outcome.in_(NEW), visits.c.outcome == Outcome.PENDING)
        is_first = and_(
            versions.c.article_id == visits.c.article_id,
            versions.c.number == 1,
            versions.c.run_id == run_id,
        )
        statement = (
            select(visits.c.article_id, articles.c.published_at, addresses.c.day)
            .distinct()
            .join(versions, is_first)
            .join(articles, articles.c.article_id == visits.c.article_id)
            .outerjoin(addresses, addresses.c.url == articles.c.canonical_url)
            .where(visits.c.run_id == run_id, fresh)
        )
        rows = []
        for row in self._connection.rows(statement):
            published = row.published_at and date.fromisoformat(row.published_at[:10])
            day = published or row.day
            if day in days:
                rows.append({"article_id": row.article_id, "day": day})
        self._connection.upsert(late_finds, rows, update=())

    def late(self) -> dict[date, list[str]]:
        """The articles that wait for a file, by day."""
        found: dict[date, list[str]] = {}
        statement = select(late_finds).order_by(late_finds.c.day, late_finds.c.article_id)
        for row in self._connection.rows(statement):
            found.setdefault(row.day, []).append(row.article_id)
        return found

    def drop_late(self, day: date) -> None:
        """A file names those of a day."""
        self._connection.write(delete(late_finds).where(late_finds.c.day == day))

    def links_of(self, article_ids: Sequence[str]) -> list[DayLink]:
        """What is known of archived articles."""
        found = []
        for start in range(0, len(article_ids), CHUNK):
            found += self._archived(articles.c.article_id.in_(article_ids[start : start + CHUNK]))
        return found


def _link(row: Row[Any]) -> DayLink:
    return DayLink(
        url=row.url,
        article_id=row.article_id,
        region=row.region,
        day=row.day,
        list_time=row.list_time,
        first_seen_at=row.first_seen_at,
        found_on=row.found_on,
        is_archived=False,
        published_at=None,
        result=row.result,
        is_owed=row.retry_at is not None,
    )
