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

from crawler.archive.errors import CaptureError, NotArchivedError
from crawler.archive.reader import WarcError, read_page
from crawler.archive.replay import ReplayHandler, ReplayIndex
from crawler.durable import publish
from tests.archive.kinds import KINDS, MAXSIZE, TEXT, sized
from tests.archive.test_writer import MOMENT, exchange, writer

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.http import Response

    from tests.archive.conftest import Crawled


def replay(data_dir: Path, *warcs: Path) -> ReplayHandler:
    settings = {
        "REPLAY_WARCS": [str(path) for path in warcs],
        "DATA_DIR": str(data_dir),
        "DOWNLOAD_MAXSIZE": MAXSIZE,
    }
    return ReplayHandler(get_crawler(settings_dict=settings))


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
        ask(replay(tmp_path, whole), request)
    torn = tmp_path / "torn.warc.gz"
    torn.write_bytes(data[:-900])
    assert len(ReplayIndex.of([torn])) == 2
