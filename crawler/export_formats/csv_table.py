"""Published lines as CSV for spreadsheets: one row a line, the fields people sort and filter by.

UTF-8 with a byte order mark and CRLF line ends, as spreadsheets expect; times are Beijing's without
a zone. A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV
Injection); one with more than a cell can hold is cut, and ends in an ellipsis. Lists are joined;
what has no column here is in JSONL and Parquet.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.export_formats.selection import same, write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import Column, PublishedLine

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# What a cell of Excel holds, in UTF-16 code units; what is longer spills into further rows.
# https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
CELL = 32_767
CUT = "…"

_Line = dict[str, Any]


def _local(moment: str | None) -> str:
    if moment is None:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _published(line: _Line) -> str:
    moment = _local(line["published_at"])
    return moment[:10] if line["published_precision"] == "day" else moment


def _of(name: str, key: str) -> Column:
    return f"{name}.{key}", lambda line: (line[name] or {}).get(key)


def _joined(name: str, key: str | None, between: str) -> Column:
    path = f"{name}[].{key}" if key else f"{name}[]"
    return path, lambda line: between.join(one[key] if key else one for one in line[name])


def _gone(line: _Line) -> dict[str, Any]:
    return line["gone"] or {}


def _time(name: str) -> Column:
    return name, lambda line: _local(line[name])


# Column to the key of a line that it shows, and to its value.
COLUMNS: dict[str, Column] = {
    "id": same("id"),
    "version": same("version"),
    "revision": ("revision", lambda line: line.get("revision") or 0),
    "status": same("status"),
    "gone_reason": _of("gone", "reason"),
    "gone_confirmed_at": (
        "gone.confirmed_at",
        lambda line: _local(_gone(line).get("confirmed_at")),
    ),
    "gone_published_at": (
        "gone.last.published_at",
        lambda line: _local(_gone(line).get("last", {}).get("published_at")),
    ),
    "gone_source": (
        "gone.last.source",
        lambda line: _gone(line).get("last", {}).get("source"),
    ),
    "region": _of("region", "code"),
    "region_name": _of("region", "name"),
    "published_at": ("published_at", _published),
    "modified_at": _time("modified_at"),
    "source": same("source"),
    "title": same("title"),
    "subtitle": same("subtitle"),
    "kicker": same("kicker"),
    "reporters": _joined("reporters", "name", "、"),
    "editors": _joined("editors", None, "、"),
    "dateline": _of("dateline", "raw"),
    "channel": _joined("channel", None, " > "),
    "keywords": _joined("keywords", None, "、"),
    "summary": same("summary"),
    "body": same("body"),
    "images": _joined("images", "url", "\n"),
    "videos": _joined("videos", "url", "\n"),
    "url": same("url"),
    "language": same("language"),
    "changed": _joined("changed", None, "、"),
    "flags": _joined("flags", "flag", "、"),
    "layout": same("layout"),
    "first_seen_at": _time("first_seen_at"),
    "fetched_at": _time("fetched_at"),
    "content_sha256": same("content_sha256"),
    "run_id": same("run_id"),
    "warc_file": _of("warc", "file"),
    "warc_offset": _of("warc", "offset"),
    "warc_length": _of("warc", "length"),
    "line": same("line"),
}


def csv_columns() -> dict[str, str]:
    """Column to the key of a line that it shows."""
    return {name: path for name, (path, _) in COLUMNS.items()}


def write_csv(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the table; the number of lines. Raises BadLineError, OSError."""
    file.write(BOM_UTF8 + _row(COLUMNS))
    return write_each(
        lines, file, lambda line: _row(_cell(value(line)) for _, value in COLUMNS.values())
    )


def _row(cells: Iterable[str]) -> bytes:
    row = io.StringIO()
    csv.writer(row).writerow(cells)
    return row.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA):
        text = f"'{text}"
    if len(text) > CELL // 2 and len(units := text.encode("utf-16-le")) > 2 * CELL:
        text = units[: 2 * (CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT
    return text
