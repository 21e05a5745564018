"""The application: addresses to pages.

Whatever is read is found through the ledger or the search index: no part of an address becomes a
part of a path. docs/room.md promises to keep the addresses.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crawler.ledger.errors import LedgerError
from crawler.room.articles import ArticlePages
from crawler.room.feed_pages import FeedPages
from crawler.room.guard import Guard
from crawler.room.lines import MissingLineError
from crawler.room.listings import Listings
from crawler.room.reading import PageError, Reading, refusal
from crawler.room.searching import Searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from crawler.room.reading import RoomSettings

logger = logging.getLogger(__name__)


def make_app(settings: RoomSettings) -> Starlette:
    """The application over one data folder."""
    reading = Reading(settings)
    listings, searching = Listings(reading), Searching(reading)
    feeds, articles = FeedPages(reading), ArticlePages(reading)
    article = "/articles/{id}"
    version = f"{article}/{{version}}"
    pages: list[tuple[str, Callable[[Request], Response]]] = [
        ("/", listings.front),
        ("/changes", listings.changes),
        ("/status", listings.status),
        ("/changes.atom", feeds.changes_feed),
        ("/search.atom", searching.search_feed),
        ("/regions/{code}/feed.atom", feeds.region_feed),
        ("/opensearch.xml", feeds.opensearch),
        ("/sitemap.xml", feeds.sitemap_index),
        ("/sitemap-{number}.xml", feeds.sitemap),
        ("/robots.txt", feeds.robots),
        ("/regions/{code}", listings.region),
        ("/days/{day}", listings.day),
        ("/search", searching.search),
        (article, articles.article),
        (f"{article}/diff", articles.choose_diff),
        (f"{article}/diff/{{a}}/{{b}}", articles.diff),
        (f"{article}/pictures/{{number}}", articles.picture),
        (version, articles.version),
        (f"{version}/line.json", articles.line),
        (f"{version}/verify", articles.verify),
        (f"{version}/archived", articles.archived),
        (f"{version}/page", articles.capture),
        (f"{version}/page.warc.gz", articles.warc),
        (f"{version}/page.wacz", articles.wacz),
        (f"{version}/cite.{{form}}", articles.citation),
    ]
    app = Starlette(
        routes=[
            *(Route(path, page, methods=["GET"]) for path, page in pages),
            Mount("/static", StaticFiles(directory=Path(__file__).with_name("static"))),
        ],
        middleware=[Middleware(Guard, names=settings.names, refuse=refusal)],
        exception_handlers={
            HTTPException: _http_error,
            PageError: _page_error,
            LedgerError: _ledger_error,
            MissingLineError: _missing_line,
            Exception: _failure,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = {404: ("error_404", "error_404_text"), 405: ("error_405",)}
    return refusal(request, status, *known.get(status, ("error_400",)))


async def _page_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageError)
    return refusal(request, error.status, *error.keys, said=error.said)


async def _ledger_error(request: Request, error: Exception) -> Response:
    logger.warning("%s", error)
    return refusal(request, 503, "error_503", "error_ledger")


async def _missing_line(request: Request, error: Exception) -> Response:
    logger.warning("%s", error)
    return refusal(request, 503, "error_503", "error_line", said=str(error))


async def _failure(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, and the server logs it with its traceback.
    del error
    return refusal(request, 500, "error_500")
