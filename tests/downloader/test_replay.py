"""Replay gives the pages that the crawl saw, from archives alone."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler

from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.context import attach
from crawler.downloader.failures import CaptureError, NotArchivedError
from crawler.downloader.replay import ReplayHandler, ReplayIndex
from crawler.storage import publish
from tests.archive.bytes_of import URL, record
from tests.archive.kinds import KINDS, MAXSIZE, TEXT, sized
from tests.archive.test_writer import MOMENT, exchange, writer
from tests.run_parts import facts

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.http import Response

    from tests.archive.crawled import Crawled


def replay(data_dir: Path, *warcs: Path) -> ReplayHandler:
    crawler = get_crawler(settings_dict={"DOWNLOAD_MAXSIZE": MAXSIZE})
    attach(crawler, facts(data_dir=data_dir), ReplayIndex.of(warcs))
    return ReplayHandler(crawler)


def ask(handler: ReplayHandler, request: Request) -> Response:
    return asyncio.run(handler.download_request(request))


def test_every_page_of_the_crawl_is_replayed(crawled: Crawled) -> None:
    handler = replay(crawled.data_dir, crawled.warc)
    asked = Counter(exchange.request.url for exchange in crawled.exchanges)
    replayed = 0
    for name, kind in KINDS.items():
        archived = crawled.of(name)[0][1]
        result: dict[str, Any] = crawled.results[name]
        is_once = kind.exchanges == 1 == asked[archived.request.url]
        is_page = result["error"] is None and is_once and kind.method == "GET"
        is_page = is_page and kind.status != 304
        if not is_page or archived.response is None or archived.response.kind != "response":
            continue
        request = Request(archived.request.url or "")
        response = ask(handler, request)
        page = request.meta["page"]
        assert base64.b64decode(result["body"]) == response.body == page.body
        assert type(response).__name__ == result["class"]
        assert [page.url, page.status, [list(h) for h in page.headers], page.fetched_at] == (
            result["page"]
        )
        assert page.warc.file == crawled.warc.relative_to(crawled.data_dir).as_posix()
        assert result["pointer"]["offset"] == page.warc.offset
        assert result["pointer"]["entity_sha256"] == page.warc.entity_sha256
        if kind.status != 204:
            assert read_page(crawled.data_dir, page.warc) == page
        replayed += 1
    assert replayed > 40


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.end != "page"])
def test_what_failed_live_fails_replayed(name: str, crawled: Crawled) -> None:
    archived = crawled.of(name)[-1][1]
    request = Request(archived.request.url or "")
    expected = CaptureError if archived.response else NotArchivedError
    with pytest.raises(expected):
        ask(replay(crawled.data_dir, crawled.warc), request)
    assert "page" not in request.meta


def test_the_latest_capture_answers_and_revisits_do_not_hide_it(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    same = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    for minute, answer in ((5, sized(body=b"newer")), (1, sized(body=b"older")), (6, same)):
        archive.write(exchange(answer, started_at=MOMENT.replace(minute=minute)))
    archive.close()
    warc = publish(archive.files[0])
    handler = replay(tmp_path / "elsewhere", warc)
    request = Request("http://js.news.cn/a#part")
    assert ask(handler, request).body == b"newer"
    assert request.meta["page"].warc.file == str(warc)
    with pytest.raises(NotArchivedError):
        ask(handler, Request("http://js.news.cn/other"))


def test_a_whole_page_is_preferred_to_a_later_error(tmp_path: Path) -> None:
    """What was withdrawn since, or failed once, is what an archive is asked for."""
    answers = [(b"HTTP/1.1 503 Busy", 1, None), (b"HTTP/1.1 200 OK", 2, None),
               (b"HTTP/1.1 200 OK", 3, "length"), (b"HTTP/1.1 404 Not Found", 4, None)]  # fmt: skip
    archive = writer(tmp_path)
    for status, minute, truncated in answers:
        block = status + b"\r\nContent-Length: 1\r\n\r\n%d" % minute
        moment = MOMENT.replace(minute=minute)
        archive.write(exchange(block, started_at=moment, truncated=truncated))
        if minute in (1, 4):
            archive.write(exchange(block, url="http://js.news.cn/b", started_at=moment))
    archive.close()
    handler = replay(tmp_path, publish(archive.files[0]))
    assert ask(handler, Request("http://js.news.cn/a")).body == b"2"
    assert ask(handler, Request("http://js.news.cn/b")).status == 404


def test_an_article_is_found_at_any_of_its_addresses(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    for host, tail in (
        ("a.js.news.cn", ""),
        ("www.js.xinhuanet.com", "?f=x"),
        ("a.js.news.cn", "_2"),
    ):
        name, _, query = f"c_1121738857{tail}".partition("?")
        url = f"http://{host}/2017-09/28/{name}.htm{'?' if query else ''}{query}"
        archive.write(exchange(sized(body=url.encode()), url=url))
    archive.close()
    handler = replay(tmp_path, publish(archive.files[0]))

    def body(url: str) -> bytes:
        return ask(handler, Request(url)).body

    own = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857"
    assert body(f"{own}.htm") == f"{own}.htm?f=x".encode()
    assert body(f"{own}_2.htm") == b"http://a.js.news.cn/2017-09/28/c_1121738857_2.htm"
    assert body("https://js.news.cn/2017-09/28/c_1121738857.htm").endswith(b"c_1121738857.htm")
    with pytest.raises(NotArchivedError):
        body(f"{own}_3.htm")


def test_foreign_and_damaged_archives(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    for number in range(3):
        archive.write(exchange(url=f"http://js.news.cn/{number}"))
    archive.close()
    data = publish(archive.files[0]).read_bytes()
    plain = tmp_path / "plain.warc"
    plain.write_bytes(gzip.decompress(data).replace(b"WARC-Payload-Digest", b"X-Other"))
    request = Request("http://js.news.cn/1")
    assert ask(replay(tmp_path, plain), request).body == TEXT
    whole = tmp_path / "whole.warc.gz"
    whole.write_bytes(gzip.compress(gzip.decompress(data)))
    with pytest.raises(WarcError, match="compressed as a whole"):
        replay(tmp_path, whole)
    torn = tmp_path / "torn.warc.gz"
    torn.write_bytes(data[:-900])
    assert len(ReplayIndex.of([torn])) == 2


def test_others_records_and_what_cannot_be_read(tmp_path: Path) -> None:
    """The latest page that can be read answers, by dates of any form; what can't be is told."""

    def answer(body: bytes, date: str, **told: Any) -> bytes:
        return record(b"HTTP/1.1 200 OK\r\n\r\n" + body, date=date, **told)

    other, list_page = URL.replace("857", "858"), "http://js.xinhuanet.com/list.htm"
    coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 99)[:-9]
    path = tmp_path / "x.warc"
    path.write_bytes(b"".join((
        answer(b"new", "2021-05-06T07:08:09"),
        answer(b"old", "2021-05"),
        record(b"a conversion", kind="conversion", date="2023"),
        record(coded, date="2022"),
        answer(b"cut short", "2022", extra=["WARC-Truncated: time"]),
        answer(b"of no time", "soon"),
        record(b"a resource", kind="resource", content_type="text/html", url=other),
        record(coded, url=list_page),
    )))  # fmt: skip
    index = ReplayIndex.of([path])
    assert [one.partition(f"{path} at ")[2].partition(": ")[2] for one in index.damage] == [
        "the compressed body is cut short", "WARC-Date is 'soon', which names no moment",
    ]  # fmt: skip
    handler = replay(tmp_path, path)
    assert ask(handler, Request(URL)).body == b"new"
    assert ask(handler, Request(other)).body == b"a resource"
    with pytest.raises(CaptureError):
        ask(handler, Request(list_page))
