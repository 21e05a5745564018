"""Every article is on a list, and every address of an article leads to it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.site import Site
from tests.site.channels import CHANNELS, MAIN
from tests.site.columns import columns
from tests.site.reading import an_article, bare, follow, get, see

ROOT = "http://www.js.xinhuanet.com/"


# --- lists ---------------------------------------------------------------------------------------


def test_every_article_is_on_a_list_that_its_channel_links(
    site: Site, truth: dict[str, Any]
) -> None:
    for key in ("js", "he", "ln"):
        channel = CHANNELS[key]
        front = see(follow(site, f"http://{channel.old}/").text)
        linked = {urlsplit(urljoin(f"http://{channel.old}/", link)).path for link in front.links}
        assert {"/" + column.path for column in columns(channel)} <= linked
        reached = reachable(site, key)
        for article in truth["articles"]:
            if article["region"] == key and article["state"] == "live":
                assert article["listed_on"]
                assert reached & known_as(article), article["url"]


def known_as(article: dict[str, Any]) -> set[str]:
    """Host-less names of the article: the path of every address."""
    return {urlsplit(url).path for url in article["addresses"]}


def reachable(site: Site, key: str) -> set[str]:
    """The paths of all links of a channel's own columns, data files and list API."""
    found: set[str] = set()
    for column in columns(CHANNELS[key]):
        base = f"http://{CHANNELS[key].old}/{column.path}"
        page = follow(site, base)
        while True:
            seen = see(page.text)
            found |= {urlsplit(urljoin(base, link.strip())).path for link in seen.links}
            match = re.search(r'<a href="([^"]+)">下一页</a>', page.text)
            if match is None:
                break
            page = follow(site, urljoin(base, match[1]))
            assert page.status == 200
        if column.kind == "ds":
            rows = json.loads(follow(site, urljoin(base, f"/{column.data_path}")).body)
            for row in rows["datasource"]:
                links = [row["publishUrl"], *(link["linkUrl"] for link in row["linkUrls"])]
                found |= {urlsplit(urljoin(base, link)).path for link in links}
        if column.kind == "node":
            rows = nodeart(site, nid=column.nid, pgnum=1, cnt=200)["data"]["list"]
            assert [row for row in rows if not row["LinkUrl"]] == rows[-1:]
            found |= {urlsplit(row["LinkUrl"]).path for row in rows}
    return {path.replace("//", "/") for path in found}


def nodeart(site: Site, **query: object) -> dict[str, Any]:
    parts = "&".join(f"{key}={value}" for key, value in query.items())
    text = get(site, f"http://qc.wa.news.cn/nodeart/list?{parts}").body.decode()
    assert text.startswith("(")
    assert text.endswith("\n)")
    value: dict[str, Any] = json.loads(text[1:-1])
    return value


def test_a_list_is_newest_first_and_paged() -> None:
    with Site(regions=["js"], articles=60) as site:
        pages, url = [], f"{ROOT}news/jsyw.htm"
        while True:
            page = get(site, url)
            pages.append(re.findall(r"<span>(\d{4}-\d\d-\d\d)</span>", page.text))
            match = re.search(r'<a href="([^"]+)">下一页</a>', page.text)
            if match is None:
                break
            url = urljoin(url, match[1])
        assert len(pages) >= 4
        assert url.endswith(f"/news/jsyw_{len(pages)}.htm")
        days = pages[0][1:] + [day for page in pages[1:] for day in page]
        assert days == sorted(days, reverse=True)
        assert pages[0][0] == days[-1], "an old item is pinned on top"
        assert get(site, url.replace(f"_{len(pages)}", f"_{len(pages) + 1}")).status == 404


def test_lists_spell_links_in_many_ways_and_hold_what_is_no_article(site: Site) -> None:
    html = "".join(get(site, f"http://www.he.xinhuanet.com/{c.path}").text for c in
                   columns(CHANNELS["he"]) if c.kind == "static")  # fmt: skip
    hrefs = [link for link in see(html).links if re.search(r"/c_|/content_|/c\.html", link)]
    assert any(href.startswith("//") for href in hrefs)
    assert any(href.startswith("/") and not href.startswith("//") for href in hrefs)
    assert any(href.startswith("../") for href in hrefs)
    assert any(href.endswith("?f=pad") for href in hrefs)
    assert any(href.endswith("#comment") for href in hrefs)
    assert any(href != href.strip() for href in hrefs)
    assert any("/gate/big5/" in href for href in hrefs)
    assert {"djxinhuanet.com", "webSkipping", "titlepic", "zhuanti"} <= {
        word for word in ("djxinhuanet.com", "webSkipping", "titlepic", "zhuanti") if word in html
    }


def test_lists_come_in_both_encodings(site: Site) -> None:
    assert b"charset=gb2312" in get(site, f"{ROOT}news/jsyw.htm").body
    assert b"charset=utf-8" in get(site, "http://www.he.xinhuanet.com/news/heyw.htm").body


def test_data_files_hold_the_traps(site: Site) -> None:
    site_rows = json.loads(
        get(site, "http://he.news.cn/xinwen/ds_5df4ffd960d3443a8f3192c83d897820.json").body
    )["datasource"]
    urls = [row["publishUrl"] for row in site_rows]
    assert any(url.startswith("http") for url in urls)
    assert any(url.startswith("/") for url in urls)
    assert any(url.startswith("../") for url in urls) or any(url.startswith("20") for url in urls)
    assert any(url.endswith("index.htm") for url in urls)
    with Site(regions=["js"], articles=60) as site:
        column = next(c for c in columns(CHANNELS["js"]) if c.kind == "ds")
        rows = json.loads(get(site, f"http://js.news.cn/{column.data_path}").body)["datasource"]
        link = next(row for row in rows if row["contentType"] == "Link")
        assert "<a href=" in link["title"]
        assert len(link["linkUrls"]) == 3
        ids = [row["contentId"] for row in rows]
        assert len(ids) > len(set(ids)), "duplicates occur"
        assert any(re.match(r"\d{8}/", row["publishUrl"]) for row in rows)


