"""Observations: looks at archived articles that made no version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from crawler.ledger.rows import ObservationRow
from crawler.ledger.schema import observations

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.items import WarcPointer
    from crawler.ledger.connection import LedgerConnection


class Observations:
    """What was found each time, with the record that shows it."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def add(
        self,
        article_id: str,
        url: str,
        at: datetime,
        status: int | None,
        reason: str,
        warc: WarcPointer | None,
        run_id: str,
    ) -> None:
        """Note one look. `status` is None where no answer came; one noted again replaces itself."""
        row = {
            "article_id": article_id, "at": at, "url": url, "status": status, "reason": reason,
            "warc": (warc,) if warc else (), "run_id": run_id,
        }  # fmt: skip
        self._connection.upsert(observations, [row])

    def of_article(self, article_id: str, since: datetime | None = None) -> list[ObservationRow]:
        """An article's observations at or after `since`, oldest first."""
        statement = select(observations).where(observations.c.article_id == article_id)
        if since is not None:
            statement = statement.where(observations.c.at >= since)
        rows = self._connection.rows(statement.order_by(observations.c.at, observations.c.url))
        return [
            ObservationRow(**{**row._mapping, "warc": row.warc[0] if row.warc else None})
            for row in rows
        ]
