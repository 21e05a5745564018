"""HTTP on the wire: reading requests, writing answers.

How an answer is framed (gzip or not, chunked or by length) follows from its URL alone, so that two
servers with one seed send the same bytes.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.site.answer import Answer

HEAD_LIMIT = 65536
REASONS = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 400: "Bad Request",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 410: "Gone",
    412: "Precondition Failed", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_BEIJING = timedelta(hours=8)
_CHUNK = 4000


class Readable(Protocol):
    def recv(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request head as read; `target` is as printed, `headers` keep order and case."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    raw: bytes

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((v for k, v in self.headers if k.lower() == name), "")


class RequestReader:
    """Reads requests one after the other from a connection."""

    def __init__(self, connection: Readable) -> None:
        self.connection = connection
        self._rest = b""

    def next(self) -> Request | None:
        """The next request, None at the end of the connection. ValueError: not HTTP."""
        while b"\r\n\r\n" not in self._rest:
            if len(self._rest) > HEAD_LIMIT:
                raise ValueError("request head too long")
            data = self.connection.recv(65536)
            if not data:
                return None
            self._rest += data
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
        headers = tuple(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])
        )
        request = Request(method, target, version, headers, head + b"\r\n\r\n")
        self._drop(int(request.header("content-length") or 0))
        return request

    def _drop(self, size: int) -> None:
        """A request's body is read and forgotten: the site has no use for one."""
        while len(self._rest) < size:
            data = self.connection.recv(65536)
            if not data:
                return
            self._rest += data
        self._rest = self._rest[size:]


@dataclass(slots=True)
class Wire:
    """An answer ready to send: the head's lines and the framed body, open to being spoilt."""

    status: str
    headers: list[tuple[str, str]]
    entity: bytes
    chunked: bool
    close: bool

    @property
    def head(self) -> bytes:
        lines = [self.status, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    @property
    def body(self) -> bytes:
        if not self.chunked:
            return self.entity
        parts = [self.entity[i : i + _CHUNK] for i in range(0, len(self.entity), _CHUNK)]
        return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def http_date(beijing: datetime) -> str:
    """A Beijing time as an HTTP date."""
    return f"{beijing - _BEIJING:%a, %d %b %Y %H:%M:%S} GMT"


def _not_modified(answer: Answer, request: Request, etag: str) -> bool:
    """RFC 9110 13.1: If-None-Match counts first, If-Modified-Since only without it."""
    wanted = request.header("if-none-match")
    if wanted:
        return answer.etag and etag in {tag.strip() for tag in wanted.split(",")}
    since = request.header("if-modified-since")
    if not since or answer.modified is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return answer.modified - _BEIJING <= moment.replace(tzinfo=None)


def frame(answer: Answer, request: Request, url: str, at: datetime) -> Wire:
    """The answer as it goes out to this request at the simulated moment `at`."""
    digest = sha256(url.encode()).digest()
    etag = f'"{sha256(answer.body).hexdigest()[:24]}"'
    fixed = answer.status == 200 and _not_modified(answer, request, etag)
    status = 304 if fixed else answer.status
    headers = [("Server", "nginx"), ("Date", http_date(at))]
    if status != 304:
        headers.append(("Content-Type", answer.type))
    if answer.location is not None:
        headers.append(("Location", answer.location))
    if answer.modified is not None:
        headers.append(("Last-Modified", http_date(answer.modified)))
    if answer.etag:
        headers.append(("ETag", etag))
    entity = b"" if status == 304 else answer.body
    zipped = "gzip" in request.header("accept-encoding") and digest[0] % 3 and len(entity) > 200
    if zipped:
        entity = gzip.compress(entity, 6, mtime=0)
        headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    chunked = bool(digest[1] % 2) and request.version == "HTTP/1.1" and bool(entity)
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif status != 304:
        headers.append(("Content-Length", str(len(entity))))
    connection = (request.header("connection") or request.header("proxy-connection")).lower()
    close = connection == "close" or (request.version != "HTTP/1.1" and connection != "keep-alive")
    headers.append(("Connection", "close" if close else "keep-alive"))
    line = f"HTTP/1.1 {status} {REASONS[status]}"
    if request.method == "HEAD":
        entity, chunked = b"", False
    return Wire(line, headers, entity, chunked, close)
