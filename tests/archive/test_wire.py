"""Heads and requests as bytes."""

from __future__ import annotations

import pytest

from crawler.archive.wire import (
    MAX_HEAD,
    WireError,
    WireTooLargeError,
    WireTruncatedError,
    head_end,
    origin_form,
    parse_request_head,
    parse_response_head,
    split_response,
)


def test_headers_keep_every_byte_and_their_order() -> None:
    head = parse_response_head(
        b"HTTP/1.0 404 Nicht da\xdf\r\nB: 1\r\nno header\r\na : \t2 \r\n  folded\r\n"
        b"B: \xbd\xad\r\nempty:\r\n: nameless\r\n\r\n"
    )
    assert (head.version, head.status, head.reason) == ("HTTP/1.0", 404, "Nicht daß")
    assert head.headers == (
        ("B", "1"), ("a", "2 folded"), ("B", "½\xad"), ("empty", ""),
        ("", "nameless"),
    )  # fmt: skip
    assert head.values("b") == ["1", "½\xad"]


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"A\r\n\r\nB", 5), (b"A\n\nB", 3), (b"A\n\r\nB", 4), (b"A\n\nB\r\n\r\n", 3),
        (b"A\r\n\r\nB\n\n", 5), (b"A\r\nB\r\n", None), (b"", None),
    ],
)  # fmt: skip
def test_a_head_ends_at_the_first_blank_line(data: bytes, end: int | None) -> None:
    assert head_end(data) == end


def test_head_limit_is_exact() -> None:
    line = b"HTTP/1.1 200 OK\r\nX: "
    head = line + b"v" * (MAX_HEAD - len(line) - 4) + b"\r\n\r\n"
    assert split_response(head + b"body") == (head, b"body")
    with pytest.raises(WireTooLargeError):
        split_response(head.replace(b"X:", b"XX:"))
    with pytest.raises(WireTooLargeError):
        split_response(b"v" * (MAX_HEAD + 1))
    with pytest.raises(WireTruncatedError):
        split_response(b"v" * MAX_HEAD)


def test_requests() -> None:
    head = parse_request_head(b"GET /a?b HTTP/1.1\r\nHost: js.news.cn\r\n\r\nbody: no\r\n")
    assert (head.method, head.target, head.version) == ("GET", "/a?b", "HTTP/1.1")
    assert head.headers == (("Host", "js.news.cn"),)
    for bad in (b"", b"GET /a\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        with pytest.raises(WireError):
            parse_request_head(bad)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://js.news.cn/a?b=http://c/d", b"/a?b=http://c/d"), (b"http://js.news.cn", b"/"),
        (b"HTTP://js.news.cn:81?x=/", b"/?x=/"), (b"/already", b"/already"), (b"*", b"*"),
    ],
)  # fmt: skip
def test_origin_form(target: bytes, path: bytes) -> None:
    headers = b"Host: js.news.cn\r\nProxy-Authorization: Basic eA==\r\nAccept: */*\r\n\r\nbody"
    expected = b"Host: js.news.cn\r\nAccept: */*\r\n\r\nbody"
    request = b"GET " + target + b" HTTP/1.1\r\n" + headers
    assert origin_form(request) == b"GET " + path + b" HTTP/1.1\r\n" + expected
