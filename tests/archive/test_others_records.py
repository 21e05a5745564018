"""Foreign responses are brought back to what the decoder reads, and only where it is plain."""

from __future__ import annotations

import gzip
import time

import pytest

from crawler.archive.decode import DecodeError, decode
from crawler.archive.others_records import as_stored, fetched_at

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
