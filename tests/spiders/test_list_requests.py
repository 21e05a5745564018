"""What a list's page says, whichever kind it is, and whose its links are."""

from __future__ import annotations

import pytest

from crawler.items import Page
from crawler.lists.links import ListError
from crawler.spiders.list_requests import (
    LOCAL,
    ListStep,
    first_url,
    read_answer,
    region_code,
    region_of_link,
)

FRONT = "http://www.js.xinhuanet.com/"
ARTICLE = "http://www.js.xinhuanet.com/2026-09/05/c_1121600001.htm"


def answered(
    body: str, url: str = FRONT, kind: str = "text/html", **step: object
) -> tuple[ListStep, Page]:
    made = ListStep(FRONT, url, "js", **step)  # type: ignore[arg-type]
    headers = (("Content-Type", kind),)
    return made, Page(url, 200, headers, body.encode(), "2026-09-05T00:00:00Z", None)


LIST = f"""<html><body><ul><li><a href="{ARTICLE}">渡口的船工补好了船</a></li></ul>
<a href="http://www.js.xinhuanet.com/lb/yw.htm">要闻</a>
<a href="http://www.he.xinhuanet.com/lb/yw.htm">河北</a></body></html>"""


def test_a_front_page() -> None:
    answer = read_answer(*answered(LIST))
    assert [link.url for link in answer.links] == [ARTICLE]
    assert list(answer.columns) == ["http://www.js.xinhuanet.com/lb/yw.htm"]
    assert (answer.further, answer.is_gap) == (None, False)


def test_columns_are_named_by_first_pages_alone() -> None:
    assert read_answer(*answered(LIST, page=2)).columns == []


@pytest.mark.parametrize(("body", "url"), [("no page", FRONT), ("{}", first_url("1118009"))])
def test_what_is_no_list(body: str, url: str) -> None:
    with pytest.raises(ListError):
        read_answer(*answered(body, url, "application/octet-stream"))


def test_regions() -> None:
    assert region_code(FRONT) == "js"
    assert region_code("http://www.news.cn/") is None


@pytest.mark.parametrize(
    ("url", "region", "link", "found"),
    [
        # the main site's column of regional news owns what its data names
        ("http://www.news.cn/local/ds_1.json", LOCAL, "http://www.news.cn/a.htm", LOCAL),
        (first_url("1118009"), LOCAL, "http://www.news.cn/a.htm", LOCAL),
        ("http://www.news.cn/local/index.htm", LOCAL, "http://www.news.cn/a.htm", None),
        ("http://js.news.cn/ds_1.json", "js", "http://www.news.cn/a.htm", None),
        ("http://www.news.cn/local/ds_1.json", LOCAL, ARTICLE, "js"),
    ],
)
def test_whose_a_link_is(url: str, region: str, link: str, found: str | None) -> None:
    assert region_of_link(ListStep(url, url, region), link) == found


def test_a_step_belongs_to_a_walk() -> None:
    assert ListStep(FRONT, FRONT, "js").walk == ListStep(FRONT, f"{FRONT}2", "js", page=2).walk
