"""An article as readers see it: its versions, what each says, and what happened when.

In: the ledger's rows of an article, the lines they name. Out: an Article. Its state is its line
with the greatest (fetched_at, revision); a version's text is that of its newest line with content,
so that a correction counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.clock import iso
from crawler.room.lines import ArchivedLine, MissingLineError

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.ledger.rows import VersionRow
    from crawler.room.lines import PublishedLines


def order(row: VersionRow) -> tuple[datetime, int, int]:
    """What an article's lines are sorted by."""
    return row.fetched_at, getattr(row, "revision", 0), row.number


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
    """An archived article; `rows` are its lines in the ledger, of which there is at least one."""

    def __init__(self, rows: list[VersionRow], lines: PublishedLines) -> None:
        self.rows = sorted(rows, key=order)
        self._lines = lines
        self.id = rows[0].article_id

    @cached_property
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
        found: dict[int, VersionRow] = {}
        for row in self.rows:
            if row.status != "gone":
                found[row.version] = row
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
            corrects: Any = getattr(row, "corrects", None)
            if corrects:
                kind, changed = "corrected", tuple(corrects["keys"])
            elif row.status == "gone":
                kind, changed = "withdrawn", ()
            elif row.status == "restored":
                kind, changed = "restored", tuple(row.changed)
            elif row.archive:
                kind, changed = "captured", tuple(row.changed)
            else:
                kind, changed = ("edited" if is_ours else "first"), tuple(row.changed)
            is_ours = is_ours or not row.archive
            at = iso(row.fetched_at)
            events.append(Event(kind, row.version, at, changed, row, before))
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
