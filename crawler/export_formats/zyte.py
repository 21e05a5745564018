"""Published lines as zyte-common-items Article, one object a line.

The library's own classes make the objects, so that a name it doesn't have is an error here and not
at the reader's.
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

from crawler.export_formats.line_writer import write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine


class _Adapter(ItemAdapter):
    # leaves out what is None, as the library's documentation has it
    ADAPTER_CLASSES = (ZyteItemAdapter, *ItemAdapter.ADAPTER_CLASSES)


def write_zyte(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the objects; the number of lines. Raises OSError."""
    return write_each(lines, file, _encode)


def _encode(line: dict[str, Any]) -> bytes:
    said = _Adapter(article(line)).asdict()
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def article(line: dict[str, Any]) -> Article:
    """The Article of a line; times are UTC with Z, as the library has them."""
    images = [Image(url=one["url"]) for one in line["images"]]
    return Article(
        url=line["url"],
        canonicalUrl=line["canonical_url"],
        headline=line["title"],
        datePublished=_utc(line["published_at"]),
        datePublishedRaw=line["published_raw"],
        dateModified=_utc(line["modified_at"]),
        authors=[Author(name=one["name"], nameRaw=one["name"]) for one in line["reporters"]]
        or None,
        breadcrumbs=[Breadcrumb(name=name) for name in line["channel"]] or None,
        inLanguage=line["language"],
        mainImage=images[0] if images else None,
        images=images or None,
        description=line["summary"],
        articleBody=line["body"],
        videos=[Video(url=one["url"]) for one in line["videos"]] or None,
        metadata=ArticleMetadata(dateDownloaded=line["fetched_at"], probability=1.0),
    )


def _utc(moment: str | None) -> str | None:
    if moment is None:
        return None
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
