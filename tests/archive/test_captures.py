"""Captures of web archives, read from our exchanges with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.archive.captures import captured, may_hold_capture, replay_address
from crawler.archive.decode import DecodeError, decode
from crawler.items import Archive, Page, WarcPointer
from tests.web_archives import Made, address, article, http_date

URL = address(1)
AT = "2017-09-29T01:02:03Z"
BODY = article("河边的树苗已经成活。")
MADE = Made(URL, AT, BODY)
POINTER = WarcPointer("warc/a.warc.gz", 1, 2, "<urn:x>", "sha1:A", "0" * 64)
REPLAY = "https://web.archive.org/web/20170929010203id_/" + URL
FILE = "https://data.commoncrawl.org/crawl-data/CC-MAIN-2017-39/warc/a.warc.gz"


def exchange(
    url: str = REPLAY, status: int = 200, *headers: tuple[str, str], body: bytes = BODY
) -> Page:
    return Page(url, status, headers, body, "2026-11-27T00:00:00Z", POINTER)


def of_range(body: bytes) -> Page:
    """An exchange as the decoder gives it: it undoes the compression of what begins with gzip's
    signature."""
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n" % len(body)
    decoded = decode(head + body)
    return Page(
        FILE, decoded.status, decoded.headers, decoded.body, "2026-11-27T00:00:00Z", POINTER
    )


def test_a_replay() -> None:
    page = captured(exchange(
        REPLAY, 200,
        ("ETag", '"of-the-replay"'), ("Content-Type", "text/html"),
        ("X-Archive-Orig-ETag", '"a"'), ("X-Archive-Orig-Last-Modified", "then"),
        ("Memento-Datetime", http_date(AT)),
    ))  # fmt: skip
    assert (page.url, page.fetched_at, page.status, page.body) == (URL, AT, 200, BODY)
    assert page.warc is POINTER
    assert page.archive == Archive("web.archive.org", REPLAY)
    assert (page.validator("ETag"), page.validator("Last-Modified")) == ('"a"', "then")
    assert page.header("Content-Type") == "text/html"


@pytest.mark.parametrize(
    ("stated", "at"),
    [
        (http_date("2018-01-02T03:04:05Z"), "2018-01-02T03:04:05Z"),  # another capture was served
        ("Fri, 29 Sep 2017 09:02:03 +0800", AT),
        ("Fri, 29 Sep 2017 01:02:03 -0000", AT),
        ("not a time", AT),
        ("Fri, 29 Sep 9999999999 01:02:03 GMT", AT),
        ("", AT),
    ],
)
def test_the_time_is_the_one_that_the_answer_says(stated: str, at: str) -> None:
    assert captured(exchange(REPLAY, 200, ("Memento-Datetime", stated))).fetched_at == at


def test_validators_of_the_replay_are_none_of_the_capture() -> None:
    page = captured(exchange(REPLAY, 200, ("ETag", '"r"'), ("X-Archive-Orig-Server", "nginx")))
    assert page.validator("ETag") is None
    plain = captured(exchange(REPLAY, 200, ("ETag", '"as it was"')))
    assert plain.validator("ETag") == '"as it was"'


def test_the_query_belongs_to_the_captured_address() -> None:
    url = "http://127.0.0.1:8080/xinhua/20170929010203id_/http://js.news.cn/a.htm?x=1&y=2"
    page = captured(exchange(url))
    assert page.url == "http://js.news.cn/a.htm?x=1&y=2"
    assert page.archive == Archive("127.0.0.1:8080", url)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://web.archive.org/web/20170929010203/" + URL,  # rewritten
        "https://web.archive.org/web/2017id_/" + URL,
        "https://web.archive.org/cdx/search/cdx?url=/20170929010203id_/http://a/",
        "https://web.archive.org/web/20170929010203id_/ftp://a/",
    ],
)
def test_any_other_page_stays_what_it_is(url: str) -> None:
    page = exchange(url)
    assert captured(page) is page
    assert not may_hold_capture(url)


def test_a_time_that_is_none() -> None:
    with pytest.raises(DecodeError, match="names no moment"):
        captured(exchange("https://web.archive.org/web/20171399999999id_/" + URL))


def test_a_range() -> None:
    page = captured(of_range(MADE.record()))
    assert (page.url, page.fetched_at, page.status, page.body) == (URL, AT, 200, BODY)
    assert page.warc is POINTER
    assert page.archive == Archive("data.commoncrawl.org", FILE)
    assert page.validator("ETag") == '"as-captured"'
    assert may_hold_capture(FILE)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"WARC/1.0\r\nWARC-Type: response\r\n\r\n", "ends inside"),
        (b"WARC/1.0\r\nWARC-Type: request\r\nContent-Length: 2\r\n\r\nGE\r\n\r\n", "of type"),
        (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99\r\n\r\nHTTP", "ends inside"),
        (b"WARC/9\r\n\r\n", "no WARC record"),
        (b"WARC/1.0", "no WARC record"),
        (
            b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n\r\n\r\nWARC/1.0",
            "more than",
        ),
        (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n", "names no address"),
        (
            b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Truncated: time\r\nContent-Length: 0\r\n\r\n",
            "cut",
        ),
    ],
)
def test_a_range_that_holds_no_page(record: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        captured(of_range(record))


def test_a_whole_file_is_no_capture() -> None:
    page = replace(of_range(MADE.record()), status=200)
    assert captured(page) is page


def test_where_a_capture_is_replayed() -> None:
    assert replay_address("https://web.archive.org/web/", "20170929010203", URL) == REPLAY
