"""Links of a list: each article once, with what the list says of it."""

from __future__ import annotations

import pytest

from crawler.lists.links import MOST_LINKS, Links, clean_title, find_time

BASE = "http://www.js.xinhuanet.com/news/index.htm"
ONE = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"


def test_a_link_met_again_fills_in_what_the_first_lacked() -> None:
    links = Links(BASE)
    assert links.add("../2017-09/28/c_1121738857.htm", "", time="2017-09-28") == ONE
    assert links.add("/2017-09/28/c_1121738858.htm", "云溪镇的书房") is not None
    assert links.add(f"{ONE}#top", "云溪镇修桥", time="2017-09-29", listed="2017-09-30") == ONE
    first, second = links.all()
    assert (first.url, first.title, first.position) == (ONE, "云溪镇修桥", 1)
    assert (first.time, first.listed) == ("2017-09-28", "2017-09-30")
    assert (second.position, links.refused) == (2, 0)


def test_what_is_no_article_is_left_out_and_what_is_not_understood_counted() -> None:
    links = Links(BASE)
    for href in ("#top", "/news/", "http://example.com/", "/2017-09/28/new-form-1.htm"):
        assert links.add(href, "云溪镇") is None
    assert (links.all(), links.refused) == ([], 1)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\u3000· 云溪镇\n 修桥 ", "云溪镇 修桥"), ("更多", None), ("新闻|", None), ("1234", None),
        (None, None), ("长" * 301, None), ("坏\ud800字", "坏\ufffd字"),
    ],
)  # fmt: skip
def test_titles(text: str | None, title: str | None) -> None:
    assert clean_title(text) == title


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2017-9-5", "2017-09-05"), ("2017年9月5日 08:30", "2017-09-05 08:30"),
        ("2017/09/05 08:30:15", "2017-09-05 08:30:15"), ("2017-13-05 2017-12-05", "2017-12-05"),
        ("1999-01-01", None), ("", None),
    ],
)  # fmt: skip
def test_times(text: str, time: str | None) -> None:
    assert find_time(text) == time


def test_more_links_than_a_list_has_are_counted_and_left() -> None:
    links = Links("http://js.news.cn/")
    for number in [*range(MOST_LINKS + 7), *range(MOST_LINKS + 7)]:
        links.add(f"/2017-09/28/c_11{number:08}.htm", "要闻")
    assert len(links.all()) == MOST_LINKS
    assert links.refused == 7
