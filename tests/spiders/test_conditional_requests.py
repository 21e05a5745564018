"""The validators that a conditional request carries."""

from __future__ import annotations

import pytest
from scrapy import Request

from crawler.archive.wire import parse_response_head
from crawler.items import Page
from crawler.spiders.conditional_requests import validators


@pytest.mark.parametrize(
    "tag",
    [
        b'"abc"', b'W/"abc"', b"no-quotes", '"修订三"'.encode(), '"修订三"'.encode("gbk"),
        b'"\xff\xfe\x80"', b'"a\tb"', b'"a", "b"', b'""', b'"*"', b'"' + b"x" * 997 + b'"',
    ],
)  # fmt: skip
def test_a_validator_goes_back_as_the_bytes_it_came_in(tag: bytes) -> None:
    head = parse_response_head(
        b"HTTP/1.1 200 OK\r\nETag: " + tag + b"\r\nLast-Modified: " + tag + b"\r\n\r\n"
    )
    page = Page("http://js.news.cn/", 200, head.headers, b"", "", None)
    etag, last_modified = page.validator("ETag"), page.validator("Last-Modified")
    request = Request(page.url, headers=validators(etag, last_modified))
    assert request.headers["If-None-Match"] == tag
    assert request.headers["If-Modified-Since"] == tag


@pytest.mark.parametrize(
    "tag",
    [
        None, "", "*", " * ", '"a", *', '"a\r\nX-Evil: 1"', '"a\nb"', '"a\rb"', '"a\0b"',
        '"a\x7f"', '"' + "x" * 998 + '"', '"修订三"',
    ],
)  # fmt: skip
def test_a_validator_that_could_do_harm_is_not_sent(tag: str | None) -> None:
    assert validators(tag, tag) == {}
    assert validators('"good"', tag) == {"If-None-Match": b'"good"'}
