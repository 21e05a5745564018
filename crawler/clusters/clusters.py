"""Who carried a text first, and who copied, cut or extended it.

In: the pairs of texts that are copies of each other. Out: clusters, each of the article that
carried a text first and those that carried it afterwards. A cluster is what is like its first text;
what is only like another copy is not in it, so that a round-up of two stories doesn't make one of
them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# A text of which less is the first one's quotes it, and carries it no more.
_CARRIES = 0.2
# One of which so much is another first one's is a round-up, and carries neither.
_BESIDES = 0.1
# Between these two lengths, beside the first one's, a text is neither cut nor extended.
_CUT, _EXTENDED = 0.9, 1.1
# A copy is edited if less than this of it is the first one's.
_EDITED = 0.97


class Text(NamedTuple):
    """A version of an article, as `texts` has it; `at` orders them."""

    number: int
    article: str
    version: int
    at: str
    published_at: str | None
    title: str | None
    source: str | None
    region: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A text that carries a cluster's first one.

    `relation`: `copied`, `edited`, `cut` or `extended`. `share`: how much of it is the first one's;
    `of_first`: how much of the first one it has.
    """

    text: Text
    relation: str
    share: float
    of_first: float


@dataclass(slots=True)
class Cluster:
    """A text, by whom it was carried first, its copies and those that only quote it, by time."""

    first: Text
    copies: list[Copy] = field(default_factory=list)
    quoted_by: list[Text] = field(default_factory=list)

    @property
    def newest(self) -> str:
        """When the last of its articles was published, as `Text.at`."""
        return max(self.first.at, *(copy.text.at for copy in self.copies))


def clusters(database: sqlite3.Connection) -> list[Cluster]:
    """All clusters of an index, the newest first."""
    numbers = "SELECT one FROM pairs UNION SELECT other FROM pairs"
    found = _clusters(database, numbers, ())
    return sorted(found, key=lambda one: (one.first.at, one.first.number), reverse=True)


def cluster_of(database: sqlite3.Connection, article: str) -> Cluster | None:
    """The cluster in which an article carried the text first, or again; None without one."""
    found = _clusters(database, _RELATED, (article,))
    for one in found:
        if article in (one.first.article, *(copy.text.article for copy in one.copies)):
            return one
    return None


# Whatever hangs together with an article by pairs.
_RELATED = """
WITH RECURSIVE related (number) AS (
    SELECT number FROM texts WHERE article = ?
    UNION SELECT other FROM pairs JOIN related ON one = number
    UNION SELECT one FROM pairs JOIN related ON other = number
)
SELECT number FROM related
"""


def _clusters(database: sqlite3.Connection, numbers: str, values: tuple[str, ...]) -> list[Cluster]:
    """The clusters among texts whose numbers a query gives."""
    rows = database.execute(
        "SELECT number, article, version, at, published_at, title, source, region, url"
        f" FROM texts WHERE number IN ({numbers}) ORDER BY at, number",
        values,
    )
    texts = {row[0]: Text(*row) for row in rows}
    pairs = _Pairs(defaultdict(dict), {})
    for one, other, shared, one_runs, other_runs in database.execute(
        f"SELECT * FROM pairs WHERE one IN ({numbers})", values
    ):
        pairs.shared[one][other] = pairs.shared[other][one] = shared
        pairs.runs[one], pairs.runs[other] = one_runs, other_runs
    return [one for one in _grown(texts, pairs) if one.copies]


class _Pairs(NamedTuple):
    """How many runs two texts share, and how many each has."""

    shared: defaultdict[int, dict[int, int]]
    runs: dict[int, int]


def _grown(texts: dict[int, Text], pairs: _Pairs) -> Iterator[Cluster]:
    """Clusters, from the earliest text on: one that is like no first text begins its own."""
    firsts: dict[int, Cluster] = {}
    placed: set[str] = set()  # articles
    for number, text in texts.items():
        if text.article in placed:  # another version of it
            continue
        like = {one: count for one, count in pairs.shared[number].items() if one in firsts}
        best = min(like, key=lambda one: (-like[one], texts[one].at, one), default=None)
        if best and _carries(pairs, number, like, best):
            cluster = firsts[best]
            cluster.copies.append(_copy(text, like[best], pairs.runs[number], pairs.runs[best]))
        else:
            for one in like:
                firsts[one].quoted_by.append(text)
            firsts[number] = Cluster(text)
        placed.add(text.article)
    yield from firsts.values()


def _carries(pairs: _Pairs, number: int, like: dict[int, int], best: int) -> bool:
    """Whether a text carries the first text it is most like, and not several that differ."""
    like_best = pairs.shared[best]
    others = [count for one, count in like.items() if one != best and one not in like_best]
    if max(others, default=0) >= _BESIDES * pairs.runs[number]:
        return False
    return like[best] >= _CARRIES * pairs.runs[number]


def _copy(text: Text, shared: int, its_runs: int, first_runs: int) -> Copy:
    share, of_first = shared / its_runs, shared / first_runs
    length = its_runs / first_runs
    if length < _CUT:
        relation = "cut"
    elif length > _EXTENDED:
        relation = "extended"
    else:
        relation = "copied" if min(share, of_first) >= _EDITED else "edited"
    return Copy(text, relation, share, of_first)
