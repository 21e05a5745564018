"""Only the two domains are asked: every request, redirects included, is checked by exact suffix.

A run that crawls a web archive asks only that archive's hosts instead (`ArchiveHosts`), by scheme,
host and port.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy.utils.httpobj import urlparse_cached

from crawler import layouts, urls
from crawler.context import attached
from crawler.downloader.failures import Ended
from crawler.lists.cdx import data_of, replay_of
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


_PORTS = {"http": 80, "https": 443}


class ArchiveHosts:
    """The archive's index, its replay and its data, by scheme, host and port.

    `replay` is where captures are replayed, `data` where the files are that the index names. A
    file's whole address in the index names one more host, the first that is named so.
    """

    def __init__(self, index: str, *, replay: str = "", data: str = "") -> None:
        self.index = index
        self.replay = _folder(replay or replay_of(index))
        self.data = _folder(data or data_of(index))
        self._given = {_host(url) for url in (index, replay, data) if url}
        self._origins = {_origin(url) for url in (index, self.replay, self.data)}
        self._named: tuple[str, str, int] | None = None

    def name(self, url: str) -> bool:
        """Whether a file may be asked for at an address that the index names: on the archive's own
        hosts, or on the first other host that it names, which isn't one with a private address."""
        if urls.join(None, url) is None:
            return False
        origin = _origin(url)
        if self.has(url):
            return True
        if origin[1] in self.private:
            return False
        if self._named is None and urlsplit(url).scheme in _PORTS:
            self._named = origin
        return self._named == origin

    def has(self, url: str) -> bool:
        """Whether an address is on the archive's hosts."""
        origin = _origin(url)
        return origin in self._origins or origin == self._named

    @property
    def private(self) -> set[str]:
        """The hosts that may have an address that isn't public: those that the operator gave as an
        address, and this machine. What other names stand for is not the operator's to say."""
        return {name for name in self._given if is_literal(name)}


def is_literal(name: str) -> bool:
    """Whether a host is given as an address, or as this machine's own name."""
    try:
        ip_address(name)
    except ValueError:
        return name == "localhost"
    return True


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


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
