"""Web archives on loopback: captures a test makes, in a real pywb, and a server that plays others.

The server imports nothing of the crawler: it answers queries of a CDX server as the Wayback Machine
or Common Crawl do, replays captures unchanged, and gives ranges of a WARC file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cdxj_indexer.main import CDXJIndexer

from tests.archive.wayback import wayback
from tests.reextraction.foreign import Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

HOST = "http://www.js.xinhuanet.com"
ETAG = '"as-captured"'
TITLE = "云溪河两岸新添千亩林"
MODIFIED = "Thu, 28 Sep 2017 03:00:00 GMT"


def address(number: int, day: str = "2017-09/28") -> str:
    """The address of an article."""
    return f"{HOST}/{day}/c_1121{number:06}.htm"


def article(text: str, *, pager: str = "") -> bytes:
    """A page of the regional channels' template of 2014."""
    return (
        f'<html><head><meta charset="utf-8"><title>{TITLE}</title></head><body>'
        f'<div id="article"><h1 id="title">{TITLE}</h1><div class="info">'
        '<span class="time">2017-09-28 08:30</span> 来源：<em id="source">云溪日报</em></div>'
        f"<p>　　{text}</p><p>　　第二段没有变化，仍旧记着两岸的树与人家。</p>{pager}"
        "<p>责任编辑：喆镕</p></div></body></html>"
    ).encode()


@dataclass(frozen=True)
class Made:
    """A capture as a web archive holds it; `at` is a WARC-Date."""

    url: str
    at: str
    body: bytes
    status: str = "200 OK"

    @property
    def timestamp(self) -> str:
        return "".join(letter for letter in self.at if letter.isdigit())

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [
            ("Content-Type", "text/html; charset=utf-8"),
            ("ETag", ETAG),
            ("Last-Modified", MODIFIED),
            ("Content-Length", str(len(self.body))),
        ]

    @property
    def digest(self) -> str:
        return base64.b32encode(hashlib.sha1(self.body).digest()).decode()

    @cache  # noqa: B019 - another record would have another id
    def record(self) -> bytes:
        """The gzip member of its WARC record."""
        sink = Sink.new()
        start = len(sink.bytes())
        sink.response(self.url, self.headers, self.body, status=self.status, date=self.at)
        return sink.bytes()[start:]


@contextmanager
def pywb(folder: Path, captures: Sequence[Made]) -> Iterator[str]:
    """A real pywb that holds the captures; the address of its CDX server."""
    month = folder / "data" / "warc" / "2017" / "09"
    month.mkdir(parents=True)
    sink = Sink.new()
    for one in captures:
        sink.response(one.url, one.headers, one.body, status=one.status, date=one.at)
    warc = month / "made.warc.gz"
    warc.write_bytes(sink.bytes())
    CDXJIndexer(str(month / "made.cdxj"), [str(warc)], sort=True).process_all()
    with wayback(folder) as running:
        yield f"http://127.0.0.1:{running.port}/xinhua/cdx"


