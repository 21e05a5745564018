"""Heads of WARC records, as any archive has them and as we write them."""

from __future__ import annotations

import pytest

from crawler.archive.record_heads import RecordHeadError, parse_head, parse_our_record

URI = "http://js.news.cn/a"


@pytest.mark.parametrize(
    ("raw", "version", "fields"),
    [
        (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {URI}\r\n\r\n".encode(),
            "1.1",
            (("WARC-Type", "response"), ("WARC-Target-URI", URI)),
        ),
        # bare line feeds, a draft's version, blanks after it
        (b"WARC/0.18 \nWARC-Type:request\n\n", "0.18", (("WARC-Type", "request"),)),
        # a folded line, and one without a colon
        (b"WARC/1.0\r\nX: a\r\n b\r\nodd\r\n\r\n", "1.0", (("X", "a b"),)),
        # what is no UTF-8 was asked for as it is
        (b"WARC/1.0\r\nX: /\xbd\xad\r\n\r\n", "1.0", (("X", "/%BD%AD"),)),
    ],
)
def test_a_head(raw: bytes, version: str, fields: tuple[tuple[str, str], ...]) -> None:
    head = parse_head(raw)
    assert (head.version, head.fields) == (version, fields)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"WARC/11\r\n\r\n"])
def test_no_head(raw: bytes) -> None:
    with pytest.raises(RecordHeadError):
        parse_head(raw)


@pytest.mark.parametrize(
    ("stated", "length"),
    [("0", 0), ("12", 12), ("-1", None), ("1e3", None), ("\u0661", None), ("9" * 19, None)],
)
def test_the_length(stated: str, length: int | None) -> None:
    assert parse_head(f"WARC/1.1\r\ncontent-LENGTH: {stated}\r\n\r\n".encode()).length == length


def test_a_head_without_type_and_length() -> None:
    head = parse_head(b"WARC/1.1\r\n\r\n")
    assert (head.kind, head.length, head.get("WARC-Date")) == ("", None, None)


def test_a_record_of_ours() -> None:
    head, rest = parse_our_record(b"WARC/1.1\r\nContent-Length: 2\r\n\r\nab\r\n\r\n")
    assert (head.version, head.length, rest) == ("1.1", 2, b"ab\r\n\r\n")


@pytest.mark.parametrize(
    "plain",
    [
        b"WARC/1.0\r\nContent-Length: 0\r\n\r\n",
        b"WARC/1.1 \r\nContent-Length: 0\r\n\r\n",
        b"WARC/1.1\nContent-Length: 0\n\n",
        b"WARC/1.1\r\nodd\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 0\r\n",
    ],
)
def test_what_we_never_write(plain: bytes) -> None:
    with pytest.raises(RecordHeadError):
        parse_our_record(plain)
