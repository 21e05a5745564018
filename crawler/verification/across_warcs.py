"""WARC files against each other: no two records share an id, and what a revisit refers to is there.

In: the ids of one file after the other, the reports of the files. Out: a Finding for each two files
that share ids, and for each revisit whose original stands in no published file's index.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from typing import TYPE_CHECKING

from crawler.data_dir import indexes_of, run_of
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from crawler.verification.file_places import MovedMonths
    from crawler.verification.findings import WarcReport

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

# A capture in an index: the address, the digits of the date, the payload digest.
Key = tuple[str, str, str]


def spool_ids(ids: Mapping[str, int], spool: Path) -> None:
    """Write the ids of one file with their offsets."""
    with spool.open("w", encoding="ascii") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in ids.items())


class RecordIds:
    """The ids of all files that were read, kept on disk until `close`."""

    def __init__(self) -> None:
        self._files: list[Path] = []
        self._is_indexed = False
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def take(self, warc: Path, spool: Path) -> None:
        """Read the ids that another process wrote of a WARC, and remove its file."""
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
        """Free the disk space."""
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
    """An id as bytes; a UUID takes half the room."""
    try:
        return bytes.fromhex(record_id.removeprefix(_URN).rstrip(">").replace("-", ""))
    except ValueError:
        return record_id.encode("utf-8", "surrogatepass")


def check_originals(
    data_dir: Path, reports: Iterable[WarcReport], moved: MovedMonths
) -> Iterator[Finding]:
    """Every revisit's original must stand in a published file's index, with that digest, unless it
    may be of a month that was moved away with its index."""
    reports = list(reports)
    wanted = {
        (original.uri, _timestamp(original.date), original.payload_digest)
        for report in reports
        for original in report.originals
    }
    if not wanted:
        return
    left = set(wanted)
    for path in _likeliest_first(indexes_of(data_dir), {timestamp for _, timestamp, _ in wanted}):
        if not left:
            break
        left -= _captures(path, left)
    for report in reports:
        for original in report.originals:
            key = (original.uri, _timestamp(original.date), original.payload_digest)
            if key in left and not moved.may_hold(original.date):
                message = f"no capture of {original.uri} at {original.date} has that digest"
                yield Finding(report.path, original.offset, "revisit_of_nothing", message)


def _captures(path: Path, wanted: set[Key]) -> set[Key]:
    """Those of the wanted captures that an index lists."""
    found = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        _, timestamp, entry = (*line.split(" ", 2), "", "")[:3]
        try:
            fields = json.loads(entry)
            key = (fields["url"], timestamp, fields["digest"])
        except (ValueError, KeyError, TypeError):
            # the index's own check reports it
            continue
        if key in wanted and fields.get("mime") != "warc/revisit":
            found.add(key)
    return found


def _likeliest_first(indexes: Iterable[Path], timestamps: Iterable[str]) -> Iterator[Path]:
    """The indexes, first those of the runs that were on at these times: the last that had begun.
    One run at a time writes into a folder, so after years hardly another one has to be read."""
    by_run: dict[str, list[Path]] = {}
    others: list[Path] = []
    for path in indexes:
        run_id = run_of(path.name)
        (by_run.setdefault(run_id, []) if run_id else others).append(path)
    runs = sorted(by_run)
    begun = [_timestamp(run_id.partition("-")[0]) for run_id in runs]
    at = {bisect_right(begun, timestamp) - 1 for timestamp in timestamps}
    for number in sorted(at - {-1}):
        yield from by_run.pop(runs[number])
    for paths in by_run.values():
        yield from paths
    yield from others


def _timestamp(date: str) -> str:
    return "".join(character for character in date if character.isdigit())[:14]
