"""What programs read: Atom feeds (RFC 4287), sitemaps (sitemaps.org 0.9), the OpenSearch
description (1.1) and robots.txt.

XML is written by the standard library, so everything is escaped; characters that XML 1.0 can't
hold are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from starlette.responses import Response

from crawler import regions
from crawler.clock import iso
from crawler.room.listings import changes_in
from crawler.room.rendering import PageError, base_of, name_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from crawler.ledger.catalogue import Entry
    from crawler.ledger.rows import VersionRow
    from crawler.room.archive_reader import ArchiveReader

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"

# Entries of a feed.
FEED_SIZE = 50

# Addresses in one sitemap; the protocol allows 50,000.
SITEMAP_SIZE = 10_000

_SITEMAP_NUMBER = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)

# XML 1.0, 2.2: what a document can't hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FeedPages:
    """The feeds and descriptions of one archive."""

    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive

    def changes_feed(self, request: Request) -> Response:
        """Edits, withdrawals and restorals."""
        with self._archive.ledger() as ledger:
            found = changes_in(ledger, limit=FEED_SIZE)
        t = texts_of(request)
        entries = [
            FeedEntry(
                id=f"{one['row'].article_id}/{one['kind']}/{_reading(one['row'])}/{one['at']}",
                path=one["href"],
                title=f"{t(one['kind'])}: {one['title'] or t('no_title')}",
                updated=one["at"],
                summary=", ".join(t.get(f"field_{name}", name) for name in one["fields"])
                or t(one["kind"]),
                category=one["kind"],
            )
            for one in found
        ]
        return feed(request, "/changes.atom", t("recent_changes"), "/changes", entries)

    def region_feed(self, request: Request) -> Response:
        """The newest articles of a region."""
        code = request.path_params["code"]
        with self._archive.ledger() as ledger:
            if code not in regions.load() and not ledger.catalogue.months(code):
                raise PageError(404, "error_404")
            found = ledger.catalogue.newest(code, limit=FEED_SIZE)
        entries = [feed_entry(one) for one in found]
        path = f"/regions/{code}/feed.atom"
        return feed(request, path, name_of(code), f"/regions/{code}", entries)

    def sitemap_index(self, request: Request) -> Response:
        """The sitemaps: one of the days, then those of the articles."""
        with self._archive.ledger() as ledger:
            count = len(ledger.catalogue.boundaries(SITEMAP_SIZE))
        paths = [f"/sitemap-{number}.xml" for number in range(count + 1)]
        return Response(_sitemap_index(base_of(request), paths), media_type="application/xml")

    def sitemap(self, request: Request) -> Response:
        """One sitemap: 0 has the front page, regions and days, the others articles by id."""
        given = request.path_params["number"]
        if not _SITEMAP_NUMBER.fullmatch(given):
            raise PageError(404, "error_404")
        number = int(given)
        addresses: list[tuple[str, str | None]]
        with self._archive.ledger() as ledger:
            if number == 0:
                codes = [code for code in ledger.catalogue.regions() if code]
                days = ledger.catalogue.days(limit=SITEMAP_SIZE)
                addresses = [("/", None), ("/changes", None)]
                addresses += [(f"/regions/{code}", None) for code in sorted(codes)]
                addresses += [(f"/days/{day}", None) for day in days]
            else:
                starts = ledger.catalogue.boundaries(SITEMAP_SIZE)
                if number > len(starts):
                    raise PageError(404, "error_404")
                ids = ledger.catalogue.ids(after=starts[number - 1], limit=SITEMAP_SIZE)
                addresses = [(f"/articles/{one}", iso(at)) for one, at in ids]
        return Response(_sitemap(base_of(request), addresses), media_type="application/xml")

    def opensearch(self, request: Request) -> Response:
        """How browsers search here."""
        t = texts_of(request)
        body = _opensearch(base_of(request), t("site_name"), t("tagline"))
        headers = {"Vary": "Accept-Language"}
        return Response(body, media_type="application/opensearchdescription+xml", headers=headers)

    def robots(self, request: Request) -> Response:
        """What crawlers may ask: all but what costs work and is in no sitemap."""
        rules = f"User-agent: *\nDisallow: /search\nSitemap: {base_of(request)}/sitemap.xml\n"
        return Response(rules, media_type="text/plain")


def _reading(row: VersionRow) -> str:
    """A version, and which correction of it where it is one: all have the version's time."""
    return f"{row.version}.{row.revision}" if row.revision else str(row.version)


def feed(request: Request, path: str, title: str, of: str, entries: list[FeedEntry]) -> Response:
    """A feed as an answer; `path` is its own address, `of` that of the page it tells of."""
    t = texts_of(request)
    updated = max((one.updated for one in entries), default="1970-01-01T00:00:00Z")
    name = t("site_name")
    body = _atom(
        base_of(request), path, title=f"{title} · {name}", author=name, updated=updated,
        entries=entries, page=of,
    )  # fmt: skip
    headers = {"Vary": "Accept-Language"}
    return Response(body, media_type="application/atom+xml", headers=headers)


def feed_entry(one: Entry) -> FeedEntry:
    """An article as an entry of a feed."""
    return FeedEntry(
        id=one.id,
        path=f"/articles/{one.id}",
        title=one.title or "",
        updated=iso(one.state_at),
        published=one.published_at,
        category=one.region or "",
    )


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


def _atom(
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


def _sitemap(base: str, addresses: Iterable[tuple[str, str | None]]) -> bytes:
    """A sitemap of paths, each with the time of its last change where it has one."""
    root = ET.Element("urlset", xmlns=SITEMAP)
    for path, changed in addresses:
        url = ET.SubElement(root, "url")
        _text(url, "loc", base + path)
        if changed:
            _text(url, "lastmod", changed)
    return _document(root)


def _sitemap_index(base: str, paths: Iterable[str]) -> bytes:
    """The list of the sitemaps."""
    root = ET.Element("sitemapindex", xmlns=SITEMAP)
    for path in paths:
        _text(ET.SubElement(root, "sitemap"), "loc", base + path)
    return _document(root)


def _opensearch(base: str, name: str, description: str) -> bytes:
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
