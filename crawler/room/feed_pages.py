"""The addresses that programs read: feeds, sitemaps, the OpenSearch description, robots.txt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from crawler import regions
from crawler.clock import iso
from crawler.room.changes import changes_in
from crawler.room.feeds import (
    FEED_SIZE,
    SITEMAP_SIZE,
    FeedEntry,
    atom,
    opensearch,
    sitemap,
    sitemap_index,
)
from crawler.room.reading import PageError, base_of, texts_of
from crawler.room.report import name_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from crawler.ledger.catalogue import Entry
    from crawler.ledger.rows import VersionRow
    from crawler.room.reading import Reading


class FeedPages:
    """The addresses that programs read."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def changes_feed(self, request: Request) -> Response:
        """Edits, withdrawals and restorals."""
        with self._reading.ledger() as ledger:
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
        with self._reading.ledger() as ledger:
            if code not in regions.load() and not ledger.catalogue.months(code):
                raise PageError(404, "error_404")
            found = ledger.catalogue.newest(code, limit=FEED_SIZE)
        entries = [feed_entry(one) for one in found]
        path = f"/regions/{code}/feed.atom"
        return feed(request, path, name_of(code), f"/regions/{code}", entries)

    def sitemap_index(self, request: Request) -> Response:
        """The sitemaps: one of the days, then those of the articles."""
        with self._reading.ledger() as ledger:
            count = len(ledger.catalogue.boundaries(SITEMAP_SIZE))
        paths = [f"/sitemap-{number}.xml" for number in range(count + 1)]
        return Response(sitemap_index(base_of(request), paths), media_type="application/xml")

    def sitemap(self, request: Request) -> Response:
        """One sitemap: 0 has the front page, regions and days, the others articles by id."""
        given = request.path_params["number"]
        if not re.fullmatch(r"0|[1-9][0-9]{0,4}", given, re.ASCII):
            raise PageError(404, "error_404")
        number = int(given)
        addresses: list[tuple[str, str | None]]
        with self._reading.ledger() as ledger:
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
        return Response(sitemap(base_of(request), addresses), media_type="application/xml")

    def opensearch(self, request: Request) -> Response:
        """How browsers search here."""
        t = texts_of(request)
        body = opensearch(base_of(request), t("site_name"), t("tagline"))
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
    body = atom(
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
