"""The tree of a page answers for all of its elements."""

from __future__ import annotations

import pytest

from crawler.items import Encoding
from crawler.layouts import NotAnArticle
from crawler.pages.document import Document, check_nesting
from tests.pages.samples import BODY, main_2017, texts
from tests.pages.test_hostile import read


def test_text_that_looks_like_markup_hides_no_class_name() -> None:
    source = '<p>一段断了的标记 class="artic</p><div class="time">2018年3月11日</div>'
    doc = Document("http://www.xinhuanet.com/", source, Encoding(None, "utf-8"))
    assert doc.text(".time") == "2018年3月11日"


@pytest.mark.parametrize("tag", ["div", "span", "font", "b", "p", "table", "ul", "a"])
def test_ten_thousand_nested_tags(tag: str) -> None:
    html = main_2017(f"<{tag}>" * 10_000 + "".join(f"<p>{p}</p>" for p in BODY))
    draft = read(html.encode())
    assert draft is None or "".join(texts(draft)).startswith(BODY[0])


def test_deep_text_is_read() -> None:
    draft = read(main_2017("<div>" * 10_000 + BODY[0]).encode())
    assert draft is not None
    assert texts(draft)[0] == BODY[0]


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 300_000,
        "".join(f"<font size={n}>" for n in range(20_000)) + "<p>" * 20_000,
        "<div>" * 15_000 + "<b></b>" * 100_000,
    ],
    ids=["depth", "formatting", "depth_and_breadth"],
)
def test_markup_that_would_take_minutes_is_refused(markup: str) -> None:
    with pytest.raises(NotAnArticle) as caught:
        check_nesting(markup)
    assert caught.value.kind == "too_deep"
