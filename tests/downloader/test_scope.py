"""Requests leave the two domains never, and redirects to a login end as what they are."""

from __future__ import annotations

import pytest
from scrapy import Request

from crawler.downloader.failures import Ended
from crawler.downloader.scope import ArchiveHosts, ScopeMiddleware
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


COMMON_CRAWL = "https://index.commoncrawl.org/CC-MAIN-2017-39-index"
LOOPBACK = "http://127.0.0.1:8080/xinhua/cdx"


@pytest.mark.parametrize(
    ("index", "url", "may"),
    [
        (COMMON_CRAWL, f"{COMMON_CRAWL}?url=x", True),
        (COMMON_CRAWL, "https://index.commoncrawl.org:443/robots.txt", True),
        (COMMON_CRAWL, "https://data.commoncrawl.org/crawl-data/a.warc.gz", True),
        (COMMON_CRAWL, "http://data.commoncrawl.org/crawl-data/a.warc.gz", False),
        (COMMON_CRAWL, "https://data.commoncrawl.org:8443/a", False),
        (COMMON_CRAWL, "https://data.commoncrawl.org.example/a", False),
        (COMMON_CRAWL, "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm", False),
        (LOOPBACK, "http://127.0.0.1:8080/xinhua/20170929010203id_/http://a/", True),
        (LOOPBACK, "http://127.0.0.1:6379/", False),
        (LOOPBACK, "http://169.254.169.254/latest/meta-data", False),
    ],
)
def test_the_archive_s_hosts_alone(index: str, url: str, may: bool) -> None:
    scope = ScopeMiddleware(ArchiveHosts(index))
    if may:
        scope.process_request(Request(url))
        return
    with pytest.raises(Ended, match="no host of the web archive"):
        scope.process_request(Request(url))


def test_the_index_may_name_one_more_host() -> None:
    hosts = ArchiveHosts(LOOPBACK)
    assert not hosts.name("http://127.0.0.1:6379/a.warc.gz")
    assert not hosts.name("gopher://other.example/a.warc.gz")
    assert not hosts.name("http://other.example:99999/a.warc.gz")
    assert not hosts.name("http://[::1/a.warc.gz")
    assert hosts.name("https://other.example/a.warc.gz")
    assert hosts.has("https://other.example/b.warc.gz")
    assert not hosts.name("https://third.example/a.warc.gz")


def test_replay_and_data_may_be_given() -> None:
    hosts = ArchiveHosts("http://h/cdx", replay="http://r/web", data="http://d/files")
    assert (hosts.replay, hosts.data) == ("http://r/web/", "http://d/files/")
    assert all(map(hosts.has, ("http://h/", "http://r/", "http://d/")))


@pytest.mark.parametrize(
    ("index", "private"),
    [
        (LOOPBACK, {"127.0.0.1"}),
        ("http://localhost:8080/xinhua/cdx", {"localhost"}),
        ("http://pywb.internal/xinhua/cdx", set()),
        (COMMON_CRAWL, set()),
    ],
)
def test_only_what_was_given_as_an_address_may_be_private(index: str, private: set[str]) -> None:
    assert ArchiveHosts(index).private == private


def test_no_proxy_is_asked_for_a_private_one() -> None:
    request = Request(LOOPBACK)
    ScopeMiddleware(ArchiveHosts(LOOPBACK)).process_request(request)
    assert request.meta["proxy"] is None
    other = Request(COMMON_CRAWL)
    ScopeMiddleware(ArchiveHosts(COMMON_CRAWL)).process_request(other)
    assert "proxy" not in other.meta
