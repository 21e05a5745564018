"""Lists as data: ds_ files and the list API, and what hostile ones do to them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import urls
from crawler.lists.json_sources import next_nodeart_url, nodeart_url, read_datasource, read_nodeart
from crawler.lists.links import ListError
from tests.lists.test_list_page import (
    DATA,
    HASH,
    NODE,
    OTHER,
    SHARED,
    THIRD,
    A,
    B,
    C,
    answer,
    data,
    item,
    page,
    row,
)


def test_article_row() -> None:
    (one,) = data(row())
    assert one.url == f"https://www.news.cn/local/20260927/{HASH}/c.html"
    assert one.raw == f"20260927/{HASH}/c.html"
    assert (one.title, one.position) == ("一座县城的早市", 1)
    assert (one.time, one.listed) == ("2026-09-27 22:19:08", None)


@pytest.mark.parametrize(
    ("printed", "url"),
    [
        (f"http://js.news.cn/20260927/{HASH}/c.html", f"http://js.news.cn/20260927/{HASH}/c.html"),
        (f"/fortune/20260927/{HASH}/c.html", f"https://www.news.cn/fortune/20260927/{HASH}/c.html"),
        (f"20260927/{HASH}/c.html", f"https://www.news.cn/local/20260927/{HASH}/c.html"),
        (f"../20260927/{HASH}/c.html", f"https://www.news.cn/20260927/{HASH}/c.html"),
        (f"../../../20260927/{HASH}/c.html", f"https://www.news.cn/20260927/{HASH}/c.html"),
        (f"//js.news.cn/20260927/{HASH}/c.html", f"https://js.news.cn/20260927/{HASH}/c.html"),
    ],
)
def test_forms_of_publish_url(printed: str, url: str) -> None:
    assert [one.url for one in data(row(publishUrl=printed))] == [url]


def test_row_of_one_link_was_listed_not_published() -> None:
    url = f"https://js.news.cn/20260924/{HASH}/c.html"
    title = f"<a href='{url}' target='_blank'>一则消息 又一则</a>"
    (one,) = data(
        row(
            contentType="Link",
            title=title,
            showTitle=title,
            linkUrls=[{"linkTitle": "一则消息 又一则", "linkUrl": url}],
            publishUrl=url,
            publishTime="2026-09-24 23:10:00",
        )
    )
    assert (one.url, one.title) == (url, "一则消息 又一则")
    assert (one.time, one.listed) == (None, "2026-09-24 23:10:00")


def test_row_of_several_links() -> None:
    """A topic's label, two articles, and the full text of one of them."""
    first, second = f"/20260927/{HASH}/c.html", f"https://www.news.cn/20260926/{OTHER}/c.html"
    found = data(
        row(
            contentType="Link",
            title="<a href='...'>专题 |</a><a href='...'>甲事</a><a href='...'>乙事</a>",
            showTitle=None,
            linkUrls=[
                {"linkTitle": "专题 |", "linkUrl": "https://www.news.cn/zt/jia/index.html"},
                {"linkTitle": "甲事", "linkUrl": first},
                {"linkTitle": "全文", "linkUrl": first},
                {"linkTitle": "<b>乙</b>事", "linkUrl": second},
                {"linkTitle": "丙事"},
                "not a pair",
            ],
            publishUrl="https://www.news.cn/zt/jia/index.html",
        ),
        row(title="另一篇", showTitle="", publishUrl=f"/20260927/{THIRD}/c.html"),
    )
    assert [(one.url, one.title, one.position) for one in found] == [
        (f"https://www.news.cn{first}", "甲事", 1),
        (second, "乙事", 2),
        (f"https://www.news.cn/20260927/{THIRD}/c.html", "另一篇", 3),
    ]


def test_links_only_in_the_titles_markup() -> None:
    title = (
        f"<a href='/20260927/{HASH}/c.html'>甲事</a> <a href='/20260927/{OTHER}/c.html'>乙事</a>"
    )
    found = data(row(contentType="Link", title=title, showTitle=title, publishUrl=""))
    assert [one.title for one in found] == ["甲事", "乙事"]
    assert {one.time for one in found} == {None}


def test_duplicates_keep_the_first_place() -> None:
    found = data(row(), row(publishUrl=f"20260927/{OTHER}/c.html", title="乙"), row(title="再来"))
    assert [one.position for one in found] == [1, 2]
    assert found[0].title == "一座县城的早市"


@pytest.mark.parametrize(
    "changed",
    [
        {"publishUrl": "https://www.djxinhuanet.com/20260927/" + HASH + "/c.html"},
        {"publishUrl": "index.htm"},
        {"publishUrl": None},
        {"publishUrl": 7},
        {"publishUrl": ["x"]},
        {"publishUrl": "http://["},
        {"publishUrl": "", "linkUrls": {"linkUrl": "x"}},
    ],
)
def test_row_without_an_article(changed: dict[str, Any]) -> None:
    assert data(row(**changed), row(publishUrl=f"/20260927/{OTHER}/c.html"))[0].position == 1
    assert data(row(**changed)) == []


