"""What the pages read: a data folder's ledger, its published lines, and articles made of both.

The ledger is opened read-only for each request (about 5 ms), so that a page never keeps a crawl
waiting and always tells the last commit. A published file never changes, so where its lines stand
is found once and kept, of the files read last.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.clock import iso
from crawler.data_dir import lines_now
from crawler.ledger.ledger import Ledger
from crawler.storage import open_file, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from crawler.ledger.rows import VersionRow

# Lines whose places are kept, in all files together: about 250 bytes each.
MAX_PLACES = 200_000


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What the room shows and to whom. `ledger`: LEDGER; `max_age`: STATUS_MAX_AGE;
    `names`: the host names it answers to."""

    data_dir: Path
    index: Path
    ledger: str
    max_age: timedelta
    names: frozenset[str]


class ArchiveReader:
    """The archive of one data folder, open for reading; may be used by several threads."""

    def __init__(self, settings: RoomSettings) -> None:
        self.settings = settings
        self.data_dir = settings.data_dir
        self.lines = PublishedLines(settings.data_dir)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger as of its last commit. Raises LedgerError."""
        ledger = Ledger.of(self.data_dir, self.settings.ledger, read_only=True)
        try:
            yield ledger
            ledger.connection.check_unchanged()
        finally:
            ledger.close()

    def told(self, error: Exception) -> str:
        """What is wrong with a file, with names as the archive has them."""
        return str(error).replace(f"{self.data_dir}/", "")


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
        path = lines_now(self._data_dir, row.jsonl)
        wanted = bytes.fromhex(row.line_sha256)
        if path and (place := self._places(path).get(wanted)):
            with open_file(path) as file:
                file.seek(place.offset)
                data = file.read(place.length)
            if hashlib.sha256(data).digest() == wanted:
                return ArchivedLine(row, path, place.number, place.offset, data, json.loads(data))
        raise MissingLineError(f"{row.jsonl} holds no line of article {row.article_id} any more")

    def _places(self, path: Path) -> dict[bytes, _Place]:
        """SHA-256 of each line of a file → where it stands. A file that is still written is read
        again when it has grown."""
        key = (str(path), size_of(path))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found: dict[bytes, _Place] = {}
        offset = 0
        with open_file(path) as file:
            for number, line in enumerate(file, start=1):
                found[hashlib.sha256(line).digest()] = _Place(number, offset, len(line))
                offset += len(line)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > MAX_PLACES:
                self._kept.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True)
class Event:
    """One line in an article's history.

    `kind`: first, edited, corrected, withdrawn, restored, captured (by another web archive).
    `changed`: the fields that differ from the version before, or that a correction reads otherwise.
    `before`: the version before it in time, whose number may be higher.
    """

    kind: str
    version: int
    at: str
    changed: tuple[str, ...]
    row: VersionRow
    before: int | None = None


class ArchivedArticle:
    """An archived article; `rows` are its lines in the ledger, of which there is at least one.

    Its state is the line with the greatest (fetched_at, revision); a version's text is that of its
    newest line with content, so that a correction counts.
    """

    def __init__(self, rows: list[VersionRow], lines: PublishedLines) -> None:
        self.rows = sorted(rows, key=lambda row: (*row.order, row.number))
        self._lines = lines
        self.id = rows[0].article_id

    @property
    def state(self) -> VersionRow:
        """The line that is the article's state."""
        return self.rows[-1]

    @property
    def is_gone(self) -> bool:
        """Whether the site has withdrawn it."""
        return self.state.status == "gone"

    @cached_property
    def versions(self) -> dict[int, VersionRow]:
        """Version → its newest line with content, in the order of the versions' numbers."""
        found = {row.version: row for row in self.rows if row.status != "gone"}
        return dict(sorted(found.items()))

    @property
    def newest(self) -> int | None:
        """The version of the newest content."""
        with_content = [row for row in self.rows if row.status != "gone"]
        return with_content[-1].version if with_content else None

    def line(self, row: VersionRow) -> ArchivedLine:
        """The line of one of the rows. Raises MissingLineError, OSError."""
        return self._lines.get(row)

    @cached_property
    def events(self) -> list[Event]:
        """What happened, oldest first."""
        events: list[Event] = []
        before: int | None = None
        is_ours = False
        for row in self.rows:
            changed = tuple(row.changed)
            if row.corrects:
                kind, changed = "corrected", tuple(row.corrects["keys"])
            elif row.status == "gone":
                kind, changed = "withdrawn", ()
            elif row.status == "restored":
                kind = "restored"
            elif row.archive:
                kind = "captured"
            else:
                kind = "edited" if is_ours else "first"
            is_ours = is_ours or not row.archive
            events.append(Event(kind, row.version, iso(row.fetched_at), changed, row, before))
            if row.status != "gone":
                before = row.version
        return events

    def withdrawal(self) -> dict[str, Any] | None:
        """The `gone` object of an article that is withdrawn. None too where its line is missing."""
        if not self.is_gone:
            return None
        try:
            gone: dict[str, Any] = self.line(self.state).record["gone"]
        except (MissingLineError, OSError):
            return None
        return gone
