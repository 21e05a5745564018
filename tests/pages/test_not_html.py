"""What is no page at all: pictures, files, data; and what only looks like it."""

from __future__ import annotations

import pytest

from crawler import layouts
from crawler.items import Page
from crawler.layouts import NotAnArticle
from tests.pages.samples import P, as_page, main_2017

HTML = main_2017(P).encode()


def read(body: bytes, content_type: str) -> str | None:
    page = as_page(body)
    page = Page(page.url, 200, (("Content-Type", content_type),), body, page.fetched_at, None)
    try:
        layouts.read(page)
    except NotAnArticle as refusal:
        return refusal.kind
    return None


@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream", ""])
@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj",
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x18ftypmp42" + bytes(20),
        b"PK\x03\x04" + bytes(30),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(30),
        b'{"code": 403, "message": "<b>blocked</b>"}',
        b' [{"title": "x"}]',
        b'cb({"status": 0, "data": []})',
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    ],
)
def test_no_page(body: bytes, content_type: str) -> None:
    assert read(body, content_type) == "not_html"


def test_what_the_header_names_where_the_bytes_show_nothing() -> None:
    assert read(b"null", "application/json") == "not_html"
    assert read(b"body { color: red }", "text/css") == "not_html"


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "text/plain", "pdf"])
def test_a_page_under_a_wrong_name_is_read(content_type: str) -> None:
    assert read(HTML, content_type) is None


@pytest.mark.parametrize(
    "before",
    [
        b'<?xml version="1.0" encoding="utf-8"?>\n',
        b'<?xml version="1.0"?><!-- ' + b"x" * 2000 + b" -->",
        b"\xef\xbb\xbf\r\n\r\n",
        b"<!-- {} -->",
    ],
)
def test_a_page_after_something_else_is_read(before: bytes) -> None:
    assert read(before + HTML, "text/html") is None
