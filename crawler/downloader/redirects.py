"""Redirects: by status, followed as Scrapy does, and meta refreshes, followed as browsers do. One
that leads nowhere ends in an outcome.

Of meta refreshes only elements of the parsed page count, and only those that lead away from it.
Scrapy's MetaRefreshMiddleware searches the page's source instead. It takes the words in a script or
a comment for a redirect (scrapy#142), and follows one from a page to itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import redirect
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware
from scrapy.exceptions import IgnoreRequest

from crawler import layouts
from crawler.context import attached
from crawler.downloader.failures import Ended
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from crawler.items import Page


class RedirectMiddleware(redirect.RedirectMiddleware):
    """Follows up to REDIRECT_MAX_TIMES redirects of an address."""

    def process_response(  # type: ignore[override]  # Scrapy's takes a deprecated spider as well
        self, request: Request, response: Response
    ) -> Request | Response:
        """Raises Ended: `redirect_loop` for one redirect too many, `http_error` for one to what is
        no address."""
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise Ended(Outcome.REDIRECT_LOOP, f"{error} at {request.url}") from error
        except ValueError as error:
            location = (response.headers.get("Location") or b"")[:200]
            why = f"HTTP {response.status} to what is no address, {location!r}: {error}"
            raise Ended(Outcome.HTTP_ERROR, why) from error


logger = logging.getLogger(__name__)

_KINDS = frozenset({"article", "list"})


class RefreshMiddleware(MetaRefreshMiddleware):
    """Follows the meta refresh of pages that are asked for as articles or lists."""

    def process_response(  # type: ignore[override]  # Scrapy's takes a deprecated spider as well
        self, request: Request, response: Response
    ) -> Request | Response:
        """Raises Ended: `redirect_loop` for one redirect too many."""
        page: Page | None = request.meta.get("page")
        if page is None or request.meta.get("kind") not in _KINDS:
            return response
        try:
            accepted = attached(self.crawler, layouts.AcceptedLayouts) or layouts.NO_LAYOUTS
            target = layouts.refreshed(page, self._maxdelay, accepted)
        except Exception:  # the spider reads the page again, and gives the error its outcome
            logger.debug("reading %s failed", page.url, exc_info=True)
            return response
        if target is None:
            return response
        redirected = self._redirect_request_using_get(request, response, target)
        try:
            return self._redirect(redirected, request, "meta refresh")
        except IgnoreRequest as error:
            raise Ended(Outcome.REDIRECT_LOOP, f"{error} at {request.url}") from error
