"""Which article, where from, which region; contradictions flagged."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from crawler.items import Codes, Encoding, Http, RegionRef
from crawler.pipelines import normalise
from tests.pipelines.drafts import FETCHED_AT, POINTER, TEXT, URL, article, draft, page

HASH = "0123456789abcdef0123456789abcdef"
NEW = f"http://www.he.news.cn/20240515/{HASH}/c.html"


@pytest.mark.parametrize(
    ("url", "identity", "canonical"),
    [
        (URL, "1121738857", URL),
        (URL + "#top", "1121738857", URL),
        (NEW + "?page=3", HASH, NEW),
        (
            "http://www.he.xinhuanet.com/news/2012-06/04/content_25340717.htm",
            "25340717",
            "http://www.he.xinhuanet.com/news/2012-06/04/content_25340717.htm",
        ),
    ],
)
def test_the_id_is_the_address_number(url: str, identity: str, canonical: str) -> None:
    made = article(TEXT, url=url)
    assert (made.id, made.url, made.canonical_url) == (identity, url, canonical)


def test_one_article_on_two_hosts_has_one_id() -> None:
    other = URL.replace("www.js.xinhuanet.com", "js.news.cn")
    assert article(TEXT, url=other).id == article(TEXT).id


def test_without_a_number_the_id_is_a_hash_of_the_canonical_address() -> None:
    made = article(TEXT, url="http://www.js.xinhuanet.com//zt/a.htm?f=pad")
    assert made.id == hashlib.sha256(b"http://www.js.xinhuanet.com/zt/a.htm").hexdigest()


@pytest.mark.parametrize(
    ("url", "codes", "facts"),
    [
        (URL, Codes(fwl="010070080010000000000000011111101121738857"), None),
        (URL, Codes(publishid="1121738857.12.1002.0"), None),
        (URL, Codes(fwl="010070080010000000000000011111101121738858"), "fwl"),
        (URL, Codes(publishid="1121738858.12.1002.0"), "publishid"),
        (NEW, Codes(content_id="20240515" + HASH), None),
        (NEW, Codes(content_id="20240515" + HASH[::-1]), "content_id"),
        (
            "http://www.js.xinhuanet.com/2013-02/25/c_114788503.htm",
            Codes(fwl="010070080010000000000000001111110114788503"),
            None,
        ),
    ],
)
def test_codes_agree_with_the_address_or_are_flagged(
    url: str, codes: Codes, facts: str | None
) -> None:
    made = article(TEXT, url=url, codes=codes)
    assert [flag.flag for flag in made.flags] == (["identity_conflict"] if facts else [])
    assert not facts or facts in made.flags[0].detail
    assert made.codes == codes


def test_codes_are_cleaned_and_bounded() -> None:
    made = article(TEXT, codes=Codes(" ", "1121738857.\n12", "x" * 200, "\x00"))
    assert made.codes == Codes(None, "1121738857. 12", None, None)


def test_the_region_by_host_by_mobile_folder_and_by_code() -> None:
    jiangsu = RegionRef("js", "江苏", "320000")
    assert article(TEXT).region == jiangsu
    mobile = "http://m.xinhuanet.com/js/2017-09/28/c_1121738857.htm"
    assert article(TEXT, url=mobile).region == jiangsu
    main = "http://www.xinhuanet.com/politics/2017-09/28/c_1121738857.htm"
    assert article(TEXT, url=main).region is None
    code = Codes(fwl="010070080010000000000000011111101121738857")
    assert article(TEXT, url=main, codes=code).region == jiangsu


def test_host_and_code_of_different_regions_are_flagged() -> None:
    url = "http://www.he.xinhuanet.com/2017-09/28/c_1121738857.htm"
    made = article(TEXT, url=url, codes=Codes(fwl="010070080010000000000000011111101121738857"))
    assert made.region is not None
    assert made.region.code == "he"
    assert [flag.flag for flag in made.flags] == ["region_conflict"]


def test_the_answer_and_its_place_in_the_archive() -> None:
    made = article(TEXT, encoding=Encoding("gb2312", "gb18030"))
    assert made.http == Http(200, '"5a"', "Thu, 28 Sep 2017 05:00:00 GMT")
    assert made.encoding == Encoding("gb2312", "gb18030")
    assert (made.warc, made.fetched_at) == (POINTER, FETCHED_AT)
    assert (made.page_urls, made.warc_pages) == ([], [])


def test_what_a_server_declares_is_cleaned_and_bounded() -> None:
    headers = (("etag", '"a\x00b"'), ("Last-Modified", "x" * 5000))
    made = normalise(draft(encoding=Encoding("g\x00b\n2312", "gb18030")), [page(headers=headers)])
    assert made.encoding == Encoding("gb 2312", "gb18030")
    assert made.http == Http(200, None, "x" * 1000)
    assert article(TEXT, encoding=Encoding("x" * 500, "utf-8")).encoding == Encoding(None, "utf-8")


def test_validators_stand_as_they_came() -> None:
    """One character a byte, so that a later request can send them back."""
    tag = '"版　 本"'.encode().decode("latin-1")
    made = normalise(draft(), [page(headers=(("ETag", tag), ("Last-Modified", "gestern  früh")))])
    assert made.http == Http(200, tag, "gestern  früh")


def test_an_article_on_several_pages() -> None:
    second = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857_2.htm"
    pointer = replace(POINTER, offset=9999)
    made = normalise(draft(TEXT), [page(), page(second, warc=pointer)])
    assert made.page_urls == [URL, second]
    assert made.warc_pages == [POINTER, pointer]
    assert made.warc == POINTER
    assert made.id == "1121738857"


@pytest.mark.parametrize(
    ("claims", "flag"),
    [((), "unknown_layout"), (("Main2017", "News2021"), "ambiguous_layout")],
)
def test_the_fallback_says_so(claims: tuple[str, ...], flag: str) -> None:
    made = article(TEXT, layout="fallback", claims=claims)
    assert [each.flag for each in made.flags] == [flag]
    assert made.layout == "fallback"
    assert all(claim in made.flags[0].detail for claim in claims)
