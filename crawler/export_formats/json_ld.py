"""Published lines as schema.org NewsArticle in JSON-LD, one object a line.

Without a library: the terms are those of https://schema.org/NewsArticle, and the objects are plain
JSON. A withdrawn article has no text; `creativeWorkStatus` says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawler.export_formats.selection import same, write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import Column, PublishedLine

_PUBLISHER = {"@type": "NewsMediaOrganization", "name": "新华网", "url": "http://www.news.cn/"}
_STATUS = {"gone": "Withdrawn", "restored": "Restored", "live": "Published"}

_Line = dict[str, Any]


def _list(name: str) -> Column:
    return f"{name}[]", lambda line: line[name]


def _identity(line: _Line) -> str:
    """The address and the moment of this state of the article: a version has several of them."""
    revision = f".{line['revision']}" if line.get("revision") else ""
    return f"{line['canonical_url']}#{line['fetched_at']}{revision}"


def _published(line: _Line) -> str | None:
    """As much of the time as the page states."""
    moment: str | None = line["published_at"]
    return moment[:10] if moment and line["published_precision"] == "day" else moment


def _authors(line: _Line) -> list[dict[str, str]]:
    return [
        {"@type": "Person", "name": one["name"], "jobTitle": one["role"]}
        for one in line["reporters"]
    ]


def _images(line: _Line) -> list[dict[str, Any]]:
    return [
        _media("ImageObject", one, caption=one["caption"], creditText=one["credit"])
        for one in line["images"]
    ]


def _videos(line: _Line) -> list[dict[str, Any]]:
    return [_media("VideoObject", one, caption=one["caption"]) for one in line["videos"]]


def _attachments(line: _Line) -> list[dict[str, Any]]:
    return [_media("MediaObject", one, name=one["title"]) for one in line["attachments"]]


def _media(kind: str, one: dict[str, Any], **more: str | None) -> dict[str, Any]:
    return _said({"@type": kind, "contentUrl": one["url"], **more})


def _capture(line: _Line) -> dict[str, Any] | None:
    warc = line["warc"]
    return warc and {
        "@type": "WebPage",
        "identifier": warc["record_id"],
        "dateCreated": line["fetched_at"],
    }


def _bytes(line: _Line) -> dict[str, Any] | None:
    warc = line["warc"]
    return warc and {"@type": "MediaObject", "sha256": warc["entity_sha256"]}


# Property to the key of a line that it shows, and to its value.
PROPERTIES: dict[str, Column] = {
    "@id": ("canonical_url", _identity),
    "identifier": same("id"),
    "version": same("version"),
    "creativeWorkStatus": ("status", lambda line: _STATUS[line["status"]]),
    "url": same("canonical_url"),
    "sameAs": _list("also_at"),
    "headline": same("title"),
    "alternativeHeadline": same("subtitle"),
    "abstract": same("summary"),
    "articleBody": same("body"),
    "articleSection": _list("channel"),
    "dateline": ("dateline.raw", lambda line: line["dateline"] and line["dateline"]["raw"]),
    "keywords": _list("keywords"),
    "inLanguage": same("language"),
    "datePublished": ("published_at", _published),
    "dateModified": same("modified_at"),
    "author": ("reporters[]", _authors),
    "editor": (
        "editors[]",
        lambda line: [{"@type": "Person", "name": name} for name in line["editors"]],
    ),
    "sourceOrganization": (
        "source",
        lambda line: line["source"] and {"@type": "Organization", "name": line["source"]},
    ),
    "spatialCoverage": (
        "region.name",
        lambda line: (
            line["region"] and {"@type": "AdministrativeArea", "name": line["region"]["name"]}
        ),
    ),
    "image": ("images[]", _images),
    "video": ("videos[]", _videos),
    "associatedMedia": ("attachments[]", _attachments),
    "archivedAt": ("warc.record_id", _capture),
    "encoding": ("warc.entity_sha256", _bytes),
}


def json_ld_columns() -> dict[str, str]:
    """Property to the key of a line that it shows; what is the same in all objects is left out."""
    return {name: path for name, (path, _) in PROPERTIES.items()}


def write_json_ld(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the objects; the number of lines. Raises BadLineError, OSError."""
    return write_each(lines, file, _encode)


def _encode(line: _Line) -> bytes:
    return json.dumps(news_article(line), ensure_ascii=False).encode() + b"\n"


def news_article(line: _Line) -> dict[str, Any]:
    """The NewsArticle of a line; what the line doesn't say is left out."""
    found = {name: value(line) for name, (_, value) in PROPERTIES.items()}
    head = {"@context": "https://schema.org", "@type": "NewsArticle", "publisher": _PUBLISHER}
    return head | _said(found)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [], "")}
