"""A resolver that refuses every address that isn't public.

Twisted asks the installed resolver for names and for literal addresses alike, at connect, so a
public name that points at a private address is refused as well. Through a proxy the proxy
resolves: then only the checks of `downloader/scope.py` exist. A web archive that the operator names
by such an address (`source=cdx:http://127.0.0.1:8080/…`) may have it.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred


# Why names were refused in this process. Twisted drops the reason: for it there are no results.
REFUSED: dict[str, str] = {}

# What the operator of this process gave as an address, which may be a private one. The resolver is
# made for the process, before there is a crawler to ask.
GIVEN: set[str] = set()


class PublicResolver(CachingThreadedResolver):
    """Scrapy's caching resolver, limited to public addresses, the configured proxies, and the
    address of a web archive that the operator gave."""

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._proxies = {urlsplit(proxy).hostname for proxy in getproxies().values()}

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802
        resolved = super().getHostByName(name, timeout)
        if name not in self._proxies and name not in GIVEN:
            resolved.addCallback(_public_only, name)
        return resolved


def _public_only(address: str, name: str) -> str:
    if not ip_address(address).is_global:
        message = f"{name} stands for {address}, which is not a public address"
        REFUSED[name] = message
        raise DNSLookupError(message)
    return address
