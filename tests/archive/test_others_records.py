"""Foreign responses are brought back to what the decoder reads, only where it is plain; revisits
are of the response that they name."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.archive.decode import DecodeError, decode
from crawler.archive.others_records import (
    as_stored,
    fetched_at,
    holds_page,
    names_of,
    others_revisit,
)
from crawler.archive.reader import Record
from crawler.archive.records import digest
from crawler.items import Page, WarcPointer

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = b"<html><body>%s</body></html>" % (b"text " * 200)
PACKED = gzip.compress(PAGE, mtime=0)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PACKED), PACKED)
GZIP, PIECES = b"Content-Encoding: gzip\r\n", b"transfer-encoding:chunked\r\n"
SHORT = b"Content-Length: 777\r\n"

READ: dict[str, tuple[bytes, bytes, bytes]] = {
    "as on the wire": (b"HTTP/1.1 200 OK", GZIP + PIECES, CHUNKED),
    "de-chunked": (b"HTTP/1.1 200 OK", GZIP + PIECES, PACKED),
    "decompressed": (b"HTTP/1.1 200 OK", GZIP + SHORT, PAGE),
    "both": (b"HTTP/1.1 200 OK", PIECES + GZIP, PAGE),
    "the old length of what was decompressed": (b"HTTP/1.1 200 OK", SHORT, PAGE),
    "bytes after what is compressed": (
        b"HTTP/1.1 200 OK", GZIP + b"Content-Length: %d\r\n" % len(PACKED), PACKED + b"\r\n",
    ),
    "no length at all": (b"HTTP/1.1 200 OK", b"Content-Length: many\r\n", PAGE),
    "HTTP/2 without reason": (b"HTTP/2 200", b"", PAGE),
    "HTTP/3 with a blank": (b"HTTP/3 200 ", b"Via: HTTP/2 x\r\n", PAGE),
    "HTTP/2.0": (b"HTTP/2.0 200 OK", b"", PAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_the_page_is_read(name: str) -> None:
    status, headers, body = READ[name]
    decoded = decode(as_stored(status + b"\r\n" + headers + b"\r\n" + body))
    assert (decoded.status, decoded.body) == (200, PAGE)


REFUSED: dict[str, tuple[bytes, bytes, str]] = {
    "cut short": (b"Content-Length: 9999999\r\n", PAGE, "truncated"),
    "damaged compression": (GZIP, PACKED[:-9], "truncated"),
    "br": (b"Content-Encoding: br\r\n", b"\x8b\x00\x80", "truncated"),
    "zstd": (b"Content-Encoding: zstd\r\n", b"\x28\xb5\x2f\xfd", "truncated"),
    "compress": (b"Content-Encoding: compress\r\n", b"\x1f\x9d\x90", "unsupported"),
    "chunks cut short": (PIECES, b"ff\r\n<html>", "truncated"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_guessed(name: str) -> None:
    headers, body, kind = REFUSED[name]
    with pytest.raises(DecodeError) as caught:
        decode(as_stored(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body))
    assert caught.value.kind == kind


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/St_Johns"])
def test_a_date_is_the_same_on_every_machine(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for date in ("2021-05-06T07:08:09", "2021-05-06 07:08:09", "2021-05-06T07:08:09.9"):
            assert fetched_at(date) == "2021-05-06T07:08:09Z"
        assert fetched_at("2021") == "2021-01-01T00:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "date", ["", "21", "2021-5", "2021-05-06T", "2021-02-30", "2021-05-06T25:00Z", "２０２１",
             "now", "2021-05-06T07:08:09+99:99", "2021-05-06T07:08:09.1234567890Z"],
)  # fmt: skip
def test_what_names_no_moment(date: str) -> None:
    assert fetched_at(date) is None


URL, DATE, AT = "http://js.news.cn/a", "2021-05-06T07:08:09Z", "2021-05-06T07:08:09Z"
ID = "<urn:uuid:00000000-0000-0000-0000-000000000001>"
OF_NOTHING = digest(b"")
SAME = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


def revisit(headers: Mapping[str, str], block: bytes = b"", date: str = DATE) -> Record:
    told = tuple(headers.items())
    return Record(Path("x.warc"), 0, 9, "revisit", "<urn:x>", date, URL, told, block, "1.1")


def page(body: bytes = b"ferry", url: str = URL) -> Page:
    pointer = WarcPointer(
        file="x.warc.gz",
        offset=0,
        length=9,
        record_id=ID,
        payload_digest=digest(body),
        entity_sha256="",
    )
    return Page(url, 200, (), body, AT, pointer)


@pytest.mark.parametrize(
    ("headers", "is_meant"),
    [
        ({"WARC-Payload-Digest": digest(b"ferry")}, True),
        ({"WARC-Payload-Digest": digest(b"other")}, False),
        # nothing is the same as any other nothing
        ({"WARC-Payload-Digest": OF_NOTHING}, False),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": DATE}, True),
        ({"WARC-Refers-To-Target-URI": f"<{URL}>", "WARC-Refers-To-Date": "20210506070809"}, True),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": "2021-05-06T07:08:08Z"}, False),
        ({"WARC-Refers-To-Target-URI": URL}, False),
        ({"WARC-Refers-To-Date": DATE}, False),
        ({"WARC-Refers-To": ID}, True),
        ({"WARC-Refers-To": ID.strip("<>")}, True),
        ({"WARC-Refers-To": "<urn:uuid:2>"}, False),
        ({}, False),
    ],
)
def test_what_it_repeats(headers: dict[str, str], is_meant: bool) -> None:
    repeated = others_revisit(revisit({"WARC-Profile": SAME} | headers), is_ours=False)
    assert repeated is not None
    assert (repeated.url, repeated.date) == (URL, AT)
    assert repeated.repeats(names_of(page())) is is_meant


def test_a_page_without_record_or_body_has_no_such_names() -> None:
    assert names_of(page(b""))[0] == ""
    assert names_of(Page(URL, 200, (), b"ferry", AT, None)) == ("", f"{URL} {AT}", "")


@pytest.mark.parametrize(
    ("profile", "date", "is_ours"),
    [
        (SAME, DATE, True),
        (SAME, "some day", False),
        ("http://netpreserve.org/warc/1.0/revisit/server-not-modified", DATE, False),
        ("http://netpreserve.org/warc/1.1/revisit/server-not-modified", DATE, False),
    ],
)
def test_what_repeats_nothing(profile: str, date: str, is_ours: bool) -> None:
    assert others_revisit(revisit({"WARC-Profile": profile}, date=date), is_ours=is_ours) is None


@pytest.mark.parametrize(
    ("block", "is_whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nferry", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", False),
        (b"", False),
        (b"no answer", False),
    ],
)
def test_whether_it_has_its_body_all_the_same(block: bytes, is_whole: bool) -> None:
    assert holds_page(revisit({}, block)) is is_whole
