"""Published lines as zyte-common-items Article, one object a line.

The library's own classes make the objects, so that a name it doesn't have is an error here and not
at the reader's. They have no place for a withdrawal: its Article has an address and a title.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from zyte_common_items import (
    Article,
    ArticleMetadata,
    Author,
    Breadcrumb,
    Image,
    Video,
    ZyteItemAdapter,
)

from crawler.export_formats.selection import same, write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import Column, PublishedLine

_Line = dict[str, Any]


class _Adapter(ItemAdapter):
    # leaves out what is None, as the library's documentation has it
    ADAPTER_CLASSES = (ZyteItemAdapter, *ItemAdapter.ADAPTER_CLASSES)


def _time(name: str) -> Column:
    return name, lambda line: _utc(line[name])


def _utc(moment: str | None) -> str | None:
    if moment is None:
        return None
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _images(line: _Line) -> list[Image]:
    return [Image(url=one["url"]) for one in line["images"]]


# Field of Article to the key of a line that it shows, and to its value.
FIELDS: dict[str, Column] = {
    "url": same("url"),
    "canonicalUrl": same("canonical_url"),
    "headline": same("title"),
    "datePublished": _time("published_at"),
    "datePublishedRaw": same("published_raw"),
    "dateModified": _time("modified_at"),
    "authors": (
        "reporters[].name",
        lambda line: [Author(name=one["name"]) for one in line["reporters"]],
    ),
    "breadcrumbs": ("channel[]", lambda line: [Breadcrumb(name=name) for name in line["channel"]]),
    "inLanguage": same("language"),
    "mainImage": ("images[].url", lambda line: next(iter(_images(line)), None)),
    "images": ("images[].url", _images),
    "description": same("summary"),
    "articleBody": same("body"),
    "videos": ("videos[].url", lambda line: [Video(url=one["url"]) for one in line["videos"]]),
    "metadata": (
        "fetched_at",
        lambda line: ArticleMetadata(dateDownloaded=line["fetched_at"], probability=1.0),
    ),
}


def zyte_columns() -> dict[str, str]:
    """Field of Article to the key of a line that it shows."""
    return {name: path for name, (path, _) in FIELDS.items()}


def write_zyte(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the objects; the number of lines. Raises BadLineError, OSError."""
    return write_each(lines, file, _encode)


def _encode(line: _Line) -> bytes:
    said = _Adapter(article(line)).asdict()
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def article(line: _Line) -> Article:
    """The Article of a line; times are UTC with Z, as the library has them."""
    return Article(**{name: value(line) or None for name, (_, value) in FIELDS.items()})
