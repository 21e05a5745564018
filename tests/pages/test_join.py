"""Articles on several pages: which pages follow, and one Draft of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler import pages
from tests.pages.samples import BODY, HE, UNCLOSED, P, as_page, hebei_2012, regional_2014, texts

if TYPE_CHECKING:
    from crawler.items import Draft

FOLDER = "http://www.js.xinhuanet.com/2017-09/05/"


def pager(*links: str) -> str:
    return (
        '<div id="div_currpage">'
        + "".join(f'<a href="{x}">{x[-5]}</a>' for x in links)
        + "<a>下一页</a></div>"
    )


def read(html: str, url: str) -> Draft:
    return pages.read(as_page(html.encode(), url))


def test_further_pages_of_c_addresses() -> None:
    links = pager(
        "c_1121600001.htm",
        "c_1121600001_3.htm",
        "c_1121600001_2.htm#a",
        "c_1121600001_2.htm",
        "c_1121600009_2.htm",
        "http://www.zj.xinhuanet.com/2017-09/05/c_1121600001_4.htm",
        "../06/c_1121600001_5.htm",
        "c_1121600001.htm?page=2",
    )
    draft = read(regional_2014(P + links), FOLDER + "c_1121600001.htm")
    assert draft.next_pages == [FOLDER + f"c_1121600001_{n}.htm" for n in (2, 3)]
    assert texts(draft) == list(BODY)
    second = read(regional_2014(P + links), FOLDER + "c_1121600001_2.htm")
    assert second.next_pages == [FOLDER + "c_1121600001_3.htm"]


def test_further_pages_of_content_addresses() -> None:
    links = pager("content_25000001_1.htm", "content_25000001_2.htm")
    draft = pages.read(as_page(hebei_2012(UNCLOSED + links).encode("gb18030"), HE))
    assert draft.next_pages == [HE.replace(".htm", f"_{n}.htm") for n in (1, 2)]


def test_addresses_of_other_shapes_have_no_further_pages() -> None:
    url = "http://www.js.news.cn/20240515/" + "0" * 32 + "/c.html"
    assert read(regional_2014(P + pager("c.html?page=2")), url).next_pages == []


def test_join() -> None:
    first = read(regional_2014("<p>第一页。</p>", editor=""), FOLDER + "c_1121600001.htm")
    last = read(
        regional_2014("<p>第二页。</p>" + pager("c_1121600001.htm")), FOLDER + "c_1121600001_2.htm"
    )
    draft = pages.join([first, last])
    assert texts(draft) == ["第一页。", "第二页。"]
    assert draft.url == FOLDER + "c_1121600001.htm"
    assert len(draft.editors) == 1
    assert draft.next_pages == []
    assert any(r.rule == "pager" for r in draft.removed)


def test_what_closes_every_page_is_kept_once() -> None:
    notice = (
        "<p>凡本网注明“来源：新华网”的作品，未经授权不得转载。"
        + "已获授权的，也要注明。" * 4
        + "</p>"
    )
    drafts = [
        read(regional_2014(f"<p>第{n}页。</p>{notice}"), FOLDER + f"c_1121600001_{n}.htm")
        for n in (1, 2, 3)
    ]
    draft = pages.join(drafts)
    assert [text[:3] for text in texts(draft)] == ["第1页", "第2页", "第3页", "凡本网"]
    assert [r.text[:3] for r in draft.removed if r.rule == "repeated"] == ["凡本网"] * 2


def test_a_credit_under_the_pictures_of_every_page_stays() -> None:
    drafts = [
        read(
            regional_2014(f"<p>第{n}页。</p><p>新华社发（钱某摄）</p>"),
            FOLDER + f"c_1121600001_{n}.htm",
        )
        for n in (1, 2)
    ]
    assert texts(pages.join(drafts))[1::2] == ["新华社发（钱某摄）"] * 2


def test_join_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        pages.join([])