def test_nodeart_pages_wraps_and_ends(site: Site) -> None:
    first = nodeart(site, nid=117309, pgnum=1, cnt=3, attr="", tp=1, orderby=1)
    second = nodeart(site, nid=117309, pgnum=2, cnt=3)
    assert first["status"] == 0
    assert first["totalnum"] == len(first["data"]["list"]) + len(second["data"]["list"])
    assert nodeart(site, nid=117309, pgnum=9, cnt=2)["data"]["list"] == []
    assert "data" not in nodeart(site, nid=117309, pgnum=10, cnt=2)
    assert nodeart(site, nid=99, pgnum=1, cnt=2) == {"status": -1}
    url = "http://da.wa.news.cn/nodeart/page?nid=117309&pgnum=1&cnt=2&orderby=1"
    assert get(site, f"{url}&callback=jQuery1_2&_=3").body.startswith(b'jQuery1_2({"status"')
    assert get(site, f"{url}?callback=?").body.startswith(b'({"status"')


# --- addresses -----------------------------------------------------------------------------------


def test_an_article_answers_at_all_its_addresses(site: Site, truth: dict[str, Any]) -> None:
    for region in ("js", "tibet", "jl", MAIN):
        for article in truth["articles"]:
            if article["region"] != region or article["state"] == "gone":
                continue
            first = article["expected"]["paragraphs"][:1]
            for url in article["addresses"]:
                got = follow(site, url)
                assert got.status == 200, url
                if "/gate/big5/" not in url:
                    assert all(bare(text) in see(got.text).text for text in first), url


def test_redirects(site: Site, truth: dict[str, Any]) -> None:
    assert get(site, "http://ln.xinhuanet.com/a?b=1").headers["location"] == (
        "http://www.ln.xinhuanet.com/a?b=1"
    )
    assert get(site, "http://jl.news.cn/").headers["location"] == "https://jl.news.cn/"
    assert get(site, "https://jl.news.cn/").status == 200
    with Site(regions=["js"], articles=80) as big:
        moved = [a for a in big.truth()["articles"] for u in a["addresses"] if "/old/" in u]
        url = next(u for u in moved[0]["addresses"] if "/old/" in u)
        assert get(big, url).status == 301
        assert follow(big, url).status == 200


def test_multi_page_articles_are_chained_and_end() -> None:
    with Site(regions=["js", "he", "tibet"], articles=30) as site:
        shapes = set()
        for article in site.truth()["articles"]:
            urls = article["expected"]["page_urls"]
            if not urls:
                continue
            shapes.add("content" if "/content_" in urls[0] else "c")
            for number, url in enumerate(urls):
                page = get(site, url)
                assert 'id="div_page_roll1"' in page.text
                following = re.search(r'<a href="([^"]+)">下一页</a>', page.text)
                assert (following is None) == (number == len(urls) - 1)
                if following:
                    assert urljoin(url, following[1]) == urls[number + 1]
            number = int(re.search(r"_(\d+)\.htm$", urls[-1])[1])  # type: ignore[index]
            beyond = urls[-1].replace(f"_{number}.htm", f"_{number + 1}.htm")
            assert get(site, beyond).status == 404
        assert shapes == {"content", "c"}


def test_break_markers_come_in_one_document(truth: dict[str, Any], site: Site) -> None:
    marks = ('<b style="display: none;">pagebreak</b>', 'id="xinhuabreak"')
    seen = set()
    for article in truth["articles"]:
        broken = article["kind"] in {"multipage", "gallery", "photo"}
        if article["layout"].startswith("g6") and broken and article["state"] == "live":
            page = get(site, article["url"] + "?page=2")
            assert page.body == get(site, article["url"]).body
            seen |= {mark for mark in marks if mark in page.text}
    assert seen == set(marks)


def test_outside_unknown_and_odd_hosts(site: Site) -> None:
    assert get(site, "http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm").status == 502
    assert get(site, f"{ROOT}2017-09/28/c_1999999999.htm").status == 404
    assert get(site, "http://so.news.cn/getNews?keyword=x").status == 403
    assert get(site, "http://www.xinhuanet.com/webSkipping.htm").status == 200
    assert b"Disallow: /neibu/" in get(site, f"{ROOT}robots.txt").body
    assert get(site, "http://tibet.news.cn/robots.txt").status in {200, 404}


def test_main_site_pages_hide_links_to_regional_articles(site: Site) -> None:
    article = an_article(site, region=MAIN, layout="g4", state="live")
    html = get(site, article["url"]).text
    hidden = see(html.partition('<div class="seo"')[2].partition("</div>")[0]).links
    assert len(hidden) == 6
    assert {follow(site, url).status for url in hidden} <= {200, 404, 410}


def test_headers_lie_about_encodings(site: Site) -> None:
    article = an_article(site, region="sx", layout="g6_regional")
    got = get(site, article["url"])
    assert got.headers["content-type"] == "text/html; charset=GBK"
    assert bare(article["expected"]["title"]) in see(got.body.decode("utf-8")).text


def test_pictures_are_served(site: Site, truth: dict[str, Any]) -> None:
    image = next(i for a in truth["articles"] if a["region"] == "js" and a["state"] == "live"
                 for i in a["expected"]["images"])  # fmt: skip
    got = get(site, image["url"])
    assert got.status == 200
    assert got.headers["content-type"] == "image/jpeg"
    assert get(site, image["url"] + "x").status == 404
