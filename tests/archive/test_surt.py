"""Our sort keys are those of the library that cdxj-indexer uses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surt import surt as reference

from crawler.archive.surt import surt

HOSTS = (
    "js.news.cn", "www.js.xinhuanet.com", "WWW2.news.cn", "js.news.cn:8080", "js.news.cn:80",
    "127.0.0.1:99", "www.com.cn",
)  # fmt: skip
TOKENS = (
    "a", "B", "/", "//", "..", ".", "%41", "%25", "%2F", "%3f", "%23", "%", "&", "=", "?", "+",
    "%20", " ", "中", "%e4%b8%ad", "%FF", "c_112.htm", "index.html", ";", "jsessionid=",
    "0123456789abcdef0123456789abcdef", "sid=", "PHPSESSID=", "cfid=1", "cftoken=2",
    "(S(abcdefghijklmnopqrstuvwx))", "x.aspx", ":", "@", "#f", "!", "~", "|", "%00", "\\", ",",
)  # fmt: skip
URLS = st.builds(
    lambda scheme, host, parts: f"{scheme}://{host}/{''.join(parts)}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(TOKENS), max_size=7),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(URLS)
def test_same_key_as_the_reference(url: str) -> None:
    assert surt(url) == reference(url)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (
            "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm",
            "com,xinhuanet,js)/2017-09/28/c_1121738857.htm",
        ),
        ("https://js.news.cn:443/A/?b=2&a=1", "cn,news,js)/a?a=1&b=2"),
        ("dns:js.news.cn", "dns:js.news.cn"),
    ],
)
def test_keys(url: str, key: str) -> None:
    assert surt(url) == key == reference(url)
