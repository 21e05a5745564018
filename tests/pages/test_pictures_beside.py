"""Pictures of the article beside its text are its pictures; those of the page are not."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import pytest

from crawler.extraction import extract
from tests.pages.samples import BODY, TITLE, P, as_page

if TYPE_CHECKING:
    from crawler.items import Image

URL = "http://news.xinhuanet.com/local/2009-01/13/content_10650001.htm"
FOLDER = URL.rpartition("/")[0]
CAPTION = "河道清淤现场（1月12日摄）。新华社记者 林小禾 摄"
CREDIT = "新华社记者 林小禾 摄"
NAVY = f'<font color="navy" face="楷体_GB2312">　　{CAPTION}</font>'
HEAD = f'<div id="Title">{TITLE}</div><div id="Time">2009年01月13日 08:12:33 来源：云溪日报</div>'
ROWS = f'<tr><td id="Title">{TITLE}</td></tr><tr><td>2009-01-13 08:12 来源：云溪日报</td></tr>'
TEXT = f'<div id="Content">{P}</div>'
LINK = '<a href="/local/2009-01/12/content_10640001.htm">'
PICTURE = '<img src="xin_330106130812125298.jpg">'


def images(html: str, url: str = URL) -> list[Image]:
    made = extract([as_page(f"<html><body>{html}</body></html>".encode(), url)])
    assert tuple(made.paragraphs) == BODY
    assert made.title == TITLE
    return made.images


@pytest.mark.parametrize(
    ("html", "position"),
    [
        (f'{HEAD}<div id="Image">{PICTURE}<br>{NAVY}</div>{TEXT}', 0),
        (f'{HEAD}{TEXT}<div id="Image">{PICTURE}<br>{NAVY}</div>', 3),
        (f"{HEAD}<p align=center>{PICTURE}</p><p>　　{CAPTION}</p>{TEXT}", 0),
        (f"{HEAD}<p>{PICTURE}</p><p>河道清淤现场（1月12日摄）。</p><p>{CREDIT}</p>{TEXT}", 0),
        (f"{HEAD}<br>{PICTURE}<br>{NAVY}{TEXT}", 0),
        (f"{HEAD}<figure>{PICTURE}<figcaption>{CAPTION}</figcaption></figure>{TEXT}", 0),
        (
            f"<table>{ROWS}<tr><td align=center>{PICTURE}</td></tr><tr><td>{CAPTION}</td></tr>"
            f'<tr><td id="Content">{P}</td></tr></table>',
            0,
        ),
        (
            f"<table>{ROWS}<tr><td><table><tr><td>{PICTURE}</td></tr><tr><td>{NAVY}</td></tr></table>"
            f'</td><td id="Content">{P}</td></tr></table>',
            0,
        ),
        (f'{HEAD}<div class="p">{PICTURE}<p>　　{CAPTION}</p></div>{TEXT}', 0),
        (f'<div>{HEAD}</div><div><div class="p">{PICTURE}{NAVY}</div>{TEXT}</div>', 0),
        (f'{HEAD}<p><a href="content_10650001_1.htm">{PICTURE}</a>{NAVY}</p>{TEXT}', 0),
        (f'{HEAD}<p><a href="xin_330106130812125298.jpg">{PICTURE}</a>{NAVY}</p>{TEXT}', 0),
    ],
)  # fmt: skip
def test_a_picture_with_its_caption_and_credit(html: str, position: int) -> None:
    (picture,) = images(html)
    assert picture.url == f"{FOLDER}/xin_330106130812125298.jpg"
    assert picture.credit == CREDIT
    assert picture.caption is not None
    assert picture.caption.startswith("河道清淤现场（1月12日摄）。")
    assert picture.position == position


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("/photo/xinsrc_330106130812.jpg", URL),
        ("a.jpg", URL),
        (
            "../../1125456701_15788881212n.jpg",
            "http://www.gd.xinhuanet.com/newscenter/2020-01/13/c_1125456701.htm",
        ),
        (
            "http://www.gd.xinhuanet.com/titles/1125456701_15788881212n.jpg",
            "http://www.gd.xinhuanet.com/newscenter/2020-01/13/c_1125456701.htm",
        ),
        (f"20240509{'2d' * 16}_x.jpg", f"http://gd.news.cn/20240509/{'2d' * 16}/c.html"),
    ],
)
def test_what_shows_that_a_picture_is_the_articles(source: str, url: str) -> None:
    assert len(images(f'{HEAD}<p><img src="{source}"></p>{TEXT}', url)) == 1


def test_a_credit_shows_whose_picture_from_elsewhere_it_is() -> None:
    picture = '<img src="http://img.example.cn/2009/a.jpg">'
    (found,) = images(f'{HEAD}<div class="p">{picture}<p>{CAPTION}</p></div>{TEXT}')
    assert (found.caption, found.credit) == (CAPTION, CREDIT)
    assert images(f'{HEAD}<div class="p">{picture}<p>河道清淤现场。</p></div>{TEXT}') == []
    linked = f"{LINK}{picture}</a><p>{CAPTION}</p>"
    assert images(f'{HEAD}<div class="p">{linked}</div>{TEXT}') == []


def test_several_pictures_each_with_its_own() -> None:
    first = '<img src="xin_1201001.jpg"><p>第一处现场。</p>'
    second = f'<img src="xin_1201002.jpg"><p>第二处。{CREDIT}</p>'
    html = f'{HEAD}<div id="Image">{first}{second}</div>{TEXT}'
    assert [(each.caption, each.credit) for each in images(html)] == [
        ("第一处现场。", None),
        (f"第二处。{CREDIT}", CREDIT),
    ]


def test_a_picture_in_the_text_and_beside_it_is_one() -> None:
    html = f'{HEAD}<p>{PICTURE}</p><div id="Content"><p>{PICTURE}</p>{P}</div>'
    assert len(images(html)) == 1


@pytest.mark.parametrize(
    "beside",
    [
        '<img src="/images/logo.gif">',
        '<img src="http://imgs.xinhuanet.com/xinhua_logo.jpg">',
        f'<ul><li>{LINK}<img src="xin_1201003.jpg"></a></li><li>{LINK}别的新闻的标题</a></li></ul>',
        f'<table><tr><td><img src="xin_1201003.jpg"></td><td>{LINK}别的新闻</a></td></tr></table>',
        f'<div><img src="a.jpg"><p>{LINK}别的新闻的标题</a></p></div>',
        '<a href="http://www.example.cn/"><img src="ad.jpg"></a>',
        '<div class="related"><img src="xin_1201003.jpg"></div>',
        '<div class="share"><img src="a.jpg"></div>',
        '<div style="display:none" id="wxpic"><img src="a.jpg"></div>',
        '<noscript><img src="a.jpg"></noscript>',
        '<img src="ewm_106500011n.jpg">',
        '<img src="zxcode_1.jpg">',
        '<img src="space.gif"><img src="dot.jpg" width="1" height="1"><img src="?a=1">',
        '<a href="content_10650001.htm"><img src="xin_1201003.jpg"></a>',
        '<img src="../../titlepic/10650001_1231n.jpg">',
        '<div id="image"><img src="/images/logo.gif">TEXT</div>',
    ],
)
def test_no_picture_of_the_page_is_taken(beside: str) -> None:
    before, _, after = beside.partition("TEXT")
    assert images(f"{HEAD}{before}{TEXT}{after}") == []


def test_a_text_beside_a_picture_is_no_caption() -> None:
    column = "".join(f"<p>这是旁边一栏的第{n}段文字，和文章没有关系。</p>" for n in range(40))
    html = f"{HEAD}<div><p>{PICTURE}</p>{column}</div>{TEXT}"
    assert images(html) == []


def test_many_pictures_beside_the_text_take_no_time() -> None:
    many = '<div><img src="a.jpg"><p>河道清淤现场。</p></div>' * 20_000
    start = process_time()
    made = extract([as_page(f"<html><body>{HEAD}{many}{TEXT}</body></html>".encode(), URL)])
    assert tuple(made.paragraphs) == BODY
    assert process_time() - start < 10
