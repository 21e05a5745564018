"""Articles on several pages: which pages follow, what is wanted next, and one Draft of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler import layouts, urls
from crawler.pages import assembly
from crawler.pages.assembly import Assembly, AstrayError, IncompleteError
from tests.pages.paged import BARE, NOT_WHOLE, WHOLE, WWW, at, html, numbers, site_of
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
    return layouts.read(as_page(html.encode(), url))


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
    draft = layouts.read(as_page(hebei_2012(UNCLOSED + links).encode("gb18030"), HE))
    assert draft.next_pages == [HE.replace(".htm", f"_{n}.htm") for n in (1, 2)]


def test_addresses_of_other_shapes_have_no_further_pages() -> None:
    url = "http://www.js.news.cn/20240515/" + "0" * 32 + "/c.html"
    assert read(regional_2014(P + pager("c.html?page=2")), url).next_pages == []


def test_join() -> None:
    first = read(regional_2014("<p>第一页。</p>", editor=""), FOLDER + "c_1121600001.htm")
    last = read(
        regional_2014("<p>第二页。</p>" + pager("c_1121600001.htm")), FOLDER + "c_1121600001_2.htm"
    )
    draft = assembly.join_drafts([first, last])
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
    draft = assembly.join_drafts(drafts)
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
    assert texts(assembly.join_drafts(drafts))[1::2] == ["新华社发（钱某摄）"] * 2


def test_join_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        assembly.join_drafts([])


# --- a site's pages, asked for as the crawl does -------------------------------------------------


def gather(site: dict[str, str], first: str) -> tuple[str, list[str], list[str]]:
    """How an article ends, the addresses of its pages, and what was asked for."""
    assembly = Assembly(page := as_page(site[first].encode(), first), layouts.read(page))
    asked = [first]
    while wanted := assembly.wanted:
        is_absent = False
        for url in wanted.addresses:
            asked.append(url)
            assert len(asked) < 200
            try:
                if url not in site:
                    raise AstrayError("404")
                page = as_page(site[url].encode(), url)
                assembly.add(page, layouts.read(page))
                break
            except AstrayError:
                is_absent = True
        else:
            if not assembly.give_up(is_absent=is_absent):
                return "incomplete", [], asked
    if assembly.is_too_large:
        return "too_large", [], asked
    return "whole", [page.url for page in assembly.pages], asked


@pytest.mark.parametrize(
    ("site", "base", "count"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
def test_whole_articles(site: dict[str, str], base: str, count: int) -> None:
    ending, found, asked = gather(site, at(base, 1))
    assert (ending, len(found)) == ("whole", count), asked
    names = [urls.PageName.of(url) for url in found]
    assert [name.number for name in names if name] == sorted(name.number for name in names if name)
    drafts = [layouts.read(as_page(site[url].encode(), url)) for url in found]
    draft = assembly.assemble_whole([as_page(site[url].encode(), url) for url in found], drafts)
    shown = [text for text in texts(draft) if text.startswith("第")]
    assert shown == [f"第{n}页写的是河堤第{n}段。" for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("site", "ending"), [row[1:] for row in NOT_WHOLE], ids=[row[0] for row in NOT_WHOLE]
)
def test_articles_that_are_not_whole(site: dict[str, str], ending: str) -> None:
    assert gather(site, at(BARE, 1))[0] == ending


def test_a_page_is_asked_for_where_page_1_came_from() -> None:
    asked = gather(site_of(BARE, 3, links=WWW), at(BARE, 1))[2]
    assert asked == [at(BARE, n) for n in (1, 2, 3)]
    only_www = {at(BARE, 1): html(1, numbers(WWW, 2))} | site_of(WWW, 2)
    assert gather(only_www, at(BARE, 1))[2] == [at(BARE, 1), at(BARE, 2), at(WWW, 2)]


def test_too_many_pages_are_not_asked_for() -> None:
    assert gather(site_of(BARE, 60), at(BARE, 1))[2] == [at(BARE, 1)]


def test_a_further_page_is_no_page_1() -> None:
    page = as_page(html(2, "").encode(), at(BARE, 2))
    with pytest.raises(AstrayError, match="page 1 leads to"):
        Assembly(page, layouts.read(page))


def test_pages_that_do_not_make_an_article() -> None:
    site = site_of(BARE, 3)
    fetched = [as_page(site[at(BARE, n)].encode(), at(BARE, n)) for n in (1, 2, 3)]

    def made(*order: int) -> Draft:
        chosen = [fetched[n - 1] for n in order]
        return assembly.assemble_whole(chosen, [layouts.read(one) for one in chosen])

    with pytest.raises(IncompleteError, match="page 3 of 3 is missing"):
        made(1, 2)
    with pytest.raises(AstrayError, match="page 2 of 3 leads to"):
        made(1, 3, 2)
    assert len(texts(made(1, 2, 3))) == 3
