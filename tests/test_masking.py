"""Secrets on a command line and in texts."""

from __future__ import annotations

import pytest

from crawler.masking import masked, masked_command


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
