"""The digest moves with the content and with nothing else; changed fields say what moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crawler.items import VERSIONED_KEYS, Article, Evidence, as_record
from crawler.pipelines.content_digest import changed_fields, content_sha256
from tests.pipelines.drafts import MORE, NOTICE, TEXT, article, evidence, image, text, whole


def test_the_digest_is_that_of_the_record() -> None:
    made = whole()
    assert made.content_sha256 == content_sha256(as_record(made))


CHANGES: dict[str, Any] = {
    "title": "另一个标题",
    "subtitle": None,
    "kicker": "新闻",
    "published_at": "2017-09-28T12:53:37+08:00",
    "source": "另一家日报",
    "reporters": [],
    "editors": ["王五"],
    "body": TEXT,
    "images": [],
    "videos": [],
    "attachments": [],
}


@pytest.mark.parametrize("key", VERSIONED_KEYS)
def test_each_versioned_field_makes_a_version(key: str) -> None:
    before = whole()
    after = replace(before, **{key: CHANGES[key]})
    assert changed_fields(as_record(before), as_record(after)) == [key]
    assert content_sha256(as_record(after)) != before.content_sha256


def test_changed_fields_are_in_the_contract_s_order() -> None:
    before = whole()
    after = replace(before, **dict(reversed(CHANGES.items())))
    assert changed_fields(as_record(before), as_record(after)) == list(VERSIONED_KEYS)


def test_nothing_else_makes_one() -> None:
    before = as_record(whole())
    after = before | {
        "removed": [], "keywords": [], "summary": None, "fetched_at": "2027-01-01T00:00:00Z",
        "encoding": None, "layout": "fallback", "extractor_version": "9", "flags": [], "http": None,
        "published_raw": "x", "byline_raw": None, "dateline": None, "source_raw": "x",
    }  # fmt: skip
    after["images"] = [each | {"credit": None, "position": 7} for each in before["images"]]
    after["videos"] = [each | {"position": 7} for each in before["videos"]]
    assert changed_fields(before, after) == []
    assert content_sha256(after) == content_sha256(before)


def same(first: Article, second: Article) -> bool:
    return first.content_sha256 == second.content_sha256


def test_white_space_and_boilerplate_don_t_count() -> None:
    plain = article(TEXT + "（记者张三）", MORE)
    assert same(plain, article("　　" + TEXT + "（记者 张 三）", "\xa0" + MORE))
    assert same(plain, article(TEXT + "（记者张三）", MORE, *NOTICE))
    assert same(plain, article("【纠错】", TEXT + "（记者张三）", MORE))
    assert not same(plain, article(TEXT + "（记者张三）", MORE + "完。"))
    assert not same(plain, article(TEXT + "（记者张三）"))


def test_of_an_image_address_and_caption_count() -> None:
    plain = article(TEXT, image(), text("步道", is_caption=True), MORE)
    assert not same(plain, article(TEXT, image("b"), text("步道", is_caption=True), MORE))
    assert not same(plain, article(TEXT, image(), text("河道", is_caption=True), MORE))
    assert same(plain, article(TEXT, MORE, image(), text("步道", is_caption=True)))


def test_the_printed_form_of_a_time_doesn_t_count() -> None:
    url = "http://www.js.xinhuanet.com/a.htm"
    first = article(TEXT, url=url, times=evidence("2020年02月19日 12:53:36"))
    assert same(first, article(TEXT, url=url, times=evidence("2020-02-19 12:53:36")))


def test_the_digest_does_not_depend_on_the_host() -> None:
    title = Evidence("标题", "h1")
    other = "http://js.news.cn/2017-09/28/c_1121738857.htm"
    assert same(article(TEXT, title=title), article(TEXT, title=title, url=other))
