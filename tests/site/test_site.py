"""The loopback Xinhua answers as it says it does: same bytes, true truth, faults as ordered."""

from __future__ import annotations

import ast
import gzip
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from datetime import date, timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest

from tests.site import TEMPLATES, Site, World, expected, render
from tests.site.answer import answer
from tests.site.channels import CHANNELS, MAIN
from tests.site.columns import columns
from tests.site.faults import KINDS, Fault, FaultRules
from tests.site.reading import Got, Seen, bare, get, raw, see
from tests.site.shared import seed_page
from tests.site.templates.g3 import VARIANTS
from tests.site.world import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site import Story

FOLDER = Path(__file__).resolve().parent
ROOT = "http://www.js.xinhuanet.com/"
_SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(regions=["js", "he", "tibet", "jl", "ln", "sx", MAIN], day=3.0) as site:
        yield site


@pytest.fixture(scope="module")
def truth(site: Site) -> dict[str, Any]:
    return answered(site, "http://control.test/truth")


@pytest.fixture
def own() -> Iterator[Site]:
    """A site that a test may spoil."""
    with Site(regions=["js", MAIN]) as site:
        yield site


def answered(site: Site, url: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(get(site, url).body)
    return value


def an_article(site: Site, **wanted: str) -> dict[str, Any]:
    return next(
        a
        for a in site.truth()["articles"]
        if all(a[key] == value for key, value in wanted.items()) and not a["hidden"]
    )


def follow(site: Site, url: str) -> Got:
    for _ in range(5):
        got = get(site, url)
        if got.status not in {301, 302}:
            return got
        url = urljoin(url, got.headers["location"])
    raise AssertionError(url)


# --- determinism ---------------------------------------------------------------------------------


def everything(world: World) -> dict[str, bytes]:
    """Front pages, lists and articles of a world by address."""
    found: dict[str, bytes] = {}
    for key, channel in world.channels.items():
        wanted = ["/", *("/" + col.path for col in columns(channel))]
        wanted += ("/" + col.data_path for col in columns(channel) if col.ds)
        wanted += (plan.path for plan in world.plans(key))
        for path in wanted:
            made = answer(world, "https", f"www.{key}.news.cn", path, "")
            assert made is not None
            found[key + path] = made.body
    return found


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    first, second, other = (World(seed=s, regions=["js", "bt"]) for s in (7, 7, 8))
    for world in (first, second, other):
        world.day = 20
    assert everything(first) == everything(second)
    assert everything(first) != everything(other)


def test_order_of_asking_and_day_by_day_change_nothing() -> None:
    slow, fast = World(regions=["he"]), World(regions=["he"])
    for day in range(30):
        slow.day = day
        everything(slow)
    slow.day = fast.day = 30.25
    assert everything(slow) == everything(fast)


def test_two_servers_send_the_same_bytes_on_the_wire() -> None:
    request = f"GET {ROOT}news/jsyw.htm HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
    closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with Site(regions=["js"]) as one, Site(regions=["js"]) as two:
        assert raw(one, closing) == raw(two, closing)


def test_sentences_are_not_shared() -> None:
    world = World(articles=8)
    seen: dict[str, str] = {}
    for key in world.channels:
        for plan in world.plans(key):
            for paragraph in world.state(plan).story.paragraphs:
                for sentence in re.findall(r"[^。]{8,}。", paragraph):
                    assert seen.setdefault(sentence, plan.task.id) == plan.task.id, sentence
    assert len(seen) > 2000


def test_ids_are_unique_over_all_channels() -> None:
    world = World(articles=40)
    ids = [plan.task.id for key in world.channels for plan in world.plans(key)]
    assert len(ids) == len(set(ids)) == 40 * len(CHANNELS)


def test_nothing_is_taken_from_the_crawler() -> None:
    for source in FOLDER.rglob("*.py"):
        for item in ast.walk(ast.parse(source.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(item, ast.Import):
                names = [alias.name for alias in item.names]
            elif isinstance(item, ast.ImportFrom):
                names = [item.module or ""]
            assert not [n for n in names if n.split(".")[0] == "crawler"], source.name


# --- truth against pages -------------------------------------------------------------------------


def pages_of(site: Site, article: dict[str, Any]) -> list[Got]:
    urls = article["expected"]["page_urls"] or [article["url"]]
    return [get(site, url) for url in urls]


def joined(pages: list[Got]) -> Seen:
    seen = [see(page.text) for page in pages]
    return Seen(
        "".join(s.text for s in seen),
        [link for s in seen for link in s.links],
        [source for s in seen for source in s.media],
    )


def test_every_article_says_what_the_truth_says(site: Site, truth: dict[str, Any]) -> None:
    kinds: set[tuple[str, str]] = set()
    for article in truth["articles"]:
        if article["state"] == "gone":
            continue
        pages = pages_of(site, article)
        assert {page.status for page in pages} == {200}, article["url"]
        seen, fields = joined(pages), article["expected"]
        kinds.add((article["layout"], article["kind"]))
        assert bare(fields["title"]) in seen.text
        assert all(bare(p) in seen.text for p in fields["paragraphs"]), article["url"]
        assert bare(fields["source"]) in seen.text
        assert all(name in seen.text for name in fields["editors"])
        names = bare(seen.text)
        assert all(person["name"] in names for person in fields["reporters"])
        day = fields["published_at"][:10]
        year, month, date_ = day.split("-")
        printed = (day, f"{year}年{month}月{date_}日", f"{year}{month}/{date_}")
        assert any(form in seen.text for form in printed), article["url"]
        assert bare(fields["published_at"][11:16]) in seen.text
        media = {urljoin(article["url"], source) for source in seen.media}
        assert {image["url"] for image in fields["images"]} <= media
        assert {video["url"] for video in fields["videos"]} <= media
        assert all(bare(i["caption"]) in seen.text for i in fields["images"] if i["caption"])
        assert all(bare(i["credit"]) in seen.text for i in fields["images"] if i["credit"])
        linked = {urljoin(article["url"], link) for link in seen.links}
        assert {file["url"] for file in fields["attachments"]} <= linked
        assert not [line for line in article["removed"] if bare(line) not in seen.text]
        code = fields["codes"]["fwl"]
        if code is not None:
            assert len(code) == 42
            assert code in seen.text
    assert len({layout for layout, _ in kinds}) >= 8
    assert {kind for _, kind in kinds} == {"text", "photo", "video", "gallery", "multipage"}


def test_a_wrong_truth_would_show(site: Site, truth: dict[str, Any]) -> None:
    article = next(a for a in truth["articles"] if a["kind"] == "text" and a["state"] == "live")
    seen = joined(pages_of(site, article))
    assert bare(article["expected"]["paragraphs"][0]) + "错" not in seen.text


def test_body_and_removed_lines_are_apart(truth: dict[str, Any]) -> None:
    for article in truth["articles"]:
        body = bare(article["expected"]["body"] or "")
        assert not [line for line in article["removed"] if bare(line) in body], article["url"]


def test_every_layout_renders_every_kind_of_story() -> None:
    world = World()
    stories = {
        plan.task.kind: world.state(plan).story
        for key in world.channels
        for plan in world.plans(key)
    }
    assert len(stories) == 5
    for layout in TEMPLATES:
        for kind, story in stories.items():
            html = render(layout, story).decode(story.encoding)
            assert bare(story.title) in see(html).text, (layout, kind)


def test_names_outside_gb2312_survive_in_pages_that_declare_it() -> None:
    world = World(articles=30)
    rare = re.compile("[喆镕玥䶮堃]")
    found = 0
    for key in world.channels:
        for plan in world.plans(key):
            story = world.state(plan).story
            if (
                story.encoding == "gb18030"
                and story.paragraphs
                and rare.search(story.paragraphs[0])
            ):
                page = render(story.layout, story)
                assert b"charset=gb2312" in page
                assert rare.search(page.decode("gb18030"))
                found += 1
    assert found


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


# --- the wire ------------------------------------------------------------------------------------


def test_proxy_origin_connect_and_tls_port_tell_the_same(site: Site) -> None:
    article = an_article(site, region="jl", layout="g6_regional")
    host, path = article["url"].split("/", 3)[2], urlsplit(article["url"]).path
    body = get(site, article["url"]).body
    head = f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n"
    context = ssl.create_default_context(cafile=str(site.ca_file))
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as plain:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert plain.recv(4096).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(plain, server_hostname=host) as sock:
            sock.sendall(head.encode())
            assert read_all(sock).endswith(body)
    with (
        socket.create_connection(("127.0.0.1", site.tls_port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as sock,
    ):
        sock.sendall(head.encode())
        assert read_all(sock).endswith(body)
    js = an_article(site, region="js", layout="g3")
    host, path = js["url"].split("/", 3)[2], urlsplit(js["url"]).path
    assert raw(site, f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").endswith(
        get(site, js["url"]).body
    )


def read_all(sock: ssl.SSLSocket) -> bytes:
    data = b""
    while got := sock.recv(65536):
        data += got
    return data


def test_keep_alive_framings_and_gzip(site: Site, truth: dict[str, Any]) -> None:
    seen = set()
    start = len(site.log)
    request = ""
    urls = [a["url"] for a in truth["articles"] if a["region"] in {"js", "he"}]
    for url in urls:
        request += f"GET {url} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
    request += f"GET {ROOT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    stream = raw(site, request)
    assert stream.count(b"HTTP/1.1 200") >= 10
    entries = site.log[start:]
    assert len({entry.connection for entry in entries}) == 1
    assert sum(entry.size for entry in entries) == len(stream)
    for url in urls:
        got = get(site, url, Accept_Encoding="gzip")
        seen.add((got.headers.get("transfer-encoding"), got.headers.get("content-encoding")))
    assert seen == {("chunked", None), ("chunked", "gzip"), (None, None), (None, "gzip")}


def test_conditional_requests(site: Site) -> None:
    url = an_article(site, region="js", layout="g3")["url"]
    got = get(site, url)
    same = get(site, url, If_None_Match=got.headers["etag"])
    assert (same.status, same.body) == (304, b"")
    assert same.headers["etag"] == got.headers["etag"]
    assert get(site, url, If_Modified_Since=got.headers["last-modified"]).status == 304
    assert get(site, url, If_Modified_Since="Thu, 01 Jan 2009 00:00:00 GMT").status == 200
    assert get(site, url, If_None_Match='"other"').status == 200
    assert get(site, ROOT, If_None_Match=get(site, ROOT).headers["etag"]).status == 304


def test_the_log_tells_what_was_asked(own: Site) -> None:
    get(own, ROOT, User_Agent="a reader")
    get(own, f"{ROOT}none.htm")
    get(own, "http://control.test/health")
    assert [(e.host, e.path, e.status) for e in own.log] == [
        ("www.js.xinhuanet.com", "/", 200),
        ("www.js.xinhuanet.com", "/none.htm", 404),
    ]
    assert ("User-Agent", "a reader") in own.log[0].headers
    log = json.loads(get(own, "http://control.test/log?since=1").body)
    assert [entry["path"] for entry in log] == ["/none.htm"]
    stats = json.loads(get(own, "http://control.test/stats").body)
    assert stats["www.js.xinhuanet.com"]["requests"] == 2


def test_the_wire_is_kept_on_demand() -> None:
    with Site(regions=["js"], wire=True) as site:
        request = f"GET {ROOT} HTTP/1.0\r\nX-Odd:  a\r\nx-odd: b\r\n\r\n"
        received = raw(site, request)
        assert site.log[0].request == request.encode()
        assert site.log[0].sent == received


# --- days ----------------------------------------------------------------------------------------


def test_days_bring_articles_edits_and_withdrawals() -> None:
    world = World(regions=["js", "he", "zj", "gd"], articles=20, daily=2)
    seen: set[str] = set()
    for day in range(40):
        world.day = day + 0.99
        for key in world.channels:
            for plan in world.plans(key):
                before = [e for e in plan.events if e.at <= world.at]
                state = world.state(plan)
                assert state.version == 1 + sum(e.what == "edited" for e in before)
                seen |= {e.what for e in before} | {state.form}
    assert {"edited", "withdrawn", "restored", "boilerplate"} <= seen
    assert seen >= set(FORMS)
    assert len(world.plans("js")) == 20 + 40 * 2


@pytest.mark.parametrize("form", FORMS)
def test_a_withdrawn_article_shows_as_planned(form: str) -> None:
    with Site(articles=30, day=30) as site:
        for key in site.world.channels:
            for plan in site.world.plans(key):
                if site.world.form(plan) != form:
                    continue
                got = get(site, plan.task.url)
                statuses = {"404": 404, "410": 410, "front": 302, "skip": 302}
                assert got.status == statuses.get(form, 200)
                if form == "skip":
                    assert got.headers["location"].endswith("/webSkipping.htm")
                if form == "emptied":
                    story = site.world.state(plan).story
                    assert not [p for p in story.paragraphs if bare(p) in see(got.text).text]
                return
    raise AssertionError(form)


def rendered(story: Story) -> list[bytes]:
    """All pages of an article."""
    return [render(story.layout, story, n + 1) for n in range(len(story.page_urls) or 1)]


def test_an_edit_changes_what_it_says_and_dress_alone_changes_no_field() -> None:
    world = World(articles=30)
    world.day = 60
    edits = dresses = 0
    for key in world.channels:
        for plan in world.plans(key):
            for event in plan.events:
                before = world.state(plan, event.at.replace(microsecond=0) - _SECOND)
                after = world.state(plan, event.at)
                old, new = rendered(before.story), rendered(after.story)
                from_, to = expected(before.story), expected(after.story)
                changed = {name for name in to if from_[name] != to[name]} - {"paragraphs"}
                if event.what == "edited":
                    edits += 1
                    assert old != new
                    changed -= {"codes"}
                    if "body" in after.changed:  # pictures may move with the text
                        changed -= {"images", "attachments"}
                    assert changed == set(after.changed)
                elif event.what == "boilerplate":
                    dresses += 1
                    assert old != new, before.story.layout
                    assert not changed
    assert edits > 20
    assert dresses > 20


def test_a_redesign_renames_everything_and_says_the_same(own: Site) -> None:
    article = an_article(own, region="js", layout="g3")
    before = get(own, article["url"]).text
    get(own, "http://control.test/redesign?region=js&day=2")
    assert get(own, article["url"]).text == before
    own.day = 2
    after = get(own, article["url"]).text
    assert 'id="title"' in before
    assert 'id="title"' not in after
    assert see(after).text == see(before).text
    assert an_article(own, region="js", layout="g3")["redesigned"]


def test_the_clock_moves_by_control_and_by_file(own: Site, tmp_path: Path) -> None:
    before = len(own.truth()["articles"])
    get(own, "http://control.test/set?day=5.5")
    assert own.day == 5.5
    assert len(own.truth()["articles"]) > before
    assert get(own, "http://control.test/set?day=soon").status == 400
    order = tmp_path / "control.json"
    with Site(regions=["js"], control_file=order) as site:
        assert get(site, ROOT).status == 200
        order.write_text('{"day": 2, "faults": [{"kind": "503", "host": "*.js.*"}]}', "utf-8")
        assert get(site, ROOT).status == 503
        assert site.day == 2


# --- faults --------------------------------------------------------------------------------------


def spoilt(site: Site, kind: str, **options: Any) -> bytes:
    """What a client reads from an article under a fault."""
    url = an_article(site, region="js", layout="g3")["url"]
    site.faults.replace([Fault(kind, seconds=0.05, **options)])
    return raw(site, f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("status", sorted(k for k in KINDS if k.isdigit()))
def test_a_fault_can_be_any_status(own: Site, status: str) -> None:
    assert spoilt(own, status).startswith(f"HTTP/1.1 {status} ".encode())


def test_retry_after_in_both_forms(own: Site) -> None:
    assert b"\r\nRetry-After: 7\r\n" in spoilt(own, "429", retry_after="7")
    dated = spoilt(own, "503", retry_after="date:60")
    assert re.search(rb"\r\nRetry-After: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n", dated)


def test_faults_of_the_body(own: Site) -> None:
    whole = spoilt(own, "drip", pause=0.001)
    head, _, entity = whole.partition(b"\r\n\r\n")
    assert b"HTTP/1.1 200" in head
    cut = spoilt(own, "truncated").partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", cut[0])[1])  # type: ignore[index]
    assert 0 < len(cut[2]) < length
    bad = spoilt(own, "bad_chunk")
    assert b"Transfer-Encoding: chunked" in bad
    assert b"\r\nzz\r\n" in bad
    assert not spoilt(own, "cut_chunk").endswith(b"0\r\n\r\n")
    damaged = spoilt(own, "bad_gzip").partition(b"\r\n\r\n")[2]
    with pytest.raises((gzip.BadGzipFile, zlib.error, EOFError)):
        gzip.decompress(damaged)
    shortened = spoilt(own, "cut_gzip").partition(b"\r\n\r\n")[2]
    with pytest.raises(EOFError):
        gzip.decompress(shortened)
    huge = spoilt(own, "huge", size=300_000).partition(b"\r\n\r\n")
    assert len(huge[2]) == 300_000
    assert entity


def test_faults_of_the_wire(own: Site) -> None:
    assert spoilt(own, "stall") == b""
    assert spoilt(own, "close") == b""
    assert spoilt(own, "reset") == b"<reset>"
    assert spoilt(own, "reset_body").startswith(b"HTTP/1.1 200")
    assert spoilt(own, "stall_body")
    assert not spoilt(own, "garbage").startswith(b"HTTP/")
    assert len(spoilt(own, "endless_head")) > 1_000_000
    assert b"\r\n\r\n" not in spoilt(own, "endless_head")


def test_faults_that_are_answers(own: Site) -> None:
    url = an_article(own, region="js", layout="g3")["url"]
    own.fault("redirect_loop", path="/2*", times=1)
    assert get(own, url).headers["location"] == url
    for kind, location in (
        ("redirect_front", ROOT),
        ("redirect_skip", "http://www.xinhuanet.com/webSkipping.htm"),
    ):
        own.faults.replace([Fault(kind)])
        assert get(own, url).headers["location"] == location
    for kind in ("soft404", "empty", "error_page"):
        own.faults.replace([Fault(kind)])
        got = get(own, url)
        assert got.status == 200
        assert len(got.body) < 800


def test_faults_of_names_and_tls(own: Site) -> None:
    own.fault("dns", host="he.news.cn")
    assert get(own, "http://he.news.cn/").status == 502
    for kind, reason in (("tls_expired", "expired"), ("tls_wrong_host", "mismatch")):
        own.faults.replace([Fault(kind)])
        context = ssl.create_default_context(cafile=str(own.ca_file))
        with (
            socket.create_connection(("127.0.0.1", own.tls_port), timeout=5) as plain,
            pytest.raises(ssl.SSLCertVerificationError, match=reason),
        ):
            context.wrap_socket(plain, server_hostname="js.news.cn")


def test_rules_count_and_pick(own: Site) -> None:
    rules = FaultRules()
    rules.add(Fault("503", host="*.js.*", path="/news/*", skip=1, times=2))
    hits = [rules.match("www.js.news.cn", "/news/a.htm") is not None for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert rules.match("www.he.news.cn", "/news/a.htm") is None
    with pytest.raises(ValueError, match="unknown fault 'gremlin'"):
        Fault("gremlin")
    assert get(own, "http://control.test/fault?kind=gremlin").status == 400
    assert get(own, "http://control.test/fault?kind=500&host=js.news.cn&times=1").status == 200
    assert get(own, "http://js.news.cn/").status == 500
    assert get(own, "http://js.news.cn/").status == 200
    get(own, "http://control.test/fault?kind=503&path=/robots.txt")
    assert get(own, f"{ROOT}robots.txt").status == 503
    get(own, "http://control.test/fault/clear")
    assert get(own, f"{ROOT}robots.txt").status == 200


def test_an_address_can_ask_for_its_fault(own: Site) -> None:
    assert get(own, f"{ROOT}fault-410/news/jsyw.htm").status == 410
    assert get(own, f"{ROOT}fault-429/news/jsyw.htm").headers["retry-after"] == "1"
    request = f"GET {ROOT}fault-truncated/news/jsyw.htm HTTP/1.1\r\nHost: x\r\n\r\n"
    assert raw(own, request)


def test_robots_can_be_set(own: Site) -> None:
    get(own, "http://control.test/robots?host=js.news.cn&text=User-agent:%20*%0ACrawl-delay:%203")
    assert get(own, "http://js.news.cn/robots.txt").body == b"User-agent: *\nCrawl-delay: 3"


# --- life and death ------------------------------------------------------------------------------


def test_closing_ends_stalled_clients_and_every_thread() -> None:
    before = threading.active_count()
    site = Site(regions=["js"])
    site.fault("stall")
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as sock:
        sock.sendall(f"GET {ROOT} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with socket.create_connection(("127.0.0.1", site.tls_port), timeout=5):
            while not site.log:
                sleep(0.01)
            site.close()  # one client in a stall, one that never shakes hands
        assert sock.recv(100) == b""
    assert threading.active_count() == before
    assert not site.ca_file.exists()


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValueError, match="no such channel: hi"):
        World(regions=["hi"])


def test_the_command_serves_until_sigterm(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.site", "--seed", "3", "--regions", "js",
         "--day", "1.5", "--start", "2026-10-01", "--ca-file", str(ca)],
        cwd=FOLDER.parents[1], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        request = f"GET {ROOT} HTTP/1.0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", ready["port"]), timeout=5) as sock:
            sock.sendall(request.encode())
            data = b""
            while got := sock.recv(65536):
                data += got
        world = World(seed=3, regions=["js"], start=date(2026, 10, 1))
        world.day = 1.5
        front = answer(world, "http", "www.js.xinhuanet.com", "/", "")
        assert front is not None
        assert data.endswith(front.body)
        assert ready["ca_file"] == str(ca)
        assert b"BEGIN CERTIFICATE" in ca.read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


# --- real material -------------------------------------------------------------------------------


def test_shared_pages_are_served_at_their_addresses(shared: Path) -> None:
    with Site(regions=["js"], shared=shared) as site:
        for gold in sorted((shared / "pages" / "gold").glob("*.json")):
            fields = json.loads(gold.read_text("utf-8"))
            got = get(site, fields["url"])
            assert got.status == 200
            saved = shared / "pages" / f"{gold.stem}.html"
            if saved.exists():
                assert got.body == saved.read_bytes()
                continue
            seen = see(got.text)
            assert bare(fields["title"]) in seen.text
            assert all(bare(text) in seen.text for text in fields["body_paragraphs"])
            lines = next((shared / "seed").glob("*.txt")).read_text("utf-8").split()
            for markup in VARIANTS:
                page = see(seed_page(shared / "seed", markup).decode())
                assert all(bare(text) in page.text for text in fields["body_paragraphs"])
                assert lines[-1] in page.text
            assert all(word in seen.text for word in lines)
        clone = "http://www.news.cn/20240515/7250d102/c.html"
        assert get(site, clone).status == 404
