"""The decoder gives a whole body or a clear refusal, never a part and never another exception."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import get_args

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.archive.decode import DecodeError, Kind, decode
from tests.archive.kinds import GZIPPED, KINDS, LONG, TEXT, ZSTD, answer, chunked, sized

_GZIP = "Content-Encoding: gzip"
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
        (sized(_GZIP, body=gzip.compress(b"0" * 2_000_000)), "too_large"),
        (sized(body=b"0" * 1_000_001), "too_large"),
        (answer("Content-Length: 1000001"), "too_large"),
        (answer("Content-Length: 99999999999999999999999999"), "damaged"),
        (answer("Content-Length: -1"), "damaged"),
        (answer("Content-Length: 5, 6"), "damaged"),
        (answer("Content-Length: ²"), "damaged"),
        (answer("Content-Length: 9", body=b"12345678"), "truncated"),
        (answer("Transfer-Encoding: gzip, chunked"), "unsupported"),
        (answer(_CHUNKED, body=b"5\r\nabc"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), "damaged"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n"), "truncated"),
        (answer(_CHUNKED, body=b"3\r\nabc\r\n0\r\n"), "truncated"),
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
        (sized(_GZIP, body=GZIPPED + b"\0" * 40), LONG),
        (sized("Content-Encoding: identity, gzip", body=GZIPPED), LONG),
        (sized("Content-Encoding: gzip, gzip", body=gzip.compress(GZIPPED)), LONG),
        (sized("Content-Encoding: deflate, gzip", body=gzip.compress(zlib.compress(TEXT))), TEXT),
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
        (["Content-Encoding: br, gzip"], gzip.compress(BROTLI)),
        # compressed, and no label says so
        ([], GZIPPED),
        ([], zlib.compress(LONG)),
        ([], ZSTD),
        ([], gzip.compress(GZIPPED)),
        ([_GZIP], gzip.compress(GZIPPED)),
        ([_GZIP], gzip.compress(ZSTD)),
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
        ([], gzip.compress(b"0" * 2_000_000), "too_large"),
        ([], zstandard.compress(b"0" * 2_000_000), "too_large"),
        ([_GZIP], gzip.compress(gzip.compress(b"0" * 2_000_000)), "too_large"),
        ([_GZIP], gzip.compress(GZIPPED[:-4] + b"\0\0\0\1"), "damaged"),
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
        data = gzip.compress(data)
    assert decode(sized(body=data)).body == LONG
    with pytest.raises(DecodeError) as caught:
        decode(sized(body=gzip.compress(data)))
    assert caught.value.kind == "damaged"


@pytest.mark.parametrize(
    "text",
    ["x^2 + y^2", "x\u6ed1\u51b0".encode("gbk"), b"\xfe\xff\x4e\x2d", b"\x1b$B", b"\x8b\x1f\x08"],
)
def test_text_that_begins_like_a_compression_stays(text: str | bytes) -> None:
    body = text.encode() if isinstance(text, str) else text
    assert decode(sized(body=body)).body == body


def test_many_members_take_no_more_time_than_one() -> None:
    """The count is bounded, and what follows a member isn't copied for each."""
    empty = gzip.compress(b"", mtime=0)
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
        sized(_GZIP, body=gzip.compress(b"0" * 5000)),
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
