"""Addresses: scope, canonical form, article shapes, and that hostile strings never get through."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from urllib.parse import urlsplit

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from w3lib.url import safe_url_string

from crawler.urls import (
    MAX_LENGTH,
    PageName,
    article,
    article_id,
    canonical,
    host_of,
    in_scope,
    is_dated,
    join,
    picture_address,
)

HASH = "d59c39d4160a4fe4b3084c3e4abfb450"
JS = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
HE = f"http://he.news.cn/20240515/{HASH}/c.html"


@pytest.mark.parametrize(
    "url",
    [
        "http://www.js.xinhuanet.com/",
        "https://js.news.cn",
        "http://wj.js.xinhuanet.com/x.htm",
        "http://qc.wa.news.cn/nodeart/list?nid=111837&pgnum=1&cnt=20&tp=1&orderby=1?callback=?",
        "http://big5.news.cn/gate/big5/www.news.cn/",
        "HTTP://WWW.HE.NEWS.CN/index.htm",
        "http://he.news.cn:80/",
        "http://he.news.cn:/",
        "https://he.news.cn:443/",
        "http://he.news.cn/中文.htm",
        "http://he.news.cn?x",
        "http://he.news.cn#x",
    ],
)
def test_in_scope(url: str) -> None:
    assert in_scope(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "he.news.cn/",
        "//he.news.cn/",
        "ftp://he.news.cn/",
        "javascript:void(0)",
        "file:///etc/passwd",
        "http:///he.news.cn/",
        "http:he.news.cn/",
        # look-alikes (FACTS e) and suffix tricks
        "http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm",
        "http://ymnews.cn/",
        "http://www.ymnews.cn/",
        "http://chnews.cn/",
        "http://he.news.cn.evil.com/",
        "http://he.news.cn.",
        "http://he.news.com/",
        "http://he.xinhuanet.cn/",
        "http://xinhuanet.com/",
        "http://news.cn/",
        "http://.news.cn/",
        "http://a..news.cn/",
        "http://-a.news.cn/",
        "http://a_b.news.cn/",
        f"http://{'a' * 64}.news.cn/",
        f"http://{'a.' * 130}news.cn/",
        # another authority than it seems
        "http://he.news.cn@evil.com/",
        "http://evil.com@he.news.cn/",
        "http://user:secret@he.news.cn/",
        "http://evil.com/@he.news.cn/",
        "http://evil.com#.he.news.cn/",
        "http://evil.com?.he.news.cn/",
        "http://evil.com\\.he.news.cn/",
        "http://he.news.cn\\@evil.com/",
        "http://he.news.cn%2f@evil.com/",
        "http://evil.com%2f.he.news.cn/",
        "http://evil.com%00.he.news.cn/",
        # ports and literals
        "http://he.news.cn:8080/",
        "http://he.news.cn:443/",
        "https://he.news.cn:80/",
        "http://he.news.cn:080/",
        "http://he.news.cn:８０/",
        "http://he.news.cn:x/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::1].news.cn/",
        "http://2130706433/",
        # hosts that only look ASCII: full-width, dotless, Kelvin sign, long s
        "http://ｈｅ.news.cn/",
        "http://he．news．cn/",
        "http://he。news。cn/",
        "http://he.nеws.cn/",
        "httpſ://he.news.cn/",
        "http://he.new\u017f.cn/",
        "http://新华.news.cn/",
        # characters clients disagree about
        " http://he.news.cn/",
        "http://he.news.cn/ ",
        "http://he.news.cn/a b",
        "http://he.news.cn/a\tb",
        "http://he.news.cn/a\r\nHost: evil.com",
        "ht\ntp://he.news.cn/",
        "http://he.news.cn/\x00",
        "http://he.news.cn/\x7f",
        "http://he.news.cn/\ud800",
        "http://he.news.cn/" + "a" * 1_000_000,
        "http://he.news.cn/" + "新" * 300,  # 2,700 characters once escaped
    ],
)
def test_out_of_scope(url: str) -> None:
    assert not in_scope(url)
    assert canonical(url) == url
    assert article(url) is None
    assert host_of(url) is None
    assert len(article_id(url)) == 64


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (JS, JS),
        (HE + "?page=2", HE),
        (HE + "?f=pad", HE),
        (HE + "?f=pc&page=3#locat", HE),
        (HE + "?a=1&page=2&b=2", HE + "?a=1&b=2"),
        (HE + "?", HE),
        (HE + "?pages=2&pf=1", HE + "?pages=2&pf=1"),
        ("http://HE.News.CN:80/a/../20240515//x.htm", "http://he.news.cn/20240515/x.htm"),
        ("https://he.news.cn:443", "https://he.news.cn/"),
        ("http://he.news.cn/.//../a/./b/..", "http://he.news.cn/a/"),
        ("http://he.news.cn/a/%2e%2e/b.htm", "http://he.news.cn/b.htm"),
        ("http://he.news.cn/a%2fb", "http://he.news.cn/a%2Fb"),
        ("http://he.news.cn/%63_1%zz%", "http://he.news.cn/c_1%25zz%25"),
        ("http://he.news.cn/%%36%31", "http://he.news.cn/%2561"),
        ("http://he.news.cn/新<a>", "http://he.news.cn/%E6%96%B0%3Ca%3E"),
        # host and scheme are the article's own: not rewritten
        ("https://js.news.cn/a.htm", "https://js.news.cn/a.htm"),
        # the big5 gate
        (
            "http://big5.xinhuanet.com/gate/big5/www.js.xinhuanet.com/2017-09/28/c_1121738857.htm",
            JS,
        ),
        (
            "https://big5.news.cn//gate/big5//HE.news.cn/a//b.htm?page=2",
            "https://he.news.cn/a/b.htm",
        ),
        ("http://big5.news.cn/gate/big5/www.news.cn", "http://www.news.cn/"),
        ("http://big5.news.cn/gate/big5/big5.news.cn/gate/big5/he.news.cn/", "http://he.news.cn/"),
        # a gate to elsewhere is not undone: the address asked for stays the mirror's
        (
            "http://big5.news.cn/gate/big5/evil.com/2017-09/28/c_1121738857.htm",
            "http://big5.news.cn/gate/big5/evil.com/2017-09/28/c_1121738857.htm",
        ),
        ("http://big5.news.cn/gate/big5/", "http://big5.news.cn/gate/big5/"),
    ],
)
def test_canonical(url: str, expected: str) -> None:
    assert canonical(url) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("url", "number", "day", "page", "shape", "first"),
    [
        # FACTS b, row by row
        (
            "http://www.he.xinhuanet.com/news/2012-06/04/content_25340717.htm",
            "25340717",
            date(2012, 6, 4),
            1,
            "content",
            None,
        ),
        (
            "http://www.he.xinhuanet.com/gdbb/2011-05/27/content_22874841_1.htm",
            "22874841",
            date(2011, 5, 27),
            2,
            "content",
            "http://www.he.xinhuanet.com/gdbb/2011-05/27/content_22874841.htm",
        ),
        (
            "http://www.js.xinhuanet.com/2013-02/25/c_114788503.htm",
            "114788503",
            date(2013, 2, 25),
            1,
            "c",
            None,
        ),
        (
            "http://www.gd.xinhuanet.com/newscenter/2010-07/19/c_12347755.htm",
            "12347755",
            date(2010, 7, 19),
            1,
            "c",
            None,
        ),
        (
            "http://www.ln.xinhuanet.com/jr/2011-01/08/c_13705900_2.htm",
            "13705900",
            date(2011, 1, 8),
            2,
            "c",
            "http://www.ln.xinhuanet.com/jr/2011-01/08/c_13705900.htm",
        ),
        (
            "http://www.ln.xinhuanet.com/st/zixun/20160923/3455771_p.html",
            sha256(b"/st/zixun/20160923/3455771_p.html").hexdigest(),
            date(2016, 9, 23),
            1,
            "p",
            None,
        ),
        (JS, "1121738857", date(2017, 9, 28), 1, "c", None),
        (
            "http://www.zj.xinhuanet.com/xwzx/xsp/2020-07/07/c_1126205437.htm",
            "1126205437",
            date(2020, 7, 7),
            1,
            "c",
            None,
        ),
        (
            "http://tibet.news.cn/original/2020-02/10/c_138769913.htm",
            "138769913",
            date(2020, 2, 10),
            1,
            "c",
            None,
        ),
        (
            "http://www.js.xinhuanet.com/2017-09/28/c_1121738857_12.htm",
            "1121738857",
            date(2017, 9, 28),
            12,
            "c",
            JS,
        ),
        (HE, HASH, date(2024, 5, 15), 1, "hash", None),
        (HE + "?page=2", HASH, date(2024, 5, 15), 1, "hash", HE),
        (
            f"http://www.news.cn/politics/leaders/20240509/{HASH}/c.html",
            HASH,
            date(2024, 5, 9),
            1,
            "hash",
            None,
        ),
        (
            "http://m.xinhuanet.com/he/2020-02/18/c_1125587901.htm",
            "1125587901",
            date(2020, 2, 18),
            1,
            "c",
            None,
        ),
        (
            "http://m.xinhuanet.com/2021-04/30/c_1127397453.htm?f=pad",
            "1127397453",
            date(2021, 4, 30),
            1,
            "c",
            "http://m.xinhuanet.com/2021-04/30/c_1127397453.htm",
        ),
        (
            "http://js.news.cn/mobile/2021-04/30/c_1127397453.htm",
            "1127397453",
            date(2021, 4, 30),
            1,
            "c",
            None,
        ),
        (
            "http://wj.js.xinhuanet.com/2017-09/28/c_1121738857.htm",
            "1121738857",
            date(2017, 9, 28),
            1,
            "c",
            None,
        ),
        (
            "http://big5.xinhuanet.com/gate/big5/www.js.xinhuanet.com/2017-09/28/c_1121738857.htm",
            "1121738857",
            date(2017, 9, 28),
            1,
            "c",
            JS,
        ),
        # an impossible day is no day; the number still names the article
        ("http://js.news.cn/2017-13/28/c_1121738857.htm", "1121738857", None, 1, "c", None),
        ("http://js.news.cn/2017-02/30/c_1121738857.htm", "1121738857", None, 1, "c", None),
        (f"http://js.news.cn/00000000/{HASH}/c.html", HASH, None, 1, "hash", None),
        ("http://js.news.cn/1970-01/01/c_1121738857.htm", "1121738857", None, 1, "c", None),
        # a query that is no view of the page stays, the id does not depend on it
        (JS + "?from=timeline", "1121738857", date(2017, 9, 28), 1, "c", JS + "?from=timeline"),
        (
            "http://js.news.cn/2017-09/28/%63_1121738857.htm",
            "1121738857",
            date(2017, 9, 28),
            1,
            "c",
            "http://js.news.cn/2017-09/28/c_1121738857.htm",
        ),
    ],
)
def test_article(
    url: str, number: str, day: date | None, page: int, shape: str, first: str | None
) -> None:
    found = article(url)
    assert found is not None
    assert (found.id, found.day, found.page, found.shape) == (number, day, page, shape)
    assert found.url == (first or url)
    assert article_id(url) == number


@pytest.mark.parametrize(
    "url",
    [
        # FACTS b, "NOT articles"
        "http://www.js.xinhuanet.com/",
        "http://he.news.cn/index.htm",
        "http://he.news.cn/index.html",
        "http://www.hn.xinhuanet.com/news/hnyw.htm",
        "http://www.xj.xinhuanet.com/ldhd/zyjh.htm",
        "http://he.news.cn/zhuanti/2017/index.htm",
        "http://he.news.cn/topic/index.htm",
        "http://he.news.cn/titlepic/112173/1121738857_1506574416000_title0h.jpg",
        "http://he.news.cn/titlepic/2017-09/28/c_1121738857.htm",
        "http://he.news.cn/ad/2017-09/28/c_1121738857.htm",
        "http://he.news.cn/web/20120611/http://js.news.cn/2017-09/28/c_1121738857.htm",
        "http://he.news.cn/go/https%3A//js.news.cn/2017-09/28/c_1121738857.htm",
        "http://he.news.cn/top.htm",
        "http://he.news.cn/xlright.htm",
        "http://he.news.cn/static/a.htm",
        "http://forum.home.news.cn/2017-09/28/c_1121738857.htm",
        "http://info.search.news.cn/result.jspa",
        "http://www.xinhuanet.com/webSkipping.htm",
        "http://he.news.cn/4G.htm",
        "http://he.news.cn/pc.htm",
        "http://he.news.cn/2023css/xl_pc_v1.css",
        # nearly an article
        "http://js.news.cn/2017-09/28/c_1121738.htm",
        "http://js.news.cn/2017-09/28/c_11217388571.htm",
        "http://js.news.cn/2017-09/28/c_1121738857_0.htm",
        "http://js.news.cn/2017-09/28/c_1121738857_2_2.htm",
        "http://js.news.cn/2017-09/28/c_1121738857.htm.bak",
        "http://js.news.cn/2017-09/28/c_1121738857.htm/",
        "http://js.news.cn/2017-09/28/c_1121738857.jpg",
        "http://js.news.cn/2017-09/28/1121738857.htm",
        "http://js.news.cn/2017-9/8/c_1121738857.htm",
        "http://js.news.cn/c_1121738857.htm",
        "http://js.news.cn/2017-09/28/c_１１２１７３８８５７.htm",
        "http://js.news.cn/?u=/2017-09/28/c_1121738857.htm",
        f"http://he.news.cn/20240515/{HASH.upper()}/c.html",
        f"http://he.news.cn/20240515/{HASH[:31]}/c.html",
        f"http://he.news.cn/20240515/{HASH}0/c.html",
        f"http://he.news.cn/20240515/{HASH}/c.htm",
        f"http://he.news.cn/20240515/{HASH}/",
        f"http://he.news.cn/{HASH}/c.html",
        "http://www.ln.xinhuanet.com/st/zixun/20160923/3455771.html",
        "http://www.ln.xinhuanet.com/st/zixun/3455771_p.html",
        "http://big5.news.cn/gate/big5/evil.com/2017-09/28/c_1121738857.htm",
    ],
)
def test_not_an_article(url: str) -> None:
    assert in_scope(url)
    assert article(url) is None
    assert len(article_id(url)) == 64


def test_one_id_on_every_host() -> None:
    addresses = [
        f"{scheme}://{www}js.{domain}/2017-09/28/c_1121738857.htm"
        for scheme in ("http", "https")
        for www in ("", "www.")
        for domain in ("xinhuanet.com", "news.cn")
    ]
    assert {article_id(address) for address in addresses} == {"1121738857"}
    assert len({canonical(address) for address in addresses}) == 8


def test_id_of_another_address_is_that_of_its_canonical_form() -> None:
    assert article_id("http://he.news.cn//a.htm?page=2#x") == article_id("http://he.news.cn/a.htm")
    assert article_id("http://he.news.cn/a.htm") != article_id("http://he.news.cn/b.htm")


HERE = "http://he.news.cn/a/index.htm"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("c_1.htm", "http://he.news.cn/a/c_1.htm"),
        ("\n ../b/\tc.htm ", "http://he.news.cn/b/c.htm"),
        ("//js.news.cn/x", "http://js.news.cn/x"),
        ("?page=2", "http://he.news.cn/a/index.htm?page=2"),
        ("", HERE),
        # slashes of any kind and number
        ("http:\\\\js.news.cn\\x\\y.htm", "http://js.news.cn/x/y.htm"),
        ("\\\\js.news.cn\\x", "http://js.news.cn/x"),
        ("http:///js.news.cn/x", "http://js.news.cn/x"),
        ("http:////js.news.cn/x", "http://js.news.cn/x"),
        ("https:/js.news.cn/x", "https://js.news.cn/x"),
        ("///js.news.cn/x", "http://js.news.cn/x"),
        ("..\\b\\c.htm", "http://he.news.cn/b/c.htm"),
        ("\\b.htm", "http://he.news.cn/b.htm"),
        ("http:c.htm", "http://he.news.cn/a/c.htm"),
        ("c.htm?a\\b#\\", "http://he.news.cn/a/c.htm?a%5Cb#%5C"),
        # hosts, ports, users
        ("HTTP://JS.News.CN/X", "http://js.news.cn/X"),
        ("http://js.news.cn:80/x", "http://js.news.cn/x"),
        ("http://js.news.cn:080/x", "http://js.news.cn/x"),
        ("https://js.news.cn:443", "https://js.news.cn/"),
        ("http://js.news.cn:8080/x", "http://js.news.cn:8080/x"),
        ("http://js。news。cn/x", "http://js.news.cn/x"),
        ("http://ｊｓ．news.cn/x", "http://js.news.cn/x"),
        ("http://js%2enews.cn/x", "http://js.news.cn/x"),
        ("http://新华.news.cn/x", "http://xn--xkrr14b.news.cn/x"),
        ("http://@js.news.cn/x", "http://js.news.cn/x"),
        ("http://user:secret@js.news.cn/x", "http://js.news.cn/x"),
        ("http://js.news.cn@evil.com/x", "http://evil.com/x"),
        ("http://evil.com\\@js.news.cn/x", "http://evil.com/@js.news.cn/x"),
        # blanks and controls
        ("\x00\x1f http://js.news.cn/x\u0020", "http://js.news.cn/x"),
        ("ht\ntp://js.ne\tws.cn/\rx", "http://js.news.cn/x"),
        ("a b.htm", "http://he.news.cn/a/a%20b.htm"),
        # escapes and dot segments
        ("b/%2e%2E/./c.htm", "http://he.news.cn/a/c.htm"),
        ("../../../../c.htm", "http://he.news.cn/c.htm"),
        ("新.htm", "http://he.news.cn/a/%E6%96%B0.htm"),
        ("%zz.htm", "http://he.news.cn/a/%zz.htm"),
        # other schemes are addresses too, but never in scope
        ("javascript:void(0)", "javascript:void(0)"),
        ("mailto:a@news.cn", "mailto:a@news.cn"),
        # no addresses
        ("http://[", None),
        ("//[::1", None),
        ("http://js.news.cn:99999/", None),
        ("http://js.news.cn:８０/", None),
        ("http://js news.cn/", None),
        ("http://", None),
        ("x\ud800", None),
    ],
)
def test_join(href: str, expected: str | None) -> None:
    assert join(HERE, href) == expected


def test_only_an_absolute_address_needs_no_base() -> None:
    assert join(None, "http:\\\\js.news.cn\\x") == "http://js.news.cn/x"
    for href in ("", "x", "/x", "//js.news.cn/x", "?x"):
        assert join(None, href) is None
    assert join("no address", "http://js.news.cn/x") is None


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        (JS, True),
        ("http://js.news.cn/2017-9/8/c_1121738857.htm", True),
        ("http://js.news.cn/st/20160923/3455771_q.html", True),
        ("http://js.news.cn/2017-09/28/sub/a.shtml", True),
        ("http://js.news.cn/2017-09/28/index.htm", False),
        ("http://js.news.cn/2017-09/28/index_2.htm", False),
        ("http://js.news.cn/2017-09/28/a.jpg", False),
        ("http://js.news.cn/news/a.htm", False),
        ("http://js.news.cn/titlepic/2017-09/28/a.htm", False),
        ("http://forum.home.news.cn/2017-09/28/a.htm", False),
        ("http://example.com/2017-09/28/a.htm", False),
    ],
)
def test_pages_in_the_folder_of_a_day(url: str, is_one: bool) -> None:
    assert is_dated(url) is is_one


ADDRESSES = st.one_of(
    st.text(),
    st.text().map("http://he.news.cn/{}".format),
    st.text(alphabet="/.%2eE5cf?&=page#:@\\ _gatebi新").map("http://he.news.cn{}".format),
    st.text(alphabet="he.nwscxiuatom:@[]/\\80-").map("http://{}/a".format),
    st.text(alphabet="/.%2e?#gab5").map("http://big5.news.cn/gate/big5/he.news.cn{}".format),
    st.from_regex(
        r"http://he\.news\.cn/20\d\d-\d\d/\d\d/(c|content)_\d{9}(_\d)?\.htm", fullmatch=True
    ),
)


@given(ADDRESSES)
@example("http://he.news.cn/" + "%25" * 600)
@example("http://he.news.cn/" + "a/" * (MAX_LENGTH // 2 - 9))
@example("http://he.news.cn/[" + "|" * 20)
def test_any_string(url: str) -> None:
    """No string raises; what is in scope stays so, and is what another parser would ask for."""
    once = canonical(url)
    assert canonical(once) == once
    assert in_scope(once) == in_scope(url)
    found = article(url)
    assert article(once) == found
    assert article_id(once) == article_id(url)
    join("http://he.news.cn/a/", url)
    if in_scope(url):
        host = urlsplit(once).hostname
        assert host is not None
        assert host.endswith((".news.cn", ".xinhuanet.com"))
        assert urlsplit(once).port is None
        assert once.isascii()
        assert safe_url_string(once) == once
    if found:
        assert article(found.url) == found.__class__(found.url, found.id, found.day, 1, found.shape)
        assert found.page >= 1


HREFS = st.one_of(
    ADDRESSES,
    st.text(alphabet="ht:/\\.@?#%2eEa \t\n\r\x00-8０。ｎewscn新[]'|^", max_size=40),
    st.text(alphabet="/\\.a:@%2e?#", max_size=12).map("http:{}js.news.cn/a".format),
    st.text(alphabet="/\\.a:@%2e?#'|^ 新", max_size=20).map("http://js.news.cn{}".format),
    st.text(alphabet="jJ.s新。．%2e-_xn", max_size=12).map("http://{}.news.cn/a".format),
)


@settings(max_examples=3000, deadline=None, derandomize=True)
@given(HREFS)
@example("http://js.news.cn\\@evil.com/")
@example("http://js.news.cn%2f@evil.com/")
def test_our_grammar_reads_addresses_as_a_browser_does(url: str) -> None:
    """What is in scope has the host that the library by the makers of Node.js finds, and one form
    by either way; what that one finds in the two domains, at its scheme's port, is in scope."""
    try:
        theirs = ada_url.URL(url)
    except ValueError:
        assert not in_scope(url) or "xn--" in url.lower()  # we don't look into IDNA's labels
        return
    if in_scope(url):
        assert theirs.hostname == host_of(url)
        assert (theirs.protocol.lower(), theirs.port) == (f"{url.lower().partition(':')[0]}:", "")
        assert in_scope(theirs.href)
        # they escape the quote in queries, we in nothing
        ours, others = (canonical(each).replace("%27", "'") for each in (url, theirs.href))
        assert ours == others
    joined = join(None, url)
    assert joined is not None
    is_ours = theirs.hostname.endswith((".news.cn", ".xinhuanet.com")) and not theirs.port
    if is_ours and theirs.protocol in ("http:", "https:") and LABELS.fullmatch(theirs.hostname):
        assert in_scope(joined) or len(joined) > MAX_LENGTH
    elif in_scope(joined):
        pytest.fail(f"{joined} is not in scope for others")


