"""The one decoder: from the stored block of a response to its decoded body, or a clear refusal.

In: the bytes of a response as they stood on the wire. Out: Decoded. Live crawl, replay and
re-extraction all come here, so that they see the same page. Nothing partial is ever returned: a
body that is cut short or fails its checksum is an error, not a shorter article.
"""

from __future__ import annotations

import hashlib
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import brotli
import zstandard
from isal import isal_zlib

from crawler.archive import wire

if TYPE_CHECKING:
    from collections.abc import Callable

# No page is larger; `verify` proves lines up to here, whatever bound the crawl had.
MAX_BODY = 64 * 1024 * 1024

_MAX_CODINGS = 4
_MAX_MEMBERS = 10_000
_PIECE = 16 * 1024
# a block of four bytes may become 128 KiB (RFC 8878 3.1.1.2), and one step's output has no bound
_ZSTD_PIECE = 256
# RFC 9659 3: a content coding has no larger window, and readers need not have room for one
_ZSTD_WINDOW = 8 * 1024 * 1024
# RFC 1952 2.3.1, with the only method there is
_GZIP_MAGIC = b"\x1f\x8b\x08"
# RFC 8878 3.1.1
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_TEXT_WINDOW = 1024
_IsalError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub is wrong

Kind = Literal["truncated", "damaged", "unsupported", "too_large", "not_http"]


class DecodeError(ValueError):
    """The block has no trustworthy body. `kind` says in which of five ways."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind


def largest_page(max_size: int) -> int:
    """The greatest size of a page by DOWNLOAD_MAXSIZE, where 0 means no bound of the crawl's.
    Crawl, replay and re-extraction have the same."""
    return min(max_size or MAX_BODY, MAX_BODY)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A response read from its bytes.

    `entity` is the message body without chunk framing, still content-encoded; `body` is without
    content coding too; `entity_sha256` is the hex digest of `entity`.
    """

    status: int
    reason: str
    headers: wire.Headers
    entity: bytes
    body: bytes
    entity_sha256: str


def decode(block: bytes, *, max_bytes: int = MAX_BODY, method: str = "GET") -> Decoded:
    """Decode one response block; `max_bytes` bounds the entity and the body each.

    `method` is the request's. A body without declared length ends where the block does; what
    follows a declared length is dropped.
    Raises DecodeError.
    """
    head, entity, is_delimited = unframe(block, max_bytes=max_bytes, method=method)
    body = entity
    if entity or not is_delimited:
        body = _decompressed(entity, _codings(head), max_bytes)
    sha256 = hashlib.sha256(entity).hexdigest()
    return Decoded(head.status, head.reason, head.headers, entity, body, sha256)


def unframe(
    block: bytes, *, max_bytes: int = MAX_BODY, method: str = "GET"
) -> tuple[wire.ResponseHead, bytes, bool]:
    """The head, the entity, and whether its end was declared rather than being the connection's.

    Raises DecodeError.
    """
    try:
        head_bytes, message_body = wire.split_response(block)
        head = wire.parse_response_head(head_bytes)
    except wire.WireError as error:
        raise DecodeError(_head_kind(block, error), str(error)) from error
    entity, is_delimited = _unframe(head, message_body, max_bytes, method)
    return head, entity, is_delimited


def _head_kind(block: bytes, error: wire.WireError) -> Kind:
    if isinstance(error, wire.WireTooLargeError):
        return "too_large"
    begins_well = isinstance(error, wire.WireTruncatedError) and block[:5] == b"HTTP/"[: len(block)]
    return "truncated" if begins_well else "not_http"


def _unframe(
    head: wire.ResponseHead, body: bytes, max_bytes: int, method: str
) -> tuple[bytes, bool]:
    try:
        framing = wire.framing(head, method)
        if framing.is_chunked:
            return wire.dechunk(body, max_bytes=max_bytes), True
    except wire.WireTruncatedError as error:
        raise DecodeError("truncated", str(error)) from error
    except wire.WireTooLargeError as error:
        raise DecodeError("too_large", str(error)) from error
    except wire.WireError as error:
        raise DecodeError("damaged", str(error)) from error
    length = framing.length
    if (len(body) if length is None else length) > max_bytes:
        raise DecodeError("too_large", f"the body is over {max_bytes} bytes")
    if length is not None and len(body) < length:
        raise DecodeError("truncated", f"the body has {len(body)} of {length} bytes")
    return body[:length], framing.is_delimited


def _codings(head: wire.ResponseHead) -> list[str]:
    """The codings that were applied to the body, in order: its content codings, then its
    transfer codings."""
    codings = wire.codings(head, "content-encoding")
    codings += [c for c in wire.codings(head, "transfer-encoding") if c != "chunked"]
    if len(codings) > _MAX_CODINGS:
        raise DecodeError("damaged", f"{len(codings)} content codings")
    return codings


def _decompressed(data: bytes, codings: list[str], max_bytes: int) -> bytes:
    """The body without its content codings, those declared and those that the bytes show.

    Servers label what they don't compress and compress what they don't label, or twice: a
    signature counts for more than a label, a label on what plainly is text for nothing.
    """
    for coding in reversed(codings):
        try:
            data = (_signed(data) or _labelled(coding))(data, max_bytes)
        except DecodeError as error:
            if error.kind == "too_large" or not _is_text(data):
                raise
    for _ in range(_MAX_CODINGS):
        undo = _signed(data)
        if undo is None:
            return data
        data = undo(data, max_bytes)
    if _signed(data):
        raise DecodeError("damaged", f"compressed over {_MAX_CODINGS} times")
    return data


