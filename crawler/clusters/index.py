"""The pairs of published texts that are copies of each other, found run by run.

    texts      each version of an article that is long enough, and what is said of it
    samples    sampled run → texts; of the first few texts that have it
    crowded    sampled runs that have enough texts
    pairs      two texts of different articles, compared, of which one is a copy

Facts of two texts alone, so it does not matter in which order they came; who copied whom is worked
out of them by `clusters`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING, iso
from crawler.clusters.texts import FORM, SHORTEST, Prepared, compare, plain, sample
from crawler.line_index import IndexedLines, Kind, Place, UnreadableLineError

if TYPE_CHECKING:
    import sqlite3

# A sampled run leads to so many texts at most, the first that had it: enough to find what was
# copied, and phrases that everybody uses cost no more than that.
_POSTINGS = 16

# A candidate shares so much of the smaller of two samples, and so many runs.
_CANDIDATE_SHARE = 0.2
_CANDIDATE_RUNS = 2
# So many candidates of a text are compared, the likeliest first.
_CANDIDATES = 24
# After so many that are no copies none is expected: the text is of a template.
_FAILURES = 6
# So many texts are kept prepared for comparison, each of about 60 kB.
_PREPARED = 600

_TABLES = """
CREATE TABLE texts (
    number INTEGER PRIMARY KEY, article TEXT NOT NULL, version INTEGER NOT NULL,
    at TEXT NOT NULL, published_at TEXT, title TEXT, source TEXT, region TEXT, url TEXT NOT NULL,
    samples INTEGER NOT NULL,
    file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    UNIQUE (article, version)
);
CREATE TABLE samples (
    run INTEGER NOT NULL, text INTEGER NOT NULL, PRIMARY KEY (run, text)
) WITHOUT ROWID;
CREATE TABLE crowded (run INTEGER PRIMARY KEY);
CREATE TABLE pairs (
    one INTEGER NOT NULL, other INTEGER NOT NULL, shared INTEGER NOT NULL,
    one_runs INTEGER NOT NULL, other_runs INTEGER NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE INDEX pairs_by_other ON pairs (other);
"""
_NEW = "CREATE TEMP TABLE IF NOT EXISTS new (run INTEGER NOT NULL, text INTEGER NOT NULL)"
_ADD = """
INSERT INTO samples SELECT run, text FROM new WHERE run NOT IN (SELECT run FROM crowded)
ORDER BY run, text
"""
_NEWLY_CROWDED = f"""
SELECT run, count(*) FROM samples WHERE run IN (SELECT run FROM new)
GROUP BY run HAVING count(*) > {_POSTINGS}
"""
_CROWD_OUT = f"""
DELETE FROM samples WHERE run = ? AND text > (
    SELECT text FROM samples WHERE run = ? ORDER BY text LIMIT 1 OFFSET {_POSTINGS - 1}
)
"""
# A text is compared with those before it; the batch's own are among them by now.
_CANDIDATE_PAIRS = f"""
SELECT new.text, samples.text, count(*) AS found
FROM new CROSS JOIN samples ON samples.run = new.run AND samples.text < new.text
GROUP BY new.text, samples.text HAVING found >= {_CANDIDATE_RUNS}
"""


class _Writer:
    """An index that is being extended. Texts are compared batch by batch."""

    def __init__(self, database: sqlite3.Connection, lines: IndexedLines) -> None:
        self._database = database
        self._lines = lines
        self._new: dict[int, str] = {}
        self._prepared = lru_cache(maxsize=_PREPARED)(self._prepare)
        database.execute(_NEW)

    def add(self, line: dict[str, Any], place: Place) -> None:
        """Take a line's text in, but for a later reading of the same version."""
        if line.get("status") == "gone":
            return
        try:
            text = plain(line["body"] or "")
            at = _at(line)
            values = (
                str(line["id"]), int(line["version"]), at, line["published_at"], line["title"],
                line["source"], line["region"]["code"] if line["region"] else None,
                str(line["url"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableLineError(
                f"no article line ({type(error).__name__}: {error})"
            ) from error
        if len(text) < SHORTEST:
            return
        sampled = sample(text)
        number = self._database.execute(
            "INSERT OR IGNORE INTO texts (article, version, at, published_at, title, source,"
            " region, url, samples, file, offset, length)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, len(sampled), *place),
        )
        if number.rowcount:
            assert number.lastrowid is not None
            self._new[number.lastrowid] = text
            rows = [(run, number.lastrowid) for run in sampled]
            self._database.executemany("INSERT INTO temp.new VALUES (?, ?)", rows)

    def flush(self) -> None:
        """Find the pairs that the new texts are in."""
        execute = self._database.execute
        execute(_ADD)
        for run, _ in execute(_NEWLY_CROWDED).fetchall():
            execute(_CROWD_OUT, (run, run))
            execute("INSERT OR IGNORE INTO crowded VALUES (?)", (run,))
        candidates = defaultdict[int, list[tuple[int, int]]](list)
        for text, other, found in execute(_CANDIDATE_PAIRS):
            candidates[text].append((found, other))
        for text, others in sorted(candidates.items()):
            self._compare(text, others)
        execute("DELETE FROM temp.new")
        self._new.clear()
        self._prepared.cache_clear()

    def _compare(self, text: int, others: list[tuple[int, int]]) -> None:
        article, samples = self._known(text)
        likely = []
        for found, other in others:
            its_article, its_samples = self._known(other)
            if article != its_article and found >= _CANDIDATE_SHARE * min(samples, its_samples):
                likely.append((found, other))
        failures = 0
        for _, other in sorted(likely, key=lambda pair: (-pair[0], pair[1]))[:_CANDIDATES]:
            its, others_own = self._prepared(text), self._prepared(other)
            likeness = compare(its, others_own)
            if likeness.is_copy:
                counts = (likeness.shared, len(others_own.runs), len(its.runs))
                sql = "INSERT OR IGNORE INTO pairs VALUES (?, ?, ?, ?, ?)"
                self._database.execute(sql, (other, text, *counts))
                failures = 0
            else:
                failures += 1
                if failures == _FAILURES:
                    return

    def _known(self, text: int) -> tuple[str, int]:
        sql = "SELECT article, samples FROM texts WHERE number = ?"
        article, samples = self._database.execute(sql, (text,)).fetchone()
        return article, samples

    def _prepare(self, text: int) -> Prepared:
        if text in self._new:
            return Prepared.of(self._new[text])
        sql = "SELECT file, offset, length FROM texts WHERE number = ?"
        place = Place(*self._database.execute(sql, (text,)).fetchone())
        return Prepared.of(plain(self._lines.read(place)["body"]))


def _at(line: dict[str, Any]) -> str:
    """When a text was published, in UTC, for the order of copies: else first seen. One that states
    only its day is not taken to be the first of it."""
    if line["published_at"] is None:
        return str(line["first_seen_at"] or line["fetched_at"])
    at = datetime.fromisoformat(line["published_at"])
    at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    if line.get("published_precision") == "day":
        at += timedelta(days=1, seconds=-1)
    return iso(at.astimezone(UTC))


def moment_of(day: date) -> str:
    """The start of a day in Beijing, in the form that orders texts."""
    return iso(datetime.combine(day, time(), BEIJING))


CLUSTERS = Kind("list of copies", "scrapy clusters", 0x5848434C, FORM, _TABLES, _Writer)
