"""Which published lines an export holds: all of the data folder, or those that a filter lets pass;
and how they are written one after the other.

In: a data folder and a Selection. Out: the lines as bytes, file by file in the order of their names
and each file from its start, which is the order of publication of files without parts.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.exporters.jsonl import line_schema
from crawler.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path
    from typing import BinaryIO

# Every schema version of a line has them; 2 added the others.
_NEEDED = frozenset(line_schema()["required"]) - {"line", "revision", "corrects"}

_LATEST = """
INSERT INTO latest VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    fetched_at = excluded.fetched_at, revision = excluded.revision,
    file = excluded.file, number = excluded.number
WHERE (excluded.fetched_at, excluded.revision) > (fetched_at, revision)
   OR (excluded.fetched_at, excluded.revision) = (fetched_at, revision)
  AND (excluded.file, excluded.number) > (file, number)
"""


# A day that sorts behind all others.
_AFTER_ALL_DAYS = "9999-12-31"


# A column of a format: the key of a line that it shows, as people are told it, and its value.
Column = tuple[str, Callable[[dict[str, Any]], Any]]


class BadLineError(Exception):
    """A published line is not what DATA_FORMAT.md says: the message names file and line."""


class PublishedLine(NamedTuple):
    """A published line: its bytes with the line feed, the object they hold, and where it stands."""

    data: bytes
    keys: dict[str, Any]
    file: Path
    number: int

    def damaged(self, why: object) -> BadLineError:
        """The error of a line that can't be made into another format."""
        return BadLineError(f"{shown(self.file)}, line {self.number}: {why}; run `scrapy verify`")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for. None and empty mean no filter.

    `regions`: codes. `since`, `until`: days of publication in Beijing, both included; a line
    without a time is out once one of them is given. `query`: words that all stand in title or body,
    width and case aside. `source`: part of the source's name. `statuses`, `layouts`: names. Time
    and source of a withdrawal are those of the text that was withdrawn.
    `latest`: of each article only the line that is its state, the one with the greatest
    (fetched_at, revision); the other filters are held against that line.
    """

    regions: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None
    query: str | None = None
    source: str | None = None
    statuses: frozenset[str] = frozenset()
    layouts: frozenset[str] = frozenset()
    latest: bool = False

    def test(self) -> Callable[[dict[str, Any]], bool]:
        """Whether a line, decoded, is wanted (`latest` aside)."""
        tests = list(self._tests())
        return lambda line: all(test(line) for test in tests)

    def _tests(self) -> Iterator[Callable[[dict[str, Any]], bool]]:
        """One test for each filter that is given, the quickest first."""
        if self.regions:
            yield lambda line: bool(line["region"]) and line["region"]["code"] in self.regions
        if self.statuses:
            yield lambda line: line["status"] in self.statuses
        if self.layouts:
            yield lambda line: line["layout"] in self.layouts
        if self.since or self.until:
            first = self.since.isoformat() if self.since else ""
            last = self.until.isoformat() if self.until else _AFTER_ALL_DAYS
            yield (
                lambda line: (
                    bool(line["published_at"]) and first <= line["published_at"][:10] <= last
                )
            )
        if self.source:
            source = _folded(self.source)
            yield lambda line: source in _folded(line["source"] or "")
        if self.query:
            words = [_folded(word) for word in self.query.split()]
            yield lambda line: _has_all(words, line)


def _has_all(words: list[str], line: dict[str, Any]) -> bool:
    text = _folded(f"{line['title'] or ''}\n{line['body'] or ''}")
    return all(word in text for word in words)


def selected(
    files: list[Path],
    selection: Selection,
    on_line: Callable[[int], object],
    on_look_ahead: Callable[[int], object],
) -> Iterator[PublishedLine]:
    """The wanted lines. `on_line` is told the length of each line read, in bytes; with `latest` all
    are read once before, of which `on_look_ahead` is told.

    Raises BadLineError for a line that is no JSON object of ours, OSError as files do.
    """
    newest = _latest(files, on_look_ahead) if selection.latest else None
    is_wanted = selection.test()
    if selection.since or selection.until or selection.source:
        is_wanted = _of_what_was(is_wanted, files)
    for path, number, line in _lines(files):
        on_line(len(line))
        if newest is None or newest(path, number):
            keys = _read(path, number, line)
            if is_wanted(keys):
                yield PublishedLine(line, keys, path, number)


def same(name: str) -> Column:
    """The column that shows a key of a line as it is."""
    return name, lambda line: line.get(name)


def write_each(
    lines: Iterable[PublishedLine], file: BinaryIO, encode: Callable[[dict[str, Any]], bytes]
) -> int:
    """Write what `encode` makes of each line, b"" to leave it out; the number written.

    Raises BadLineError for a line whose values are of other types than the schema's, OSError as the
    file does.
    """
    count = 0
    for line in lines:
        try:
            data = encode(line.keys)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise line.damaged(f"does not fit the schema ({error!r})") from error
        if data:
            file.write(data)
            count += 1
    return count


def _of_what_was(
    is_wanted: Callable[[dict[str, Any]], bool], files: list[Path]
) -> Callable[[dict[str, Any]], bool]:
    """The same test, for a withdrawal with time and source of the text that was withdrawn: as its
    line says, or, where that is of schema version 1, as the line before it said."""
    before = cache(lambda: _texts(files))

    def test(line: dict[str, Any]) -> bool:
        if line["status"] == "gone":
            last = line["gone"].get("last") or before()(line["id"], line["fetched_at"])
            line = line | last
        return is_wanted(line)

    return test


def _texts(files: list[Path]) -> Callable[[str, str], dict[str, Any]]:
    """Time and source of an article's newest text before a moment; none where it has none. Kept in
    a temporary SQLite file, as in `_latest`."""
    database = sqlite3.connect("")
    database.execute(
        "CREATE TABLE texts (id TEXT, fetched_at TEXT, published_at TEXT, source TEXT)"
    )
    for path, number, line in _lines(files):
        one = _read(path, number, line)
        if one["status"] != "gone":
            row = (one["id"], one["fetched_at"], one["published_at"], one["source"])
            database.execute("INSERT INTO texts VALUES (?, ?, ?, ?)", row)
    database.execute("CREATE INDEX ids ON texts (id, fetched_at)")

    def text(article_id: str, before: str) -> dict[str, Any]:
        row = database.execute(
            "SELECT published_at, source FROM texts WHERE id = ? AND fetched_at < ?"
            " ORDER BY fetched_at DESC LIMIT 1",
            (article_id, before),
        ).fetchone()
        return dict(zip(("published_at", "source"), row or (None, None), strict=True))

    return text


def _lines(files: list[Path]) -> Iterator[tuple[Path, int, bytes]]:
    for path in files:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    raise PublishedLine(line, {}, path, number).damaged("cut off")
                yield path, number, line


def _read(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(line)
    except ValueError as error:
        raise PublishedLine(line, {}, path, number).damaged(f"no JSON ({error})") from error
    if not isinstance(decoded, dict) or not decoded.keys() >= _NEEDED:
        raise PublishedLine(line, {}, path, number).damaged("no article line")
    return decoded


def _latest(files: list[Path], on_line: Callable[[int], object]) -> Callable[[Path, int], bool]:
    """Whether a line is the state of its article. Kept in a temporary SQLite file, so memory does
    not grow with the archive; SQLite removes it by itself."""
    database = sqlite3.connect("")
    database.execute(
        "CREATE TABLE latest (id TEXT PRIMARY KEY, fetched_at TEXT, revision INTEGER,"
        " file INTEGER, number INTEGER) WITHOUT ROWID"
    )
    places = {path: place for place, path in enumerate(files)}
    for path, number, line in _lines(files):
        on_line(len(line))
        one = _read(path, number, line)
        row = (one["id"], one["fetched_at"], one.get("revision") or 0, places[path], number)
        database.execute(_LATEST, row)
    database.execute("CREATE UNIQUE INDEX places ON latest (file, number)")

    def is_latest(path: Path, number: int) -> bool:
        found = database.execute(
            "SELECT 1 FROM latest WHERE file = ? AND number = ?", (places[path], number)
        )
        return found.fetchone() is not None

    return is_latest


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
