"""Published lines as schema.org NewsArticle in JSON-LD, one object a line.

Without a library: the terms are those of https://schema.org/NewsArticle, and the objects are plain
JSON. A withdrawn article has no text; `creativeWorkStatus` says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawler.export_formats.line_writer import write_each

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine

_PUBLISHER = {"@type": "NewsMediaOrganization", "name": "新华网", "url": "http://www.news.cn/"}
_STATUS = {"gone": "Withdrawn", "restored": "Restored", "live": "Published"}


def write_json_ld(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the objects; the number of lines. Raises OSError."""
    return write_each(lines, file, _encode)


def _encode(line: dict[str, Any]) -> bytes:
    return json.dumps(news_article(line), ensure_ascii=False).encode() + b"\n"


def news_article(line: dict[str, Any]) -> dict[str, Any]:
    """The NewsArticle of a line; what the line doesn't say is left out."""
    region, dateline, warc = line["region"], line["dateline"], line["warc"]
    found = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": f"{line['canonical_url']}#v{line['version']}",
        "identifier": line["id"],
        "version": line["version"],
        "creativeWorkStatus": _STATUS[line["status"]],
        "url": line["canonical_url"],
        "sameAs": line["also_at"],
        "headline": line["title"],
        "alternativeHeadline": line["subtitle"],
        "abstract": line["summary"],
        "articleBody": line["body"],
        "articleSection": line["channel"],
        "dateline": dateline and dateline["raw"],
        "keywords": line["keywords"],
        "inLanguage": line["language"],
        "datePublished": line["published_at"],
        "dateModified": line["modified_at"],
        "author": [
            {"@type": "Person", "name": one["name"], "jobTitle": one["role"]}
            for one in line["reporters"]
        ],
        "editor": [{"@type": "Person", "name": name} for name in line["editors"]],
        "publisher": _PUBLISHER,
        "sourceOrganization": line["source"] and {"@type": "Organization", "name": line["source"]},
        "spatialCoverage": region and {"@type": "AdministrativeArea", "name": region["name"]},
        "image": [
            _media("ImageObject", one, caption=one["caption"], creditText=one["credit"])
            for one in line["images"]
        ],
        "video": [_media("VideoObject", one, caption=one["caption"]) for one in line["videos"]],
        "associatedMedia": [
            _media("MediaObject", one, name=one["title"]) for one in line["attachments"]
        ],
        "archivedAt": warc
        and {
            "@type": "WebPage",
            "identifier": warc["record_id"],
            "sha256": warc["entity_sha256"],
            "dateCreated": line["fetched_at"],
        },
    }
    return _said(found)


def _media(kind: str, one: dict[str, Any], **more: str | None) -> dict[str, Any]:
    return _said({"@type": kind, "contentUrl": one["url"], **more})


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [], "")}
