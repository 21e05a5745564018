"""What the pages of one article show, made of its lines: text, history, facts, differences.

Pure functions of records; nothing is read and nothing rendered here.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from crawler.items import VERSIONED_KEYS
from crawler.room.lines import MissingLineError
from crawler.views.text_diff import paragraphs_of, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.ledger.rows import VersionRow
    from crawler.room.history import ArchivedArticle, Event
    from crawler.views.text_diff import Row

# Characters of a value that a correction changed, as shown in the history.
_LONGEST_READING = 200

_MEDIA = (("images", "image"), ("videos", "video"), ("attachments", "attachment"))


def parts_of(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Paragraphs, pictures, films and attachments in the order of the page: each with its `kind`,
    text as `text`, the others with `url`, `caption` and `credit`."""
    media = [
        (one["position"], {"kind": kind, "url": one["url"]} | _told(one))
        for key, kind in _MEDIA
        for one in line[key]
    ]
    parts: list[dict[str, Any]] = []
    for number, text in enumerate(line["paragraphs"]):
        parts += [part for position, part in media if position == number]
        parts.append({"kind": "text", "text": text})
    end = len(line["paragraphs"])
    return parts + [part for position, part in media if not 0 <= position < end]


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"caption": one.get("caption") or one.get("title"), "credit": one.get("credit")}


def pointers_of(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pointers of a line's pages, page 1 first; none for a withdrawal."""
    return list(line["warc_pages"] or ([line["warc"]] if line["warc"] else []))


def history_of(article: ArchivedArticle, shown: VersionRow) -> list[dict[str, Any]]:
    """The events of an article for its time line, oldest first."""
    return [_event(article, event, shown) for event in article.events]


def _event(article: ArchivedArticle, event: Event, shown: VersionRow) -> dict[str, Any]:
    corrects: Any = event.row.corrects if event.kind == "corrected" else None
    return {
        "kind": event.kind,
        "version": event.version,
        "at": event.at,
        "changed": event.changed,
        "is_shown": event.row is shown,
        "reason": corrects.get("reason") if corrects else None,
        "before": event.before if event.kind in {"first", "edited", "captured"} else None,
        "archive": event.row.archive,
        "readings": _readings(article, event) if corrects else [],
    }


def _readings(article: ArchivedArticle, event: Event) -> list[dict[str, str]]:
    """What a correction reads otherwise, with what the line it corrects had."""
    corrected = next(
        (r for r in article.rows if r.line == (event.row.corrects or {})["line"]), None
    )
    if corrected is None:
        before = [row for row in article.rows if row.version == event.version]
        corrected = before[max(before.index(event.row) - 1, 0)]
    try:
        old, new = article.line(corrected).record, article.line(event.row).record
    except MissingLineError:
        return []
    return [
        {"field": key, "before": _brief(old, key), "after": _brief(new, key)}
        for key in event.changed
        if key in new and key != "body"
    ]


def _brief(line: Mapping[str, Any], key: str) -> str:
    text = " / ".join(paragraphs_of(line, key))
    return text if len(text) <= _LONGEST_READING else text[:_LONGEST_READING] + "…"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields in which two lines differ, each with blocks of paragraphs side by side: unchanged
    ones stand together."""
    found = []
    for key in VERSIONED_KEYS:
        old, new = paragraphs_of(before, key), paragraphs_of(after, key)
        if old != new:
            found.append({"name": key, "blocks": list(_blocks(rows(old, new)))})
    return found


def _blocks(of_rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    for is_same, group in groupby(of_rows, lambda row: row.kind == "same"):
        yield {"kind": "same" if is_same else "changed", "rows": list(group)}
