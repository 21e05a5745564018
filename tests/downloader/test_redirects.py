"""How redirects end that lead nowhere."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler.downloader.failures import Ended
from crawler.downloader.redirects import RedirectMiddleware
from crawler.outcomes import Outcome

URL = "http://js.news.cn/2017-09/28/c_1121738857.htm"


@pytest.fixture(scope="module")
def middleware() -> RedirectMiddleware:
    return RedirectMiddleware.from_crawler(get_crawler(settings_dict={"REDIRECT_MAX_TIMES": 2}))


def answer(location: bytes, status: int = 302) -> Response:
    return Response(URL, status=status, headers={"Location": location})


def test_in_a_circle(middleware: RedirectMiddleware) -> None:
    request = Request(URL)
    for _ in range(2):
        following = middleware.process_response(request, answer(URL.encode()))
        assert isinstance(following, Request)
        request = following
    with pytest.raises(Ended) as ended:
        middleware.process_response(request, answer(URL.encode()))
    assert ended.value.outcome is Outcome.REDIRECT_LOOP
    assert URL in ended.value.detail


@pytest.mark.parametrize(
    "location",
    [b"http://[", b"http://[::1", b"http://js.news.cn:99999/", b"http://js.news.cn:x/", b"tel:1"],
)
def test_to_what_is_no_address(middleware: RedirectMiddleware, location: bytes) -> None:
    with pytest.raises(Ended) as ended:
        middleware.process_response(Request(URL), answer(location))
    assert ended.value.outcome is Outcome.HTTP_ERROR
    assert repr(location) in ended.value.detail


def test_to_another_scheme(middleware: RedirectMiddleware) -> None:
    """The spider sees the status."""
    assert isinstance(middleware.process_response(Request(URL), answer(b"ftp://a/")), Response)


@pytest.mark.parametrize("location", [b"/a.htm", b"//www.js.news.cn/", b"?x"])
def test_others_are_followed(middleware: RedirectMiddleware, location: bytes) -> None:
    assert isinstance(middleware.process_response(Request(URL), answer(location)), Request)