@dataclass
class Played:
    """A server that plays a web archive. `captures` are what it holds; `index` answers in place of
    its CDX server, `robots` is its robots.txt; `per_page` of its captures stand on a page of a
    compressed index; `asked` are the targets of the requests it got, with
    their Range."""

    kind: str = "wayback"
    captures: list[Made] = field(default_factory=list)
    robots: str | None = None
    per_page: int = 0
    index: Callable[[dict[str, str]], tuple[int, bytes]] | None = None
    replayed: Callable[[Made], tuple[int, list[tuple[str, str]], bytes]] | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """The address of its CDX server."""
        path = {"wayback": "cdx/search/cdx", "common_crawl": "CC-MAIN-2017-39-index"}[self.kind]
        return f"http://127.0.0.1:{self.port}/{path}"

    def paths(self, part: str) -> list[str]:
        """The targets asked for that contain `part`."""
        return [target for target, _ in self.asked if part in target]

    def listed(self, query: dict[str, str]) -> list[Made]:
        """The captures of a query, in the order of an index."""

        def key(url: str) -> str:
            return url.partition("://")[2].removeprefix("www.")

        wanted = key(query["url"]) if "://" in query["url"] else query["url"].removeprefix("www.")
        found = [
            one
            for one in self.captures
            if (
                key(one.url) == wanted
                if query["matchType"] == "exact"
                else key(one.url).startswith(wanted)
            )
            and query["from"] <= one.timestamp <= query["to"]
            and one.status.startswith("200")
        ]
        return sorted(found, key=lambda one: (key(one.url), one.timestamp))

    def file(self) -> tuple[bytes, dict[str, tuple[int, int]]]:
        """The WARC file of its captures, and where each stands in it."""
        data, places = b"", {}
        for one in self.captures:
            record = one.record()
            places[one.url + one.timestamp] = (len(data), len(record))
            data += record
        return data, places

    def answer(self, target: str, span: str | None) -> tuple[int, list[tuple[str, str]], bytes]:
        self.asked.append((target, span))
        parts = urlsplit(target)
        if parts.path == "/robots.txt":
            found = self.robots is not None
            return (200 if found else 404), [], (self.robots or "").encode()
        if target.startswith(urlsplit(self.url).path):
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, body = (self.index or self._index)(query)
            return status, [("Content-Type", "application/json")], body
        if parts.path.startswith("/crawl-data/"):
            return self._range(span)
        return self._replay(target)

    def _index(self, query: dict[str, str]) -> tuple[int, bytes]:
        return getattr(self, f"_{self.kind}")(query)  # type: ignore[no-any-return]

    def _wayback(self, query: dict[str, str]) -> tuple[int, bytes]:
        """A JSON array; with a resume key where there is more."""
        found = self.listed(query)
        start, limit = int(query.get("resumeKey", "0")), int(query["limit"])
        names = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
        rows: list[Any] = [
            ["com,xinhuanet,js)/", one.timestamp, one.url, "text/html", "200", one.digest, "999"]
            for one in found[start : start + limit]
        ]
        if start + limit < len(found):
            rows += [[], [str(start + limit)]]
        return 200, json.dumps([names, *rows] if rows else []).encode()

    def _common_crawl(self, query: dict[str, str]) -> tuple[int, bytes]:
        """JSON lines with the place of each record; 404 where there is none."""
        _, places = self.file()
        found = self.listed(query)
        if self.per_page:
            start = int(query.get("page", "0")) * self.per_page
            if start and start >= len(found):
                return 400, b'{"message": "Page 2 invalid: First Page is 0, Last Page is 1"}'
            found = found[start : start + self.per_page]
        found = found[: int(query["limit"])]
        rows = [
            {
                "urlkey": "com,xinhuanet,js)/", "timestamp": one.timestamp, "url": one.url,
                "mime": "text/html", "mime-detected": "text/html", "status": "200",
                "digest": one.digest, "offset": str(places[one.url + one.timestamp][0]),
                "length": str(places[one.url + one.timestamp][1]),
                "filename": "crawl-data/CC-MAIN-2017-39/segments/1/warc/CC-MAIN-1.warc.gz",
            }
            for one in found
        ]  # fmt: skip
        if not rows:
            return 404, b'{"message": "No Captures found for: ' + query["url"].encode() + b'"}'
        return 200, b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    def _range(self, span: str | None) -> tuple[int, list[tuple[str, str]], bytes]:
        data, _ = self.file()
        if span is None:
            return 200, [], data
        first, _, last = span.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1]
        told = f"bytes {first}-{last}/{len(data)}"
        headers = [("Content-Range", told), ("Content-Type", "application/octet-stream")]
        return 206, headers, part

    def _replay(self, target: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """A capture as the Wayback Machine replays it: its own headers under another name."""
        found = next(
            (one for one in self.captures if f"/web/{one.timestamp}id_/{one.url}" == target), None
        )
        if found is None:
            return 404, [], b"not in the archive"
        if self.replayed is not None:
            return self.replayed(found)
        headers = [(f"X-Archive-Orig-{name}", value) for name, value in found.headers]
        headers += [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Memento-Datetime", http_date(found.at)),
            ("ETag", '"of-the-replay"'),
        ]
        return int(found.status.split()[0]), headers, found.body


def http_date(at: str) -> str:
    """A WARC-Date as HTTP writes times."""
    return format_datetime(datetime.fromisoformat(at), usegmt=True)


@contextmanager
def played(archive: Played) -> Iterator[Played]:
    """The server while it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = archive.answer(self.path, self.headers.get("Range"))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep stderr for the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    archive.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
