"""Requests leave the two domains never, and redirects to a login end as what they are."""

from __future__ import annotations

import pytest
from scrapy import Request

from crawler.downloader.errors import Ended
from crawler.downloader.scope import ScopeMiddleware
from crawler.outcomes import Outcome

ARTICLE = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"


@pytest.mark.parametrize("url", [ARTICLE, "https://js.news.cn/robots.txt", "http://www.news.cn/"])
def test_the_two_domains_pass(url: str) -> None:
    ScopeMiddleware().process_request(Request(url))


@pytest.mark.parametrize(
    "url",
    ["http://www.example.org/", "http://xinhuanet.com.example.org/", "http://js.news.cn:8081/"],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(Ended) as ended:
        ScopeMiddleware().process_request(Request(url))
    assert ended.value.outcome is Outcome.REFUSED_ADDRESS


@pytest.mark.parametrize(
    ("kind", "url", "outcome"),
    [
        ("article", "http://login.news.cn/login?back=1", Outcome.CHALLENGED),
        ("article", "http://login.example.org/login?back=1", Outcome.CHALLENGED),
        ("list", "http://login.example.org/login?back=1", Outcome.REFUSED_ADDRESS),
    ],
)
def test_an_article_that_asks_for_a_login(kind: str, url: str, outcome: Outcome) -> None:
    with pytest.raises(Ended) as ended:
        ScopeMiddleware().process_request(
            Request(url, meta={"kind": kind, "redirect_urls": [ARTICLE]})
        )
    assert ended.value.outcome is outcome
