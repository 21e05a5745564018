"""What every request passes first and every answer gets: host names, methods, sizes, headers.

Host names are checked against a list, so that a page of the web can't read the room through a name
it has made lead here (DNS rebinding). The answers' policy lets nothing in but our own style.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def is_allowed(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names one of the hosts, at whatever port."""
    found = _HOST.fullmatch(host.lower())
    return found is not None and found[1].rstrip(".") in names


class Guard:
    """ASGI middleware around the whole room; `refuse` makes the page of a refusal of a status and a
    text's key."""

    def __init__(
        self,
        app: ASGIApp,
        names: Collection[str],
        refuse: Callable[[Request, int, str], Response],
    ) -> None:
        self._app = app
        self._names = frozenset(names)
        self._refuse = refuse

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
            return self._refuse(Request(scope), 400, "error_host")
        if scope["method"] not in METHODS:
            return self._refuse(Request(scope), 405, "error_405")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
            return self._refuse(Request(scope), 414, "error_400")
        return self._app
