"""What a response says where a redirect leads: the address a browser would go to."""

from __future__ import annotations

import pytest

from crawler.archive.wire import parse_response_head
from crawler.downloader.responses import respond
from crawler.items import Page

URL = "http://js.news.cn/2017-09/28/c_1121738857.htm"


def location(value: bytes) -> bytes | None:
    head = parse_response_head(b"HTTP/1.1 302 Found\r\nLocation: " + value + b"\r\n\r\n")
    response = respond(Page(URL, 302, head.headers, b"", "", None))
    found: bytes | None = response.headers.get("Location")
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"/a.htm", b"http://js.news.cn/a.htm"),
        (b"../29/c_1.htm?x", b"http://js.news.cn/2017-09/29/c_1.htm?x"),
        (b"//www.news.cn/a", b"http://www.news.cn/a"),
        (b"http:\\\\www.news.cn\\a.htm", b"http://www.news.cn/a.htm"),
        (b"\\a.htm", b"http://js.news.cn/a.htm"),
        (b"http:///www.news.cn/a", b"http://www.news.cn/a"),
        (b"HTTP://WWW.NEWS.CN:80/a", b"http://www.news.cn/a"),
        (b"https://www.news.cn:443/a", b"https://www.news.cn/a"),
        (b"http://www.news.cn\\@example.com/", b"http://www.news.cn/@example.com/"),
        (b"/a b.htm", b"http://js.news.cn/a%20b.htm"),
        ("/新.htm".encode(), b"http://js.news.cn/%E6%96%B0.htm"),
        ("/新.htm".encode("gbk"), b"http://js.news.cn/%D0%C2.htm"),
        (b"", None),
        (b"http://[/", None),
    ],
)
def test_where_a_redirect_leads(value: bytes, expected: bytes | None) -> None:
    assert location(value) == expected


def test_other_headers_stay_as_they_came() -> None:
    headers = (("Content-Encoding", "gzip"), ("X-A", "\xbd\xad"), ("x-a", "2"))
    response = respond(Page(URL, 200, headers, b"<p>a", "", None))
    assert response.headers.getlist("X-A") == [b"\xbd\xad", b"2"]
    assert "Content-Encoding" not in response.headers
