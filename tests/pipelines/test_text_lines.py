"""Text blocks to lines, and back with what is left of them."""

from __future__ import annotations

from crawler.items import Removed
from crawler.pipelines.text_lines import blocks_of, lines_of
from tests.pipelines.drafts import MORE, TEXT, WHERE, image, text


def test_each_printed_line_of_a_text_is_one() -> None:
    lines = lines_of([text(f"{TEXT}\n{MORE}"), image(), text("完")])
    assert [(line.block, line.text) for line in lines] == [(0, TEXT), (0, MORE), (2, "完")]


def test_a_part_is_cut_and_remembered() -> None:
    (line,) = lines_of([text("前 中 后")])
    assert line.cut("tools", 2, 3) == "中"
    assert line.text == "前 后"
    assert line.removed == [Removed("中", "tools", WHERE)]


def test_blocks_are_made_of_what_is_left() -> None:
    blocks = [text(f"{TEXT}\n【打印】"), image(), text("【关闭】"), text(MORE)]
    lines = lines_of(blocks)
    for line in lines:
        if line.text.startswith("【"):
            line.cut("tools")
    assert blocks_of(blocks, lines) == (text(TEXT), image(), text(MORE))
