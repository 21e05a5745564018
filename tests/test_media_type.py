"""A body's media type by its first bytes alone."""

from __future__ import annotations

import pytest

from crawler.media_type import identify, picture_type


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-1.4", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html>", "text/html"),
        (b"<TITLE>x", "text/html"),
        (b"<!-- made by hand --><p>", "text/html"),
        (b'<?xml version="1.0"?><rss>', "application/xml"),
        (b'<?xml version="1.0"?><html xmlns="x">', "application/xhtml+xml"),
        (b'{"status":0}', "application/json"),
        (b"{}", "application/json"),
        (b'[{"a":1}]', "application/json"),
        (b"[]", "application/json"),
        (b"<titled>", None),
        (b"[see below]", None),
        (b"{name}", None),
        (b"GIF", None),
        (b"plain text <html>", None),
        (b" " * 1024 + b"<html>", None),
        (b"", None),
    ],
)
def test_first_bytes(body: bytes, media_type: str | None) -> None:
    assert identify(body) == media_type


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"BM\x36\x00", "image/bmp"),
        (b"\x00\x00\x01\x00\x01", "image/x-icon"),
        (b"II*\x00\x08", "image/tiff"),
        (b"MM\x00*\x00", "image/tiff"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif", "image/avif"),
        (b"<svg viewBox='0 0 1 1'>", "image/svg+xml"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn --><SVG>', "image/svg+xml"),
        (b"<html><body><svg>", None),
        (b"<!-- a page --><html><svg>", None),
        (b"<!--" * 250, None),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
        (b"%PDF-1.4", None),
        (b"<html>", None),
        (b'{"code":404}', None),
        (b"", None),
    ],
)
def test_pictures_by_their_first_bytes(body: bytes, media_type: str | None) -> None:
    assert picture_type(body) == media_type
