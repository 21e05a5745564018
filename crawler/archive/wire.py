"""HTTP/1.x messages as bytes: where a head ends, what it says, how a chunked body is framed.

In: bytes as they stood on the wire (live capture or the block of a WARC record). Out: slices of
them and parsed heads, values as printed (latin-1, so every byte survives). Everything is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Heads longer than this are a limit, because WARC readers give up on them there.
MAX_HEAD = 32 * 1024

# As browsers read it: the reason may be missing, or stand without its blank (`HTTP/1.1 200OK`).
_STATUS_LINE = re.compile(rb"(HTTP/\d\.\d)[ \t]+(\d{3})(?!\d)[ \t]?(.*)", re.DOTALL)
_REQUEST_LINE = re.compile(rb"([!-~]+) ([!-~]+) (HTTP/\d\.\d)")
# Blanks around the size are an old server's padding; a sign or 0x is refused, as browsers do.
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;|\Z)")
_MAX_CHUNK_LINE = 4096
_MAX_SIZE = 2**63
_MAX_DIGITS = 19
_LF = 0x0A
_NO_BODY_STATUS = frozenset({204, 304})

Headers = tuple[tuple[str, str], ...]


class WireError(ValueError):
    """The bytes are not the HTTP message they should be."""


class WireTruncatedError(WireError):
    """The bytes end before the message does."""


class WireTooLargeError(WireError):
    """The message is larger than allowed."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    version: str
    status: int
    reason: str
    headers: Headers

    def values(self, name: str) -> list[str]:
        """All values of that header (name in lower case), in order."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def version_numbers(self) -> tuple[int, int]:
        """Major and minor."""
        return int(self.version[5]), int(self.version[7])

    @property
    def is_persistent(self) -> bool:
        """Whether the connection stays open after this answer (RFC 9112 9.3)."""
        options = {
            option.strip().lower() for v in self.values("connection") for option in v.split(",")
        }
        is_asked = "keep-alive" in options or self.version_numbers >= (1, 1)
        return is_asked and "close" not in options


@dataclass(frozen=True, slots=True)
class RequestHead:
    method: str
    target: str
    version: str
    headers: Headers


def head_end(data: bytes | bytearray, start: int = 0) -> int | None:
    """The offset after the first blank line at or after `start` (CRLF or bare LF), or None."""
    crlf = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start, crlf + 1 if crlf >= 0 else len(data))
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else None


def is_interim(head: bytes | bytearray) -> bool:
    """Whether a head is a 1xx answer that another one follows (101 is final: RFC 9110 15.2)."""
    line = _STATUS_LINE.match(head)
    return line is not None and line[2].startswith(b"1") and line[2] != b"101"


def split_response(raw: bytes) -> tuple[bytes, bytes]:
    """(head with its blank line, the rest), 1xx answers before it left out.

    Raises WireTruncatedError when no blank line ends the head, WireTooLargeError when it is over
    MAX_HEAD.
    """
    start = 0
    while True:
        end = head_end(raw, start)
        if end is None:
            if len(raw) - start > MAX_HEAD:
                message = f"the HTTP head doesn't end within {MAX_HEAD} bytes"
                raise WireTooLargeError(message)
            raise WireTruncatedError("the HTTP head has no end")
        if end - start > MAX_HEAD:
            message = f"the HTTP head is over {MAX_HEAD} bytes"
            raise WireTooLargeError(message)
        head = raw[start:end]
        if not is_interim(head):
            return head, raw[end:]
        start = end


def parse_response_head(head: bytes) -> ResponseHead:
    """Parse a status line and header lines; WireError when it is not HTTP/x.y with three digits."""
    first, _, rest = head.partition(b"\n")
    line = _STATUS_LINE.fullmatch(first.removesuffix(b"\r"))
    if line is None:
        message = f"not an HTTP status line: {first[:80]!r}"
        raise WireError(message)
    version, status, reason = line.groups(default=b"")
    return ResponseHead(
        version.decode("latin-1"), int(status), reason.decode("latin-1"), _parse_headers(rest)
    )


def parse_request_head(raw: bytes) -> RequestHead:
    """Parse the request line and header lines at the start of a request."""
    first, _, rest = raw.partition(b"\n")
    line = _REQUEST_LINE.fullmatch(first.removesuffix(b"\r"))
    if line is None:
        message = f"not an HTTP request line: {first[:80]!r}"
        raise WireError(message)
    end = head_end(raw)
    headers = _parse_headers(rest if end is None else raw[len(first) + 1 : end])
    method, target, version = (part.decode("latin-1") for part in line.groups())
    return RequestHead(method, target, version, headers)


def _parse_headers(lines: bytes) -> Headers:
    """Header lines as (name, value); folded lines joined by a space (RFC 9112 5.2).

    A line without a colon is no header and is passed over, as browsers and Scrapy do.
    """
    unfolded: list[bytes] = []
    for raw_line in lines.split(b"\n"):
        line = raw_line.removesuffix(b"\r")
        if not line:
            break
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1] = unfolded[-1].rstrip(b" \t") + b" " + line.strip(b" \t")
        else:
            unfolded.append(line)
    pairs = (line.partition(b":") for line in unfolded)
    return tuple(
        (name.strip(b" \t").decode("latin-1"), value.strip(b" \t").decode("latin-1"))
        for name, colon, value in pairs
        if colon
    )


@dataclass(frozen=True, slots=True)
class Framing:
    """How the end of a body is told: by its last chunk, by its length, or, with neither, by the end
    of the connection."""

    is_chunked: bool
    length: int | None

    @property
    def is_delimited(self) -> bool:
        """Whether the message itself says where it ends."""
        return self.is_chunked or self.length is not None


def framing(head: ResponseHead, method: str = "GET") -> Framing:
    """The framing of the response to a request of that method, read as browsers do.

    The answer to HEAD, 204 and 304 have no body whatever their headers say (RFC 9112 6.3).
    `chunked` counts once however often it stands there, and goes before a length. Other transfer
    codings frame nothing. A Content-Length that is no number is passed over. Raises WireError for
    lengths that differ (RFC 9110 8.6) or can't be.
    """
    if method == "HEAD" or head.status in _NO_BODY_STATUS:
        return Framing(is_chunked=False, length=0)
    if "chunked" in codings(head, "transfer-encoding"):
        return Framing(is_chunked=True, length=None)
    values = {part.strip() for v in head.values("content-length") for part in v.split(",")}
    numbers = {value for value in values if value.isascii() and value.isdigit()}
    if any(len(number) > _MAX_DIGITS for number in numbers):
        message = f"an impossible Content-Length: {max(numbers, key=len)[:80]}"
        raise WireError(message)
    lengths = {int(number) for number in numbers}
    if len(lengths) > 1:
        message = f"conflicting Content-Lengths: {sorted(lengths)[:4]}"
        raise WireError(message)
    return Framing(is_chunked=False, length=lengths.pop() if lengths else None)


def codings(head: ResponseHead, name: str) -> list[str]:
    """The codings that a header of that name lists, in lower case; those that change nothing left
    out."""
    listed = (coding.strip().lower() for v in head.values(name) for coding in v.split(","))
    return [coding for coding in listed if coding not in ("", "identity")]


class Chunks:
    """A chunked message body (RFC 9112 7.1), read piece by piece as it comes.

    Lines may end in a bare LF. Extensions and trailers are passed over. `max_bytes` bounds the
    entity.
    """

    def __init__(self, max_bytes: int = _MAX_SIZE) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._room = max_bytes
        self._missing = 0
        self._trailers = 0
        self._next: Callable[[Chunks, list[bytes]], bool] = Chunks._size

    @property
    def is_complete(self) -> bool:
        """Whether the blank line after the last chunk was seen."""
        return self._next is Chunks._over

    @property
    def rest(self) -> bytes:
        """What came after the end of the body."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> bytes:
        """What these bytes hold of the entity. Raises WireTooLargeError or WireError."""
        self._buffer += data
        parts: list[bytes] = []
        while self._next(self, parts):
            pass
        return b"".join(parts)

    def close(self) -> None:
        """No more bytes come. Raises WireTruncatedError unless the last chunk came; the blank line
        after it may be missing (RFC 9112 8)."""
        if self._next not in (Chunks._trailer, Chunks._over):
            raise WireTruncatedError("the body ends before its last chunk")

    def _size(self, _: list[bytes]) -> bool:
        line = self._line("chunk lines", _MAX_CHUNK_LINE)
        if line is None:
            return False
        found = _CHUNK_SIZE.match(line)
        if found is None:
            message = f"not a chunk size: {line[:20]!r}"
            raise WireError(message)
        self._missing = int(found[1], 16)
        if self._missing >= _MAX_SIZE:
            message = f"an impossible chunk size: {line[:40]!r}"
            raise WireError(message)
        self._room -= self._missing
        if self._room < 0:
            raise WireTooLargeError("the chunks hold more bytes than a page may have")
        self._next = Chunks._data if self._missing else Chunks._trailer
        return True

    def _data(self, parts: list[bytes]) -> bool:
        part = bytes(self._buffer[: self._missing])
        del self._buffer[: len(part)]
        parts.append(part)
        self._missing -= len(part)
        if self._missing:
            return False
        self._next = Chunks._line_end
        return True

    def _line_end(self, _: list[bytes]) -> bool:
        if not self._buffer or self._buffer == b"\r":
            return False
        length = 2 if self._buffer.startswith(b"\r\n") else 1
        if self._buffer[length - 1] != _LF:
            message = f"no line end after a chunk: {bytes(self._buffer[:20])!r}"
            raise WireError(message)
        del self._buffer[:length]
        self._next = Chunks._size
        return True

    def _trailer(self, _: list[bytes]) -> bool:
        line = self._line("trailers", MAX_HEAD - self._trailers)
        if line is None:
            return False
        self._trailers += len(line)
        if not line:
            self._next = Chunks._over
        return True

    def _over(self, _: list[bytes]) -> bool:
        return False

    def _line(self, what: str, room: int) -> bytes | None:
        """The next line without its end, or None until that comes."""
        end = self._buffer.find(b"\n", self._scanned)
        if (end if end >= 0 else len(self._buffer)) >= room:
            message = f"the {what} of the body are too long"
            raise WireError(message)
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._scanned = 0
        return line


def dechunk(body: bytes, *, max_bytes: int) -> bytes:
    """The entity in a chunked message body; what follows the last chunk is not looked at.

    Raises WireTruncatedError, WireTooLargeError or WireError.
    """
    chunks = Chunks(max_bytes)
    entity = chunks.feed(body)
    chunks.close()
    return entity


def origin_form(request: bytes) -> bytes:
    """A request as the origin would get it from a proxy: path as target, no Proxy- headers."""
    end = head_end(request) or len(request)
    first, *lines = request[:end].split(b"\r\n")
    method, _, rest = first.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    scheme, separator, after = target.partition(b"://")
    if separator and scheme.lower() in (b"http", b"https"):
        slash = re.search(rb"[/?]", after)
        target = after[slash.start() :] if slash else b"/"
        target = target if target.startswith(b"/") else b"/" + target
    kept = [line for line in lines if not line.lower().startswith(b"proxy-")]
    return b"\r\n".join([b" ".join((method, target, version)), *kept]) + request[end:]
