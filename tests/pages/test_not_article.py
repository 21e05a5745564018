"""Pages that hold no article are refused by name; articles that talk about such pages are not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from crawler import layouts
from crawler.items import Page
from crawler.layouts import NotAnArticle
from tests.pages.samples import (
    BODY,
    NEWS,
    P,
    as_page,
    cms_2022,
    main_2017,
    province_2010,
    regional_2014,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS = "".join(
    f'<li><a href="/2017-09/05/c_11216000{i:02}.htm">云溪镇第{i}项民生工程今天开工建设</a></li>'
    for i in range(40)
)


def kind(html: str) -> str:
    with pytest.raises(NotAnArticle) as caught:
        layouts.read(as_page(html.encode()))
    return caught.value.kind


@pytest.mark.parametrize(
    "html",
    [
        "", " \n ", "<html><body></body></html>", "<p>&nbsp;</p>", "<body><!-- x -->",
        "<html><head><title>新华网</title></head><frameset></frameset></html>",
        "<script>var _0x3f=['\\x65\\x76']; (function(a){return a})(_0x3f);</script>",
    ],
)  # fmt: skip
def test_blank(html: str) -> None:
    """What a firewall, a script or a sick server gives for any address."""
    assert kind(html) == "blank"


def test_an_article_without_text_or_media_is_empty() -> None:
    assert kind(main_2017("")) == "empty"


@pytest.mark.parametrize(
    "html",
    [
        regional_2014("").replace(
            "</body>", "<p>凡本网注明“来源：新华网”的作品，未经授权不得转载。</p></body>"
        ),
        province_2010(
            '<div id="Title">云溪镇</div>', '<div id="Content"></div><p>版权声明，欢迎转载。</p>'
        ),
        main_2017("<p>　</p>"),
    ],
)
def test_emptied_articles(html: str) -> None:
    assert kind(html) == "empty"


@pytest.mark.parametrize(
    "html",
    [
        "<title>404 Not Found</title><h1>404 Not Found</h1><hr>nginx",
        "<title>新华网</title><p>对不起，您访问的页面不存在！</p>",
        "<title>页面不存在</title><div>" + LINKS + "</div>",
        "<title>错误提示</title><h1>抱歉，没有找到您要的文章</h1><a href=/>返回首页</a>",
        main_2017("<p>对不起，该文章已被删除。</p>"),
    ],
)
def test_soft_404(html: str) -> None:
    assert kind(html) == "soft_404"


@pytest.mark.parametrize(
    "html",
    [
        "<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>",
        "<title>提示</title><p>系统繁忙，请稍后再试</p>",
    ],
)
def test_error_pages(html: str) -> None:
    assert kind(html) == "error_page"


@pytest.mark.parametrize(
    ("html", "leads_to"),
    [
        (
            '<script>window.location.href = "http://www.xinhuanet.com/webSkipping.htm";</script>',
            "http://www.xinhuanet.com/webSkipping.htm",
        ),
        (
            '<meta http-equiv="refresh" content="0; url=http://www.js.xinhuanet.com/index.htm">'
            "<p>正在跳转</p>",
            "http://www.js.xinhuanet.com/index.htm",
        ),
        (
            "<body><script>location.replace('/index.htm')</script></body>",
            "http://www.js.xinhuanet.com/index.htm",
        ),
        (
            "<body onload=\"location='http://www.news.cn/'\"><p>页面已迁移</p></body>",
            "http://www.news.cn/",
        ),
        (
            "<script>top.location = '../../2017-09/06/c_1121600055.htm'</script>",
            "http://www.js.xinhuanet.com/2017-09/06/c_1121600055.htm",
        ),
    ],
)
def test_scripts_that_lead_elsewhere(html: str, leads_to: str) -> None:
    with pytest.raises(NotAnArticle) as caught:
        layouts.read(as_page(html.encode()))
    assert (caught.value.kind, caught.value.leads_to) == ("script_redirect", leads_to)


CHALLENGES = {
    "403": "<title>403 Forbidden</title><center><h1>403 Forbidden</h1></center><hr>openresty",
    "aliyun": "<title>405</title><p>很抱歉，您访问的URL可能对网站造成安全威胁，访问被阻断。</p>",
    "intercepted": "<title>提示</title><h1>您的请求带有不合法参数，已被网站管理员设置拦截！</h1>",
    "not found for robots": "<h1>404</h1><p>您的访问请求被拦截，页面不存在</p>",
    "slider": "<title>安全验证</title><div>请拖动下方滑块完成验证</div>",
    "waiting": "<title>Just a moment...</title><p>Checking your browser before accessing.</p>",
    "waiting here": "<p>请稍候…</p><script>var a = 1;</script>",
    "scripts": "<noscript>Please enable JavaScript and cookies to continue</noscript>",
    "login": "<title>用户中心</title><p>您访问的内容请先登录</p>",
    "cdn": "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>",
    "no such site": "<h1>没有找到站点</h1><p>您的请求在Web服务器中没有找到对应的站点！</p>",
    "reload": "<script>document.cookie='k=1; path=/';location.reload();</script>",
    "cookie and front": "<script>document.cookie = 'k=1'; location.href = '/';</script>",
    "itself": "<script>window.location.href='/2017-09/05/c_1121600001.htm?t=8f'</script>",
    "itself elsewhere": "<script>location='http://m.news.cn/2017-09/05/c_1121600001.htm'</script>",
    "nobody knows where": "<script>var u = a(b); location.href = u;</script>",
    "gate": "<script>location.href='http://passport.news.cn/?to=x'</script>",
    "told the way back": "<script>location='/a.htm?u=%2F2017-09%2F05%2Fc_1121600001.htm'</script>",
    "refresh to itself": '<meta http-equiv="refresh" content="1"><p>验证通过</p>',
    "refresh to itself by name": '<meta http-equiv=refresh content="1; url=c_1121600001.htm?w=1">',
    "in a template": '<h1 id="title">405</h1><div id="Content">您的请求已被拦截</div>2017-09-05',
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenges(name: str) -> None:
    assert kind(CHALLENGES[name]) == "challenge"


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenges_are_known_whatever_the_status(name: str) -> None:
    page = replace(as_page(CHALLENGES[name].encode()), status=404)
    shows_nothing = "<p>" not in page.body.decode()
    assert layouts.challenged(page) or (name == "refresh to itself" and not shows_nothing)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<title>404 Not Found</title><center><h1>404 Not Found</h1></center><hr>nginx/1.18",
        "<h1>抱歉，您访问的页面不存在</h1><a href=/>首页</a><script>history.back()</script>",
        "<title>404</title><script>location.href='/'</script>",
    ],
)
def test_a_404_that_says_so_is_no_challenge(html: str) -> None:
    assert layouts.challenged(replace(as_page(html.encode()), status=404)) is None


@pytest.mark.parametrize("template", [main_2017, regional_2014, cms_2022])
def test_an_article_about_challenges_is_an_article(template: Callable[[str], str]) -> None:
    text = (
        "<p>　　您的访问被拦截？读者反映，请先登录、输入验证码等提示太多，网站防火墙应当改进。</p>"
    )
    script = (
        "<script>document.cookie='a=1';if(m)location.href='/2017-09/05/c_1121600001.htm'</script>"
    )
    draft = layouts.read(as_page((script + template(text)).encode(), NEWS))
    assert len(texts(draft)) == 1


SAME = "http://js.news.cn/2017-09/05/c_1121600001.htm"
AWAY = '<meta http-equiv="refresh" content="0;url=/index.htm">'


@pytest.mark.parametrize(
    ("html", "target"),
    [
        (AWAY.replace("/index.htm", "//js.news.cn/2017-09/05/c_1121600001.htm"), SAME),
        (AWAY, "/index.htm"),
        ("<body><p>页面已移动</p>" + AWAY, "/index.htm"),
        ('<META HTTP-EQUIV="Refresh" CONTENT="3 ; URL = \'/a b.htm\' x">', "/a%20b.htm"),
        ('<meta http-equiv="refresh" content="0,/b.htm">', "/b.htm"),
        ('<meta http-equiv="refresh" content=".5; url=b.htm">', "/2017-09/05/b.htm"),
        ('<meta http-equiv=refresh content="x;url=/a.htm">' + AWAY, "/index.htm"),
        # text, copies and what is for readers without scripts
        (f"<script>var a = '{AWAY}';</script>", None),
        (f"<!-- {AWAY} -->", None),
        (f"<textarea>{AWAY}</textarea>", None),
        (f"<title>{AWAY}</title>", None),
        (f"<template>{AWAY}</template>", None),
        (f"<noscript>{AWAY}</noscript>", None),
        (f"<html><head><noscript>{AWAY}</noscript></head></html>", None),
        (f"<xmp>{AWAY}</xmp>", None),
        ('<a title="http-equiv refresh">x</a><meta name="refresh" content="0;url=/a.htm">', None),
        # the page itself
        ('<meta http-equiv="refresh" content="5">', None),
        ('<meta http-equiv="refresh" content="5;url=">', None),
        ('<meta http-equiv="refresh" content="5;url=c_1121600001.htm#top">', None),
        ('<meta http-equiv="refresh" content="0;url=c_1121600001.htm?r=1">', None),
        ('<meta http-equiv="refresh" content="5;url=/a.htm">' + AWAY, "/a.htm"),
        ('<meta http-equiv="refresh" content="60;url=/a.htm">' + AWAY, None),
        ('<meta http-equiv="refresh" content="0;url=javascript:alert(1)">', None),
        # pages that say something
        (AWAY + main_2017(P), None),
        (main_2017(P).replace("<head>", "<head>" + AWAY), None),
        (AWAY + "<h1>404 Not Found</h1>", None),
        (AWAY + "<p>您的请求已被拦截，3秒后返回首页</p>", None),
        (AWAY + "<p>" + BODY[1] * 20, None),
    ],
)
def test_the_refresh_that_a_browser_follows(html: str, target: str | None) -> None:
    expected = target and urljoin("http://www.js.xinhuanet.com/", target)
    for codec in ("utf-8", "utf-16"):
        assert layouts.refreshed(as_page(html.encode(codec)), 10) == expected
    assert layouts.refreshed(replace(as_page(html.encode()), status=403), 10) is None


def test_list_pages() -> None:
    assert (
        kind(
            f"<title>江苏要闻</title><h1>要闻</h1><ul>{LINKS}</ul><p>主办单位，地址：云溪路一号。</p>"
        )
        == "list_page"
    )


def test_a_list_in_an_articles_template() -> None:
    assert (
        kind(regional_2014(f"<ul>{LINKS}</ul>", info='<span class="time">2017-09-05</span>'))
        == "list_page"
    )


def test_a_digest_of_links_with_a_source_is_an_article() -> None:
    assert len(texts(layouts.read(as_page(regional_2014(f"<ul>{LINKS}</ul>").encode())))) == 40


BRIEF = "<p>　　昨夜十点，渡口的新汽笛第一次拉响，对岸的人说听得清清楚楚。</p>"


@pytest.mark.parametrize(
    ("tag", "heading", "day", "expected"),
    [
        ("渡口的新汽笛第一次拉响-新华网", "渡口的新汽笛第一次拉响", "2017-09-05", None),
        ("渡口的新汽笛第一次拉响-新华网", "渡口的新汽笛第一次拉响", "2026-09-05", "list_page"),
        ("江苏教育新闻-新华网", "江苏教育新闻", "2017-09-05", "list_page"),
        ("渡口的新汽笛第一次…_新华网", "渡口的新汽笛第一次拉响", "2017-09-05", None),
        ("新华网江苏频道", "渡口的新汽笛第一次拉响", "2017-09-05", "list_page"),
        ("另一个标题也有这么长_新华网", "渡口的新汽笛第一次拉响", "2017-09-05", "list_page"),
    ],
)
def test_a_headline_and_the_address_day_among_many_links(
    tag: str, heading: str, day: str, expected: str | None
) -> None:
    html = f"<title>{tag}</title><h1>{heading}</h1><i>{day} 08:05</i><div>{BRIEF}</div>{LINKS}"
    if expected is None:
        assert texts(layouts.read(as_page(html.encode()))) == [BRIEF[5:-4]]
    else:
        assert kind(html) == expected


@pytest.mark.parametrize("template", [main_2017, regional_2014, cms_2022])
def test_what_is_left_of_a_deleted_article(template: Callable[[str], str]) -> None:
    html = template("<p>已删除或过期的稿件</p>")
    title = re.sub(r"<title>[^<]*", "<title>已删除或过期的稿件", html)
    assert kind(title) == "soft_404"


def test_a_moving_script_does_not_make_an_article_a_stub() -> None:
    script = "<script>if (mobile) { location.href = 'http://m.news.cn/'; }</script>"
    assert texts(layouts.read(as_page((script + main_2017(P)).encode()))) == list(BODY)


def test_an_article_about_missing_pages_is_an_article() -> None:
    text = "<p>　　读者反映，某网站的页面不存在，点击后显示“404 Not Found”，文章已被删除。</p>"
    for html in (main_2017(text), regional_2014(text), cms_2022(text)):
        assert len(texts(layouts.read(as_page(html.encode(), NEWS)))) == 1


def test_a_long_article_among_many_links_is_an_article() -> None:
    assert texts(layouts.read(as_page((main_2017(P * 9) + LINKS).encode())))[:3] == list(BODY)


HTML = main_2017(P).encode()


def read(body: bytes, content_type: str) -> str | None:
    page = as_page(body)
    page = Page(page.url, 200, (("Content-Type", content_type),), body, page.fetched_at, None)
    try:
        layouts.read(page)
    except NotAnArticle as refusal:
        return refusal.kind
    return None


@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream", ""])
@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj",
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x18ftypmp42" + bytes(20),
        b"PK\x03\x04" + bytes(30),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(30),
        b'{"code": 403, "message": "<b>blocked</b>"}',
        b' [{"title": "x"}]',
        b'cb({"status": 0, "data": []})',
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    ],
)
def test_no_page(body: bytes, content_type: str) -> None:
    assert read(body, content_type) == "not_html"


def test_what_the_header_names_where_the_bytes_show_nothing() -> None:
    assert read(b"null", "application/json") == "not_html"
    assert read(b"body { color: red }", "text/css") == "not_html"


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "text/plain", "pdf"])
def test_a_page_under_a_wrong_name_is_read(content_type: str) -> None:
    assert read(HTML, content_type) is None


@pytest.mark.parametrize(
    "before",
    [
        b'<?xml version="1.0" encoding="utf-8"?>\n',
        b'<?xml version="1.0"?><!-- ' + b"x" * 2000 + b" -->",
        b"\xef\xbb\xbf\r\n\r\n",
        b"<!-- {} -->",
    ],
)
def test_a_page_after_something_else_is_read(before: bytes) -> None:
    assert read(before + HTML, "text/html") is None
