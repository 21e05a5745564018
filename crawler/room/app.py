"""The application: addresses to pages, and what every request passes first.

Whatever is read is found through the ledger or the search index: no part of an address becomes a
part of a path. docs/room.md promises to keep the addresses. Host names are checked against a list,
so that a page of the web can't read the room through a name it has made lead here (DNS rebinding).
The answers' policy lets nothing in but our own style.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crawler.ledger.errors import LedgerError
from crawler.room.archive_reader import ArchiveReader, MissingLineError
from crawler.room.article_pages import ArticlePages
from crawler.room.feeds import FeedPages
from crawler.room.listings import Listings
from crawler.room.rendering import PageError, refusal
from crawler.room.search_page import SearchPage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from crawler.room.archive_reader import RoomSettings

logger = logging.getLogger(__name__)

METHODS = ("GET", "HEAD")

# Bytes of path and query: a query that is too long still gets the search page, which says so.
MAX_TARGET = 128 * 1024

# RFC 9110 7.2: a name or an address, perhaps a port; nothing else can stand in our own addresses.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)

# Pages of ours: no script, no picture from elsewhere, nothing that sends anything elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def make_app(settings: RoomSettings) -> Starlette:
    """The application over one data folder."""
    archive = ArchiveReader(settings)
    listings, searching = Listings(archive), SearchPage(archive)
    feeds, articles = FeedPages(archive), ArticlePages(archive)
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
        middleware=[Middleware(Guard, names=settings.names)],
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


def is_allowed(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names one of the hosts, at whatever port."""
    found = _HOST.fullmatch(host.lower())
    return found is not None and found[1].rstrip(".") in names


class Guard:
    """ASGI middleware around the whole room: refuses what isn't asked of a host name of ours, by
    GET or HEAD, at an address of bounded length."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the application answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._answer(scope)(scope, receive, with_headers)

    def _answer(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not is_allowed(hosts[0], self._names):
            return refusal(Request(scope), 400, "error_host")
        if scope["method"] not in METHODS:
            return refusal(Request(scope), 405, "error_405")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
            return refusal(Request(scope), 414, "error_400")
        return self._app
