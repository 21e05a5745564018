"""Asking the index: a query in, articles out, newest first, with excerpts.

    南京 大桥            both, in title or text, in any order
    "in China"           exactly this, blanks too
    source:新华日报      in the name of the source; so do `title:`, `caption:`, `subtitle:`
    year:2017            published in that year; so do `month:2017-09` and `region:js`

A word is found wherever its characters stand together, as a scan of all texts finds it. A query is
read into an expression of SQLite's FTS5.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.data_dir import run_of
from crawler.line_index import LineIndexError, Place, read_line
from crawler.search.folding import fold, foldings, tokens
from crawler.search.index import EVERY, INDEX, SEVERAL, rows_of_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

# Of a query.
MOST_CHARACTERS = 500
MOST_WORDS = 32

# Hits.
PAGE_SIZE = 20

# Characters of an excerpt, and of them before the first match.
LONGEST = 120
_BEFORE = 30
_BLANKS = re.compile(r"\s+")

# Columns of the index, named as they are asked for.
FIELDS = ("title", "subtitle", "caption", "source")

# Facets that may be asked for among the words; what doesn't look like one is a word.
_FACET = re.compile(r"(year)[:：](\d{4})|(month)[:：](\d{4}-\d\d)|(region)[:：]([a-z]+)", re.ASCII)
_FACETS = "facet"

# A quote counts where a word begins, and only if the other one ends a word.
_WORD = re.compile(
    rf'(?<!\S)(?:(?P<field>{"|".join(FIELDS)})[:：])?(?:"(?P<quoted>[^"]+)"(?!\S)|(?P<bare>\S+))'
)

# By reason; also told in the reading room's words (room/texts.toml).
_REFUSALS = {
    "query_too_long": "a query has at most {} characters, this one has {}",
    "query_too_many_words": "a query has at most {} words, this one has {}",
    "query_bad_region": "there is no region {!r}",
}


class QueryError(ValueError):
    """The query can't be asked; the message is for whoever typed it. `reason` is one of the keys of
    the sentences, by which others say it in another language with the same `values`."""

    def __init__(self, reason: str, *values: object) -> None:
        super().__init__(_REFUSALS[reason].format(*values))
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: words as typed, and what narrows them.

    `regions`: codes, any of them. `since`, `until`: days of publication in Beijing, both included;
    an article without a time is out once one of them is given. No words: all articles.
    """

    text: str = ""
    regions: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None


class Term(NamedTuple):
    """One word: the field it must stand in (None: title or text), and its spellings, folded; or a
    facet, spelt as its token."""

    field: str | None
    spellings: tuple[str, ...]

    @property
    def is_letter(self) -> bool:
        """Whether it is one character of title or text, which has an index of its own."""
        return self.field is None and len(self.spellings[0]) == 1

    @property
    def is_facet(self) -> bool:
        """Whether it narrows the rows and stands in no text."""
        return self.field == _FACETS


def terms(text: str) -> list[Term] | None:
    """The words of a query; None when it has characters, but none that a text can hold.

    Raises QueryError for more characters or words than are looked up.
    """
    if len(text) > MOST_CHARACTERS:
        raise QueryError("query_too_long", MOST_CHARACTERS, len(text))
    found = []
    for word in _WORD.finditer(text):
        if facet := _FACET.fullmatch(fold(word[0])):
            found.append(Term(_FACETS, ("=".join(filter(None, facet.groups())),)))
            continue
        said = word["quoted"] or word["bare"]
        spellings = [folded for one in foldings(said) if (folded := fold(one).strip())]
        if spellings:
            found.append(Term(word["field"], tuple(spellings)))
    if len(found) > MOST_WORDS:
        raise QueryError("query_too_many_words", MOST_WORDS, len(found))
    return found or (None if text.strip() else [])


def words_expression(words: list[Term], facets: list[str]) -> str:
    """The expression for the index of bigrams: words that are no letters, and the facets."""
    parts = []
    for word in words:
        columns = word.field or "title body"
        phrases = [_phrase(spelling) for spelling in word.spellings]
        parts.append(f"{{{columns}}} : ({' OR '.join(phrases)})")
    return " AND ".join([*parts, *(f"facet : {facet}" for facet in facets)])


def letters_expression(words: list[Term], facets: list[str]) -> str:
    """The expression for the index of single characters."""
    return " AND ".join([*(quoted(word.spellings[0]) for word in words), *facets])


def regions_facet(regions: frozenset[str]) -> list[str]:
    """The facet of any of these regions; none for none. Raises QueryError for what is no code."""
    for code in regions:
        if not code.isalnum():
            raise QueryError("query_bad_region", code)
    any_of = " OR ".join(quoted(f"region={code}") for code in sorted(regions))
    return [f"({any_of})"] if any_of else []


