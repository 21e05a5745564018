"""Our index is what an indexer that isn't ours prints, with sort keys of the library it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surt import surt as reference

from crawler.archive import cdxj
from crawler.archive.cdxj import surt

if TYPE_CHECKING:
    from tests.archive.crawled import Crawled


def test_index_is_what_cdxj_indexer_prints(crawled: Crawled) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "cdxj-indexer", "-s", crawled.warc.name],
        cwd=crawled.warc.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    path = cdxj.write_index(crawled.warc)
    assert path.name == crawled.warc.name.replace(".warc.gz", ".cdxj")
    assert path.read_text() == done.stdout
    assert len(done.stdout.splitlines()) == sum(bool(ex.response) for ex in crawled.exchanges)


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
