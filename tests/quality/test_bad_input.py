"""Bad input by name, and pages damaged at random: an outcome every time, and nothing made up."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from crawler import urls
from crawler.extraction import extract
from crawler.fixtures import FixtureError, add
from crawler.items import Page
from crawler.layouts import NotAnArticle
from crawler.pages.errors import Kind
from tests.fixtures import make
from tests.fixtures.kept import pages_of, synthetic
from tests.quality.mutations import MUTATIONS, bounded, inventions, mutants, outcome

if TYPE_CHECKING:
    from pathlib import Path

KINDS = set(get_args(Kind))
LAYOUTS = {fixture.name.partition("/")[0] for fixture in synthetic()} - {"refused"}
URL = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001.htm"
QUICK = [0, 1]
NIGHTLY = [pytest.param(shard, marks=pytest.mark.nightly) for shard in range(2, 10)]


@pytest.mark.parametrize("shard", QUICK + NIGHTLY)
def test_pages_damaged_at_random(shard: int) -> None:
    """300 of them, 1,500 at night; `make mutate` takes 20,000."""
    for name, pages in mutants(150, seed=100 + shard):
        try:
            assert outcome(pages) in KINDS | LAYOUTS
        except Exception as error:
            raise AssertionError(name) from error


def test_damage_is_repeatable_and_reaches_every_layout() -> None:
    one, other = (list(mutants(60, seed=5)) for _ in range(2))
    assert one == other
    assert one != list(mutants(60, seed=6))
    named = " ".join(name for name, _ in mutants(1500, seed=100))
    assert all(f"{layout}/" in named for layout in LAYOUTS)
    assert all(mutation.__name__ in named for mutation in MUTATIONS)


# --- the checks themselves fail -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "另一个标题"},
        {"source": "某某日报社"},
        {"paragraphs": ["没有人这样说过。"]},
        {"editors": ["张三丰"]},
        {"keywords": ["不存在的词"]},
        {"published_at": "2016-01-02T03:04:05+08:00"},
        {"byline_raw": "（记者张三丰）"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_invention_is_found(changes: dict[str, object]) -> None:
    (kept,) = (fixture for fixture in synthetic() if fixture.name == "Regional2014/g3-hn-text-0")
    pages = pages_of(kept)
    article = extract(pages)
    assert list(inventions(article, pages)) == []
    found = list(inventions(replace(article, **changes), pages))  # type: ignore[arg-type]
    assert {line.partition(":")[0] for line in found} == set(changes)


def test_an_invented_picture_is_found() -> None:
    (kept,) = (fixture for fixture in synthetic() if fixture.name.endswith("before-the-text"))
    pages = pages_of(kept)
    article = extract(pages)
    article.images[0] = replace(article.images[0], url="http://www.xinhuanet.com/other.jpg")
    assert list(inventions(article, pages)) == ["images: http://www.xinhuanet.com/other.jpg"]


def test_a_page_without_end_is_stopped() -> None:
    with pytest.raises(TimeoutError), bounded(1):
        any(number < 0 for number in itertools.count())


# --- by name -------------------------------------------------------------------------------------


def page(body: bytes, url: str = URL) -> Page:
    return Page(url, 200, (("Content-Type", "text/html"),), body, "2026-11-24T00:00:00Z", None)


def whole() -> bytes:
    """A page of ours that reads without a fault."""
    (kept,) = (fixture for fixture in synthetic() if fixture.name == "Regional2014/g3-hn-text-0")
    return pages_of(kept)[0].body


TEXT = "<p>　　渡口的灯亮到半夜，撑船的人把最后一班留给了晚归的学生。</p>".encode("gb18030")
HEAD, TAIL = whole().split(b"<p>", 1)

NAMED = {
    "nothing": (b"", "blank"),
    "blanks": (b" \r\n\t" * 1000, "blank"),
    "a_byte_order_mark": (b"\xef\xbb\xbf", "blank"),
    "nuls": (b"\x00" * 100_000, None),
    "every_byte": (bytes(range(256)) * 40, None),
    "no_body": (b"<html><head><title>x</title></head></html>", "blank"),
    "a_frameset": (b"<html><frameset><frame src='a.htm'></frameset></html>", "blank"),
    "no_markup": ("渡口的灯亮到半夜。\n".encode() * 100, None),
    "ten_thousand_nested_tags": (HEAD + b"<div>" * 10_000 + TEXT + TAIL, "Regional2014"),
    "ten_thousand_fonts": (HEAD + b"<font>" * 10_000 + TEXT + TAIL, None),
    "nested_tables": (HEAD + b"<table><tr><td>" * 3000 + TEXT + TAIL, None),
    "three_thousand_editors": (
        HEAD + TEXT + "<p>编辑：张三</p>".encode("gb18030") * 3000 + TAIL, "Regional2014",
    ),
    "ten_megabytes": (HEAD + TEXT * 100_000 + TAIL, "Regional2014"),
    "ten_megabytes_in_a_word": (HEAD + b"<p>" + b"a" * 10_000_000 + TAIL, "Regional2014"),
    "ten_megabytes_of_tags": (b"<p>" * 3_300_000, None),
    "ten_megabytes_of_an_attribute": (b'<p class="' + b"a " * 5_000_000 + b'">x', None),
    "an_unended_comment": (HEAD + b"<!--" + TAIL, None),
    "an_unended_script": (HEAD + b"<script>" + TAIL, None),
    "an_unended_title": (b"<title>" + whole(), None),
    "a_picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100, None),
    "json": (b'{"status":0,"data":{"list":[]}}', None),
}  # fmt: skip


SLOW = {"ten_megabytes", "ten_megabytes_of_tags"}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.nightly) if one in SLOW else one for one in NAMED]
)
def test_named(name: str) -> None:
    body, expected = NAMED[name]
    small = len(body) < 1_000_000
    found = outcome([page(body)]) if small else outcome_alone(body)
    assert found in KINDS | LAYOUTS
    assert expected in (None, found)


def outcome_alone(body: bytes) -> str:
    """The outcome of a page too large to look for every value in it."""
    with bounded(60):
        try:
            return extract([page(body)]).layout or ""
        except NotAnArticle as verdict:
            return verdict.kind


@pytest.mark.parametrize("step", [1, 2, 3])
def test_cut_at_any_byte(step: int) -> None:
    """In a tag, in a character, in an entity."""
    body = whole()
    for end in range(step * 997, len(body), 61 + step):
        assert outcome([page(body[:end])]) in KINDS | LAYOUTS


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-8-sig", "utf-16", "big5hkscs"])
@pytest.mark.parametrize("claim", ["utf-8", "gb2312", "big5", "utf-16", "nonsense", ""])
def test_swapped_encodings(codec: str, claim: str) -> None:
    """What UTF-8 and GB18030 hold is read whatever is claimed; the rest is never made up."""
    text = whole().decode("gb18030" if b"gb2312" in whole() else "utf-8")
    text = text.replace("charset=utf-8", f"charset={claim}")
    text = text.replace("charset=gb2312", f"charset={claim}")
    pages = [page(text.encode(codec, "replace"))]
    assert outcome(pages) in KINDS | LAYOUTS
    if codec != "big5hkscs":
        assert extract(pages).title == extract([page(whole())]).title


@pytest.mark.parametrize("byte", range(0, 256, 5))
def test_every_byte_in_the_text(byte: int) -> None:
    rng = random.Random(byte)
    body = bytearray(whole())
    for _ in range(20):
        body[rng.randrange(len(body))] = byte
    assert outcome([page(bytes(body))]) in KINDS | LAYOUTS


@pytest.mark.parametrize(
    "host",
    ["www.djxinhuanet.com", "ymnews.cn", "www.chnews.cn", "js.xinhuanet.com.example.org",
     "xinhuanet.com@example.org", "news.cn.", "www.js.xinhuanet.com:8080"],
)  # fmt: skip
def test_a_copied_template_is_told_by_its_host_alone(host: str, tmp_path: Path) -> None:
    """The same bytes: an article of ours, and nobody's elsewhere."""
    assert outcome([page(whole())]) == "Regional2014"
    url = URL.replace("www.js.xinhuanet.com", host)
    assert not urls.in_scope(url)
    assert urls.article(url) is None
    warc = tmp_path / "copied.warc.gz"
    warc.write_bytes(make.warc([(url, whole())]))
    with pytest.raises(FixtureError, match="not the response of an article"):
        add(tmp_path / "kept", [(warc, 0)])


def test_the_look_alike_that_was_found(shared: Path) -> None:
    """Its page is as good as the site's; only its address is not."""
    (path,) = (shared / "pages" / "not-genuine").glob("*.html")
    assert outcome([page(path.read_bytes())]) == "Cms2022"
