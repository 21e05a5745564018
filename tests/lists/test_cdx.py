"""What answers of CDX servers are taken to say, and what is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.lists import cdx
from crawler.lists.cdx import CdxError, Window

URL = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
AT = datetime(2017, 9, 29, 1, 2, 3, tzinfo=UTC)
KEY = "com,xinhuanet,js)/2017-09/28/c_1121738857.htm"
STAMP = "20170929010203"
NAMES = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
ROW = [KEY, STAMP, URL, "text/html", "200", "DIGEST", "456"]
PYWB = {
    "urlkey": KEY, "timestamp": STAMP, "url": URL, "mime": "text/html", "status": "200",
    "digest": "DIGEST", "length": "456", "offset": "123", "filename": "made.warc.gz",
}  # fmt: skip
_CDXJ = {"url": URL, "status": "200", "digest": "DIGEST"}
FILE = "crawl-data/CC-MAIN-2017-39/segments/1/warc/a.warc.gz"


@pytest.mark.parametrize(
    ("body", "place", "resume_key"),
    [
        (json.dumps([NAMES, ROW]), None, None),
        (json.dumps([ROW]), None, None),
        (json.dumps([NAMES, ROW, [], ["com%2Cx%29%2F+2017%21"]]), None, "com,x)/ 2017!"),
        (json.dumps([PYWB]), ("made.warc.gz", 123, 456), None),
        (json.dumps(PYWB) + "\n", ("made.warc.gz", 123, 456), None),
        (json.dumps(PYWB | {"offset": 123, "length": 456}), ("made.warc.gz", 123, 456), None),
        (f"{KEY} {STAMP} {json.dumps(_CDXJ)}", None, None),
        (" ".join(ROW), None, None),
        (" ".join(ROW) + "\n\ncom%2Cx%29%2F+2017\n", None, "com,x)/ 2017"),
        (" ".join([*ROW[:6], *"--", "456", "123", "a.gz"]), ("a.gz", 123, 456), None),
        ("\ufeff" + json.dumps(PYWB | {"length": "0"}), None, None),
        (json.dumps(PYWB | {"filename": "x" * 2000}), None, None),
        (json.dumps(PYWB) + "\nnonsense\n<b>\n{\n", ("made.warc.gz", 123, 456), None),
    ],
)  # fmt: skip
def test_a_capture(body: str, place: object, resume_key: str | None) -> None:
    answer = cdx.read_captures(body.encode())
    (capture,) = answer.captures
    assert (capture.url, capture.at, capture.status, capture.digest) == (URL, AT, "200", "DIGEST")
    assert capture.place == place
    assert answer.resume_key == resume_key
    assert answer.lines == 1 + answer.unread


@pytest.mark.parametrize("body", [b"", b"\n", b"[]", json.dumps([NAMES]).encode()])
def test_nothing(body: bytes) -> None:
    assert cdx.read_captures(body) == cdx.CdxAnswer(is_array=body.startswith(b"["))


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>please wait</body></html>",
        b'{"message": "try again"}',
        b"[" * 200_000,
        b'[["urlkey", "timestamp"',
        b"\x00\xff\x1f\x8b",
        b"[1, 2, 3]",
        b'[[1, 2], "a", null]',
        json.dumps(PYWB | {"timestamp": "20171399999999"}).encode(),
        json.dumps(PYWB | {"timestamp": "2017"}).encode(),
        json.dumps(PYWB | {"url": ["a"]}).encode(),
    ],
)
def test_nonsense_is_told(body: bytes) -> None:
    with pytest.raises(CdxError, match=r"broken JSON|not the answer"):
        cdx.read_captures(body)


def test_lines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdx, "MOST_LINES", 3)
    line = json.dumps(PYWB).encode() + b"\n"
    assert len(cdx.read_captures(line * 10).captures) == 3
    assert cdx.read_captures(line + b"{" + b" " * 100_000 + b"}\n").unread == 1


def test_no_captures_may_be_told_by_a_404() -> None:
    said = b'{"message": "No Captures found for: x"}'
    assert cdx.is_nothing(404, said)
    assert not cdx.is_nothing(200, said)
    assert not cdx.is_nothing(404, b"no such collection")


def test_a_query() -> None:
    window = cdx.whole_window(AT, AT + timedelta(days=1))
    asked = cdx.query(
        "http://h/x/cdx?k=v", "js.news.cn/", "prefix", window, limit=7, resume_key="a b"
    )
    parts = urlsplit(asked)
    assert (parts.netloc, parts.path) == ("h", "/x/cdx")
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "k": "v", "url": "js.news.cn/", "matchType": "prefix", "output": "json", "limit": "7",
        "filter": "statuscode:200", "from": STAMP, "to": "20170930010203",
        "showResumeKey": "true", "resumeKey": "a b",
    }  # fmt: skip


def test_windows_are_halved_down_to_a_second() -> None:
    todo, seconds = [Window(AT, AT + timedelta(seconds=9))], []
    while todo:
        window = todo.pop()
        halves = window.halves()
        if halves:
            todo += halves
        else:
            seconds.append(window.begin)
    assert sorted(seconds) == [AT + timedelta(seconds=number) for number in range(10)]


@pytest.mark.parametrize(
    ("index", "replay", "data"),
    [
        ("https://web.archive.org/cdx/search/cdx", "https://web.archive.org/web/", "https://web.archive.org/"),
        ("http://127.0.0.1:8080/xinhua/cdx", "http://127.0.0.1:8080/xinhua/", "http://127.0.0.1:8080/"),
        ("https://arquivo.pt/wayback/cdx", "https://arquivo.pt/wayback/", "https://arquivo.pt/"),
        ("http://h/all/timemap/cdx", "http://h/all/", "http://h/"),
        ("http://h/x-cdx", "http://h/x/", "http://h/"),
        ("https://index.commoncrawl.org/CC-MAIN-2017-39-index",
         "https://index.commoncrawl.org/CC-MAIN-2017-39/", "https://data.commoncrawl.org/"),
    ],
)  # fmt: skip
def test_where_captures_are(index: str, replay: str, data: str) -> None:
    assert (cdx.replay_of(index), cdx.data_of(index)) == (replay, data)


def test_whose_files_can_be_had() -> None:
    assert cdx.has_files("https://index.commoncrawl.org/CC-MAIN-2017-39-index")
    assert not cdx.has_files("http://127.0.0.1:8080/xinhua-index")


@pytest.mark.parametrize(
    ("name", "is_given", "address"),
    [
        (FILE, False, f"https://d/{FILE}"),
        ("made.warc.gz", False, None),
        ("made.warc.gz", True, "https://d/made.warc.gz"),
        ("crawl-data/../../etc/passwd", True, None),
        ("https://other/a.warc.gz", False, "https://other/a.warc.gz"),
        ("file:///etc/passwd", False, None),
    ],
)
def test_where_a_file_is(name: str, is_given: bool, address: str | None) -> None:
    assert cdx.file_address(name, "https://d/", is_given=is_given) == address