@pytest.mark.parametrize(
    ("changed", "title", "time"),
    [
        ({"showTitle": None, "title": None}, None, "2026-09-27 22:19:08"),
        ({"showTitle": 5, "title": "题"}, "题", "2026-09-27 22:19:08"),
        ({"showTitle": "甲&amp;乙<br>丙"}, "甲&乙 丙", "2026-09-27 22:19:08"),
        ({"showTitle": "\ud800题"}, "\ufffd题", "2026-09-27 22:19:08"),
        ({"publishTime": None}, "一座县城的早市", None),
        ({"publishTime": 1790000000}, "一座县城的早市", None),
        ({"publishTime": "2026-02-30 10:00:00"}, "一座县城的早市", None),
    ],
)
def test_odd_fields(changed: dict[str, Any], title: str | None, time: str | None) -> None:
    body = json.dumps({"datasource": [row(**changed)]})
    (one,) = read_datasource(page(body, DATA, "application/json")).links
    assert (one.title, one.time) == (title, time)


def test_odd_rows_are_passed_over() -> None:
    assert len(data(None, "x", 1, [], row())) == 1
    assert data() == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>404</html>", "not JSON"),
        (b'{"datasource": [', "not JSON"),
        (b"[" * 200_000, "nested too deep|not JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "no datasource list"),
        (b"null", "no datasource list"),
        (b'{"datasource": {}}', "no datasource list"),
        (b'{"categoryName": "x"}', "no datasource list"),
        (b'{"datasource": [1, "x"]}', "no row"),
        (json.dumps({"datasource": [row(title="<i>" * 60_000)]}).encode(), "nested"),
    ],
    ids=[
        "empty",
        "html",
        "cut",
        "deep",
        "number",
        "array",
        "null",
        "object",
        "none",
        "rows",
        "row",
    ],
)
def test_unreadable_data_file(body: bytes, reason: str) -> None:
    with pytest.raises(ListError, match=reason):
        read_datasource(page(body, DATA, "application/json"))


def test_byte_order_mark() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"datasource": [row()]}).encode()
    assert len(read_datasource(page(body, DATA)).links) == 1


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/pages here")
def test_rows_from_the_public_sample() -> None:
    """The sample's addresses were shortened by its author: their hashes are filled up here."""
    text = (SHARED / "ds_rows_from_public_test.json").read_text(encoding="utf-8")
    for short in ("a512e6e3", "9f0b8eae", "988db1cb", "82b64bfa", "15e7281f"):
        text = text.replace(f"/{short}/", f"/{short * 4}/")
    found = read_datasource(page(text, DATA)).links
    assert [(one.url, one.time is None) for one in found] == [
        (f"https://www.news.cn/politics/20260924/{'a512e6e3' * 4}/c.html", True),
        (f"https://www.news.cn/world/20260927/{'9f0b8eae' * 4}/c.html", True),
        (f"https://www.news.cn/world/20260926/{'988db1cb' * 4}/c.html", True),
        (f"https://www.news.cn/fortune/20260927/{'82b64bfa' * 4}/c.html", False),
        (f"https://www.news.cn/local/20260927/{'15e7281f' * 4}/c.html", False),
    ]
    assert all(one.title and "<" not in one.title for one in found)
    assert found[0].listed == "2026-09-24 23:10:00"


@pytest.mark.parametrize(
    "form",
    ["({}\n)", "{}", "({});", "jQuery17109_1571626648599({})", "a.b$1 ( {} ) ; \n", " ({}) "],
)
def test_forms_of_an_answer(form: str) -> None:
    found = read_nodeart(page(form.replace("{}", answer(item(), item(LinkUrl=B))), NODE))
    assert [one.url for one in found.links] == [A, B]
    assert found.links[0].title == "一座县城(上)的早市)"
    assert found.links[0].time == "2017-09-28 12:53:36"
    assert (found.count, found.total, found.end, found.skipped) == (2, 90, False, 0)


@pytest.mark.parametrize(
    ("body", "url", "end"),
    [
        (answer(item(), item(LinkUrl=B)), NODE, False),
        # the total says more than a short or an empty page
        (answer(item()), NODE, False),
        (answer(), NODE, False),
        (answer(data=None), NODE, False),
        (answer(data={}), NODE, False),
        (answer(data={"list": {}}), NODE, False),
        (answer(item(), item(LinkUrl=B)), NODE.replace("pgnum=1", "pgnum=44"), False),
        (answer(item(), item(LinkUrl=B)), NODE.replace("pgnum=1", "pgnum=45"), True),
        (answer(item(), item(LinkUrl=B)), NODE.replace("pgnum=1", "pgnum=46"), True),
        (answer(item(), item(LinkUrl=B), totalnum=2), NODE, True),
        (answer(item(), item(LinkUrl=B), totalnum="3"), NODE, False),
        (answer(item(), totalnum=1), NODE.replace("&cnt=2", ""), True),
        # no total, or none that can be true
        (answer(item(), item(LinkUrl=B), totalnum=None), NODE, False),
        (answer(item(), item(LinkUrl=B), totalnum=0), NODE, False),
        (answer(item(), item(LinkUrl=B), totalnum=1), NODE, False),
        (answer(item(), totalnum=None), NODE, True),
        (answer(item(), totalnum=-1), NODE, True),
        (answer(totalnum=None), NODE, True),
        (answer(totalnum=0), NODE, True),
        (answer(data=None, totalnum=None), NODE, True),
        (answer(item()), NODE.replace("&cnt=2", ""), False),
        (answer(item()), NODE.replace("cnt=2", "cnt=1?callback=?"), False),
        (answer(item(), item(), status=1), NODE, True),
        (answer(item(), item(), status="0"), NODE, False),
        (answer(status="-1"), NODE, True),
        (answer(status=None), NODE, True),
        ('({"status":-1})', NODE, True),
    ],
)
def test_end_of_a_node(body: str, url: str, end: bool) -> None:
    assert read_nodeart(page(body, url)).end is end


