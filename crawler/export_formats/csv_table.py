"""Published lines as CSV for spreadsheets: one row a line, the fields people sort and filter by.

UTF-8 with a byte order mark and CRLF line ends, as spreadsheets expect; times are Beijing's without
a zone. A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV
Injection). Lists are joined; what has no column here is in JSONL and Parquet.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.export_formats.line_writer import write_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _local(moment: str | None) -> str:
    if moment is None:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _published(line: dict[str, Any]) -> str:
    moment = _local(line["published_at"])
    return moment[:10] if line["published_precision"] == "day" else moment


def _of(name: str, key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda line: (line[name] or {}).get(key)


def _joined(name: str, key: str | None, between: str) -> Callable[[dict[str, Any]], str]:
    return lambda line: between.join(one[key] if key else one for one in line[name])


def _same(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda line: line.get(name)


def _time(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda line: _local(line[name])


COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "id": _same("id"),
    "version": _same("version"),
    "revision": lambda line: line.get("revision") or 0,
    "status": _same("status"),
    "gone_reason": _of("gone", "reason"),
    "region": _of("region", "code"),
    "region_name": _of("region", "name"),
    "published_at": _published,
    "modified_at": _time("modified_at"),
    "source": _same("source"),
    "title": _same("title"),
    "subtitle": _same("subtitle"),
    "kicker": _same("kicker"),
    "reporters": _joined("reporters", "name", "、"),
    "editors": _joined("editors", None, "、"),
    "dateline": _of("dateline", "raw"),
    "channel": _joined("channel", None, " > "),
    "keywords": _joined("keywords", None, "、"),
    "summary": _same("summary"),
    "body": _same("body"),
    "images": _joined("images", "url", "\n"),
    "videos": _joined("videos", "url", "\n"),
    "url": _same("url"),
    "language": _same("language"),
    "changed": _joined("changed", None, "、"),
    "flags": _joined("flags", "flag", "、"),
    "layout": _same("layout"),
    "first_seen_at": _time("first_seen_at"),
    "fetched_at": _time("fetched_at"),
    "content_sha256": _same("content_sha256"),
    "run_id": _same("run_id"),
    "warc_file": _of("warc", "file"),
    "warc_offset": _of("warc", "offset"),
    "warc_length": _of("warc", "length"),
}


def write_csv(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the table; the number of lines. Raises OSError."""
    file.write(BOM_UTF8 + _row(COLUMNS))
    return write_each(
        lines, file, lambda line: _row(_cell(value(line)) for value in COLUMNS.values())
    )


def _row(cells: Iterable[str]) -> bytes:
    row = io.StringIO()
    csv.writer(row).writerow(cells)
    return row.getvalue().encode()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
