"""WARC files as other crawlers write them, made with warcio from pages of ours."""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawler.items import Page

    Headers = list[tuple[str, str]]

DATE = "2024-05-06T07:08:09Z"
LATER = "2025-06-07T08:09:10Z"
IDENTICAL = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.0/revisit/server-not-modified"
OTHER_URL = "http://www.example.org/2017-09/28/c_1121738857.htm"


def raw(url: str, block: bytes, *, kind: str = "response", length: int | None = None) -> bytes:
    """An uncompressed record as warcio would not write it."""
    size = len(block) if length is None else length
    return (
        b"WARC/1.0\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:x:1>\r\nWARC-Date: %s\r\n"
        b"WARC-Target-URI: %s\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n"
        % (kind.encode(), LATER.encode(), url.encode(), size, block)
    )


class _Writer(WARCWriter):
    """warcio's, with buffers that need no closing."""

    @staticmethod
    def _create_temp_file() -> BytesIO:
        return BytesIO()


@dataclass
class Sink:
    """A WARC in the making."""

    writer: WARCWriter
    out: BytesIO

    @classmethod
    def new(cls, *, compressed: bool = True, software: str = "other/1.0") -> Sink:
        out = BytesIO()
        writer = _Writer(out, gzip=compressed, warc_version="1.0")
        writer.write_record(writer.create_warcinfo_record("x.warc", {"software": software}))
        return cls(writer, out)

    def response(
        self, url: str, headers: Headers, body: bytes, *, status: str = "200 OK", date: str = DATE
    ) -> str:
        """Write one; its payload digest comes back."""
        record = self.writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            http_headers=StatusAndHeaders(status, headers, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": date},
        )
        self.writer.write_record(record)
        return str(record.rec_headers.get_header("WARC-Payload-Digest"))

    def revisit(
        self,
        url: str,
        digest: str,
        headers: Headers,
        *,
        date: str = LATER,
        of: str | None = None,
        profile: str = IDENTICAL,
    ) -> None:
        """Write one; of the response at that or another address, made on DATE."""
        warc_headers = {
            "WARC-Date": date,
            "WARC-Profile": profile,
            "WARC-Refers-To-Target-URI": of or url,
            "WARC-Refers-To-Date": DATE,
            "WARC-Payload-Digest": digest,
        }
        record = self.writer.create_warc_record(
            url,
            "revisit",
            http_headers=StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1"),
            warc_headers_dict=warc_headers,
        )
        self.writer.write_record(record)

    def bytes(self) -> bytes:
        return self.out.getvalue()


def type_of(page: Page) -> Headers:
    return [("Content-Type", page.header("Content-Type") or "text/html")]


def common_crawl(page: Page) -> bytes:
    """Decoded bodies; the headers as sent are kept under another name."""
    sink = Sink.new(software="Apache Nutch 1.19 (modified)")
    headers = [
        *type_of(page),
        ("X-Crawl-Content-Encoding", "gzip"),
        ("X-Crawl-Transfer-Encoding", "chunked"),
        ("X-Crawl-Content-Length", "777"),
        ("Content-Length", str(len(page.body))),
    ]
    sink.response(page.url, headers, page.body)
    return sink.bytes()


def wget(page: Page) -> bytes:
    """The wire's bytes, compressed and chunked; the address in angle brackets."""
    sink = Sink.new(software="Wget/1.21")
    packed = gzip.compress(page.body, mtime=0)
    half = len(packed) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (packed[:half], packed[half:], b""))
    headers = [*type_of(page), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
    sink.response(f"<{page.url}>", headers, chunks)
    return sink.bytes()


def undone(page: Page) -> bytes:
    """Headers as sent over a body that was de-chunked and decompressed."""
    sink = Sink.new(software="news-please")
    headers = [
        *type_of(page),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "777"),
        ("Transfer-Encoding", "chunked"),
    ]
    sink.response(page.url, headers, page.body)
    return sink.bytes()


def undone_brotli(page: Page) -> bytes:
    """A browser's: what was br on the wire is stored as the browser saw it."""
    sink = Sink.new(software="Browsertrix-Crawler 1.0")
    headers = [*type_of(page), ("content-encoding", "br"), ("content-length", "777")]
    sink.response(page.url, headers, page.body)
    return sink.bytes()


def uncompressed(page: Page) -> bytes:
    sink = Sink.new(compressed=False)
    sink.response(page.url, [*type_of(page), ("Content-Length", str(len(page.body)))], page.body)
    return sink.bytes()


def compressed_whole(page: Page) -> bytes:
    return gzip.compress(uncompressed(page), mtime=0)


def heritrix(page: Page) -> bytes:
    """HTTP/1.0 without a length, after dns: and robots records, fractions in the date."""
    sink = Sink.new(software="Heritrix/3.4.0")
    sink.writer.write_record(
        sink.writer.create_warc_record(
            "dns:" + page.url.split("/")[2],
            "response",
            payload=BytesIO(b"20240506070809\nx. 1 IN A 127.0.0.1\n"),
            warc_content_type="text/dns",
        )
    )
    sink.response(page.url, type_of(page), page.body, date="2024-05-06T07:08:09.123456Z")
    return sink.bytes()


STYLES: dict[str, Callable[[Page], bytes]] = {
    "common-crawl.warc.gz": common_crawl,
    "wget.warc.gz": wget,
    "undone.warc.gz": undone,
    "undone-br.warc.gz": undone_brotli,
    "uncompressed.warc": uncompressed,
    "whole.warc.gz": compressed_whole,
    "heritrix.warc.gz": heritrix,
}


def wacz(path: Path, page: Page, more: bytes = b"") -> None:
    """A package of two archives, and perhaps a third one."""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("datapackage.json", "{}")
        packed.writestr("indexes/index.cdx", "")
        packed.writestr("archive/data.warc.gz", common_crawl(page))
        packed.writestr("archive/../../two.warc.gz", wget(page))
        if more:
            packed.writestr("archive/more.warc.gz", more)


def noise(page: Page) -> bytes:
    """What is no article of ours: other hosts, look-alikes, other statuses, other records."""
    sink = Sink.new()
    alike = page.url.replace("xinhuanet.com", "djxinhuanet.com").replace("news.cn", "djnews.cn")
    for url in (OTHER_URL, alike, "urn:x", ""):
        sink.response(url, type_of(page), page.body)
    for status in ("404 Not Found", "301 Moved", "206 Partial Content"):
        sink.response(page.url, type_of(page), page.body, status=status)
    request = sink.writer.create_warc_record(
        page.url,
        "request",
        http_headers=StatusAndHeaders(f"GET {page.url} HTTP/1.1", [], is_http_request=True),
    )
    sink.writer.write_record(request)
    made_of_it = sink.writer.create_warc_record(page.url, "conversion", payload=BytesIO(page.body))
    sink.writer.write_record(made_of_it)
    return sink.bytes()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]
