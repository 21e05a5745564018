"""Markup that would take minutes to read is refused; deep markup with a text is read."""

from __future__ import annotations

import pytest

from crawler.layouts import NotAnArticle
from crawler.pages.markup_limits import check_nesting
from tests.pages.samples import BODY, main_2017, texts
from tests.pages.test_hostile import read


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
