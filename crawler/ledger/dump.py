"""All rows as they are stored, to hold them against the published files.

Articles come in the order of their ids, each with all that the ledger holds of it; then runs and
lists. Values are as stored: times are text, and what is no such value stays what it is. Memory
holds one article at a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, String, Text, select, type_coerce

from crawler.ledger.schema import (
    addresses,
    articles,
    lists,
    observations,
    placements,
    runs,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Select, Table

    from crawler.ledger.connection import LedgerConnection

FETCHED_AT_ONCE = 1000

Values = dict[str, Any]


@dataclass(slots=True)
class StoredArticle:
    """Everything the ledger holds of one article; `article` is None where there is no such row."""

    id: str
    article: Values | None = None
    versions: list[Values] = field(default_factory=list)
    addresses: list[Values] = field(default_factory=list)
    observations: list[Values] = field(default_factory=list)


class Dump:
    """All rows of a ledger as they are stored."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def by_article(self, ids: Collection[str] | None = None) -> Iterator[StoredArticle]:
        """What the ledger holds of each article, of all or of `ids` (up to 500), by id."""
        order = {versions: versions.c.number, observations: observations.c.at}
        streams = [
            groupby(self._of(table, ids, order.get(table)), key=lambda row: str(row["article_id"]))
            for table in (articles, versions, addresses, observations)
        ]
        heads = [next(stream, None) for stream in streams]
        while found := [head[0] for head in heads if head]:
            article_id = min(found)
            rows: list[list[Values]] = [[], [], [], []]
            for number, head in enumerate(heads):
                if head and head[0] == article_id:
                    rows[number] = list(head[1])
                    heads[number] = next(streams[number], None)
            article = rows[0][0] if rows[0] else None
            yield StoredArticle(article_id, article, *rows[1:])

    def runs(self, ids: Collection[str] | None = None) -> Iterator[Values]:
        """The rows of all runs, oldest first; or of `ids` (up to 500) and those without an end."""
        statement = select(*_plain(runs)).order_by(runs.c.started_at, runs.c.run_id)
        if ids is not None:
            statement = statement.where(runs.c.run_id.in_(ids) | runs.c.finished_at.is_(None))
        yield from self._values(statement)

    def lists(self) -> Iterator[Values]:
        """The rows of all lists that have an archived answer."""
        yield from self._values(select(*_plain(lists)).where(lists.c.captured_url.is_not(None)))

    def placements(self) -> Iterator[Values]:
        """The rows of all that the first pages of lists show."""
        yield from self._values(select(*_plain(placements)))

    def _of(self, table: Table, ids: Collection[str] | None, order: Any) -> Iterator[Values]:
        statement = select(*_plain(table))
        if ids is not None:
            statement = statement.where(table.c.article_id.in_(ids))
        keys = [table.c.article_id] if order is None else [table.c.article_id, order]
        yield from self._values(statement.order_by(*keys))

    def _values(self, statement: Select[Any]) -> Iterator[Values]:
        yield from map(dict, self._connection.stream(statement, FETCHED_AT_ONCE))


def _plain(table: Table) -> list[Any]:
    """The columns of a table as they are stored, whatever was written there."""
    return [
        column
        if isinstance(column.type, Text | Integer)
        else type_coerce(column, String).label(column.name)
        for column in table.c
    ]


def parsed(value: Any) -> Any:
    """A stored JSON value; what isn't JSON stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