def _signed(data: bytes) -> Callable[[bytes, int], bytes] | None:
    """The function that undoes the compression whose signature the bytes begin with, or None."""
    if data.startswith(_GZIP_MAGIC):
        return _gunzip
    if data.startswith(_ZSTD_MAGIC):
        return _unzstd
    return _inflate if _has_zlib_header(data) and not _is_text(data) else None


def _labelled(coding: str) -> Callable[[bytes, int], bytes]:
    """The function that undoes a declared coding. Raises DecodeError for an unknown one."""
    if coding in ("gzip", "x-gzip"):
        return _gunzip
    if coding == "deflate":
        return _inflate
    if coding == "br":
        return _unbrotli
    if coding == "zstd":
        return _unzstd
    raise DecodeError("unsupported", f"unsupported content coding: {coding[:80]}")


def _is_text(data: bytes) -> bool:
    """Whether the bytes begin as text: with UTF-16's mark, or without any control character
    that only binary data has."""
    is_utf16 = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return is_utf16 or (bool(data) and not _BINARY.search(data, 0, _TEXT_WINDOW))


def _gunzip(data: bytes, max_bytes: int) -> bytes:
    """All members of a gzip stream, each checksum and length checked; zero padding may follow."""
    parts: list[bytes] = []
    room = max_bytes
    end = 0
    for _ in range(_MAX_MEMBERS):
        part, end = _decompress(data, end, isal_zlib.MAX_WBITS | 16, room)
        parts.append(part)
        room -= len(part)
        if data[end : end + 2] != b"\x1f\x8b"[: len(data) - end]:
            break
        if end == len(data):
            return b"".join(parts)
    if data[end:].strip(b"\0"):
        raise DecodeError("damaged", f"{len(data) - end} bytes follow the gzip stream")
    return b"".join(parts)


def _inflate(data: bytes, max_bytes: int) -> bytes:
    """`deflate`: the zlib format by RFC 9110 8.4.1.2, or the bare stream that some servers send."""
    window = isal_zlib.MAX_WBITS if _has_zlib_header(data) else -isal_zlib.MAX_WBITS
    body, end = _decompress(data, 0, window, max_bytes)
    if data[end:].strip(b"\0"):
        raise DecodeError("damaged", f"{len(data) - end} bytes follow the deflate stream")
    return body


def _has_zlib_header(data: bytes) -> bool:
    """RFC 1950 2.2: method 8, a window of at most 32 KiB, and the check of the two bytes."""
    return (
        len(data) >= 2
        and data[0] & 0x0F == 8
        and data[0] >> 4 <= 7
        and int.from_bytes(data[:2], "big") % 31 == 0
    )


def _unbrotli(data: bytes, max_bytes: int) -> bytes:
    """`br`: one stream by RFC 7932, which knows no checksum."""
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    size = at = 0
    try:
        while not stream.is_finished():
            piece = b""
            if stream.can_accept_more_data():
                piece = data[at : at + _PIECE]
                at += len(piece)
            part = stream.process(piece, output_buffer_limit=_PIECE)
            if not part and not piece and not stream.is_finished():
                raise DecodeError("truncated", "the compressed body is cut short")
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise DecodeError("too_large", "the decoded body is over the limit")
    except brotli.error as error:
        raise DecodeError("damaged", f"damaged compression: {error}") from error
    if at < len(data):
        raise DecodeError("damaged", f"{len(data) - at} bytes follow the brotli stream")
    return b"".join(parts)


def _unzstd(data: bytes, max_bytes: int) -> bytes:
    """All frames of a zstd stream (RFC 8878), checksums checked; zero padding may follow."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    parts: list[bytes] = []
    size = at = 0
    try:
        for _ in range(_MAX_MEMBERS):
            frame = decompressor.decompressobj()
            while not frame.eof:
                piece = data[at : at + _ZSTD_PIECE]
                if not piece:
                    raise DecodeError("truncated", "the compressed body is cut short")
                at += len(piece)
                parts.append(frame.decompress(piece))
                size += len(parts[-1])
                if size > max_bytes:
                    raise DecodeError("too_large", "the decoded body is over the limit")
            at -= len(frame.unused_data)
            if not data.startswith(_ZSTD_MAGIC, at):
                break
    except zstandard.ZstdError as error:
        raise DecodeError("damaged", f"damaged compression: {error}") from error
    if data[at:].strip(b"\0"):
        raise DecodeError("damaged", f"{len(data) - at} bytes follow the zstd stream")
    return b"".join(parts)


def _decompress(data: bytes, at: int, window: int, room: int) -> tuple[bytes, int]:
    """The compressed stream at `at`: its contents and where it ends.

    Fed in pieces, since the stream hands back what follows its end: of many small members that
    would be the square of their number.
    """
    stream = isal_zlib.decompressobj(wbits=window)
    parts: list[bytes] = []
    size = 0
    try:
        while not stream.eof:
            piece = stream.unconsumed_tail
            if not piece:
                piece = data[at : at + _PIECE]
                at += len(piece)
            part = stream.decompress(piece, room - size + 1)
            if not part and not piece:
                raise DecodeError("truncated", "the compressed body is cut short")
            parts.append(part)
            size += len(part)
            if size > room:
                raise DecodeError("too_large", "the decoded body is over the limit")
    except _IsalError as error:
        raise DecodeError("damaged", f"damaged compression: {error}") from error
    return b"".join(parts), at - len(stream.unused_data)