@pytest.mark.parametrize(
    ("rows", "expected", "skipped"),
    [
        # only the id is known: no address is made up from it
        ([item(LinkUrl="")], [], 1),
        ([item(LinkUrl=None), item(LinkUrl=B)], [B], 1),
        ([item(LinkUrl="/2017-09/28/c_1121738850.htm")], [], 1),
        ([item(LinkUrl="http://example.com/2017-09/28/c_1121738850.htm")], [], 1),
        ([item(LinkUrl="http://www.news.cn/zt/index.htm", IsLink=1)], [], 1),
        ([None, "x", [], 5, item()], [A], 4),
        ([item(), item()], [A], 0),
        ([item(tarray=["乙", "丙"], uarray=[B, C])], [A, B, C], 0),
        ([item(tarray="乙", uarray=B)], [A], 0),
        ([item(tarray=[], uarray=[None, B, ""])], [A, B], 0),
        ([item(allPics=None, PicLinks=None, DocID=1121738850)], [A], 0),
    ],
)
def test_rows_of_a_node(rows: list[Any], expected: list[str], skipped: int) -> None:
    found = read_nodeart(page(f"({answer(*rows)})", NODE))
    assert [one.url for one in found.links] == expected
    assert (found.count, found.skipped) == (len(rows), skipped)


@pytest.mark.parametrize(
    ("total", "expected"), [(7, 7), ("7", 7), (None, None), ("x", None), (True, None), (1.5, None)]
)
def test_total(total: Any, expected: int | None) -> None:
    assert read_nodeart(page(answer(totalnum=total), NODE)).total == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "neither JSON nor JSONP"),
        ("<html>502</html>", "neither JSON nor JSONP"),
        ("alert(1", "neither JSON nor JSONP"),
        ("({", "neither JSON nor JSONP"),
        ("()", "not JSON"),
        ("({'status':0})", "not JSON"),
        ("([])", "neither status nor data"),
        ("({})", "neither status nor data"),
        ("(" * 5000 + ")" * 5000, "not JSON"),
        ("(" + "[" * 200_000 + ")", "nested too deep|not JSON"),
        ("a" * 200_000, "neither JSON nor JSONP"),
    ],
    ids=["empty", "html", "open", "cut", "nothing", "quotes", "array", "keys", "b", "deep", "name"],
)
def test_unreadable_answer(body: str, reason: str) -> None:
    with pytest.raises(ListError, match=reason):
        read_nodeart(page(body, NODE))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.sampled_from([A, B]),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["data", "list", "status", "datasource", "LinkUrl", "linkUrls", "title",
                         "publishUrl", "uarray", "totalnum"]), inner),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
def test_any_json(value: Any) -> None:
    for read in (read_datasource, read_nodeart):
        with contextlib.suppress(ListError):
            read(page(json.dumps(value), NODE))


def test_nodeart_url() -> None:
    url = nodeart_url("113322", 3, 20)
    assert url == "http://qc.wa.news.cn/nodeart/list?nid=113322&pgnum=3&cnt=20&tp=1&orderby=1"
    assert urls.canonical(url) == url


@pytest.mark.parametrize(
    ("nid", "number", "count"), [("1&x=2", 1, 20), ("", 1, 20), ("113322", 0, 20), ("113322", 1, 0)]
)
def test_no_such_node_page(nid: str, number: int, count: int) -> None:
    with pytest.raises(ValueError, match="no node page"):
        nodeart_url(nid, number, count)


@pytest.mark.parametrize(
    ("url", "following"),
    [
        ("http://qc.wa.news.cn/nodeart/list?nid=113322&pgnum=1&cnt=20", "pgnum=2"),
        ("http://da.wa.news.cn/nodeart/page?nid=113322&pgnum=9&cnt=20", "pgnum=10"),
        ("http://qc.wa.news.cn/nodeart/list?nid=113322&cnt=20", "pgnum=2"),
        ("http://qc.wa.news.cn/nodeart/list?nid=113322&pgnum=x&cnt=20", "pgnum=2"),
    ],
)
def test_the_page_after_a_list_api_address(url: str, following: str) -> None:
    after = next_nodeart_url(url)
    assert following in after.partition("?")[2].split("&")
    assert "nid=113322" in after
    assert "cnt=20" in after
