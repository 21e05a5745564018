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
    ("line", "read"),
    [
        (b"HTTP/1.1 200 OK", (200, "OK")), (b"HTTP/1.1 200 ", (200, "")),
        (b"HTTP/1.1 200", (200, "")), (b"HTTP/1.1 200OK", (200, "OK")),
        (b"HTTP/1.0  404 \xb2\xbb", (404, "\xb2\xbb")), (b"HTTP/1.1\t200\tOK", (200, "OK")),
        (b"HTTP/1.1 2000 OK", None), (b"HTTP/1.1 20 OK", None), (b"HTTP/1.1 +20 OK", None),
        (b"HTTP/1.1 OK", None), (b"HTTP/1.1200 OK", None), (b"XTTP/1.1 200 OK", None),
    ],
)  # fmt: skip
def test_status_lines(line: bytes, read: tuple[int, str] | None) -> None:
    if read is None:
        with pytest.raises(WireError):
            parse_response_head(line + b"\r\n\r\n")
    else:
        head = parse_response_head(line + b"\r\n\r\n")
        assert (head.status, head.reason) == read


@pytest.mark.parametrize(
    ("version", "connection", "is_persistent"),
    [
        (b"1.1", None, True), (b"1.1", b"close", False), (b"1.1", b"TE, Close", False),
        (b"1.1", b"keep-alive", True), (b"1.0", None, False), (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"close, keep-alive", False), (b"0.9", b"", False),
    ],
)  # fmt: skip
def test_whether_a_connection_stays_open(
    version: bytes, connection: bytes | None, is_persistent: bool
) -> None:
    line = b"" if connection is None else b"connection: " + connection + b"\r\n"
    head = parse_response_head(b"HTTP/" + version + b" 200 OK\r\n" + line + b"\r\n")
    assert head.is_persistent is is_persistent


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
