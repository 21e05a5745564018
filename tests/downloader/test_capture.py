"""The handler when something of ours fails, without a run, and over TLS it can't trust."""

from __future__ import annotations

import base64
import random
import socket
from pathlib import Path

import pytest
from scrapy import Request

from crawler.archive.reader import read_records
from crawler.archive.wire import parse_response_head
from crawler.downloader.capture import respond
from crawler.downloader.failures import ending_of
from crawler.downloader.pace import NotInTimeError
from crawler.items import Page
from crawler.outcomes import Outcome
from tests.archive.crawled import fetch, request_for, run_of
from tests.archive.kinds import KINDS, LONG, Kind, sized
from tests.archive.origin import Origin


@pytest.fixture
def kinds() -> dict[str, Kind]:
    noise = Kind((sized(body=random.Random(1).randbytes(40_000)),))
    return {name: KINDS[name] for name in ("gzip", "plain", "tls")} | {"noise": noise}


def test_without_a_run_pages_are_decoded_and_nothing_is_written(
    kinds: dict[str, Kind], tmp_path: Path
) -> None:
    with Origin({name: kind.steps for name, kind in kinds.items()}, tmp_path) as origin:
        requests = [request_for("gzip", kinds["gzip"], origin)]
        results = fetch(tmp_path, requests, data_dir="")
    assert base64.b64decode(results["gzip"]["body"]) == LONG
    assert results["gzip"]["pointer"] is None
    assert not (tmp_path / "warc").exists()


def test_a_full_disk_fails_the_request_and_stops_the_run(
    kinds: dict[str, Kind], tmp_path: Path
) -> None:
    with Origin({name: kind.steps for name, kind in kinds.items()}, tmp_path) as origin:
        names = ("plain", "noise")
        requests = [request_for(name, kinds[name], origin) for name in names]
        results = fetch(tmp_path, requests, file_limit=9000)
    assert results["plain"]["error"] is None
    assert results["noise"]["error"][0] == "StorageError"
    run = run_of(tmp_path)
    assert run["stops"] == ["storage"]
    assert "File too large" in run["storage_error"] or "bytes fitted" in run["storage_error"]
    records = list(read_records(Path(run["files"][0])))
    assert [record.kind for record in records] == ["warcinfo", "response", "request", "metadata"]


def test_a_run_that_can_not_go_on_waits_for_no_handshake(tmp_path: Path) -> None:
    """Nothing is sent, so nothing is lost; and it says nothing against the host."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}/"
        request = {"name": "held", "url": url, "method": "GET", "meta": {}, "pause": 0}
        result = fetch(tmp_path, [request], fails_after=0.3)["held"]
    assert result["error"][0] == "NotInTimeError"
    assert run_of(tmp_path)["files"] == []
    ending = ending_of(NotInTimeError(is_last=True), Request(url))
    assert (ending.outcome, ending.is_ours) == (Outcome.PENDING, True)


def test_a_bug_in_the_decoder_loses_no_bytes(kinds: dict[str, Kind], tmp_path: Path) -> None:
    with Origin({name: kind.steps for name, kind in kinds.items()}, tmp_path) as origin:
        requests = [request_for("plain", kinds["plain"], origin)]
        results = fetch(tmp_path, requests, broken_decoder=True)
    assert results["plain"]["error"][0] == "RuntimeError"
    _, response, _, _ = read_records(Path(run_of(tmp_path)["files"][0]))
    assert response.block == sized()


def test_a_certificate_we_cannot_trust_leaves_no_record(
    kinds: dict[str, Kind], tmp_path: Path
) -> None:
    with Origin({name: kind.steps for name, kind in kinds.items()}, tmp_path) as origin:
        results = fetch(tmp_path, [request_for("tls", kinds["tls"], origin)])
    assert "DownloadFailedError" in results["tls"]["error"]
    assert "certificate verify failed" in results["tls"]["message"]
    assert origin.log == []
    assert run_of(tmp_path)["files"] == []


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
