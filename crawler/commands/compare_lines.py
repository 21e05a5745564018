"""Lines made again beside older lines of the same captures: what an extractor change altered.

In: an older JSONL file, then new records. Out: lines to review, and counts. Lines are matched by
article and time of capture; the older ones stay on disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO

from crawler.items import HISTORY_KEYS
from crawler.views.text_diff import of_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.reextraction.one_warc import Filter

_NOT_COMPARED = HISTORY_KEYS | {"schema_version", "extractor_version", "warc", "warc_pages"}

# What changes with the fields that are shown.
_FOLLOWS = frozenset({"paragraphs", "content_sha256"})


class OlderLines:
    """The lines of a file open for reading; `wanted` says which of them are to be made again.
    Raises ValueError for one that is no article's."""

    def __init__(self, name: str, lines: BinaryIO, wanted: Filter) -> None:
        self._name = name
        self._lines = lines
        self._wanted = wanted
        self._places = sqlite3.connect("", isolation_level=None)  # a file that goes with us
        self._places.executescript(
            "CREATE TABLE places (id TEXT, at TEXT, offset INTEGER, PRIMARY KEY (id, at))"
            " WITHOUT ROWID; BEGIN;"
        )
        self.counts: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        offset = 0
        for number, line in enumerate(lines, 1):
            try:
                key = _key(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                message = f"{name}, line {number}: no line of an article"
                raise ValueError(message) from error
            self._places.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (*key, offset))
            offset += len(line)

    def differences(self, records: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What to review, in the order of the new records; last what only the older file has."""
        for new in records:
            self.counts["compared"] += 1
            found = self._places.execute(
                "DELETE FROM places WHERE (id, at) = (?, ?) RETURNING offset", _key(new)
            ).fetchone()
            if found is None:
                self.counts["only new"] += 1
                yield f"{new['id']} {new['url']}: not in {self._name}"
            else:
                yield from self._difference(self._at(found[0]), new)
        for (offset,) in self._places.execute("SELECT offset FROM places ORDER BY offset"):
            before = self._at(offset)
            is_wanted = self._wanted.wants(before["url"], before["fetched_at"])
            if is_wanted and before["status"] != "gone":  # which no capture says
                self.counts["only old"] += 1
                yield f"{before['id']} {before['url']}: only in {self._name}"

    def summary(self) -> str:
        """How many lines differ, and in which fields."""
        fields = ", ".join(f"{name} {number}" for name, number in self.fields.most_common())
        counts = self.counts
        return (
            f"{counts['compared']} compared with {self._name}: {counts['different']} differ"
            f"{f' ({fields})' if fields else ''}, {counts['only new']} not in it,"
            f" {counts['only old']} only in it"
        )

    def _difference(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        compared = [key for key in after if key not in _NOT_COMPARED]
        changed = [key for key in compared if before.get(key) != after[key]]
        shown = [key for key in changed if key not in _FOLLOWS] or changed
        if shown:
            self.counts["different"] += 1
            self.fields.update(shown)
            yield f"{after['id']} {after['url']}: {', '.join(shown)}"
            yield from of_fields(shown, before, after)

    def _at(self, offset: int) -> dict[str, Any]:
        self._lines.seek(offset)
        record: dict[str, Any] = json.loads(self._lines.readline())
        return record


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return str(record["id"]), str(record["fetched_at"])
