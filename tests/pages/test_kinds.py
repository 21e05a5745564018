"""Pages that hold no article are refused by name; articles that talk about such pages are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from crawler import pages
from crawler.pages import NotAnArticle
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
        pages.read(as_page(html.encode()))
    return caught.value.kind


@pytest.mark.parametrize(
    "html", ["", " \n ", "<html><body></body></html>", "<p>&nbsp;</p>", "<body><!-- x -->"]
)
def test_empty(html: str) -> None:
    assert kind(html) == "empty"


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
        "<title>403 Forbidden</title><center><h1>403 Forbidden</h1></center><hr>"
        "<center>openresty</center>",
        "<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>",
        "<title>提示</title><p>系统繁忙，请稍后再试</p>",
        "<title>405</title><p>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</p>",
    ],
)
def test_error_pages(html: str) -> None:
    assert kind(html) == "error_page"


@pytest.mark.parametrize(
    "html",
    [
        '<script>window.location.href = "http://www.xinhuanet.com/webSkipping.htm";</script>',
        '<meta http-equiv="refresh" content="0; url=http://www.js.xinhuanet.com/index.htm">'
        "<p>正在跳转</p>",
        "<body><script>location.replace('/index.htm')</script></body>",
    ],
)
def test_redirect_stubs(html: str) -> None:
    assert kind(html) == "redirect_stub"


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
    assert len(texts(pages.read(as_page(regional_2014(f"<ul>{LINKS}</ul>").encode())))) == 40


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
        assert texts(pages.read(as_page(html.encode()))) == [BRIEF[5:-4]]
    else:
        assert kind(html) == expected


@pytest.mark.parametrize("template", [main_2017, regional_2014, cms_2022])
def test_what_is_left_of_a_deleted_article(template: Callable[[str], str]) -> None:
    html = template("<p>已删除或过期的稿件</p>")
    title = re.sub(r"<title>[^<]*", "<title>已删除或过期的稿件", html)
    assert kind(title) == "soft_404"


def test_a_moving_script_does_not_make_an_article_a_stub() -> None:
    script = "<script>if (mobile) { location.href = 'http://m.news.cn/'; }</script>"
    assert texts(pages.read(as_page((script + main_2017(P)).encode()))) == list(BODY)


def test_an_article_about_missing_pages_is_an_article() -> None:
    text = "<p>　　读者反映，某网站的页面不存在，点击后显示“404 Not Found”，文章已被删除。</p>"
    for html in (main_2017(text), regional_2014(text), cms_2022(text)):
        assert len(texts(pages.read(as_page(html.encode(), NEWS)))) == 1


def test_a_long_article_among_many_links_is_an_article() -> None:
    assert texts(pages.read(as_page((main_2017(P * 9) + LINKS).encode())))[:3] == list(BODY)
