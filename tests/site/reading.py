"""A reader of the site for its own tests: plain sockets, plain HTML, nothing of the crawler."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

if TYPE_CHECKING:
    from tests.site import Site

_SPACE = re.compile(r"\s+")
_HIDDEN = ("script", "style", "noscript")
_META = re.compile(rb"charset=\"?([a-z0-9-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: status, headers by lower-case name, decoded body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        match = _META.search(self.body)
        declared = match[1].decode() if match else "utf-8"
        return self.body.decode("gb18030" if declared == "gb2312" else declared)


def get(site: Site, url: str, **headers: str) -> Got:
    """Fetches through the site as a proxy; https addresses are asked for in absolute form too."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", url, headers=names)
        response = connection.getresponse()
        body = response.read()
        got = {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()
    if got.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Got(response.status, got, body)


def raw(site: Site, request: str, *, patience: float = 5.0) -> bytes:
    """Sends bytes and reads until the server ends, or until it was quiet for `patience`."""
    received = b""
    with socket.create_connection(("127.0.0.1", site.port), timeout=patience) as sock:
        sock.sendall(request.encode())
        try:
            while data := sock.recv(65536):
                received += data
        except TimeoutError:
            pass
        except ConnectionResetError:
            received += b"<reset>"
    return received


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.links: list[str] = []
        self.media: list[str] = []
        self._muted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._muted += tag in _HIDDEN
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if values.get("src"):
            self.media.append(values["src"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._muted -= tag in _HIDDEN and self._muted > 0

    def handle_data(self, data: str) -> None:
        if not self._muted:
            self.parts.append(data)


@dataclass(frozen=True, slots=True)
class Seen:
    """A page's text without any white space, its links and the sources of its media."""

    text: str
    links: list[str]
    media: list[str]


def bare(text: str) -> str:
    """The text without white space."""
    return _SPACE.sub("", text)


def see(html: str) -> Seen:
    """What stands in a page, scripts and styles left out."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return Seen(bare("".join(parser.parts)), parser.links, parser.media)


def answered(site: Site, url: str) -> dict[str, Any]:
    """The JSON of an answer."""
    value: dict[str, Any] = json.loads(get(site, url).body)
    return value


def an_article(site: Site, **wanted: str) -> dict[str, Any]:
    """The first article of the truth that has these values and may be fetched."""
    return next(
        a
        for a in site.truth()["articles"]
        if all(a[key] == value for key, value in wanted.items()) and not a["hidden"]
    )


def follow(site: Site, url: str) -> Got:
    """Fetches, redirects followed."""
    for _ in range(5):
        got = get(site, url)
        if got.status not in {301, 302}:
            return got
        url = urljoin(url, got.headers["location"])
    raise AssertionError(url)
