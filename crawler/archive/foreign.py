"""Responses as other crawlers store them, brought back to what the one decoder reads.

In: the block of a foreign response, or its WARC-Date. Out: the same, with what its writer undid
taken off its head, and the time in our form.
"""

from __future__ import annotations

import re
from datetime import datetime

from crawler.clock import iso

OURS = b"software: xinhua-archive/"
"""Stands in the warcinfo of every file of ours: its blocks are the wire's."""

_HTTP = re.compile(rb"\AHTTP/([23])(?= )")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_CODED = re.compile(
    rb"\r\ncontent-encoding:[ \t]*(?:x-)?(gzip|deflate|br|zstd)[ \t]*(?=\r\n|\Z)", re.IGNORECASE
)
_LENGTH = re.compile(
    rb"\r\ncontent-length:[ \t]*(?:([0-9]{1,18})[ \t]*|[^\r\n]*)(?=\r\n|\Z)", re.IGNORECASE
)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\r\n]{0,1000})?\r\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]{0,1000}<[!?a-zA-Z]")


def as_stored(block: bytes) -> bytes:
    """A foreign response without the headers that its writer has undone.

    Some crawlers store the entity de-chunked or decompressed under the headers as sent. Only where
    the body plainly is not what its header says, or is longer, is the header taken off; anything
    else is left to the decoder. Browsers' status lines of HTTP/2 and 3 name no minor version.
    """
    head, separator, body = block.partition(b"\r\n\r\n")
    head = _HTTP.sub(rb"HTTP/\1.0", head)
    if _CHUNKED.search(head) and not _CHUNK_SIZE.match(body):
        head = _CHUNKED.sub(b"", head)
    if _CODED.search(head) and _MARKUP.match(body):
        head = _CODED.sub(b"", head)
        head = _LENGTH.sub(b"", head)
    length = _LENGTH.search(head)
    if length and length[1] and int(length[1]) < len(body) and not _CODED.search(head):
        head = _LENGTH.sub(b"", head)
    return head + separator + body


def fetched_at(warc_date: str) -> str:
    """A WARC-Date, which may have fractions of a second, in our form."""
    try:
        return iso(datetime.fromisoformat(warc_date))
    except ValueError:
        return warc_date
