"""Asking the index: words in, articles out, newest first."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.data_dir import run_of
from crawler.line_index import LineIndexError as SearchIndexError
from crawler.line_index import Place, read_line
from crawler.search.excerpt import ExcerptPart, excerpt, marked
from crawler.search.index import EVERY, INDEX, SEVERAL, rows_of_days
from crawler.search.query import (
    Query,
    QueryError,
    letters_expression,
    quoted,
    regions_facet,
    terms,
    words_expression,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.search.query import Term

PAGE_SIZE = 20

__all__ = [
    "PAGE_SIZE",
    "ExcerptPart",
    "Hit",
    "Query",
    "QueryError",
    "Results",
    "SearchIndex",
    "SearchIndexError",
]


@dataclass(frozen=True, slots=True)
class Hit:
    """An article, by the newest of its versions that match.

    `title` is that version's, and `snippet` the text around the first match in body, captions,
    source or subtitle, () where only the title matches; both are () where the published line can't
    be read. `is_gone`: the article is withdrawn now. `is_latest`: no newer version has content.
    """

    article_id: str
    version: int
    title: tuple[ExcerptPart, ...]
    snippet: tuple[ExcerptPart, ...]
    region: str | None
    published_at: str | None
    is_gone: bool
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Results:
    """`count`: articles that match; `pages`: of `PAGE_SIZE` hits; `hits`: those of the page asked
    for, () past the last one."""

    count: int
    hits: tuple[Hit, ...]
    pages: int


class _Matching(NamedTuple):
    """A query in SQL: what stands after SELECT … FROM, and the values of its marks."""

    sql: str
    values: tuple[object, ...]


class SearchIndex:
    """An open index. For one thread at a time."""

    def __init__(self, database: sqlite3.Connection, data_dir: Path) -> None:
        self._database = database
        self._data_dir = data_dir

    @classmethod
    def open(cls, path: Path, data_dir: Path) -> Self:
        """Open the index to be asked. Raises SearchIndexError when there is none, it is damaged, or
        of another form than today's code asks."""
        return cls(INDEX.open(path), data_dir)

    def close(self) -> None:
        self._database.close()

    @property
    def newest_run(self) -> str | None:
        """The run that began last of those whose lines are in the index."""
        with _readable():
            (name,) = self._database.execute("SELECT max(name) FROM files").fetchone()
        return run_of(name.rpartition("/")[2]) if name else None

    def search(self, query: Query, page: int = 1) -> Results:
        """The articles with a version that matches, newest first, `PAGE_SIZE` a page.

        Raises QueryError for what can't be a query, SearchIndexError when the index can't be read.
        """
        words = terms(query.text)
        if words is None:
            return Results(0, (), 0)
        with _readable():
            lacking = self._is_common(words, query)
            found = _matching(words, query, lacking=lacking)
            older = self._older(_matching(words, query, [SEVERAL], lacking=lacking))
            (every,) = self._database.execute(
                f"SELECT count(*) FROM {found.sql}", found.values
            ).fetchone()
            count = every - len(older)
            pages = -(-count // PAGE_SIZE)
            if not 1 <= page <= pages:
                return Results(count, (), pages)
            rows = self._database.execute(
                f"SELECT rowid FROM {found.sql}"
                " AND rowid NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY rowid DESC LIMIT ? OFFSET ?",
                (*found.values, json.dumps(older), PAGE_SIZE, (page - 1) * PAGE_SIZE),
            ).fetchall()
            spellings = [one for word in words if not word.is_facet for one in word.spellings]
            return Results(count, tuple(self._hit(row, spellings) for (row,) in rows), pages)

    def _is_common(self, words: list[Term], query: Query) -> bool:
        """Whether most rows hold the letters of a query that has other words too."""
        single = [word for word in words if word.is_letter]
        if not single or all(word.is_letter or word.is_facet for word in words):
            return False
        with_them, every = (
            self._database.execute(f"SELECT count(*) FROM {of.sql}", of.values).fetchone()[0]
            for of in (_matching(single, query), _matching([], query))
        )
        return bool(with_them * 2 > every)

    def _older(self, several: _Matching) -> list[int]:
        """Of the rows of articles with several versions, those that match beside newer ones."""
        # CROSS JOIN: the few rows found first, as SQLite keeps the order
        older = self._database.execute(
            "SELECT row FROM (SELECT row, row_number() OVER"
            " (PARTITION BY article ORDER BY version DESC) AS place"
            f" FROM (SELECT rowid AS found FROM {several.sql}) CROSS JOIN versions ON row = found)"
            " WHERE place > 1",
            several.values,
        )
        return [row for (row,) in older]

    def _hit(self, row: int, spellings: list[str]) -> Hit:
        article, status, version, newest, name, *place = self._database.execute(
            "SELECT id, status, version,"
            " (SELECT max(version) FROM versions WHERE article = one.article),"
            " name, file, offset, length"
            " FROM versions AS one JOIN articles ON articles.number = article"
            " JOIN files ON files.number = file WHERE row = ?",
            (row,),
        ).fetchone()
        try:
            line: dict[str, Any] | None = read_line(self._data_dir / name, Place(*place))
        except (OSError, ValueError):  # the hit says so by having no title
            line = None
        return Hit(
            article,
            version,
            marked(line["title"] or "", spellings) if line else (),
            _snippet(line, spellings) if line else (),
            line["region"]["code"] if line and line["region"] else None,
            line["published_at"] if line else None,
            is_gone=status == "gone",
            is_latest=version == newest,
        )


def _snippet(line: dict[str, Any], spellings: list[str]) -> tuple[ExcerptPart, ...]:
    media = (*line["images"], *line["videos"])
    texts = [line["body"], *(one["caption"] for one in media), line["source"], line["subtitle"]]
    for text in (*texts, line["kicker"]):
        if found := excerpt(text or "", spellings):
            return found
    return ()


def _matching(
    words: list[Term], query: Query, facets: list[str] | None = None, *, lacking: bool = False
) -> _Matching:
    """The rows that match. Words of one character have an index of their own; where there are both
    kinds, the rows of one are looked up among those of the other, or, with `lacking`, among the
    rows that lack one of the characters."""
    single = [word for word in words if word.is_letter]
    others = [word for word in words if not (word.is_letter or word.is_facet)]
    narrowed = [*regions_facet(query.regions), *(facets or [])]
    narrowed += [quoted(word.spellings[0]) for word in words if word.is_facet]
    span = rows_of_days(query.since, query.until)
    if not others:
        expression = letters_expression(single, narrowed or [EVERY] * (not single))
        return _Matching(
            "letters WHERE letters MATCH ? AND rowid BETWEEN ? AND ?", (expression, *span)
        )
    sql = "words WHERE words MATCH ? AND rowid BETWEEN ? AND ?"
    values = [words_expression(others, narrowed), *span]
    if single:
        expression = letters_expression(single, [] if lacking else narrowed)
        if lacking:
            expression = f"{letters_expression([], narrowed or [EVERY])} NOT ({expression})"
        # the + keeps SQLite from asking once for each row of the list
        rows = "SELECT rowid FROM letters WHERE letters MATCH ? AND rowid BETWEEN ? AND ?"
        sql += f" AND +rowid {'NOT IN' if lacking else 'IN'} ({rows})"
        values += [expression, *span]
    return _Matching(sql, tuple(values))


@contextmanager
def _readable() -> Iterator[None]:
    """Tell of an index that fails while it is asked."""
    try:
        yield
    except sqlite3.Error as error:
        raise SearchIndexError(f"the search index can't be asked: {error}") from error
