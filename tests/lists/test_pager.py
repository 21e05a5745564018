"""Pagers: what is the next page of a list, which links are its pages, which are other lists."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from crawler import urls
from crawler.lists.pager import Anchor, PageOf, list_page_of, read_pager, unnested

YW = "http://he.news.cn/xw/yw.htm"
FOLDER = "http://he.news.cn/xw/"
FRONT = "http://he.news.cn/index.htm"

Links = dict[str, str]


def anchors(own: str, links: Links) -> list[Anchor]:
    found = [Anchor(urls.canonical(urljoin(own, href)), text) for href, text in links.items()]
    return [one for one in found if one.url != own]


def full(own: str, hrefs: list[str]) -> list[str]:
    return [urljoin(own, href) for href in hrefs]


def numbers(form: str, *, last: int = 8, following: int = 2) -> Links:
    """A pager as the site prints it, seen from its first page."""
    links = {form.format(number): str(number) for number in range(2, last + 1)}
    return links | {form.format(following) + "#x": "下一页", form.format(last) + "#y": "尾页"}


@pytest.mark.parametrize(
    ("url", "name", "number"),
    [
        (YW, "he.news.cn/xw/yw", 0),
        ("https://www.he.news.cn/xw/yw.html", "he.news.cn/xw/yw", 0),
        ("http://he.news.cn/xw/yw_12.htm", "he.news.cn/xw/yw", 12),
        ("http://he.news.cn/xw/yw-2.shtml", "he.news.cn/xw/yw", 2),
        (FOLDER, "he.news.cn/xw/", 0),
        ("http://he.news.cn/xw", "he.news.cn/xw/", 0),
        ("http://he.news.cn/xw/index.htm", "he.news.cn/xw/", 0),
        ("http://he.news.cn/xw/index_3.html", "he.news.cn/xw/", 3),
        ("http://he.news.cn/xw/page/3/", "he.news.cn/xw/", 3),
        ("http://he.news.cn/xw/page/2/page/3", "he.news.cn/xw/", 3),
        ("http://he.news.cn", "he.news.cn/", 0),
        # digits of a name
        ("http://he.news.cn/xw/yw2.htm", "he.news.cn/xw/yw2", 0),
        ("http://he.news.cn/2018zt/fcyw.htm", "he.news.cn/2018zt/fcyw", 0),
        ("http://he.news.cn/news1/index.htm", "he.news.cn/news1/", 0),
        ("http://he.news.cn/xw/yw_2016.htm", "he.news.cn/xw/yw_2016", 0),
        ("http://he.news.cn/xw/yw_02.htm", "he.news.cn/xw/yw_02", 0),
        ("http://he.news.cn/xw/ds_1.json", "he.news.cn/xw/ds_1.json", 0),
        ("http://he.news.cn/list?nid=1&pgnum=2", "he.news.cn/list?nid=1&pgnum=2", 0),
    ],
)
def test_an_address_says_which_page_of_which_list(url: str, name: str, number: int) -> None:
    assert list_page_of(url) == PageOf(name, number)


def test_a_nested_pager_is_seen_through() -> None:
    nested = "http://he.news.cn/a/page/2/page/3/page/4/"
    assert unnested(nested) == "http://he.news.cn/a/page/4/"
    for url in ("http://he.news.cn/a/page/2/b/page/3/", "http://he.news.cn/page/page/", YW):
        assert unnested(url) == url


@pytest.mark.parametrize(
    ("own", "links", "following"),
    [
        # every page's numbers, from the first, from the middle, from the last
        (YW, numbers("yw_{}.htm"), ["yw_2.htm"]),
        (FOLDER, numbers("index_{}.htm"), ["index_2.htm"]),
        (FOLDER, numbers("page/{}/"), ["page/2/"]),
        (f"{FOLDER}index_3.htm", {"index.htm": "1", "index_2.htm": "2", "index_4.htm": "4"},
         ["index_4.htm"]),
        (f"{FOLDER}index_8.htm", {"index.htm": "首页", "index_7.htm": "上一页"}, []),
        # numbers alone; the second page may bear the number 1
        (YW, {"yw_2.htm": "2", "yw_3.htm": "3"}, ["yw_2.htm"]),
        (FOLDER, {"index_1.htm": "2", "index_2.htm": "3"}, ["index_1.htm", "index_2.htm"]),
        (FOLDER, {"index_1.htm": "1", "index_2.htm": "2"}, ["index_2.htm"]),
        (f"{FOLDER}index_1.htm", {"index_2.htm": "3"}, ["index_2.htm"]),
        # numbers alone, in addresses that don't tell: the page that is shown isn't linked
        (YW, {"p2.htm": "2", "p3.htm": "3", "p4.htm": "4"}, ["p2.htm"]),
        (f"{FOLDER}p2.htm", {"yw.htm": "1", "p1.htm": "1", "p3.htm": "3"}, ["p3.htm"]),
        (f"{FOLDER}p4.htm", {"p1.htm": "1", "p2.htm": "2", "p3.htm": "3"}, []),
        (FRONT, {f"rl/2020030{day}.htm": str(day) for day in range(1, 10)}, []),
        # relative to one of its own pages
        (f"{FOLDER}page/2/", {"page/3/": "下一页", "page/1/": "1"}, ["../3/"]),
        (f"{FOLDER}index_2.htm", {"page/3/": "下一页"}, ["page/3/"]),
        (f"{FOLDER}index_2.htm", {"page/2/": "下一页"}, []),
        (f"{FOLDER}page/2/", {"page/2/": "下一页"}, []),
        # with and without www
        (YW, {"http://www.he.news.cn/xw/yw_2.htm": "下一页"},
         ["http://www.he.news.cn/xw/yw_2.htm"]),
        # this list's pager before another's
        (f"{FOLDER}a_2.htm", {"b_2.htm": "下一页", "a_3.htm": "下一页"}, ["a_3.htm", "b_2.htm"]),
        (FRONT, {"xw/index_2.htm": "下一页"}, ["xw/index_2.htm"]),
    ],
)  # fmt: skip
def test_the_next_page(own: str, links: Links, following: list[str]) -> None:
    assert read_pager(anchors(own, links), own).following == full(own, following)


@pytest.mark.parametrize(
    ("own", "links", "pages"),
    [
        (YW, numbers("yw_{}.htm"), [f"yw_{n}.htm" for n in range(2, 9)]),
        (FOLDER, numbers("index_{}.htm"), [f"index_{n}.htm" for n in range(2, 9)]),
        (YW, numbers("p{}.htm"), [f"p{n}.htm" for n in range(2, 9)]),
        (YW, {"yw2.htm": "[2]", "yw3.htm": "【3】"}, ["yw2.htm", "yw3.htm"]),
        (YW, {"yw2.htm": "第2页"}, ["yw2.htm"]),
        (YW, {"list/2/": "2", "list/3/": "3"}, ["list/2/", "list/3/"]),
        # another list's, on a front page
        (FRONT, {"xw/": "要闻", "xw/index_2.htm": "更多>>"}, ["xw/index_2.htm"]),
        (FRONT, {"xw/": "要闻", "xw/index_2.htm": "2"}, ["xw/index_2.htm"]),
        (FRONT, {"xw/yw.htm": "要闻", "xw/yw2.htm": "2"}, ["xw/yw2.htm"]),
        (FRONT, {"xw/index_2.htm": "下一页", "xw/index_9.htm": "末页"},
         ["xw/index_2.htm", "xw/index_9.htm"]),
        # a calendar's days
        (FRONT, {"rl/20200301.htm": "1", "rl/20200302.htm": "2"},
         ["rl/20200301.htm", "rl/20200302.htm"]),
        # columns
        (FRONT, {"xw/yw.htm": "要闻", "xw/yw2.htm": "要闻二", "xw/yw_2.htm": "要闻（二）"}, []),
        (FRONT, {"2018zt/fcyw.htm": "2018专题", "news1/index.htm": "更多"}, []),
        (FRONT, {"xw/yw_2.htm": "更多"}, []),
        (FRONT, {"xw/": "要闻", "xw/index.htm": "下一页"}, ["xw/index.htm"]),
        (FRONT, {"xw/": "下一页", "/xw/#y": "要闻"}, []),
        (FRONT, {"315/": "315", "ldhd/zyjh1.htm": "重要讲话"}, []),
        (FRONT, {"2018/index.htm": "2018", "2019/index.htm": "2019"}, []),
        (FRONT, {"a.htm": "1", "b.htm": "2", "c.htm": "3"}, []),
        (FRONT, {"ldhd/1.htm": "书记", "ldhd/2.htm": "省长", "ldhd/2.htm#x": "2"}, []),
    ],
)  # fmt: skip
def test_pages_are_no_lists(own: str, links: Links, pages: list[str]) -> None:
    assert sorted(read_pager(anchors(own, links), own).pages) == sorted(full(own, pages))


@pytest.mark.parametrize(
    ("own", "links", "others"),
    [
        (YW, numbers("yw_{}.htm"), []),
        # two pagers on one page, with words and with numbers alone
        (YW, numbers("yw_{}.htm") | {"tp_2.htm": "下一页"}, ["tp_2.htm"]),
        (YW, numbers("yw_{}.htm") | numbers("tp_{}.htm"), ["tp_2.htm"]),
        (YW, {"yw_2.htm": "2", "yw_3.htm": "3", "tp_2.htm": "2", "tp_3.htm": "3"}, ["tp_2.htm"]),
        # the other list itself is linked
        (YW, {"yw_2.htm": "下一页", "tp.htm": "图片", "tp_2.htm": "2", "tp_3.htm": "3"}, []),
        # one pager in two forms
        (YW, {"p1.htm": "下一页", "yw_2.htm": "2", "yw_3.htm": "3"}, []),
        # of a calendar its first day
        (FRONT, {"rl/d7.htm": "7", "rl/d6.htm": "6"}, ["rl/d6.htm"]),
    ],
)
def test_where_other_pagers_begin(own: str, links: Links, others: list[str]) -> None:
    assert read_pager(anchors(own, links), own).others == full(own, others)


def test_hostile_texts_and_addresses_take_no_time() -> None:
    links = {f"{'a_1/' * 500}{n}.htm": "[" * 4000 + "1" for n in range(50)}
    links |= {"/page/1" * 280 + f"/{n}": " " * 4000 for n in range(50)}
    assert read_pager(anchors(YW, links), YW).following == []
