"""What is asked of the index, read into an expression of SQLite's FTS5.

    南京 大桥            both, in title or text, in any order
    "in China"           exactly this, blanks too
    source:新华日报      in the name of the source; so do `title:`, `caption:`, `subtitle:`
    year:2017            published in that year; so do `month:2017-09` and `region:js`

A word is found wherever its characters stand together, as a scan of all texts finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crawler.search.folding import fold, foldings, tokens

if TYPE_CHECKING:
    from datetime import date

MOST_CHARACTERS = 500
MOST_WORDS = 32

# Columns of the index, named as they are asked for.
FIELDS = ("title", "subtitle", "caption", "source")

# Facets that may be asked for among the words; what doesn't look like one is a word.
_FACET = re.compile(r"(year)[:：](\d{4})|(month)[:：](\d{4}-\d\d)|(region)[:：]([a-z]+)", re.ASCII)
_FACETS = "facet"

# A quote counts where a word begins, and only if the other one ends a word.
_WORD = re.compile(
    rf'(?<!\S)(?:(?P<field>{"|".join(FIELDS)})[:：])?(?:"(?P<quoted>[^"]+)"(?!\S)|(?P<bare>\S+))'
)


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
