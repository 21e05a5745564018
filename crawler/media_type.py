"""What bytes show themselves to be, by their first ones.

In: a decoded body. Out: a media type. WARCs name it (WARC-Identified-Payload-Type) and `verify`
holds it against them, so what was once identified stays so.
"""

from __future__ import annotations

import re

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
_TEXTS = (
    (
        re.compile(
            rb"<(?:!doctype html|html|head|body|title|meta|script|!--)[\s>-]", re.IGNORECASE
        ),
        "text/html",
    ),
    (re.compile(rb"<\?xml\s"), "application/xml"),
    (re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]]"), "application/json"),
)


def identify(body: bytes) -> str | None:
    """The media type that a decoded body shows by its first bytes, or None where it shows none."""
    for signature, media_type in _SIGNATURES:
        if body.startswith(signature):
            return media_type
    start = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, media_type in _TEXTS:
        if pattern.match(start):
            is_xhtml = media_type == "application/xml" and b"<html" in start
            return "application/xhtml+xml" if is_xhtml else media_type
    return None
