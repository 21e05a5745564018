"""What any page says of itself: metas, codes, breadcrumb, further pages."""

from __future__ import annotations

import pytest

from crawler.items import Draft, Evidence
from crawler.pages import page_metadata
from crawler.pages.document import Document
from tests.pages.samples import as_page

OLD = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001.htm"
SECOND = OLD.replace(".htm", "_2.htm")
FWL = "01" + "0123456789" * 4
CONTENT_ID = "20170905" + "0123456789abcdef" * 2


def read(html: str, url: str = OLD) -> Draft:
    return page_metadata.start(Document.of(as_page(html.encode(), url)), "of a test")


def test_a_page_that_says_nothing() -> None:
    draft = read("<p>渡口")
    assert draft == Draft(url=OLD, layout="of a test", encoding=draft.encoding)


def test_metas() -> None:
    draft = read(
        "<html lang=' zh-CN '><title> 渡口 </title><meta name=pubdate content='2017-09-05'>"
        "<meta name=publishdate content='2017-09-06'><meta name=source content=云溪日报>"
        "<meta name=keywords content='渡口,船'><meta name=description content=摆渡的一天>"
        "<meta property=og:description content=一天>"
    )
    assert [one.text for one in draft.times] == ["2017-09-06", "2017-09-05"]
    assert [one.text for one in (*draft.sources, *draft.keywords)] == ["云溪日报", "渡口,船"]
    assert [one.text for one in draft.summaries] == ["摆渡的一天", "一天"]
    assert (draft.title_tag, draft.language) == ("渡口", "zh-CN")


@pytest.mark.parametrize(
    ("html", "channel"),
    [
        (
            "<div class=crumbs><a>新华网</a> &gt; <a>时政</a> &gt; <a>正文</a></div>",
            ["新华网", "时政"],
        ),
        (f"<div class=crumbs><a>{'渡' * 31}</a></div><div id=location><a>江苏</a></div>", ["江苏"]),
        ("<div class=crumbs><a> </a></div>", []),
        ("<div class=menu><a>新华网</a></div>", []),
    ],
)
def test_the_breadcrumb(html: str, channel: list[str]) -> None:
    assert read(html).channel == channel


@pytest.mark.parametrize(
    ("html", "codes"),
    [
        (f"<div id=fwl>{FWL}</div> {FWL[:-1]}8", (FWL, None, None, None)),
        (f"<a href='/x_{FWL}'>", (FWL, None, None, None)),
        (f"<a href='/x_{FWL}'>{FWL[:-1]}8", (None, None, None, None)),
        (f"<a href='/x{FWL}'>", (None, None, None, None)),
        (f"<a href='/_{FWL}7'>", (None, None, None, None)),
        ("<meta name=publishid content='11216.0.99'>", (None, "11216.0.99", None, None)),
        ("<meta name=publishid content='0.1'>", (None, None, None, None)),
        (f"<meta name=contentid content='{CONTENT_ID} '>", (None, None, CONTENT_ID, None)),
        (f"<meta name=contentid content='{CONTENT_ID}0'>", (None, None, None, None)),
        ("<meta name=pageid content='1.2.3.4.11145721.6'>", (None, None, None, "11145721")),
        ("<meta name=pageid content='1.2.3.4'>", (None, None, None, None)),
    ],
)  # fmt: skip
def test_codes(html: str, codes: tuple[str | None, ...]) -> None:
    found = read(html).codes
    assert (found.fwl, found.publishid, found.content_id, found.node_id) == codes


@pytest.mark.parametrize(
    ("html", "pages", "count"),
    [
        # the pager's links, in the order of their numbers
        ("<a href=c_1121600001_3.htm>3</a><a href=c_1121600001_2.htm>2</a>", [2, 3], 3),
        # another host of the channel, an <option>, a <link>
        ("<option value='http://js.news.cn/2017-09/05/c_1121600001_2.htm'>2", ["js.news.cn"], 2),
        ("<link rel=next href=c_1121600001_2.htm>", [2], None),
        # an address that says one more or less than its link
        ("<a href=c_1121600001_2.htm>[ 3 ]</a>", [2], 3),
        ("<a href=c_1121600001_2.htm>12</a>", [2], None),
        # an anchor or a query is no other page
        ("<a href=c_1121600001_2.htm#p>2</a><a href=c_1121600001_2.htm?a>2</a>", [2], 2),
        # another article, another channel, another folder
        ("<a href=c_1121600002_2.htm>2</a>", [], None),
        ("<a href='http://www.he.xinhuanet.com/2017-09/05/c_1121600001_2.htm'>2</a>", [], None),
        ("<a href='/2017-09/06/c_1121600001_2.htm'>2</a>", [], None),
        # what a pager tells without addresses
        ("<div class=pagelink>共4页</div>", [], 4),
        ("<div id=div_currpage>1/5页</div>", [], 5),
        ("<div id=div_page_roll1><a href='javascript:go(2)'>2</a><a>(3)</a></div>", [], 3),
        ("<div class=links>共4页</div>", [], None),
    ],
)
def test_further_pages(html: str, pages: list[int | str], count: int | None) -> None:
    draft = read(html)
    assert len(draft.next_pages) == len(pages)
    for url, page in zip(draft.next_pages, pages, strict=True):
        assert (f"_{page}.htm" if isinstance(page, int) else page) in url
    assert draft.page_count == count


def test_the_second_page_leads_no_further_than_the_third() -> None:
    links = "".join(f"<a href=c_1121600001{end}.htm>x</a>" for end in ("", "_2", "_3"))
    assert read(links, SECOND).next_pages == [OLD.replace(".htm", "_3.htm")]


def test_no_more_pages_than_an_article_may_have() -> None:
    links = "".join(f"<a href=c_1121600001_{number}.htm>x</a>" for number in range(2, 300))
    assert len(read(links).next_pages) == 100


def test_an_address_of_today_has_no_further_pages() -> None:
    url = f"http://js.news.cn/{CONTENT_ID[:8]}/{CONTENT_ID[8:]}/c.html"
    assert read("<a href=c_2.html>2</a><div class=pagelink>共4页</div>", url).next_pages == []


def test_what_a_reader_sees_comes_first() -> None:
    draft = read("<meta name=source content=云溪日报><meta name=pubdate content='2017-09-05'>")
    seen = Evidence("渡口晚报", ".source")
    page_metadata.put_visible(draft, times=[], sources=[seen], keywords=[])
    assert [one.text for one in draft.sources] == ["渡口晚报", "云溪日报"]
    assert len(draft.times) == 1
