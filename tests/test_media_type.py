"""A body's media type by its first bytes alone."""

from __future__ import annotations

import pytest

from crawler.media_type import identify


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
