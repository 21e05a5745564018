"""The pairs of published texts that are copies of each other, found run by run.

    texts      each version of an article that is long enough, and what is said of it
    samples    sampled run → texts, of the first few that have it: both numbers in one
    crowded    sampled runs that have enough texts
    pairs      two texts of different articles, compared, of which one is a copy

Facts of two texts alone, so it does not matter in which order they came; who copied whom is worked
out of them by `clusters`. A correction of a line takes its place, with a number of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.clock import BEIJING, iso
from crawler.clusters.texts import FORM, SHORTEST, Prepared, Sample, compare, plain_text, sample
from crawler.line_index import IndexedLines, Kind, Place, UnreadableLineError, revision

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

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
# So many texts are compared at a time, and so many are kept prepared, each of about 60 kB.
_BATCH = 4000
_PREPARED = 200

_TABLES = """
CREATE TABLE texts (
    number INTEGER PRIMARY KEY, article TEXT NOT NULL, version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    at TEXT NOT NULL, published_at TEXT, title TEXT, source TEXT, region TEXT, url TEXT NOT NULL,
    runs INTEGER NOT NULL, halvings INTEGER NOT NULL,
    file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    UNIQUE (article, version)
);
CREATE TABLE samples (place INTEGER PRIMARY KEY);
CREATE TABLE crowded (run INTEGER PRIMARY KEY);
CREATE TABLE pairs (
    one INTEGER NOT NULL, other INTEGER NOT NULL, shared INTEGER NOT NULL,
    one_runs INTEGER NOT NULL, other_runs INTEGER NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE INDEX pairs_by_other ON pairs (other);
"""
_ADD = """
INSERT OR IGNORE INTO texts (number, article, version, revision, at, published_at, title, source,
    region, url, runs, halvings, file, offset, length)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A place in `samples` is a run, of 32 bits, before the number of a text. Such tables of whole
# numbers are the fastest that SQLite has, and many at a time in JSON go in faster than one by one.
_TEXT_BITS = 31
_TEXT = (1 << _TEXT_BITS) - 1
_PLACES = f"""
SELECT place FROM json_each(?) AS wanted CROSS JOIN samples
ON place BETWEEN wanted.value << {_TEXT_BITS} AND wanted.value << {_TEXT_BITS} | {_TEXT}
"""
_ADD_PLACES = "INSERT INTO samples SELECT value FROM json_each(?)"


class _Text(NamedTuple):
    """What candidates are told by: the article and the size of the sample."""

    article: str
    size: int
    halvings: int


class _Writer:
    """An index that is being extended. Texts are compared batch by batch."""

    def __init__(self, database: sqlite3.Connection, lines: IndexedLines) -> None:
        self._database = database
        self._lines = lines
        self._new: dict[int, str] = {}
        self._samples: dict[int, Sample] = {}
        self._prepared = lru_cache(maxsize=_PREPARED)(self._prepare)
        self._known = lru_cache(maxsize=_BATCH)(self._known_text)
        execute = database.execute
        self._newest: int = execute("SELECT coalesce(max(number), 0) FROM texts").fetchone()[0]
        self._crowded = {run for (run,) in execute("SELECT run FROM crowded")}

    def add(self, line: dict[str, Any], place: Place) -> None:
        """Take a line's text in; that of a correction in place of what it corrects."""
        if line.get("status") == "gone":
            return
        try:
            text = plain_text(line["body"] or "")
            key = (str(line["id"]), int(line["version"]))
            values = (
                revision(line), _at(line), line["published_at"], line["title"], line["source"],
                line["region"]["code"] if line["region"] else None, str(line["url"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableLineError(
                f"no article line ({type(error).__name__}: {error})"
            ) from error
        if len(text) < SHORTEST:
            if values[0]:
                self._take_back(*key, values[0], Sample(frozenset(), 0))
            return
        sampled = sample(text)
        row = (*key, *values, len(sampled.runs), sampled.halvings, *place)
        self._newest += 1
        if not self._database.execute(_ADD, (self._newest, *row)).rowcount:
            if not self._take_back(*key, values[0], sampled):
                return
            self._database.execute(_ADD, (self._newest, *row))
        self._new[self._newest] = text
        self._samples[self._newest] = sampled
        if len(self._new) >= _BATCH:
            self.flush()

    def _take_back(self, article: str, version: int, its_revision: int, its: Sample) -> bool:
        """Make room for a later reading of a text, whose sample is `its`; False where the one that
        is in is as late. What the readings have in common leads to the newest number."""
        sql = "SELECT number, revision FROM texts WHERE article = ? AND version = ?"
        known = self._database.execute(sql, (article, version)).fetchone()
        if known is None or known[1] >= its_revision:
            return False
        number: int = known[0]
        if number in self._new:
            self.flush()
        old = sample(self._text(number)).runs
        for run in old:
            place = (_place(run, number),)
            if run in its.runs:
                sql = "UPDATE samples SET place = ? WHERE place = ?"
                self._database.execute(sql, (_place(run, self._newest), *place))
            else:
                self._database.execute("DELETE FROM samples WHERE place = ?", place)
        self._database.execute("DELETE FROM pairs WHERE one = ? OR other = ?", (number, number))
        self._database.execute("DELETE FROM texts WHERE number = ?", (number,))
        return True

    def flush(self) -> None:
        """Find the pairs that the new texts are in."""
        likely = self._likely(self._candidates())
        # texts that hang together are compared together, while they are prepared
        first: dict[int, int] = {}
        for text, others in sorted(likely.items()):
            first[text] = min(first.get(other, other) for other in others)
        for text in sorted(likely, key=lambda text: (first[text], text)):
            self._compare(text, likely[text])
        self._new.clear()
        self._samples.clear()
        self._prepared.cache_clear()
        self._known.cache_clear()

    def _candidates(self) -> dict[int, dict[int, int]]:
        """By new text, how many sampled runs each earlier one has too. The new texts' runs are
        then in the index."""
        # most runs have one text
        first: dict[int, int] = {}
        more = defaultdict[int, list[int]](list)
        for text, sampled in self._samples.items():
            for run in sampled.runs:
                if first.setdefault(run, text) != text:
                    more[run].append(text)
        runs = sorted(first)
        known = defaultdict[int, list[int]](list)
        for (place,) in self._database.execute(_PLACES, (json.dumps(runs),)):
            known[place >> _TEXT_BITS].append(place & _TEXT)
        found = defaultdict[int, dict[int, int]](lambda: defaultdict(int))
        places = []
        for run in runs:
            if run not in known and run not in more:
                places.append(run << _TEXT_BITS | first[run])
                continue
            texts, before = [first[run], *more.get(run, ())], sorted(known.get(run, ()))
            added = self._posted(run, texts, before)
            places += [_place(run, text) for text in added]
            before += added
            for text in texts:
                counts = found[text]
                for other in before:
                    if other < text:
                        counts[other] += 1
        self._database.execute(_ADD_PLACES, (json.dumps(places),))
        return found

    def _posted(self, run: int, texts: Collection[int], before: Collection[int]) -> list[int]:
        """Those of the texts with a run that it leads to from now on, beside those `before`."""
        if run in self._crowded:
            return []
        added = [text for text in texts if text not in before]
        room = _POSTINGS - len(before)
        if len(added) > room:
            self._crowded.add(run)
            self._database.execute("INSERT INTO crowded VALUES (?)", (run,))
        return added[:room]

    def _likely(self, candidates: dict[int, dict[int, int]]) -> dict[int, list[int]]:
        """Of the candidates those that share enough, the likeliest first."""
        found = {}
        for text, others in candidates.items():
            article, size, halvings = self._known(text)
            likely = []
            for other, count in others.items():
                if count < _CANDIDATE_RUNS:
                    continue
                its = self._known(other)
                smaller = min(size, its.size) >> max(halvings, its.halvings)
                if article != its.article and count >= _CANDIDATE_SHARE * smaller:
                    likely.append((-count, other))
            if likely:
                found[text] = [other for _, other in sorted(likely)[:_CANDIDATES]]
        return found

    def _compare(self, text: int, others: Collection[int]) -> None:
        failures = 0
        for other in others:
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

    def _known_text(self, number: int) -> _Text:
        sql = "SELECT article, runs << halvings, halvings FROM texts WHERE number = ?"
        return _Text(*self._database.execute(sql, (number,)).fetchone())

    def _prepare(self, number: int) -> Prepared:
        return Prepared.of(self._text(number))

    def _text(self, number: int) -> str:
        if number in self._new:
            return self._new[number]
        sql = "SELECT file, offset, length FROM texts WHERE number = ?"
        place = Place(*self._database.execute(sql, (number,)).fetchone())
        return plain_text(self._lines.read(place)["body"] or "")


def _place(run: int, text: int) -> int:
    return run << _TEXT_BITS | text


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
