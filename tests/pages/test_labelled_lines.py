"""What the lines around a text say behind their labels."""

from __future__ import annotations

import pytest

from crawler.pages.document import Document
from crawler.pages.labelled_lines import (
    EDITOR,
    SOURCE,
    find_byline,
    find_time_line,
    labelled,
    lines_around,
)
from tests.pages.samples import as_page


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2017-09-05 来源：云溪日报 编辑：张三", "来源：云溪日报"),
        ("来 源: 云溪日报【打印】", "来 源: 云溪日报"),
        ("来源：来源：云溪日报", "来源：来源：云溪日报"),
        ("来源： 2017-09-05", None), ("来自云溪", None),
        ("稿件来源：云溪日报 作者：李四", "稿件来源：云溪日报"),
    ],
)  # fmt: skip
def test_a_part_reaches_to_the_next_label(text: str, part: str | None) -> None:
    assert labelled(SOURCE, text) == part


@pytest.mark.parametrize(
    ("text", "is_editor"),
    [
        ("责任编辑：张三", True),
        ("[责编 张三", True),
        ("总编辑：张三", False),
        ("编辑部的张三", False),
    ],
)
def test_editors(text: str, *, is_editor: bool) -> None:
    assert (labelled(EDITOR, text) is not None) is is_editor


def test_lines_before_come_nearest_first() -> None:
    html = (
        "<p>第一行</p><div><span>2017-09-05 08:30</span> 来源：云溪日报</div><div id='c'>正文</div>"
        "<p>作者：李四</p><p hidden>不见</p>"
    )
    doc = Document.of(as_page(html.encode()))
    container = doc.maybe("#c")
    assert container is not None
    before, after = lines_around(container)
    assert list(before) == ["2017-09-05 08:30 来源：云溪日报", "第一行"]
    assert list(after) == ["作者：李四"]
    assert [one.text for one in find_byline(after, "after")] == ["作者：李四"]
    assert [one.text for one in find_time_line(before, after)] == list(before)[:1]
