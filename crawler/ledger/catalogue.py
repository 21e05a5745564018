"""What readers look up of the archived articles: by day, by region, and what changed lately.

Only reads. Days are Beijing's, as `published_at` has them; an article without a time is of no day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, select

from crawler.ledger.rows import VersionRow
from crawler.ledger.schema import articles, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Select

    from crawler.ledger.connection import LedgerConnection


@dataclass(frozen=True, slots=True)
class Entry:
    """An article in a listing: its state, and the title of its newest content."""

    id: str
    region: str | None
    status: str
    version: int
    published_at: str | None
    title: str | None
    state_at: datetime


class Catalogue:
    """Listings of the archived articles."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def published(
        self,
        since: date,
        until: date,
        *,
        region: str | None = None,
        limit: int,
        offset: int = 0,
    ) -> list[Entry]:
        """Articles published from the day `since` up to before the day `until`, newest first."""
        statement = _entries().where(*_between(since, until))
        if region is not None:
            statement = statement.where(articles.c.region == region)
        order = (articles.c.published_at.desc(), articles.c.article_id)
        return self._listed(statement.order_by(*order).limit(limit).offset(offset))

    def newest(self, region: str, *, limit: int) -> list[Entry]:
        """The articles of a region that were published last, newest first."""
        statement = _entries().where(
            articles.c.region == region, articles.c.published_at.is_not(None)
        )
        order = (articles.c.published_at.desc(), articles.c.article_id)
        return self._listed(statement.order_by(*order).limit(limit))

    def of(self, ids: Sequence[str]) -> dict[str, Entry]:
        """The articles of some ids (at most a few hundred), by id."""
        found = self._listed(_entries().where(articles.c.article_id.in_(ids)))
        return {one.id: one for one in found}

    def days(self, *, limit: int) -> list[str]:
        """Days on which archived articles were published, newest first."""
        day = func.substr(articles.c.published_at, 1, 10).label("day")
        statement = select(day).where(articles.c.published_at.is_not(None)).distinct()
        return [
            row.day for row in self._connection.rows(statement.order_by(day.desc()).limit(limit))
        ]

    def undated(self, region: str, *, limit: int) -> list[Entry]:
        """Articles of a region that tell no time, by id."""
        is_undated = (articles.c.region == region) & articles.c.published_at.is_(None)
        return self._listed(_entries().where(is_undated).order_by("id").limit(limit))

    def count(self, since: date, until: date, *, region: str | None = None) -> int:
        """How many articles `published` would list without a limit."""
        statement = select(func.count().label("found")).where(*_between(since, until))
        if region is not None:
            statement = statement.where(articles.c.region == region)
        row = self._connection.row(statement.select_from(articles))
        return row.found if row else 0

    def by_day(self, since: date, until: date) -> dict[tuple[str, str], int]:
        """(region or "", day) → articles published from `since` up to before `until`."""
        day = func.substr(articles.c.published_at, 1, 10).label("day")
        statement = (
            select(articles.c.region, day, func.count().label("found"))
            .where(*_between(since, until))
            .group_by(articles.c.region, day)
        )
        return {(row.region or "", row.day): row.found for row in self._connection.rows(statement)}

    def months(self, region: str) -> dict[str, int]:
        """YYYY-MM → articles of the region published in it, newest month first."""
        month = func.substr(articles.c.published_at, 1, 7).label("month")
        statement = (
            select(month, func.count().label("found"))
            .where(articles.c.region == region, articles.c.published_at.is_not(None))
            .group_by(month)
            .order_by(month.desc())
        )
        return {row.month: row.found for row in self._connection.rows(statement)}

    def regions(self) -> dict[str, int]:
        """Region or "" → archived articles."""
        statement = select(articles.c.region, func.count().label("found")).group_by(
            articles.c.region
        )
        return {row.region or "": row.found for row in self._connection.rows(statement)}

    def newest_day(self) -> str | None:
        """The last day of which an article is archived."""
        row = self._connection.row(select(func.max(articles.c.published_at).label("newest")))
        return row.newest[:10] if row and row.newest else None

    def later_lines(self, *, region: str | None = None, limit: int) -> list[VersionRow]:
        """The newest lines that aren't the first of their article: edits, withdrawals, restorals,
        corrections; newest first. Captures of web archives are no news, and neither is our own
        first look after them."""
        is_news = (
            (versions.c.version > 1) | (versions.c.status != "live") | (versions.c.revision > 0)
        )
        # a literal: for a value that comes later no database can tell that its partial index serves
        statement = select(versions).where(
            versions.c.number > literal_column("1"), versions.c.archive.is_(None), is_news
        )
        if region is not None:
            article = articles.c.article_id == versions.c.article_id
            statement = statement.join(articles, article).where(articles.c.region == region)
        statement = statement.order_by(versions.c.fetched_at.desc(), versions.c.article_id)
        return [VersionRow(**row._mapping) for row in self._connection.rows(statement.limit(limit))]

    def ids(self, *, after: str, limit: int) -> list[tuple[str, datetime]]:
        """Article ids that sort after one, each with the time of its state."""
        statement = (
            select(articles.c.article_id, articles.c.state_at)
            .where(articles.c.article_id > after)
            .order_by(articles.c.article_id)
            .limit(limit)
        )
        return [(row.article_id, row.state_at) for row in self._connection.rows(statement)]

    def boundaries(self, every: int) -> list[str]:
        """The ids after which each chunk of `every` articles begins, the first one being ""."""
        found, after = [""], ""
        while True:
            statement = (
                select(articles.c.article_id)
                .where(articles.c.article_id > after)
                .order_by(articles.c.article_id)
                .limit(1)
                .offset(every - 1)
            )
            row = self._connection.row(statement)
            if row is None:
                return found
            after = row.article_id
            found.append(after)

    def _listed(self, statement: Select[Any]) -> list[Entry]:
        return [Entry(**row._mapping) for row in self._connection.rows(statement)]


def _between(since: date, until: date) -> tuple[Any, Any]:
    at = articles.c.published_at
    return at >= since.isoformat(), at < until.isoformat()


def _entries() -> Select[Any]:
    is_content = (versions.c.article_id == articles.c.article_id) & (
        versions.c.number == articles.c.number
    )
    return select(
        articles.c.article_id.label("id"),
        articles.c.region,
        articles.c.status,
        articles.c.version,
        articles.c.published_at,
        versions.c.title,
        articles.c.state_at,
    ).outerjoin(versions, is_content)
