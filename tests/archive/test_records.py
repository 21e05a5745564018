"""Records as bytes: one gzip member each, as another reader has them; heads of any archive; digests
as archives write them."""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.archive.records import (
    RecordHeadError,
    digest,
    digest_key,
    is_digest_of,
    new_id,
    parse_head,
    parse_our_record,
    record,
    uri,
    warc_fields,
)


def test_a_record_as_warcio_reads_it() -> None:
    record_id, block = new_id(), b"software: x\r\n"
    fields = [("Content-Type", "application/warc-fields"), ("WARC-Filename", None)]
    data = record("warcinfo", record_id, "2026-01-01T00:00:00Z", fields, block)
    archive = ArchiveIterator(BytesIO(data), check_digests="raise")
    one = next(archive)
    headers = one.rec_headers
    assert (one.rec_type, headers.get_header("WARC-Record-ID")) == ("warcinfo", record_id)
    assert headers.get_header("WARC-Filename") is None
    assert one.content_stream().read() == block
    assert list(archive) == []


def test_ids_differ_and_no_value_breaks_its_head() -> None:
    assert new_id() != new_id()
    assert uri("http://a/b c\r\nX: y") == "http://a/b%20c%0D%0AX:%20y"
    assert warc_fields({"a": "one\r\ntwo", "b": "three"}) == b"a: one two\r\nb: three\r\n"


URI = "http://js.news.cn/a"


@pytest.mark.parametrize(
    ("raw", "version", "fields"),
    [
        (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {URI}\r\n\r\n".encode(),
            "1.1",
            (("WARC-Type", "response"), ("WARC-Target-URI", URI)),
        ),
        # bare line feeds, a draft's version, blanks after it
        (b"WARC/0.18 \nWARC-Type:request\n\n", "0.18", (("WARC-Type", "request"),)),
        # a folded line, and one without a colon
        (b"WARC/1.0\r\nX: a\r\n b\r\nodd\r\n\r\n", "1.0", (("X", "a b"),)),
        # what is no UTF-8 was asked for as it is
        (b"WARC/1.0\r\nX: /\xbd\xad\r\n\r\n", "1.0", (("X", "/%BD%AD"),)),
    ],
)
def test_a_head(raw: bytes, version: str, fields: tuple[tuple[str, str], ...]) -> None:
    head = parse_head(raw)
    assert (head.version, head.fields) == (version, fields)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"WARC/11\r\n\r\n"])
def test_no_head(raw: bytes) -> None:
    with pytest.raises(RecordHeadError):
        parse_head(raw)


@pytest.mark.parametrize(
    ("stated", "length"),
    [("0", 0), ("12", 12), ("-1", None), ("1e3", None), ("\u0661", None), ("9" * 19, None)],
)
def test_the_length(stated: str, length: int | None) -> None:
    assert parse_head(f"WARC/1.1\r\ncontent-LENGTH: {stated}\r\n\r\n".encode()).length == length


def test_a_head_without_type_and_length() -> None:
    head = parse_head(b"WARC/1.1\r\n\r\n")
    assert (head.kind, head.length, head.get("WARC-Date")) == ("", None, None)


def test_a_record_of_ours() -> None:
    head, rest = parse_our_record(b"WARC/1.1\r\nContent-Length: 2\r\n\r\nab\r\n\r\n")
    assert (head.version, head.length, rest) == ("1.1", 2, b"ab\r\n\r\n")


@pytest.mark.parametrize(
    "plain",
    [
        b"WARC/1.0\r\nContent-Length: 0\r\n\r\n",
        b"WARC/1.1 \r\nContent-Length: 0\r\n\r\n",
        b"WARC/1.1\nContent-Length: 0\n\n",
        b"WARC/1.1\r\nodd\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 0\r\n",
    ],
)
def test_what_we_never_write(plain: bytes) -> None:
    with pytest.raises(RecordHeadError):
        parse_our_record(plain)


DATA = b"the block of a record"


def test_digests_in_one_form() -> None:
    of = hashlib.sha1(DATA).digest()
    forms = (
        f"sha1:{base64.b32encode(of).decode()}",
        f"SHA1:{of.hex()}",
        f"sha-1:{of.hex().upper()}",
    )
    assert {digest_key(form) for form in forms} == {f"sha1:{of.hex()}"}
    for other in ("", "sha1:", "sha1:!", "crc:00", of.hex()):
        assert digest_key(other) == other


@pytest.mark.parametrize(
    ("stated", "answer"),
    [
        (digest(DATA), True),
        (f"SHA-256:{hashlib.sha256(DATA).hexdigest()}", True),
        (digest(DATA + b"!"), False),
        ("sha1:no base 32", False),
        (f"blake3:{'0' * 64}", None),
        (digest(DATA).removeprefix("sha1:"), None),
    ],
)
def test_what_a_digest_is_of(stated: str, answer: bool | None) -> None:
    assert is_digest_of(stated, DATA) is answer
