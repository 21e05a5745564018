"""The ids of all WARC records of an archive: no two records share one, and pointers name them.

In: the ids of one file after the other. Out: which files share ids, and where an id stands. They
are kept on disk.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TABLES = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;
CREATE TABLE ids (id BLOB, file INTEGER, offset INTEGER);
BEGIN;
"""
_SHARED = """
SELECT one.file, other.file, min(other.offset), count(*) FROM ids AS one JOIN ids AS other
ON one.id = other.id AND one.file < other.file
WHERE one.id IN (SELECT id FROM ids GROUP BY id HAVING count(*) > 1)
GROUP BY one.file, other.file
"""
_URN = "<urn:uuid:"


def spool_ids(ids: Mapping[str, int], spool: Path) -> None:
    """Write the ids of one file with their offsets."""
    with spool.open("w", encoding="ascii") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in ids.items())


class RecordIds:
    """All ids that were read, in a file that goes with this object."""

    def __init__(self) -> None:
        self._files: list[Path] = []
        self._is_indexed = False
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def take(self, warc: Path, spool: Path) -> None:
        """Take over what a process wrote of a WARC, and remove it."""
        number = len(self._files)
        self._files.append(warc)
        with spool.open(encoding="ascii") as file:
            entries = map(json.loads, file)
            self._database.executemany(
                "INSERT INTO ids VALUES (?, ?, ?)",
                ((_packed(record_id), number, offset) for record_id, offset in entries),
            )
        spool.unlink()

    def close(self) -> None:
        """Give the disk back."""
        self._database.close()

    def shared(self) -> Iterator[Finding]:
        """One finding for each two files that share ids, at the first place in the second."""
        self._index()
        for first, second, offset, count in self._database.execute(_SHARED):
            message = f"{count} of its records have the ids of records in {self._files[first].name}"
            yield Finding(self._files[second], offset, "duplicate_id", message)

    def is_at(self, record_id: str, warc: Path, offset: object) -> bool:
        """Whether a record of that id stands there."""
        self._index()
        found = self._database.execute(
            "SELECT file, offset FROM ids WHERE id = ?", (_packed(record_id),)
        )
        return any((self._files[file], at) == (warc, offset) for file, at in found)

    def _index(self) -> None:
        if not self._is_indexed:
            self._database.execute("CREATE INDEX of_id ON ids (id)")
            self._is_indexed = True


def _packed(record_id: str) -> bytes:
    """An id in half the room where it is a UUID's."""
    try:
        return bytes.fromhex(record_id.removeprefix(_URN).rstrip(">").replace("-", ""))
    except ValueError:
        return record_id.encode("utf-8", "surrogatepass")
