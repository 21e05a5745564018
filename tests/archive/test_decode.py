"""The decoder gives a whole body or a clear refusal, never a part and never another exception."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from functools import partial
from typing import get_args

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.archive.decode import DecodeError, Kind, decode
from crawler.archive.wire import Chunks
from tests.archive.kinds import GBK, GZIPPED, KINDS, LONG, TEXT, ZSTD, answer, chunked, sized

_GZIP = "Content-Encoding: gzip"
# Without the time of day, or parallel workers would name the cases differently.
gzipped = partial(gzip.compress, mtime=0)
_CHUNKED = "Transfer-Encoding: chunked"
_BR = "Content-Encoding: br"
_ZSTD = "Content-Encoding: zstd"
BROTLI = brotli.compress(LONG)
BARE = zlib.compress(LONG, wbits=-15)
_NO_MEANING = bytes(range(1, 32)) * 20  # no text, and no signature of a compression


def test_a_gzipped_chunked_page() -> None:
    block = answer(_GZIP, _CHUNKED, body=chunked(GZIPPED[:99], GZIPPED[99:]))
    decoded = decode(block)
    assert (decoded.status, decoded.reason) == (200, "OK")
    assert decoded.headers == (("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))
    assert decoded.entity == GZIPPED
    assert decoded.body == LONG
    assert decoded.entity_sha256 == hashlib.sha256(GZIPPED).hexdigest()


def test_gzip_cut_at_every_byte() -> None:
    for size in range(len(GZIPPED)):
        for block in (
            sized(_GZIP, body=GZIPPED[:size]) if size else answer(_GZIP, body=b""),
            answer(_GZIP, body=GZIPPED[:size]),
        ):
            with pytest.raises(DecodeError) as caught:
                decode(block)
            assert caught.value.kind == "truncated"


def test_gzip_flipped_at_every_byte_is_never_another_page() -> None:
    for at in range(len(GZIPPED)):
        damaged = bytearray(GZIPPED)
        damaged[at] ^= 0x10
        try:
            body = decode(sized(_GZIP, body=bytes(damaged))).body
        except DecodeError as error:
            assert error.kind in {"damaged", "truncated"}  # noqa: PT017
        else:
            assert body == LONG  # a header byte that says nothing of the contents
            assert at < 10


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        (sized(_GZIP, body=GZIPPED[:-8] + b"\0" * 8), "damaged"),
        (sized(_GZIP, body=GZIPPED[:-4] + b"\0\0\0\1"), "damaged"),
        (sized(_GZIP, body=GZIPPED + b"tail"), "damaged"),
        (sized(_GZIP, body=GZIPPED + GZIPPED[:-3]), "truncated"),
        (sized("Content-Encoding: deflate", body=zlib.compress(LONG)[:-1]), "truncated"),
        (sized("Content-Encoding: deflate", body=zlib.compress(LONG)[:-1] + b"\0"), "damaged"),
        (sized("Content-Encoding: deflate", body=zlib.compress(LONG) + b"tail"), "damaged"),
        (sized("Content-Encoding: compress", body=b"\x1f\x9d\x90"), "unsupported"),
        (sized("Content-Encoding: gzip, gzip, gzip, gzip, gzip", body=b"x"), "damaged"),
        (sized(_GZIP, body=gzipped(b"0" * 2_000_000)), "too_large"),
        (sized(body=b"0" * 1_000_001), "too_large"),
        (answer("Content-Length: 1000001"), "too_large"),
        (answer("Content-Length: 99999999999999999999999999"), "damaged"),
        (answer("Content-Length: 5, 6"), "damaged"),
        (answer("Content-Length: 5", "Content-Length: 05, 6"), "damaged"),
        (answer("Content-Length: 9", body=b"12345678"), "truncated"),
        (answer("Transfer-Encoding: dcb, chunked", body=chunked(b"\0\1\2page")), "unsupported"),
        (answer("Transfer-Encoding: gzip, chunked", body=chunked(GZIPPED[:-1])), "truncated"),
        (answer(_CHUNKED, body=b"5\r\nabc"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n0"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabc\r"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabc\rx\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"+3\r\nabc\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"3 abc\r\nabc\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"-3\r\nabc\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"0x3\r\nabc\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"7fffffffffffffff\r\nabc"), "too_large"),
        (answer(_CHUNKED, body=b"8000000000000000\r\nabc"), "damaged"),
        (answer(_CHUNKED, body=b"f" * 40 + b"\r\nabc"), "damaged"),
        (answer(_CHUNKED, body=b"3;" + b"x" * 5000 + b"\r\nabc\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=chunked(b"0" * 600_000, b"0" * 600_000)), "too_large"),
        (answer(_CHUNKED, body=chunked(TEXT, trailers=b"A: b\r\n" * 9000)), "damaged"),
        (b"", "truncated"),
        (b"HTT", "truncated"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "truncated"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9000 + b"\r\n", "too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 9000, "too_large"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "not_http"),
        (b"ICY 200 OK\r\n\r\n", "not_http"),
        (b"\x16\x03\x01\x02\x00", "not_http"),
    ],
)
def test_refusals(block: bytes, kind: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(block, max_bytes=1_000_000)
    assert caught.value.kind == kind
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("block", "body"),
    [
        (sized() + b"left over", TEXT),
        (answer("Content-Length: 3", "Content-Length: 3, 3", body=b"abc"), b"abc"),
        (answer("Content-Length: 99", _CHUNKED, body=chunked(b"abc")), b"abc"),
        (answer(_CHUNKED, body=b"03 \t;x=y\r\nabc\r\n00\r\n\r\nleft over"), b"abc"),
        (answer(_CHUNKED, body=b" \t3  \r\nabc\r\n0  \r\n\r\n"), b"abc"),
        (answer(_CHUNKED, body=b"0" * 60 + b"3\r\nabc\r\n0\r\n\r\n"), b"abc"),
        (answer(_CHUNKED, body=b"3\nabc\n0\n\n"), b"abc"),
        (answer(_CHUNKED, body=b'3;a="\x01"\r\nabc\n0\r\nX: 1\n\n'), b"abc"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n0\r\n"), b"abc"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n0\r\nX: 1\r\nX-"), b"abc"),
        (answer(_CHUNKED, _CHUNKED, body=chunked(b"abc")), b"abc"),
        (answer("Transfer-Encoding: Chunked , chunked", body=chunked(b"abc")), b"abc"),
        (answer("Transfer-Encoding: identity, chunked", body=chunked(b"abc")), b"abc"),
        (answer("Transfer-Encoding: identity", "Content-Length: 3", body=b"abcd"), b"abc"),
        (answer("Transfer-Encoding: ", "Content-Length: 3", body=b"abcd"), b"abc"),
        (answer("Transfer-Encoding: none", body=b"abc"), b"abc"),
        (answer("Transfer-Encoding: gzip, chunked", body=chunked(GZIPPED)), LONG),
        (answer("Content-Length: 3", "Content-Length: 003", body=b"abcd"), b"abc"),
        (answer("Content-Length: -1", body=b"abc"), b"abc"),
        (answer("Content-Length: ²", body=b"abc"), b"abc"),
        (answer("Content-Length: 3", "Content-Length: ", body=b"abcd"), b"abc"),
        (answer("Content-Length: 3", body=b"", status="HTTP/1.1 304 Not Modified"), b""),
        (answer(body=b"abc", status="HTTP/1.1 204 No Content"), b""),
        (answer(body=b"abc", status="HTTP/1.1 200"), b"abc"),
        (answer(body=b"abc", status="HTTP/1.1 200OK"), b"abc"),
        (answer(body=b"abc", status="HTTP/1.1   200  OK"), b"abc"),
        (sized(_GZIP, body=GZIPPED + b"\0" * 40), LONG),
        (sized("Content-Encoding: identity, gzip", body=GZIPPED), LONG),
        (sized("Content-Encoding: gzip, gzip", body=gzipped(GZIPPED)), LONG),
        (sized("Content-Encoding: deflate, gzip", body=gzipped(zlib.compress(TEXT))), TEXT),
        (sized(_GZIP, body=b""), b""),
        (answer(_GZIP, _CHUNKED, body=chunked()), b""),
        (answer(_GZIP, body=b"", status="HTTP/1.1 304 Not Modified"), b""),
        (b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\n\nbody", b"body"),
        (b"HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 200 OK\n\n", b"HTTP/1.1 200 OK\n\n"),
    ],
)
def test_bodies(block: bytes, body: bytes) -> None:
    assert decode(block).body == body


@pytest.mark.parametrize(
    ("labels", "data"),
    [
        # br and zstd, whole or with what a stream may have around it
        ([_BR], BROTLI),
        (["Content-Encoding: BR"], BROTLI),
        ([_ZSTD], ZSTD),
        ([_ZSTD], zstandard.compress(LONG[:100]) + zstandard.compress(LONG[100:])),
        ([_ZSTD], ZSTD + b"\0" * 9),
        (["Content-Encoding: br, gzip"], gzipped(BROTLI)),
        # compressed, and no label says so
        ([], GZIPPED),
        ([], zlib.compress(LONG)),
        ([], ZSTD),
        ([], gzipped(GZIPPED)),
        ([_GZIP], gzipped(GZIPPED)),
        ([_GZIP], gzipped(ZSTD)),
        (["Content-Encoding: identity"], GZIPPED),
        # the label names another compression
        (["Content-Encoding: deflate"], GZIPPED),
        (["Content-Encoding: deflate"], BARE),
        ([_BR], GZIPPED),
        ([_ZSTD], GZIPPED),
        ([_GZIP], ZSTD),
        ([_GZIP], zlib.compress(LONG)),
        # the label names one, and there is none, or one less
        ([_GZIP], LONG),
        (["Content-Encoding: deflate"], LONG),
        ([_BR], LONG),
        ([_ZSTD], LONG),
        (["Content-Encoding: gzip, gzip"], GZIPPED),
        (["Content-Encoding: gzip, br"], GZIPPED),
    ],
)
def test_compression_is_undone_whatever_the_label(labels: list[str], data: bytes) -> None:
    assert decode(sized(*labels, body=data)).body == LONG
    assert decode(sized(*labels, body=data), max_bytes=max(len(LONG), len(data))).body == LONG


@pytest.mark.parametrize(
    ("labels", "data", "kind"),
    [
        ([_BR], BROTLI[:-1], "truncated"),
        ([_BR], BROTLI + b"tail", "damaged"),
        ([_BR], b"\x11" * 40, "damaged"),
        ([_BR], brotli.compress(b"0" * 2_000_000), "too_large"),
        ([_ZSTD], ZSTD[:-1], "truncated"),
        ([_ZSTD], ZSTD[:-1] + b"\0", "damaged"),
        ([_ZSTD], ZSTD + b"tail", "damaged"),
        ([_ZSTD], _NO_MEANING, "damaged"),
        ([_ZSTD], zstandard.compress(b"0" * 2_000_000), "too_large"),
        ([], GZIPPED[:-9], "truncated"),
        ([], GZIPPED[:-8] + b"\0" * 8, "damaged"),
        ([], GZIPPED + b"tail", "damaged"),
        ([], zlib.compress(LONG)[:-1], "truncated"),
        ([], ZSTD[:-1], "truncated"),
        ([], gzipped(b"0" * 2_000_000), "too_large"),
        ([], zstandard.compress(b"0" * 2_000_000), "too_large"),
        ([_GZIP], gzipped(gzipped(b"0" * 2_000_000)), "too_large"),
        ([_GZIP], gzipped(GZIPPED[:-4] + b"\0\0\0\1"), "damaged"),
        ([_GZIP], BARE, "damaged"),
        ([_GZIP], _NO_MEANING, "damaged"),
    ],
)
def test_compression_that_cannot_be_undone_is_told(
    labels: list[str], data: bytes, kind: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(sized(*labels, body=data), max_bytes=1_000_000)
    assert caught.value.kind == kind


def test_compression_within_compression_has_a_bound() -> None:
    data = LONG
    for _ in range(4):
        data = gzipped(data)
    assert decode(sized(body=data)).body == LONG
    with pytest.raises(DecodeError) as caught:
        decode(sized(body=gzipped(data)))
    assert caught.value.kind == "damaged"


@pytest.mark.parametrize(
    "text",
    ["x^2 + y^2", "x\u6ed1\u51b0".encode("gbk"), b"\xfe\xff\x4e\x2d", b"\x1b$B", b"\x8b\x1f\x08"],
)
def test_text_that_begins_like_a_compression_stays(text: str | bytes) -> None:
    body = text.encode() if isinstance(text, str) else text
    assert decode(sized(body=body)).body == body


@pytest.mark.parametrize(
    "coding",
    ["none", "utf-8", "UTF-8", "text/html", "", "identity", "gzip", "x-gzip", "deflate", "br",
     "zstd", "gzip, none", "binary", "amz-1.0", "\xfc", "*", "chunked", "gzip;q=1.0"],
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [TEXT, GBK, LONG, b"a", "<p>x".encode("utf-16"), b"\x1b$B:%@P\x1b(B", "<p>滑".encode("big5")],
)
def test_a_label_over_plain_text_is_passed_over(coding: str, text: bytes) -> None:
    header = f"Content-Encoding: {coding}".encode("latin-1")
    for block in (sized(header, body=text), answer(header, _CHUNKED, body=chunked(text))):
        decoded = decode(block)
        assert decoded.body == decoded.entity == text


@pytest.mark.parametrize("coding", ["none", "gzip", "deflate", "utf-8"])
def test_bytes_that_are_no_text_are_not_passed_on_under_a_label(coding: str) -> None:
    noise = random.Random(3).randbytes(200)
    with pytest.raises(DecodeError) as caught:
        decode(sized(f"Content-Encoding: {coding}", body=noise))
    assert caught.value.kind in ("damaged", "unsupported", "truncated")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_chunks_are_the_same_however_they_come(size: int) -> None:
    body = b" 3 \nabc\r\n00a;x\r\n0123456789\n0\r\nT: 1\n\r\nrest"
    chunks = Chunks()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert b"".join(map(chunks.feed, pieces)) == b"abc0123456789"
    assert chunks.is_complete
    assert chunks.rest == b"rest"


def test_many_members_take_no_more_time_than_one() -> None:
    """The count is bounded, and what follows a member isn't copied for each."""
    empty = gzipped(b"")
    assert decode(sized(_GZIP, body=empty * 5000 + GZIPPED)).body == LONG
    copied = empty * 3_000_000  # the square of it would be hours
    with pytest.raises(DecodeError, match="bytes follow the gzip stream"):
        decode(sized(_GZIP, body=copied))


def test_an_answer_to_head_has_no_body() -> None:
    block = answer("Content-Length: 4711", _GZIP, body=b"")
    assert decode(block, method="HEAD").body == b""


def test_exactly_the_limit_is_allowed() -> None:
    for block in (
        sized(body=b"0" * 5000),
        answer(body=b"0" * 5000),
        answer(_CHUNKED, body=chunked(b"0" * 5000)),
        sized(_GZIP, body=gzipped(b"0" * 5000)),
    ):
        assert len(decode(block, max_bytes=5000).body) == 5000
        with pytest.raises(DecodeError):
            decode(block, max_bytes=4999)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from([b"".join(s for s in k.steps if isinstance(s, bytes)) for k in KINDS.values()]),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=4),
    st.integers(0, 2000),
)
def test_no_damage_raises_anything_else(
    block: bytes, edits: list[tuple[int, bytes]], length: int
) -> None:
    for at, new in edits:
        block = block[:at] + new + block[at + len(new) :]
    for damaged in (block, block[:length]):
        try:
            decode(damaged, max_bytes=10_000)
        except DecodeError as error:
            assert error.kind in get_args(Kind)  # noqa: PT017