def quoted(token: str) -> str:
    """A string of FTS5's syntax."""
    return '"' + token.replace('"', '""') + '"'


def _phrase(spelling: str) -> str:
    if len(spelling.split()[-1]) == 1:  # it ends a word of the text, or begins a bigram
        return f"{quoted(tokens(spelling))} *"
    # the last run's closing character isn't one of the text, where words may go on
    return quoted(tokens(spelling).rpartition(" ")[0])


# --- hits -----------------------------------------------------------------------------------------


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
        """Open the index to be asked. Raises LineIndexError when there is none, it is damaged, or
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

        Raises QueryError for what can't be a query, LineIndexError when the index can't be read.
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
    words: list[Term], query: Query, facets: Sequence[str] = (), *, lacking: bool = False
) -> _Matching:
    """The rows that match. Words of one character have an index of their own; where there are both
    kinds, the rows of one are looked up among those of the other, or, with `lacking`, among the
    rows that lack one of the characters."""
    single = [word for word in words if word.is_letter]
    others = [word for word in words if not (word.is_letter or word.is_facet)]
    asked = [quoted(word.spellings[0]) for word in words if word.is_facet]
    narrowed = [*regions_facet(query.regions), *facets, *asked]
    span = rows_of_days(query.since, query.until)
    letters = "letters WHERE letters MATCH ? AND rowid BETWEEN ? AND ?"
    if not others:
        expression = letters_expression(single, narrowed if narrowed or single else [EVERY])
        return _Matching(letters, (expression, *span))
    sql = "words WHERE words MATCH ? AND rowid BETWEEN ? AND ?"
    values = (words_expression(others, narrowed), *span)
    if not single:
        return _Matching(sql, values)
    # the + keeps SQLite from asking once for each row of the list
    rows = f"(SELECT rowid FROM {letters})"
    if not lacking:
        expression = letters_expression(single, narrowed)
        return _Matching(f"{sql} AND +rowid IN {rows}", (*values, expression, *span))
    every = letters_expression([], narrowed or [EVERY])
    expression = f"{every} NOT ({letters_expression(single, [])})"
    return _Matching(f"{sql} AND +rowid NOT IN {rows}", (*values, expression, *span))


@contextmanager
def _readable() -> Iterator[None]:
    """Tell of an index that fails while it is asked."""
    try:
        yield
    except sqlite3.Error as error:
        raise LineIndexError(f"the search index can't be asked: {error}") from error


# --- excerpts -------------------------------------------------------------------------------------


class ExcerptPart(NamedTuple):
    """A piece of a text."""

    text: str
    is_match: bool


def marked(text: str, words: Iterable[str]) -> tuple[ExcerptPart, ...]:
    """The whole text, its matches marked."""
    return _parts(text, _spans(text, words), 0, len(text))


def excerpt(text: str, words: Iterable[str]) -> tuple[ExcerptPart, ...]:
    """The text around its first match on one line, cut to `LONGEST` characters with … where it goes
    on; () where nothing matches."""
    text = _BLANKS.sub(" ", text)
    spans = _spans(text, words)
    if not spans:
        return ()
    start = max(spans[0][0] - _BEFORE, 0)
    end = min(start + LONGEST, len(text))
    parts = _parts(text, spans, start, end)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return tuple(
        part
        for part in (ExcerptPart(before, False), *parts, ExcerptPart(after, False))
        if part.text
    )


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """The pieces of the text that match, in order, apart from each other.

    Folding changes lengths (full width, traditional characters, padding blanks), so each folded
    character remembers which printed one it came from.
    """
    folded, origins = [], []
    for position, character in enumerate(text):
        for one in _folded(character):
            folded.append(one)
            origins.append(position)
    # without any blanks, which match or not as they stand: the index has decided already
    haystack = "".join(folded)
    found = []
    for word in words:
        needle = "".join(word.split())
        start = haystack.find(needle) if needle else -1
        while start >= 0:
            found.append((origins[start], origins[start + len(needle) - 1] + 1))
            start = haystack.find(needle, start + len(needle))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


@lru_cache(maxsize=20_000)
def _folded(character: str) -> str:
    return fold(character).strip()


def _parts(
    text: str, spans: list[tuple[int, int]], start: int, end: int
) -> tuple[ExcerptPart, ...]:
    parts, at = [], start
    for begin, stop in spans:
        if stop <= start or begin >= end:
            continue
        parts.append(ExcerptPart(text[at:begin], False))
        parts.append(ExcerptPart(text[begin : min(stop, end)], True))
        at = min(stop, end)
    parts.append(ExcerptPart(text[at:end], False))
    return tuple(part for part in parts if part.text)
