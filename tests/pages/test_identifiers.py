"""A selector left unasked would have matched nothing, however the page writes its names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawler.items import Encoding
from crawler.pages.document import Document
from crawler.pages.identifiers import Identifiers

SELECTORS = (
    "#title", ".title", ".time", "h1#title", "div.title, .none", ".none, #none", "p:not(.title)",
    "#title .time", "[class*='title']", "[id^='tit']", ".info span:nth-child(2)", "a[href*='.com']",
)  # fmt: skip
PIECES = st.sampled_from([
    '<div class="title">', "<div class='time title'>", "<DIV CLASS=Title>", '<p class = "time">',
    "<p class\n=\n'title'>", "<p id=title>", "<h1 id='TITLE'>", '<p class="tit&#108;e">',
    "<p class=\"a'b title\">", "<p class='a\"b time'>", "<p class=title/>", '<p class="none',
    "<!doctype html>", '<!-- class="none" -->', "</p>", "</div>", "text", '"', "'", ">", "\x00",
    '<p class="title\x00">', '<p class="info"><span>1</span><span>2</span>', 'class="time"',
    "<a href='http://x.com/'>", "<template><p class=time></template>", "<p/class=time>",
])  # fmt: skip


def document(source: str) -> Document:
    return Document("http://www.xinhuanet.com/", source, Encoding(None, "utf-8"))


@given(st.lists(PIECES, max_size=12).map("".join))
def test_answers_as_the_tree_does(source: str) -> None:
    doc = document(source)
    for selector in SELECTORS:
        asked = doc.tree.css(selector)
        assert [node.mem_id for node in doc.all(selector)] == [node.mem_id for node in asked]
        first = doc.maybe(selector)
        assert (first and first.mem_id) == (asked[0].mem_id if asked else None)


@pytest.mark.parametrize(
    ("selector", "left"),
    [
        ("#title, .time", "#title, .time"),
        ("#title, .none, .time", "#title, .time"),
        (".none", ""),
        ("p:not(.none)", "p:not(.none)"),
    ],
)
def test_leaves_out_what_needs_other_names(selector: str, left: str) -> None:
    source = b"<p id=title></p><p class='time'></p>"
    assert Identifiers(LexborHTMLParser(source), source).possible(selector) == left
