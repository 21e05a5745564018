"""Answers that browsers read, from the first request to the proof of what came of them."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests import scrapy_process
from tests.archive.kinds import answer, chunked, sized
from tests.archive.origin import CLOSE, Origin
from tests.pages.samples import main_2017
from tests.processes import crawl, defects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.archive.origin import Step
    from tests.processes import Crawl

HOST = "www.js.xinhuanet.com"
_CHUNKED = "Transfer-Encoding: chunked"


def article(number: int) -> bytes:
    text = f"<p>　　第{number}号渡口的船工今天清早把新修的船推下了水。</p>" * 3
    return main_2017(text).encode()


def padded(body: bytes) -> bytes:
    return b" %X   \n%b\r\n000  \r\n" % (len(body), body)


ODD: tuple[tuple[Step, ...], ...] = (
    (sized("Content-Encoding: none", body=article(0)),),
    (answer("Content-Encoding: utf-8", _CHUNKED, _CHUNKED, body=chunked(article(1))),),
    (sized("Transfer-Encoding: identity", 'ETag: "版"', body=article(2)),),
    (answer(_CHUNKED, body=padded(article(3))), CLOSE),
    (sized("Content-Encoding: gzip", body=article(4), status="HTTP/1.1 200OK"),),
    (sized("Content-Encoding: text/html", body=gzip.compress(article(5))),),
    (answer(" X: folded", "no colon", "Content-Length: -1", body=article(6)), CLOSE),
    (sized("Transfer-Encoding: ", body=article(7)).replace(b"\r\n", b"\n", 5),),
)
# Their labels say what nobody undoes, and the bytes are no text; three in a row close no host.
UNREADABLE = (sized("Content-Encoding: compress", body=bytes(range(99))),)


def links() -> bytes:
    names = [f"c_11217388{number:02}.htm" for number in range(len(ODD) + 4)]
    hrefs = [f"\\2017-09\\28\\{name}" for name in names]
    hrefs += ["http://[/2017-09/28/c_1121738899.htm"]
    return "".join(f'<li><a href="{href}">船工下水</a></li>' for href in hrefs).encode()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    folder = tmp_path_factory.mktemp("odd")
    kinds: dict[str, tuple[Step, ...]] = {
        "robots.txt": (sized("Content-Encoding: none", body=b"User-agent: *\nDisallow: /no/\n"),),
        "yw.htm": (answer("Content-Encoding: UTF-8", _CHUNKED, body=padded(links())), CLOSE),
        "gone.htm": (sized(body=b"", status="HTTP/1.1 404 Not Found"),),
    }
    for number in range(len(ODD) + 4):
        kinds[f"c_11217388{number:02}.htm"] = ODD[number] if number < len(ODD) else UNREADABLE
    with Origin(kinds, folder) as origin:
        return crawl(
            "-a", f"lists=http://{HOST}/news/yw.htm",
            "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", "-s", "LOG_LEVEL=WARNING",
            data_dir=folder / "data", env={"http_proxy": f"http://127.0.0.1:{origin.port}"},
        )  # fmt: skip


def test_all_that_browsers_read_is_published(done: Crawl) -> None:
    assert done.report["outcomes"] == {"published": len(ODD), "damaged": 4}
    assert done.report["robots"] == {"requests": 1, "unreachable": 0}
    assert done.report["links_refused"] == 1
    said = [line["body"].partition("号")[0] for line in done.lines]
    assert sorted(said) == [f"第{number}" for number in range(len(ODD))]


def test_the_archive_proves_it(done: Crawl) -> None:
    assert defects(done.data_dir) == []


def test_the_archive_gives_the_same_again(done: Crawl, tmp_path: Path) -> None:
    (warc,) = done.data_dir.glob("warc/*/*/*.warc.gz")
    out = tmp_path / "again.jsonl"
    scrapy_process.run("reextract", warc, "-o", out, env=os.environ)
    again = {line["id"]: line for line in map(json.loads, out.read_text().splitlines())}
    assert again.keys() == {line["id"] for line in done.lines}
    for line in done.lines:
        for key in ("title", "body", "http", "encoding", "content_sha256"):
            assert again[line["id"]][key] == line[key]
