"""HTTP/1.x messages as bytes: where a head ends, what it says, how a chunked body is framed.

In: bytes as they stood on the wire (live capture or the block of a WARC record). Out: slices of
them and parsed heads, values as printed (latin-1, so every byte survives). Everything is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEAD = 32 * 1024
"""Heads longer than this are a limit, because WARC readers give up on them there."""

_STATUS_LINE = re.compile(rb"(HTTP/\d\.\d) +(\d{3})(?: (.*))?", re.DOTALL)
_REQUEST_LINE = re.compile(rb"([!-~]+) ([!-~]+) (HTTP/\d\.\d)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,32})[ \t]*(?:;|$)")
_MAX_CHUNK_LINE = 4096
_MAX_SIZE = 2**63

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
        (name.rstrip(b" \t").decode("latin-1"), value.strip(b" \t").decode("latin-1"))
        for name, colon, value in pairs
        if colon
    )


def dechunk(body: bytes, *, max_bytes: int) -> bytes:
    """The entity in a chunked message body (RFC 9112 7.1), extensions and trailers left out.

    Raises WireTruncatedError, WireTooLargeError or WireError; what follows the last chunk is not
    looked at.
    """
    chunks: list[bytes] = []
    total = at = 0
    while True:
        size, at = _chunk_size(body, at)
        if size == 0:
            _check_trailers(body, at)
            return b"".join(chunks)
        total += size
        if total > max_bytes:
            message = f"the chunks hold over {max_bytes} bytes"
            raise WireTooLargeError(message)
        chunk = body[at : at + size]
        at += size
        if len(chunk) < size or len(body) < at + 2:
            raise WireTruncatedError("the body ends inside a chunk")
        if body[at : at + 2] != b"\r\n":
            message = f"no line end after the chunk that ends at {at}"
            raise WireError(message)
        chunks.append(chunk)
        at += 2


def _chunk_size(body: bytes, at: int) -> tuple[int, int]:
    """The size in the chunk line at `at`, and the offset after the line."""
    end = body.find(b"\r\n", at, at + _MAX_CHUNK_LINE)
    if end < 0:
        if len(body) - at >= _MAX_CHUNK_LINE:
            message = f"the chunk line at {at} is over {_MAX_CHUNK_LINE} bytes"
            raise WireError(message)
        raise WireTruncatedError("the body ends inside a chunk line")
    line = _CHUNK_SIZE.match(body[at:end])
    if line is None:
        message = f"not a chunk size at {at}: {body[at : min(end, at + 20)]!r}"
        raise WireError(message)
    size = int(line[1], 16)
    if size >= _MAX_SIZE:
        message = f"an impossible chunk size at {at}: {size:#x}"
        raise WireError(message)
    return size, end + 2


def _check_trailers(body: bytes, at: int) -> None:
    """The blank line after the last chunk must be there, after no trailers or bounded ones."""
    if body.startswith(b"\r\n", at):
        return
    end = body.find(b"\r\n\r\n", at, at + MAX_HEAD)
    if end >= 0:
        return
    if len(body) - at >= MAX_HEAD:
        message = f"the trailers are over {MAX_HEAD} bytes"
        raise WireError(message)
    raise WireTruncatedError("the body ends before the blank line after the last chunk")


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
