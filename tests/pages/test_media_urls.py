"""Which pictures, films and files an element shows."""

from __future__ import annotations

import pytest

from crawler.pages.document import Document, Node
from crawler.pages.media_urls import FILM_SELECTOR, file_url, film_url, image_url
from tests.pages.samples import as_page

HOST = "http://www.js.xinhuanet.com"
BASE = f"{HOST}/2017-09/05/"


def first(html: str, selector: str) -> tuple[Document, Node]:
    doc = Document.of(as_page(html.encode()))
    node = doc.maybe(selector)
    assert node is not None
    return doc, node


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<img src='a.jpg'>", f"{BASE}a.jpg"), ("<img data-src='/b.png'>", f"{HOST}/b.png"),
        ("<img src='space.gif' data-original='c.jpg'>", f"{BASE}c.jpg"),
        ("<img src='ewm_11216000011n.jpg'>", None), ("<img src='/icon/new.gif'>", None),
        ("<img src='a.jpg' width='12' height='12px'>", None),
        ("<img id='wxsharepic' src='a.jpg'>", None),
        ("<img src='a.jpg' width='12' height='300'>", f"{BASE}a.jpg"),
    ],
)  # fmt: skip
def test_pictures(html: str, url: str | None) -> None:
    doc, node = first(html, "img")
    assert image_url(node, doc) == url


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<iframe class='pageVideo' src='/p.htm' video_src='/v.mp4'></iframe>", f"{HOST}/v.mp4"),
        ("<video><source src='a.webm'></video>", f"{BASE}a.webm"),
        ("<object><param value='/f/vodplayer.swf'></object>", f"{HOST}/f/vodplayer.swf"),
        ("<div class='video-url'>http://v.news.cn/x.m3u8 </div>", "http://v.news.cn/x.m3u8"),
        ("<iframe src='/weather.htm'></iframe>", None), ("<video src=''></video>", None),
    ],
)  # fmt: skip
def test_films(html: str, url: str | None) -> None:
    doc, node = first(html, FILM_SELECTOR)
    assert film_url(node, doc) == url


@pytest.mark.parametrize(
    ("href", "is_file"), [("a.pdf", True), ("a.DOCX?x=1", True), ("a.htm", False), ("", False)]
)
def test_files(href: str, *, is_file: bool) -> None:
    doc, node = first(f"<a href='{href}'>附件</a>", "a")
    assert (file_url(node, doc) is not None) is is_file
