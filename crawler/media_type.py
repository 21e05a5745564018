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


# Pictures, by the patterns of WHATWG MIME Sniffing 6.1, and TIFF. WebP, the `ftyp` box of AVIF (AV1
# Image File Format 2.1) and SVG are looked for below.
_PICTURES = (
    *(one for one in _SIGNATURES if one[1].startswith("image/")),
    (b"BM", "image/bmp"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_SVG_OPENS = (b"<svg", b"<?xml", b"<!--", b"<!doctype svg")


def picture_type(body: bytes) -> str | None:
    """The media type of the picture that a decoded body is by its first bytes, or None where it is
    none. Never what `identify` says of WARC records: old ones stay as they were identified."""
    for signature, media_type in _PICTURES:
        if body.startswith(signature):
            return media_type
    if body[:4] == b"RIFF" and body[8:14] == b"WEBPVP":
        return "image/webp"
    if body[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    start = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    is_svg = start.startswith(_SVG_OPENS) and b"<svg" in start and b"<html" not in start
    return "image/svg+xml" if is_svg else None


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
