"""What elements say of their text: captions, text set apart, links."""

from __future__ import annotations

import pytest

from crawler.pages.document import Document
from crawler.pages.text_style import USUAL, StyledParts, StyledText, TextStyle
from tests.pages.samples import as_page


def style_at(html: str) -> TextStyle:
    """The style within the innermost of elements that hold each other."""
    doc = Document.of(as_page(html.encode()))
    node = doc.tree.css_first("body")
    style = TextStyle()
    while node is not None:
        style.enter(node)
        node = next((child for child in node.iter(include_text=False)), None)
    return style


@pytest.mark.parametrize(
    ("html", "is_caption", "is_set_apart"),
    [
        ("<p></p>", False, False),
        ("<figcaption></figcaption>", True, False),
        ("<p class='ai-caption'></p>", True, False),
        ("<p class='tuzhu2'></p>", True, False),
        ("<p class='recaption'></p>", False, False),
        ("<font color=navy face=楷体></font>", True, True),
        ("<font color='#000080'><span style='font-family:KaiTi_GB2312'></span></font>", True, True),
        ("<font color=navy></font>", False, True),
        ("<span style='color: blue'></span>", False, True),
        ("<span style='background-color: blue'></span>", False, False),
        ("<span style='color: bluegreen'></span>", False, False),
        ("<p style='text-align: center'></p>", False, True),
        ("<center></center>", False, True),
        ("<center><p align=left></p></center>", False, False),
        ("<p style='font-size: 14px'></p>", False, True),
        ("<p style='font-size: 10.5pt'></p>", False, True),
        ("<p style='font-size: 16px'></p>", False, False),
        ("<small></small>", False, True),
        ("<center><strong></strong></center>", False, False),
        ("<center><h2></h2></center>", False, False),
    ],
)
def test_what_elements_say(html: str, is_caption: bool, is_set_apart: bool) -> None:
    style = style_at(html)
    assert (style.is_caption, style.is_set_apart) == (is_caption, is_set_apart)


def test_what_is_left_says_nothing() -> None:
    doc = Document.of(as_page(b"<pre class=caption align=center><b>x</b></pre>"))
    style = TextStyle()
    marks = [style.enter(doc.tree.css_first(name)) for name in ("pre", "b")]
    assert (style.is_caption, style.is_set_apart, style.is_verbatim) == (True, False, True)
    style.leave(marks[1])
    assert style.is_set_apart
    style.leave(marks[0])
    assert (style.is_caption, style.is_set_apart, style.is_verbatim) == (False, False, False)


def test_white_space_is_kept_until_the_end() -> None:
    style = TextStyle()
    assert not style.is_verbatim
    style.keep_white_space()
    assert style.is_verbatim


def test_a_part_is_what_all_of_it_is() -> None:
    pieces = [
        StyledText("船工在补船。", is_caption=True), StyledText("　"), StyledText("他笑了"),
        StyledText("·"), StyledText("渡口新闻", is_link=True), StyledText("]"),
        StyledText("图右", is_set_apart=True),
    ]  # fmt: skip
    text = "".join(one.text for one in pieces)
    parts = StyledParts(text, pieces)

    def of(part: str) -> tuple[bool, bool, bool]:
        at = text.index(part)
        return parts.of(at, at + len(part))

    assert of("船工在补船。　") == (True, False, False)
    assert of("船工在补船。　他") == USUAL
    assert of("他笑了") == USUAL
    assert of("·渡口新闻]") == (False, False, True)
    assert of("渡口新闻]图右") == USUAL
    assert of("图右") == (False, True, False)
    assert of("　") == (True, False, False)
