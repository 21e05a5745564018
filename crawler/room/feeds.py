"""Atom feeds (RFC 4287), the sitemap (sitemaps.org 0.9) and the OpenSearch description (1.1).

In: entries and the room's own address. Out: XML as bytes. Written by the standard library, so
everything is escaped; characters that XML 1.0 can't hold are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"

# Entries of a feed.
FEED_SIZE = 50

# Addresses in one sitemap; the protocol allows 50,000.
SITEMAP_SIZE = 10_000

# XML 1.0, 2.2: what a document can't hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry: `path` is its permanent address in the room, `updated` and `published` ISO 8601."""

    id: str
    path: str
    title: str
    updated: str
    published: str | None = None
    summary: str = ""
    category: str = ""


def atom(
    base: str, path: str, *, title: str, author: str, updated: str, entries: Iterable[FeedEntry],
    page: str,
) -> bytes:  # fmt: skip
    """A feed at `path` under `base`; `page` is the path of the page it tells of. An entry's id is a
    tag URI (RFC 4151) of what it tells, so that it stays the same under whatever name the room is
    reached."""
    feed = ET.Element("feed", xmlns=ATOM)
    _text(feed, "id", f"tag:xinhua-archive,2026:{path}")
    _text(feed, "title", title)
    _text(feed, "updated", updated)
    _text(ET.SubElement(feed, "author"), "name", author)
    ET.SubElement(feed, "link", rel="self", type="application/atom+xml", href=base + path)
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href=base + page)
    for one in entries:
        entry = ET.SubElement(feed, "entry")
        _text(entry, "id", f"tag:xinhua-archive,2026:{one.id}")
        _text(entry, "title", one.title or "—")
        _text(entry, "updated", one.updated)
        if one.published:
            _text(entry, "published", one.published)
        ET.SubElement(entry, "link", rel="alternate", type="text/html", href=base + one.path)
        if one.category:
            ET.SubElement(entry, "category", term=one.category)
        _text(entry, "summary", one.summary or one.title or "—")
    return _document(feed)


def sitemap(base: str, addresses: Iterable[tuple[str, str | None]]) -> bytes:
    """A sitemap of paths, each with the time of its last change where it has one."""
    root = ET.Element("urlset", xmlns=SITEMAP)
    for path, changed in addresses:
        url = ET.SubElement(root, "url")
        _text(url, "loc", base + path)
        if changed:
            _text(url, "lastmod", changed)
    return _document(root)


def sitemap_index(base: str, paths: Iterable[str]) -> bytes:
    """The list of the sitemaps."""
    root = ET.Element("sitemapindex", xmlns=SITEMAP)
    for path in paths:
        _text(ET.SubElement(root, "sitemap"), "loc", base + path)
    return _document(root)


def opensearch(base: str, name: str, description: str) -> bytes:
    """How browsers search here."""
    root = ET.Element("OpenSearchDescription", xmlns=OPENSEARCH)
    _text(root, "ShortName", name[:16])
    _text(root, "Description", description)
    _text(root, "InputEncoding", "UTF-8")
    _text(root, "Image", f"{base}/static/icon.svg").set("type", "image/svg+xml")
    for media_type, path in (("text/html", "/search"), ("application/atom+xml", "/search.atom")):
        template = f"{base}{path}?q={{searchTerms}}&page={{startPage?}}"
        ET.SubElement(root, "Url", type=media_type, template=template)
    return _document(root)


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = _NOT_XML.sub("", text)
    return element


def _document(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
