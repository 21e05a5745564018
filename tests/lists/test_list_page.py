"""List sources: HTML pages, ds_ data files, the nodeart API; and what hostile ones do to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import urls
from crawler.items import Page
from crawler.lists.json_sources import read_datasource, read_nodeart
from crawler.lists.links import ListError
from crawler.lists.list_page import ListPage, classify, read_list

SHARED = Path(__file__).parents[2].parent / "shared" / "pages"
COLUMN = "http://www.js.xinhuanet.com/news/yw.htm"
DATA = "https://www.news.cn/local/ds_5c5939c2f07b4d9c96de44dad32eadc8.json"
NODE = "http://qc.wa.news.cn/nodeart/list?nid=113322&pgnum=1&cnt=2&tp=1&orderby=1"
HASH, OTHER, THIRD = "0a" * 16, "0b" * 16, "0c" * 16
A, B, C = (f"http://www.js.xinhuanet.com/2017-09/28/c_112173885{n}.htm" for n in range(3))


def page(body: str | bytes, url: str = COLUMN, content_type: str = "text/html") -> Page:
    data = body if isinstance(body, bytes) else body.encode()
    return Page(url, 200, (("Content-Type", content_type),), data, "2026-11-24T00:00:00Z", None)


def html(body: str, url: str = COLUMN, head: str = "") -> ListPage:
    return read_list(page(f"<html><head>{head}</head><body>{body}</body></html>", url))


def link(url: str, text: str = "一篇报道") -> str:
    return f'<a href="{url}">{text}</a>'


# --- HTML lists --------------------------------------------------------------------------------


def test_links_in_document_order_once() -> None:
    found = html(
        f"<ul><li>{link(A, '第一篇')}</li><li>{link('/2017-09/28/c_1121738851.htm', '第二篇')}"
        f"</li><li>{link(A + '?page=2', '第一篇再来')}</li></ul>",
        head="<title> 江苏要闻\n_新华网 </title>",
    )
    assert [(one.url, one.title, one.position) for one in found.links] == [
        (A, "第一篇", 1),
        (B, "第二篇", 2),
    ]
    assert found.links[1].raw == "/2017-09/28/c_1121738851.htm"
    assert found.title == "江苏要闻 _新华网"


ODD = [
    A.replace("/", "\\"),
    B.replace("http://", "http:///"),
    f" {C.upper().replace('2017-09/28/C_1121738852.HTM', '2017-09/28/c_1121738852.htm')}\n",
    "\\2017-09\\28\\c_1121738853.htm",
    "http://www.js.xinhuanet.com:80/2017-09/28/c_1121738854.htm",
    "http://www。js。xinhuanet。com/2017-09/28/c_1121738855.htm",
    "http://www.js.xinhu\nanet.com/2017-09/28/\tc_1121738856.htm",
    "http:2017-09/28/c_1121738857.htm",
    "http://reader@www.js.xinhuanet.com/2017-09/28/c_1121738858.htm",
    "/2010-07/19/c_12347759.htm",
]
NO_ADDRESSES = ["http://[/2017-09/28/c_1.htm", "http://www.js.xinhuanet.com:99999/", "http://"]


def test_addresses_as_browsers_read_them() -> None:
    found = html("".join(map(link, ODD)))
    assert [one.url[-6:-4] for one in found.links] == [f"5{n}" for n in range(10)]
    assert [one.raw for one in found.links] == ODD
    assert {one.url.partition("/20")[0] for one in found.links} == {
        "http://www.js.xinhuanet.com", "http://www.js.xinhuanet.com/news"
    }  # fmt: skip
    assert found.refused == 0


def test_links_that_are_not_understood_are_counted() -> None:
    unknown = "/2017-09/28/a_1121738857.htm"
    others = ["javascript:x", "mailto:a@news.cn", "#top", "", "/a.htm", "http://a.com/", A]
    hrefs = [*NO_ADDRESSES, unknown, unknown, "/ad/2017-09/28/a.htm", "/20170928/a.jpg", *others]
    assert html("".join(map(link, hrefs))).refused == len(NO_ADDRESSES) + 1
    rows = [row(publishUrl=href) for href in hrefs]
    body = json.dumps({"datasource": rows})
    assert read_datasource(page(body, DATA)).refused == len(NO_ADDRESSES) + 1
    items = [item(LinkUrl=href) for href in (*NO_ADDRESSES, "", A)]
    found = read_nodeart(page(answer(*items), NODE))
    assert (found.refused, len(found.links)) == (len(NO_ADDRESSES), 1)


def test_every_shape_and_nothing_else() -> None:
    shapes = [
        "../2012-06/04/content_25340717.htm",
        "/2013-02/25/c_114788503.htm",
        f"//js.news.cn/20240515/{HASH}/c.html?page=2#locat",
        "http://big5.xinhuanet.com/gate/big5/www.js.xinhuanet.com/2017-09/28/c_1121738850.htm",
        "http://www.djxinhuanet.com/2017-09/28/c_1121738850.htm",
        "http://ymnews.cn/2017-09/28/c_1121738850.htm",
        "javascript:void(0)",
        "#top",
        "",
        "mailto:a@news.cn",
        "http://[",
        "index.htm",
        " 2017-09/28/c_1121738\n852.htm ",
    ]
    assert [one.url for one in html("".join(map(link, shapes))).links] == [
        "http://www.js.xinhuanet.com/2012-06/04/content_25340717.htm",
        "http://www.js.xinhuanet.com/2013-02/25/c_114788503.htm",
        f"http://js.news.cn/20240515/{HASH}/c.html",
        A,
        "http://www.js.xinhuanet.com/news/2017-09/28/c_1121738852.htm",
    ]


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        (f'<a href="{A}"><img src="x.jpg" alt="图上的字"></a>', "图上的字"),
        (f'<a href="{A}"><img src="x.jpg"></a>{link(A, "标题在后")}', "标题在后"),
        (f'<a href="{A}" title="完整的标题没有截断">完整的标题…</a>', "完整的标题没有截断"),
        (f'<a href="{A}" title="提示">正文标题</a>', "正文标题"),
        (link(A, "<b>粗</b>体 \n 标题&amp;"), "粗体 标题&"),
        (link(A, "·　标题　"), "标题"),
        (link(A, "[<!-- x -->详细]"), "[详细]"),
        (link(A, "更多") + link(A, "标题"), "标题"),
        (link(A, "全文"), None),
        (link(A, "专题 |"), None),
        (link(A, "&gt;&gt; 2"), None),
        (link(A, " "), None),
        (link(A, "长" * 301), None),
        (f'<map><area href="{A}" title="热区"></map>', "热区"),
        (f'<div style="display:none">{link(A, "隐藏的链接")}</div>', "隐藏的链接"),
    ],
)
def test_titles(markup: str, title: str | None) -> None:
    (one,) = html(markup).links
    assert (one.url, one.title) == (A, title)


def test_comments_scripts_and_templates_are_not_read() -> None:
    found = html(
        f"<!-- {link(A)} --><script>document.write('{link(A)}')</script>"
        f"<noscript>{link(A)}</noscript><template>{link(A)}</template>{link(B)}"
    )
    assert [one.url for one in found.links] == [B]


def test_base_address() -> None:
    found = html(link("2017-09/28/c_1121738850.htm"), head='<base href="http://he.news.cn/x/">')
    assert found.links[0].url == "http://he.news.cn/x/2017-09/28/c_1121738850.htm"
    found = html(link(A) + link("x.htm"), head='<base href="http://example.com/">')
    assert [one.url for one in found.links] == [A]
    assert found.columns == []


@pytest.mark.parametrize(
    ("item", "time"),
    [
        (f"<li>{link(A)}<span>2017-09-28</span></li>", "2017-09-28"),
        (f"<li>[2017-09-28 08:05:09] {link(A)}</li>", "2017-09-28 08:05:09"),
        (f"<li>{link(A)} (2017年9月8日 08:05)</li>", "2017-09-08 08:05"),
        (f"<tr><td>{link(A)}</td><td>2017.09.28</td></tr>", "2017-09-28"),
        (f"<li><a href='{A}'><img></a><div>{link(A)}<p>2017/09/28</p></div></li>", "2017-09-28"),
        # not the link's own
        (f"<li>{link(A)}{link(B)} 2017-09-28</li>", None),
        (f"<p>2017-09-28</p><div>{link(A)}</div>", None),
        (f"<li>{link(A, '2017年9月28日的事')}</li>", None),
        (f"<li>2017-09-28<ul><li>{link(A)}</li></ul></li>", None),
        # no possible day
        (f"<li>{link(A)} 2017-13-28</li>", None),
        (f"<li>{link(A)} 2017-09-28 25:00</li>", None),
        (f"<li>{link(A)} 09-28</li>", None),
    ],
)
def test_time_beside_the_link(item: str, time: str | None) -> None:
    first = html(f"<table>{item}</table>" if item.startswith("<tr") else item).links[0]
    assert (first.time, first.listed) == (time, None)


def test_columns_of_the_same_region() -> None:
    hrefs = [
        "http://www.js.xinhuanet.com/zhengwu/zyjh.htm",
        "../finance/index.html",
        "/wenlv/",
        "http://js.news.cn/tupian",
        "http://wj.js.xinhuanet.com/",  # a city's front page
        "/topic/index.htm",
        # front pages are in the registry
        "http://www.js.xinhuanet.com",
        "http://js.news.cn/index.htm",
        # the page itself, its next page, another region, the main site
        "yw.htm?f=pc",
        "yw_2.htm",
        "http://www.he.xinhuanet.com/news/",
        "http://www.news.cn/local/",
        "http://www.xinhuanet.com/politics/",
        # FACTS b, "NOT articles"
        "/zhuanti/2017/index.htm",
        "/zt/2017sjd/",
        "/titlepic/x.htm",
        "/ad/x.htm",
        "/top.htm",
        "/xlright.htm",
        "/static/x.htm",
        "/skin/x.htm",
        "/2015css/x.htm",
        "/2015js/",
        "/4G.htm",
        "/pc.htm",
        "/webSkipping.htm",
        "http://forum.home.news.cn/list/50-0-0-1.html",
        # neither article nor list
        A,
        "/2017-09/28/x.htm",
        f"/20240515/{HASH}/",
        "/x.jpg",
        "/list.do?action=new",
        "/finance/index.html",
    ]
    assert html("".join(map(link, hrefs))).columns == [
        "http://www.js.xinhuanet.com/zhengwu/zyjh.htm",
        "http://www.js.xinhuanet.com/finance/index.html",
        "http://www.js.xinhuanet.com/wenlv/",
        "http://js.news.cn/tupian",
        "http://wj.js.xinhuanet.com/",
        "http://www.js.xinhuanet.com/topic/index.htm",
    ]


def test_columns_beside_a_page_of_no_region() -> None:
    found = html(
        link("/a.htm") + link("http://www.js.xinhuanet.com/b.htm") + link("/"),
        "http://www.news.cn/politics/",
    )
    assert found.columns == ["http://www.news.cn/a.htm"]


def test_columns_of_the_main_sites_regional_news() -> None:
    found = html(link("wgzg.htm") + link("/politics/x.htm"), "http://www.news.cn/local/index.htm")
    assert found.columns == ["http://www.news.cn/local/wgzg.htm"]


@pytest.mark.parametrize(
    ("url", "hrefs", "expected"),
    [
        (COLUMN, {"yw_2.htm": "2", "yw_3.htm": "3"}, ["yw_2.htm"]),
        (COLUMN.replace("yw", "yw_2"), {"yw.htm": "1", "yw_3.htm": "3"}, ["yw_3.htm"]),
        (COLUMN, {"p1.htm": "下一页", "yw_2.htm": "2"}, ["p1.htm", "yw_2.htm"]),
        (COLUMN, {"p1.htm": "[下页]"}, ["p1.htm"]),
        (COLUMN, {"p1.htm": "下一页&nbsp;&gt;&gt;"}, ["p1.htm"]),
        (COLUMN, {"yw.htm": "下一页", "yw.htm?page=2": "下一页", "#": "下一页"}, []),
        (COLUMN, {"javascript:go(2)": "下一页"}, []),
        (COLUMN, {"http://example.com/2.htm": "下一页"}, []),
        (COLUMN, {"http://he.news.cn/2.htm": "下一页"}, []),
        (COLUMN, {A: "下一页"}, []),
        (COLUMN, {"zw_2.htm": "2", "yw_4.htm": "4"}, []),
        (COLUMN.replace("yw.htm", ""), {"p2.htm": "2"}, []),
    ],
)
def test_next_page(url: str, hrefs: dict[str, str], expected: list[str]) -> None:
    body = "".join(link(href, text) for href, text in hrefs.items()) + link(A)
    assert html(body, url).next_pages == [urls.join(url, href) for href in expected]


@pytest.mark.parametrize(
    ("url", "attributes", "expected"),
    [
        # a page of Hebei, 2024: preview names the folder below the root
        (
            f"http://he.news.cn/20240515/{HASH}/c.html",
            f'data="datasource:{OTHER}" preview="xinwen/ds_"',
            [f"http://he.news.cn/xinwen/ds_{OTHER}.json"],
        ),
        # main-site columns, 2026: the file lies beside the page
        (
            "https://www.news.cn/local/index.htm",
            f'data="datasource:{OTHER}" datatype="ds" preview="ds_"',
            [f"https://www.news.cn/local/ds_{OTHER}.json"],
        ),
        # the list RSSHub reads has no preview: below the root
        (
            "http://www.news.cn/2015/xhcppub/xhsxw/index.html",
            f'class="wz-list" data="datasource:{OTHER}"',
            [f"http://www.news.cn/ds_{OTHER}.json"],
        ),
        # a page of Beijing, 2026: the column's name bears its id, and is no data file
        (COLUMN, f'data="datasource:{OTHER}" datatype="category" preview="ds_"', []),
        (COLUMN, f'data="datasource:{OTHER}" datatype="content" preview="ds_"', []),
        (
            COLUMN,
            f'data="datasource:{OTHER}" datatype="" preview="ds_"',
            [f"http://www.js.xinhuanet.com/news/ds_{OTHER}.json"],
        ),
        (COLUMN, f'data="datasource:20240515{OTHER}" datatype="content"', []),
        (COLUMN, f'data="datasource:{OTHER[:-1]}"', []),
        (COLUMN, f'data="datasource:{OTHER.upper()}"', []),
        (COLUMN, f'data="datasource:{OTHER}" preview="http://example.com/ds_"', []),
        (COLUMN, f'data="datasource:{OTHER}" preview="//[/ds_"', []),
    ],
)
def test_data_files(url: str, attributes: str, expected: list[str]) -> None:
    body = f"<ul {attributes}></ul>" * 2 + link(A)
    assert html(body, url).data_sources == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("", '<input type="hidden" id="nid" value=" 113322 ">', ["113322"]),
        ("", '<input id="nid" value="">', []),
        ("", '<span class="getid">11147664</span>', ["11147664"]),
        ("", f"<script>var u='{NODE}&callback=?'</script>", ["113322"]),
        ("", '<script>load({nid: "11109063", cnt: 10})</script>', ["11109063"]),
        ("", '<a nid="2" page="1">新闻</a>', []),
        ("", '<script>var granid = 11109063, nid = 123456789012</script>', []),
        ('<meta name="publishid" content="1112213.0.1.0"/>', "", ["1112213"]),
        # an article's publishid begins with its own number
        ('<meta name="publishid" content="1121738857.0.1.0"/>', "", []),
        (
            '<meta name="publishid" content="113322.0.2.0">',
            '<input id="nid" value="113322">',
            ["113322"],
        ),
    ],
)  # fmt: skip
def test_nodes(head: str, body: str, expected: list[str]) -> None:
    assert html(body + link(A), head=head).node_ids == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no bytes"),
        (b" \r\n", "no bytes"),
        ("<html><body>抱歉，页面不存在</body></html>".encode(), "nothing on it"),
        (b'<a href="http://example.com/">x</a>', "nothing on it"),
        (b'{"status": 404}', "nothing on it"),
        (bytes(range(256)) * 9, "nothing on it"),
        (b"<a href=x.htm>" * 200_001, "nested"),
        (b"<i>" * 60_000, "nested"),
        (b"<li></li>" * 150_000, "more tags"),
    ],
    ids=["empty", "blank", "404", "elsewhere", "json", "bytes", "anchors", "nested", "tags"],
)
def test_unreadable_list(body: bytes, reason: str) -> None:
    with pytest.raises(ListError, match=reason):
        read_list(page(body))


def test_gb_page() -> None:
    body = f'<meta charset="gb2312">{link(A, "朱镕基")}'.encode("gb18030")
    assert read_list(page(body)).links[0].title == "朱镕基"


@given(st.lists(st.sampled_from([
    "<a href='2017-09/28/c_1121738850.htm'>", "</a>", "<li>", "</ul>", "<table>", "<td>", "甲",
    "<ul data='datasource:" + HASH + "'", ">", "2017-09-28", "\x00", "<!--", "<base href='//['>",
    "<input id=nid value=11111>", "<a href='//[x'>下一页</a>", "<svg><a href='a.htm'>", "&#0;",
]), max_size=30))  # fmt: skip
def test_any_markup(parts: list[str]) -> None:
    try:
        found = read_list(page("".join(parts)))
    except ListError:
        return
    positions = [one.position for one in found.links]
    assert positions == list(range(1, len(positions) + 1))
    for url in [*found.columns, *found.data_sources, *found.next_pages]:
        assert urls.in_scope(url)


# --- data files --------------------------------------------------------------------------------


def data(*rows: Any, url: str = DATA) -> list[Any]:
    body = json.dumps({"categoryName": "地方", "datasource": rows}, ensure_ascii=False)
    return read_datasource(page(body, url, "application/json")).links


def row(**changed: Any) -> dict[str, Any]:
    return {
        "contentId": f"20260927{HASH}",
        "title": "一座县城的早市",
        "showTitle": "一座县城的早市",
        "contentType": "MultiMedia",
        "linkUrls": [],
        "publishUrl": f"20260927/{HASH}/c.html",
        "publishTime": "2026-09-27 22:19:08",
        "summary": "",
    } | changed


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/pages here")
def test_data_files_named_by_a_saved_page() -> None:
    body = (SHARED / "he-2024-d59c39d4.html").read_bytes()
    url = "http://he.news.cn/20240515/d59c39d4160a4fe4b3084c3e4abfb450/c.html"
    found = read_list(page(body, url))
    assert "http://he.news.cn/xinwen/ds_5df4ffd960d3443a8f3192c83d897820.json" in found.data_sources
    assert len(found.data_sources) == 7
    assert "http://he.news.cn/xinwen/index.htm" in found.columns
    assert found.links[-1].time == "2024-05-23"


# --- the list API ------------------------------------------------------------------------------


def item(**changed: Any) -> dict[str, Any]:
    return {
        "DocID": "1121738850",
        "Title": "一座县城(上)的早市)",
        "NodeId": "113322",
        "PubTime": "2017-09-28 12:53:36",
        "LinkUrl": A,
        "IsLink": 0,
        "allPics": [],
        "PicLinks": "",
    } | changed


def answer(*rows: Any, **changed: Any) -> str:
    return json.dumps({"status": 0, "data": {"list": rows}, "totalnum": 90} | changed)


@pytest.mark.parametrize(
    ("url", "body", "kind"),
    [
        (COLUMN, "<html>", "list"),
        (COLUMN, "", "list"),
        (DATA, "", "datasource"),
        (DATA + "?v=1", "<html>", "datasource"),
        ("http://he.news.cn/data", '\n{"datasource": []}', "datasource"),
        (NODE, "({})", "nodeart"),
        ("https://da.wa.news.cn/nodeart/page?nid=113322", "", "nodeart"),
        ("http://he.news.cn/?u=/nodeart/list", "", "list"),
    ],
)
def test_classify(url: str, body: str, kind: str) -> None:
    assert classify(page(body, url)) == kind
