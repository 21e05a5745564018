"""Redirects by status, followed as Scrapy does; one that leads nowhere ends in an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import redirect
from scrapy.exceptions import IgnoreRequest

from crawler.downloader.errors import Ended
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response


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
