"""What in a content container is no text of the article, by the names of its elements."""

from __future__ import annotations

import pytest

from crawler.pages.container_parts import is_cut, parts_of, player_of
from crawler.pages.document import Document
from tests.pages.samples import as_page


def document(html: str) -> Document:
    return Document.of(as_page(f"<div id=container>{html}</div>".encode()))


@pytest.mark.parametrize(
    ("html", "role", "rule"),
    [
        ("<i class=share>", "cut", "share"),
        ("<i class=tiyi1>", "cut", "correction"),
        ("<i id=div_page_roll3>", "cut", "pager"),
        ("<i class=relatedNews>", "cut", "related"),
        ("<i class=ewm>", "cut", "qr_code"),
        ("<i data-ycad-slot=3>", "cut", "advertisement"),
        ("<i class=xh-comment>", "cut", "comments"),
        ("<button class=x>", "cut", "form"),
        ("<i id=wm-ipp>", "cut", "archive_toolbar"),
        ("<i class=pageVideo>", "player", "player"),
        ("<i video_src=a.mp4>", "player", "player"),
        ("<i class='x swiper-container-y'>", "gallery", "gallery"),
        ("<i class=editor>", "field", ""),
        # named twice: a field stays one, a player too
        ("<i class='editor share'>", "field", ""),
        ("<i class='pageVideo share'>", "player", "player"),
    ],
)
def test_a_marked_element(html: str, role: str, rule: str) -> None:
    doc = document(html)
    container = doc.tree.css_first("#container")
    marked = doc.tree.css_first("i, button")
    (number, part), = parts_of(doc, container).items()  # fmt: skip
    assert number == marked.mem_id
    assert (part.role, part.rule) == (role, rule)


@pytest.mark.parametrize("html", ["<p>渡口</p>", "<i class=shared>", "<i class=adverb>"])
def test_what_bears_no_such_name(html: str) -> None:
    doc = document(html)
    assert parts_of(doc, doc.tree.css_first("#container")) == {}


def test_what_stands_outside_the_container_is_not_looked_at() -> None:
    doc = Document.of(as_page(b"<div id=container><p>x</div><i class=share>"))
    assert parts_of(doc, doc.tree.css_first("#container")) == {}


@pytest.mark.parametrize(
    ("html", "player"),
    [
        # around the film stands what only a player shows
        ("<div class=a><video></video> <b>Play 0:00 / 2:54</b></div>", "a"),
        ("<div class=a><div class=b><video></video></div></div>", "a"),
        # a text stands beside it
        ("<div class=a><div class=b><video></video></div>渡口开了</div>", "b"),
        # a paragraph or cell is no player
        ("<p class=a><video class=v></video></p>", "v"),
        # what isn't shown is no text
        ("<div class=a><video></video><i style='display:none'>渡口开了</i></div>", "a"),
        # four elements up and no further
        ("<div class=e><div class=d><div class=c><div class=b><div class=a><video></video>"
         "</div></div></div></div></div>", "d"),
    ],
)  # fmt: skip
def test_the_player_around_a_film(html: str, player: str) -> None:
    doc = document(html)
    container = doc.tree.css_first("#container")
    found = player_of(doc.tree.css_first("video"), container)
    assert found.attributes.get("class") == player
    assert parts_of(doc, container)[found.mem_id].role == "player"


@pytest.mark.parametrize(
    ("html", "is_so"),
    [
        ("<i class='x share'>", True),
        ("<i id=bdshare>", True),
        ("<i class=editor>", False),
        ("<i>", False),
    ],
)
def test_whether_an_element_is_never_the_articles(html: str, is_so: bool) -> None:
    assert is_cut(document(html).tree.css_first("i")) is is_so
