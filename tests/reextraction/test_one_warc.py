"""What others' archives hold gives lines, or is counted and told; nothing is passed over."""

from __future__ import annotations

import base64
import gzip
import hashlib
from datetime import date
from typing import TYPE_CHECKING

import pytest
import zstandard

from crawler.archive.reader import read_records
from crawler.archive.wacz import warcs_in
from crawler.items import as_line
from crawler.reextraction.one_warc import Filter, Tally, reextract
from crawler.verification.jsonl_lines import verify_lines
from tests.archive.bytes_of import DATE, URL, record
from tests.processes import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "南通市的河道疏浚工程日前完工，沿岸居民出行更加方便。"
PAGE = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>河道疏浚完工-新华网</title>
</head><body><div class="h-title">河道疏浚完工</div><div class="h-info">
<span class="h-time"> 2017-09-28 09:10:11</span><em id="source">新华网</em></div>
<div id="p-detail"><p>{TEXT}</p><p>{TEXT * 3}</p></div></body></html>""".encode()
BARE = b"HTTP/1.1 200 OK\nContent-Type: text/html\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
ANSWER = OK + b"\r\n" + PAGE
LATER = "2022-06-07T08:09:10Z"
IDENTICAL = "WARC-Profile: http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
SHA1 = hashlib.sha1(PAGE).digest()
DIGEST = f"sha1:{base64.b32encode(SHA1).decode()}"


def info(**told: object) -> bytes:
    return record(
        b"software: other/1.0\r\n", kind="warcinfo", url=None, record_id="<urn:x:0>",
        content_type="application/warc-fields", **told,
    )  # fmt: skip


def response(block: bytes = ANSWER, **told: object) -> bytes:
    return record(block, **told)


def resource(body: bytes = PAGE, content_type: str = "text/html", **told: object) -> bytes:
    return record(body, kind="resource", content_type=content_type, **told)


def revisit(*extra: str, block: bytes = b"", **told: object) -> bytes:
    told = {"date": LATER, "record_id": "<urn:x:2>"} | told
    return record(block, kind="revisit", extra=extra, **told)


def at(date: str | None, **told: object) -> bytes:
    return response(date=date, **told)


BY_ID = "WARC-Refers-To: <urn:x:1>"
ORIGINAL = (f"WARC-Refers-To-Target-URI: {URL}", f"WARC-Refers-To-Date: {DATE}")
NO_MOMENT = "which names no moment"
ONCE = [DATE]
TWICE = [DATE, LATER]

CASES: dict[str, tuple[bytes, list[str], dict[str, int], str]] = {
    # what it is: the records, `fetched_at` of the lines, counts of what is none, what is told
    "line feeds throughout": (response(BARE + b"\n" + PAGE, nl=b"\n"), ONCE, {}, ""),
    "line feeds in the HTTP head": (response(BARE + b"\n" + PAGE), ONCE, {}, ""),
    "and chunked, though it is not": (
        response(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n" + PAGE), ONCE, {}, "",
    ),
    "coded, though it is not": (
        response(BARE + b"content-encoding: gzip\nContent-Length: 9\n\n" + PAGE), ONCE, {}, "",
    ),
    "chunked in capitals": (
        response(b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING : Chunked\r\n\r\n" + PAGE), ONCE, {}, "",
    ),
    "chunked and empty": (
        response(OK + b"Transfer-Encoding: chunked\r\n\r\n"), [], {"truncated": 1},
        "before its last chunk",
    ),
    "a year": (at("2021"), ["2021-01-01T00:00:00Z"], {}, ""),
    "a month": (at("2021-05"), ["2021-05-01T00:00:00Z"], {}, ""),
    "a day": (at("2021-05-06"), ["2021-05-06T00:00:00Z"], {}, ""),
    "an hour and a minute": (at("2021-05-06T07:08Z"), ["2021-05-06T07:08:00Z"], {}, ""),
    "nanoseconds": (at("2021-05-06T07:08:09.123456789Z"), ONCE, {}, ""),
    "small letters": (at("2021-05-06t07:08:09z"), ONCE, {}, ""),
    "no zone": (at("2021-05-06T07:08:09"), ONCE, {}, ""),
    "another zone": (at("2021-05-06T15:08:09+08:00"), ONCE, {}, ""),
    "fourteen digits": (at("20210506070809"), ONCE, {}, ""),
    "a leap second": (at("2016-12-31T23:59:60Z"), ["2016-12-31T23:59:59Z"], {}, ""),
    "no date": (at(None), [], {"damaged": 1}, NO_MOMENT),
    "a date in words": (at("Thu, 06 May 2021 07:08:09 GMT"), [], {"damaged": 1}, NO_MOMENT),
    "a thirteenth month": (at("2021-13-06T07:08:09Z"), [], {"damaged": 1}, NO_MOMENT),
    "before all time": (at("0001-01-01T00:00:00+14:00"), [], {"damaged": 1}, NO_MOMENT),
    "a resource": (resource(), ONCE, {}, ""),
    "a resource without type": (resource(content_type=""), ONCE, {}, ""),
    "a resource, compressed": (resource(gzip.compress(PAGE)), ONCE, {}, ""),
    "a resource that is a response": (
        resource(ANSWER, "application/http; msgtype=response"), ONCE, {}, "",
    ),
    "a resource that calls a response a page": (resource(ANSWER), ONCE, {}, ""),
    "a resource cut short": (
        resource(extra=["WARC-Truncated: length"]), [], {"truncated": 1}, "",
    ),
    "a conversion": (resource().replace(b"resource", b"conversion"), [], {"conversion": 1}, ""),
    "an unknown type": (resource().replace(b"resource", b"screenshot"), [],
                        {"unknown_record_type": 1}, ""),
    "segments": (
        response(extra=["WARC-Segment-Number: 1"])
        + record(PAGE, kind="continuation", extra=["WARC-Segment-Number: 2"]),
        [], {"truncated": 1, "continuation": 1}, "one segment of several",
    ),
    "cut short, and said": (response(extra=["WARC-Truncated: length"]), [], {"truncated": 1}, ""),
    "no HTTP": (response(PAGE), [], {"not_http": 1}, "HTTP head"),
    "an address in brackets": (response(url=f"<{URL}>"), ONCE, {}, ""),
    "requests first, and what stands beside": (
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request") + response()
        + record(b"via: x\r\n", kind="metadata", content_type="application/warc-fields"),
        ONCE, {}, "",
    ),
    "names and whois": (
        record(b"x. 1 IN A 127.0.0.1\n", url="dns:js.xinhuanet.com", content_type="text/dns")
        + resource(url="whois://whois.iana.org/news.cn") + resource(url="urn:thumbnail:" + URL)
        + response(), ONCE, {}, "",
    ),
    "a revisit by the id": (response() + revisit(IDENTICAL, BY_ID), TWICE, {}, ""),
    "by the id without brackets": (
        response(record_id="urn:x:1") + revisit(IDENTICAL, "WARC-Refers-To: urn:x:1"),
        TWICE, {}, "",
    ),
    "a record without id": (response(record_id=None), [], {"damaged": 1}, "no WARC-Record-ID"),
    "a digest without label": (
        response(extra=[f"WARC-Payload-Digest: {DIGEST[5:]}"])
        + revisit(IDENTICAL, f"WARC-Payload-Digest: {DIGEST[5:]}"), TWICE, {}, "",
    ),
    "without a profile": (response() + revisit(BY_ID), TWICE, {}, ""),
    "before its original": (revisit(IDENTICAL, BY_ID) + response(), TWICE, {}, ""),
    "by the digest alone": (
        response(extra=[f"WARC-Payload-Digest: {DIGEST}"])
        + revisit(IDENTICAL, f"WARC-Payload-Digest: {DIGEST}"), TWICE, {}, "",
    ),
    "by the digest in another form": (
        response(extra=[f"WARC-Payload-Digest: SHA-1:{DIGEST[5:].lower()}"])
        + revisit(IDENTICAL, f"WARC-Payload-Digest: sha1:{SHA1.hex()}"), TWICE, {}, "",
    ),
    "by address and time": (response() + revisit(IDENTICAL, *ORIGINAL), TWICE, {}, ""),
    "of a resource": (resource() + revisit(IDENTICAL, BY_ID), TWICE, {}, ""),
    "by nothing": (response() + revisit(IDENTICAL), ONCE, {"unresolved_revisit": 1}, ""),
    "by an id that two pages have": (
        response() + response(ANSWER.replace(b"09:10", b"09:11"), date="2021-06") +
        revisit(IDENTICAL, BY_ID), [DATE, "2021-06-01T00:00:00Z"], {"unresolved_revisit": 1}, "",
    ),
    "by an id that one page has twice": (
        response() + response(date="2021-06") + revisit(IDENTICAL, BY_ID),
        [DATE, "2021-06-01T00:00:00Z", LATER], {}, "",
    ),
    "without a date of its own": (
        response() + revisit(IDENTICAL, BY_ID, date=None), ONCE, {"damaged": 1}, NO_MOMENT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["plain", "members", "whole", "zstd"])
@pytest.mark.parametrize("name", CASES)
def test_what_others_archives_hold(name: str, form: str, tmp_path: Path) -> None:
    """And what `scrapy verify` says of the lines: each is what its records give."""
    data, dates, counts, told = CASES[name]
    path = tmp_path / ("x.warc.zst" if form == "zstd" else "x.warc")
    path.write_bytes(info() + data)
    if form == "whole":
        path.write_bytes(gzip.compress(path.read_bytes()))
    elif form != "plain":
        pack = gzip.compress if form == "members" else zstandard.compress
        path.write_bytes(
            b"".join(
                pack(path.read_bytes()[one.offset : one.offset + one.length])
                for one in read_records(path)
            )
        )
    tally = Tally()
    lines = [
        line
        for file, inner in warcs_in(path, tmp_path / "unpacked")
        for line in reextract(file, f"{path}{inner}", Filter(), tally)
    ]
    for line in lines:
        SCHEMA.validate(line)
    assert sorted(line["fetched_at"] for line in lines) == dates
    assert tally.counts == ({"records": len(dates)} if dates else {}) | counts
    assert all(TEXT in line["body"] and line["url"] == URL for line in lines)
    assert len(tally.problems) == bool(told), tally.problems
    assert all(told in problem for problem in tally.problems)
    output = tmp_path / "x.jsonl"
    output.write_bytes(b"".join(map(as_line, lines)))
    if lines:
        assert verify_lines(output, tmp_path / "data").findings == []


def test_other_addresses_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(info() + response(url="http://www.example.org/") * 2 + resource(url="urn:x"))
    tally = Tally()
    assert list(reextract(path, "x", Filter(), tally)) == []
    assert (tally.counts, tally.problems, tally.others) == ({}, [], 3)


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", gzip.compress(b"", mtime=0)], ids=["empty", "blank", "gzip"]
)
def test_a_file_without_a_record(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(data)
    tally = Tally()
    assert list(reextract(path, "x", Filter(), tally)) == []
    assert tally.problems == ["x at 0: there is no record"]


JS = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
HE = "http://www.he.xinhuanet.com/2017-09/28/c_1121738858.htm"
LATE = "2017-09-28T15:59:59Z"
NEXT_DAY = "2017-09-28T16:00:00Z"
DAY = date(2017, 9, 28)


@pytest.mark.parametrize(
    ("wanted", "url", "at", "result"),
    [
        (Filter(), HE, None, True),
        (Filter(regions={"js"}), JS, LATE, True),
        (Filter(regions={"js"}), HE, LATE, False),
        (Filter(regions={"js"}), "http://www.example.org/", LATE, False),
        (Filter(hosts={"www.he.xinhuanet.com"}), HE, LATE, True),
        (Filter(hosts={"www.he.xinhuanet.com"}), JS, LATE, False),
        (Filter(until=DAY), JS, LATE, True),
        (Filter(until=DAY), JS, NEXT_DAY, False),
        (Filter(since=date(2017, 9, 29)), JS, NEXT_DAY, True),
        (Filter(since=date(2017, 9, 29)), JS, LATE, False),
        (Filter(since=DAY), JS, None, True),
        (Filter(since=DAY), JS, "no date", False),
    ],
)
def test_what_is_wanted(wanted: Filter, url: str, at: str | None, result: bool) -> None:
    assert wanted.wants(url, at) is result


def test_the_key_of_equal_filters_is_one() -> None:
    assert Filter(regions=["js", "he"]).key == Filter(regions=("he", "js")).key
    keys = {Filter(since=DAY).key, Filter(until=DAY).key, Filter().key, Filter(max_bytes=1).key}
    assert len(keys) == 4


def test_a_limit_of_size_leaves_nobody_out() -> None:
    assert not Filter(max_bytes=1).is_narrow
    assert Filter(hosts=["js.news.cn"]).is_narrow
