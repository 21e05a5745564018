"""What the first pages of lists show, and the lines on what appeared there and went.

A line waits here until its run is over: then the article is archived, whose title it is held
against. Lines of a killed run wait for the recovery.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import Placement, SightingLine
from crawler.ledger.schema import addresses, articles, placements, sighting_lines, versions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date


class Placements:
    """The open placements, and the lines that wait to be published."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection
        # The number of the newest line that waits, by run.
        self._newest: dict[str, int] = {}

    def of_list(self, list_url: str) -> set[Placement]:
        """What a list's first page showed when it was last read."""
        rows = self._connection.rows(select(placements).where(placements.c.list_url == list_url))
        return {Placement(row.url, row.headline or None) for row in rows}

    def appeared(self, list_url: str, shown: Collection[Placement], *, at: datetime) -> None:
        """Note what is on a list's first page and wasn't before."""
        rows = [
            {"list_url": list_url, "url": one.url, "headline": one.headline or "",
             "appeared_at": at}
            for one in shown
        ]  # fmt: skip
        self._connection.upsert(placements, rows, update=())

    def gone(self, list_url: str, shown: Collection[Placement]) -> None:
        """Forget what a list's first page no longer shows."""
        for one in shown:
            self._connection.write(
                delete(placements).where(
                    placements.c.list_url == list_url,
                    placements.c.url == one.url,
                    placements.c.headline == (one.headline or ""),
                )
            )

    def restore(self, line: Mapping[str, Any], *, day: date | None) -> None:
        """Learn of a published line; `day` is that of its address. An address that no other file
        knows is owed again. Raises KeyError, TypeError or ValueError for what is no such line."""
        at = datetime.fromisoformat(line["at"])
        shown = Placement(str(line["url"]), line["headline"])
        if line["event"] == "gone":
            self.gone(line["list"], [shown])
            return
        if line["page"] == 1:
            self.appeared(line["list"], [shown], at=at)
        is_archived = self._connection.row(
            select(articles.c.article_id).where(articles.c.article_id == line["article_id"])
        )
        address = {
            "url": shown.url, "article_id": line["article_id"], "region": line["region"],
            "day": day, "found_on": line["list"], "position": line["position"],
            "title": line["headline"], "list_time": line["time_shown"], "first_seen_at": at,
            "attempts": 0, "retry_at": None if is_archived else at,
        }  # fmt: skip
        self._connection.upsert(addresses, [address], update=())

    def unknown(self, urls: Collection[str]) -> set[str]:
        """Those of these addresses that no list has shown and no run has met."""
        every, known = list(urls), set()
        for start in range(0, len(every), CHUNK):
            rows = self._connection.rows(
                select(addresses.c.url).where(addresses.c.url.in_(every[start : start + CHUNK]))
            )
            known |= {row.url for row in rows}
        return set(every) - known

    def add_lines(self, run_id: str, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep lines of a run until it is over: each an article's id and the keys."""
        if run_id not in self._newest:
            number = func.max(sighting_lines.c.number).label("number")
            row = self._connection.row(select(number).where(sighting_lines.c.run_id == run_id))
            self._newest[run_id] = (row.number if row else None) or 0
        rows = [
            {"run_id": run_id, "number": number, "article_id": article_id, "keys": dict(keys)}
            for number, (article_id, keys) in enumerate(lines, start=1 + self._newest[run_id])
        ]
        self._connection.write(insert(sighting_lines), rows)
        self._newest[run_id] += len(rows)

    def lines(self, run_id: str) -> Iterator[SightingLine]:
        """The lines of a run in the order of what they tell."""
        after = 0
        while rows := self._connection.rows(
            select(sighting_lines)
            .where(sighting_lines.c.run_id == run_id, sighting_lines.c.number > after)
            .order_by(sighting_lines.c.number)
            .limit(CHUNK)
        ):
            after = rows[-1].number
            ids = {row.article_id for row in rows}
            titles, known = self._titles(ids), self._addresses(ids)
            for row in rows:
                yield SightingLine(
                    number=row.number,
                    article_id=row.article_id,
                    keys=row.keys,
                    title=titles.get(row.article_id),
                    addresses=tuple(sorted(known[row.article_id])),
                )

    def drop_lines(self, run_id: str) -> None:
        """Forget the lines of a run: they are published."""
        self._connection.write(delete(sighting_lines).where(sighting_lines.c.run_id == run_id))

    def _titles(self, ids: Collection[str]) -> dict[str, str]:
        newest = (versions.c.article_id == articles.c.article_id) & (
            versions.c.number == articles.c.number
        )
        rows = self._connection.rows(
            select(articles.c.article_id, versions.c.title)
            .join(versions, newest)
            .where(articles.c.article_id.in_(ids), versions.c.title.is_not(None))
        )
        return {row.article_id: row.title for row in rows}

    def _addresses(self, ids: Collection[str]) -> defaultdict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for row in self._connection.rows(
            select(addresses.c.article_id, addresses.c.url).where(addresses.c.article_id.in_(ids))
        ):
            found[row.article_id].add(row.url)
        return found
