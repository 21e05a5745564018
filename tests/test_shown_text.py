"""Names of files of any bytes, secrets on command lines and in texts, columns of Chinese text."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.shown_text import (
    columns,
    masked,
    masked_command,
    padded,
    readings,
    shown,
    wrapped,
    written,
)


@pytest.mark.parametrize(
    ("name", "on_screen", "in_json"),
    [
        (b"plain.warc.gz", "plain.warc.gz", "plain.warc.gz"),
        ("江苏 100%.warc".encode(), "江苏 100%.warc", "江苏 100%.warc"),
        (b"\xbd\xad%41.warc", r"\xbd\xad%41.warc", "%BD%AD%2541.warc"),
        (b"two\nlines\x1b[31m", r"two\nlines\x1b[31m", "two\nlines\x1b[31m"),
        ("line\u2028end".encode(), r"line\u2028end", "line\u2028end"),
    ],
)
def test_a_name_is_one_line_and_can_be_written(name: bytes, on_screen: str, in_json: str) -> None:
    assert shown(os.fsdecode(name)) == on_screen
    assert written(os.fsdecode(name)) == in_json


@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name))
def test_what_is_written_can_be_read_again(name: bytes) -> None:
    text = written(os.fsdecode(name))
    assert text.encode()
    assert name in {os.fsencode(one) for one in readings(text)}
    assert "\n" not in shown(os.fsdecode(name))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["scrapy", "crawl", "xinhua"], "scrapy crawl xinhua"),
        (["-s", "PING_URL=https://hc.example/abc"], "-s 'PING_URL=***'"),
        (["-sWEBHOOK_URL=https://x.example/k?t=1"], "'-sWEBHOOK_URL=***'"),
        (["--set", "PING_URL=a\nb"], "--set 'PING_URL=***'"),
        (["-s", "LEDGER=postgresql+psycopg://me:pa%40ss@db/x"],
         "-s 'LEDGER=postgresql+psycopg://me:***@db/x'"),
        (["-s", "LEDGER=postgresql://me:pa/s s@db/x"], "-s 'LEDGER=postgresql://me:***@db/x'"),
        (["-s", "LEDGER=postgresql://db:5432/x"], "-s LEDGER=postgresql://db:5432/x"),
        (["-s", "CONTACT=archive@example.org"], "-s CONTACT=archive@example.org"),
        (["-a", "urls=http://js.news.cn/20240509/a:b@c.html"],
         "-a urls=http://js.news.cn/20240509/a:b@c.html"),
    ],
)  # fmt: skip
def test_a_command_line(words: list[str], shown: str) -> None:
    assert masked_command(words) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("proxy http://user:secret@127.0.0.1:3128 failed",
         "proxy http://user:***@127.0.0.1:3128 failed"),
        ("two: a://b:c@d e://:f@g", "two: a://b:***@d e://:***@g"),
        ("http://example.org:80/x@y", "http://example.org:80/x@y"),
        ("no address: 12:30@noon", "no address: 12:30@noon"),
    ],
)  # fmt: skip
def test_a_text(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_chinese_takes_two_columns() -> None:
    texts = ("", "js", "江苏", "（江）", "é", "e\u0301")
    assert [columns(text) for text in texts] == [0, 2, 4, 6, 1, 1]
    rows = [f"{padded(text, 5)}|" for text in ("js", "江苏", "江苏省")]
    assert rows == ["js   |", "江苏 |", "江苏省|"]


def test_words_are_put_on_lines_that_fit() -> None:
    address = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
    assert wrapped(f"江苏 ab cd {address} ef", "> ", "  ", 12) == [
        "> 江苏 ab cd", f"  {address}", "  ef"
    ]  # fmt: skip
    assert wrapped("one", "> ", "  ", 12) == ["> one"]
    assert wrapped("", "> ", "  ", 12) == ["> "]
