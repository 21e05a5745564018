"""Whatever the bytes, reading ends in a Draft or in NotAnArticle, soon and without invention."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler import layouts
from crawler.layouts import NotAnArticle
from crawler.pages.errors import Kind
from tests.nightly import shards
from tests.pages.samples import BODY, SAMPLES, as_page, main_2017, texts

if TYPE_CHECKING:
    from crawler.items import Draft

SEEDS = [sample.page().body for sample in SAMPLES]
TOKENS = [
    *(b"<p>", b"</p>", b"<div>", b"</div>", b"</span>", b"<br>", b"<table><tr><td>", b"\x00"),
    *(b"<!--", b"-->", b'<div id="detail">', b'<span id="detailContent">', b"<script>", b"</body>"),
    *(b"&#0;", b"&#x110000;", b"\xff\xfe", b"\x81", b"<svg>", b"<template>", b"<select>"),
    *(b'<img src="http://[">', b"<base href=//[>", b'<a href="http://[::1">', b"<frameset>"),
    *(b'<font color=navy face="', b"2017-13-45 99:99"),
]
KINDS = get_args(Kind)


def read(body: bytes) -> Draft | None:
    try:
        return layouts.read(as_page(body))
    except NotAnArticle as refusal:
        return None if refusal.kind in KINDS else pytest.fail(refusal.kind)


def mutate(body: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
        body = rng.choice(
            (
                lambda b, a, t: b[:a],
                lambda b, a, t: b[:a] + b[t:],
                lambda b, a, t: b[:a] + rng.choice(TOKENS) + b[a:],
                lambda b, a, t: b[:a] + bytes([rng.randrange(256)]) + b[a + 1 :],
                lambda b, a, t: b[:t] + b[a:t][:2000] + b[t:],
            )
        )(body, at, to)
    return body


@pytest.mark.parametrize("shard", shards(6, 16))
def test_mutated_pages(shard: int) -> None:
    rng = random.Random(shard)
    for _ in range(1250):
        source = rng.choice(SEEDS)
        draft = read(mutate(source, rng))
        if draft is not None:
            assert draft.layout
            assert all(b.text or b.url for b in draft.blocks)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)), max_size=40))
def test_soups(pieces: list[bytes]) -> None:
    read(b"".join(pieces))


def test_ten_megabytes() -> None:
    text = "<p>" + "　　书房开放，读者盈门。" * 300_000 + "</p>"
    draft = read(main_2017(text).encode())
    assert draft is not None
    assert len(texts(draft)) == 300_000


def test_a_page_cut_anywhere() -> None:
    whole = main_2017("".join(f"<p>{p}</p>" for p in BODY)).encode()
    for end in range(0, len(whole), 7):
        draft = read(whole[:end])
        if draft is not None and draft.layout != "fallback":
            assert (
                "".join(texts(draft)).rstrip("\ufffd</") in "".join(BODY) + "图集+1分享到：【纠错】"
            )


def test_nuls() -> None:
    draft = read(main_2017("<p>书\x00房\x00</p>").encode())
    assert draft is not None
    assert texts(draft) == ["书房"]