LABELS = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+[a-z]+")


@pytest.mark.parametrize(
    ("url", "name", "shape", "number", "third"),
    [
        (JS, "c_1121738857", "c", 1, "/2017-09/28/c_1121738857_3.htm"),
        (JS.replace(".htm", "_2.htm"), "c_1121738857", "c", 2, "/2017-09/28/c_1121738857_3.htm"),
        ("http://news.xinhuanet.com/a/content_1234567_1.htm", "content_1234567", "content", 2,
         "/a/content_1234567_2.htm"),
        (HE, None, None, None, None),
        ("http://www.js.xinhuanet.com/news/index_2.htm", None, None, None, None),
    ],
)  # fmt: skip
def test_names_of_the_pages_of_old_articles(
    url: str, name: str | None, shape: str | None, number: int | None, third: str | None
) -> None:
    page = PageName.of(url)
    assert (page and page.name, page and page.shape, page and page.number) == (name, shape, number)
    assert (page and page.path(3)) == third


def test_pages_of_one_article_in_one_folder() -> None:
    first, second = PageName.of(JS), PageName.of(JS.replace(".htm", "_2.htm"))
    elsewhere = PageName.of(JS.replace("2017-09", "2017-10"))
    assert first
    assert second
    assert elsewhere
    assert first.is_of(second)
    assert not first.is_of(elsewhere)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://js.news.cn/a/b.jpg", "http://js.news.cn/a/b.jpg"),
        ("http://JS.news.cn:80/a//b.jpg?w=1&page=2#top", "http://js.news.cn/a//b.jpg?w=1&page=2"),
        ("http://js.news.cn/图.jpg", "http://js.news.cn/%E5%9B%BE.jpg"),
        ("http://js.news.cn/a/../b.jpg", "http://js.news.cn/b.jpg"),
        ("http://cdn.example.org/a.jpg", None),
        ("http://www.djxinhuanet.com/a.jpg", None),
        ("http://js.news.cn.example.org/a.jpg", None),
        ("http://js.news.cn@example.org/a.jpg", None),
        ("http://127.0.0.1/a.jpg", None),
        ("data:image/png;base64,iVBORw0KGgo=", None),
        ("javascript:void(0)", None),
        ("http://js.news.cn/" + "图" * 300 + ".jpg", None),
        ("", None),
    ],
)
def test_where_a_picture_is_asked_for(url: str, address: str | None) -> None:
    assert picture_address(url) == address
