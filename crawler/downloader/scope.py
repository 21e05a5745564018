"""Only the two domains are asked: every request, redirects included, is checked by exact suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import layouts, urls
from crawler.downloader.errors import Ended
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request


class ScopeMiddleware:
    """Ends requests to hosts other than *.xinhuanet.com and *.news.cn, and to unusual ports; and
    redirects of articles to a login, a captcha or a consent page, on whatever host."""

    def process_request(self, request: Request) -> None:
        asked = request.meta.get("redirect_urls")
        if (
            asked
            and request.meta.get("kind") == "article"
            and layouts.is_gate(request.url, asked[0])
        ):
            raise Ended(Outcome.CHALLENGED, f"redirected to {request.url}")
        if not urls.in_scope(request.url):
            raise Ended(Outcome.REFUSED_ADDRESS, f"out of the two domains: {request.url}")
