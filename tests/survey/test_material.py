"""What a survey's archives hold, also where nobody has a parser for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.survey.material import gather
from tests.archive.test_writer import exchange, writer

if TYPE_CHECKING:
    from pathlib import Path

HOST = "http://www.js.news.cn"
LINKED = f"{HOST}/20260801/0123456789abcdef0123456789abcdef/c.html"
FRONT = f"""<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>
<body><a href="{LINKED}">江边的桥通车了</a> 2026-08-01
<a href="/20260801/strange-name.html">x</a>
<div data="datasource:{"a" * 32}" datatype="special"></div>
<script>load("/api/list?x=1"); load("https://elsewhere.example/api/x.json");</script></body></html>"""
ROBOTS = "User-agent: *\nDisallow: /no\nSitemap: http://www.js.news.cn/sitemap.xml\n"


def answer(body: str, kind: str = "text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    raw = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


def test_a_site_with_all_kinds_of_things(tmp_path: Path) -> None:
    row = {"publishUrl": LINKED, "title": "江边的桥", "publishTime": "2026-08-02"}
    rows = {"datasource": [row]}
    answers = {
        f"{HOST}/robots.txt": answer(ROBOTS, "text/plain"),
        f"{HOST}/index.htm": answer(FRONT),
        f"{HOST}/ds_{'b' * 32}.json": answer(json.dumps(rows), "application/json"),
        f"{HOST}/ds_{'c' * 32}.json": answer("<p>no data", "application/json"),
        f"{HOST}/old/index.htm": answer("", status="404 Not Found"),
        LINKED: answer("<title>江边的桥通车了-新华网</title>"),
        LINKED.replace("0123", "4567"): answer("", status="404 Not Found"),
        f"{HOST}/broken": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    }  # fmt: skip
    archive = writer(tmp_path)
    for url, sent in answers.items():
        archive.write(
            exchange(sent, url=url, **({"truncated": "disconnect"} if "broken" in url else {}))
        )
    archive.close()
    torn = tmp_path / "torn.warc.gz"
    torn.write_bytes(archive.files[0].read_bytes()[:-40])

    found = gather([*archive.files, torn])

    assert {one.url.rpartition("/")[2]: one.kind for one in found.sources.values()} == {
        "index.htm": "root", f"ds_{'b' * 32}.json": "datasource",
        f"ds_{'c' * 32}.json": "unknown",
    }  # fmt: skip
    assert "not JSON" in (found.sources[f"{HOST}/ds_{'c' * 32}.json"].why or "")
    (article,) = found.articles.values()
    assert article.url == LINKED
    assert article.headlines == ["江边的桥通车了", "江边的桥"]
    assert [str(day) for day in article.days] == ["2026-08-01", "2026-08-02"]
    assert b"title" in article.place.page().body
    foreign = {kind: list(examples) for kind, examples in found.foreign.items()}
    assert foreign == {
        "sitemaps": [f"{HOST}/sitemap.xml"],
        "feeds": [f"{HOST}/feed.xml"],
        "data files": ["datatype special"],
        "addresses in a day's folder": [f"{HOST}/20260801/strange-name.html"],
        "addresses that look like data": [f"{HOST}/api/list?x=1"],
        "answers that can't be read": [f"{HOST}/broken"],
    }
    assert found.statuses["www.js.news.cn"][404] == 4
    (damage,) = found.damage
    assert damage.startswith("torn.warc.gz at ")
    assert str(tmp_path) not in damage
