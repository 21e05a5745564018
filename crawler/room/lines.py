"""Published lines, found by what the ledger says of them.

In: a row of the ledger. Out: the line's bytes and its record, or MissingLineError. A published file
never changes, so where its lines stand is found once and kept, of the files read last.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.storage import OPEN_SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.ledger.rows import VersionRow

# Lines whose places are kept, in all files together: about 250 bytes each.
MAX_PLACES = 200_000


class MissingLineError(Exception):
    """A line isn't where the ledger says: the message names file and article."""


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """A published line: its row, file, number (from 1), offset, bytes with the line feed, and the
    object they hold."""

    row: VersionRow
    path: Path
    number: int
    offset: int
    data: bytes
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    number: int
    offset: int
    length: int


class PublishedLines:
    """The published lines of one data folder. May be used by several threads."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], dict[bytes, _Place]] = OrderedDict()

    def get(self, row: VersionRow) -> ArchivedLine:
        """The line of a row. Raises MissingLineError, OSError."""
        published = self._data_dir / row.jsonl
        wanted = bytes.fromhex(row.line_sha256)
        for path in (published, published.with_name(published.name + OPEN_SUFFIX)):
            if path.is_file() and (place := self._places(path).get(wanted)):
                with path.open("rb") as file:
                    file.seek(place.offset)
                    data = file.read(place.length)
                if hashlib.sha256(data).digest() == wanted:
                    record = json.loads(data)
                    return ArchivedLine(row, path, place.number, place.offset, data, record)
        raise MissingLineError(f"{row.jsonl} holds no line of article {row.article_id} any more")

    def _places(self, path: Path) -> dict[bytes, _Place]:
        """SHA-256 of each line of a file → where it stands. A file that is still written is read
        again when it has grown."""
        key = (str(path), path.stat().st_size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found: dict[bytes, _Place] = {}
        offset = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                found[hashlib.sha256(line).digest()] = _Place(number, offset, len(line))
                offset += len(line)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > MAX_PLACES:
                self._kept.popitem(last=False)
        return found
