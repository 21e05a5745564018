"""Lines that aren't the first of their article, as the list of changes and its feed tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.clock import iso

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import VersionRow


def changes_in(ledger: Ledger, *, limit: int) -> list[dict[str, Any]]:
    """The newest edits, withdrawals, restorals and corrections, newest first."""
    rows = ledger.catalogue.later_lines(limit=limit)
    untitled = [row.article_id for row in rows if not row.title]
    known = ledger.catalogue.of(untitled)
    return [_change(row, row.title or _title(known.get(row.article_id))) for row in rows]


def _title(entry: Any) -> str | None:
    return entry.title if entry else None


def _change(row: VersionRow, title: str | None) -> dict[str, Any]:
    """A line that isn't an article's first, for the list of changes."""
    href = f"/articles/{row.article_id}"
    if row.corrects:
        kind, fields = "corrected", list(row.corrects["keys"])
    elif row.status == "gone":
        kind, fields = "withdrawn", []
    elif row.status == "restored":
        kind, fields = "restored", list(row.changed)
    else:
        kind, fields = "edited", list(row.changed)
        if row.version > 1:
            href += f"/diff/{row.version - 1}/{row.version}"
    return {"kind": kind, "href": href, "at": iso(row.fetched_at), "fields": fields,
        "title": title, "row": row,
    }  # fmt: skip
