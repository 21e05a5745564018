"""Only the two domains are asked: every request, redirects included, is checked by exact suffix.

A run that crawls a web archive asks only that archive's hosts instead, by scheme, host and port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.utils.httpobj import urlparse_cached

from crawler import layouts, urls
from crawler.context import attached
from crawler.downloader.archive_hosts import ArchiveHosts
from crawler.downloader.errors import Ended
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class ScopeMiddleware:
    """Ends requests to hosts other than *.xinhuanet.com and *.news.cn, and to unusual ports; and
    redirects of articles to a login, a captcha or a consent page, on whatever host."""

    def __init__(self, archive: ArchiveHosts | None = None) -> None:
        self._archive = archive

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(attached(crawler, ArchiveHosts))

    def process_request(self, request: Request) -> None:
        if self._archive is not None:
            if not self._archive.has(request.url):
                reason = f"no host of the web archive: {request.url}"
                raise Ended(Outcome.REFUSED_ADDRESS, reason)
            if urlparse_cached(request).hostname in self._archive.private:
                request.meta["proxy"] = None  # which wouldn't find it
            return
        asked = request.meta.get("redirect_urls")
        if (
            asked
            and request.meta.get("kind") == "article"
            and layouts.is_gate(request.url, asked[0])
        ):
            raise Ended(Outcome.CHALLENGED, f"redirected to {request.url}")
        if not urls.in_scope(request.url):
            raise Ended(Outcome.REFUSED_ADDRESS, f"out of the two domains: {request.url}")
