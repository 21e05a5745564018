"""Columns of Chinese text, and lines that fit them."""

from __future__ import annotations

from crawler.text_columns import columns, padded, wrapped


def test_chinese_takes_two_columns() -> None:
    texts = ("", "js", "江苏", "（江）", "é", "e\u0301")
    assert [columns(text) for text in texts] == [0, 2, 4, 6, 1, 1]
    rows = [f"{padded(text, 5)}|" for text in ("js", "江苏", "江苏省")]
    assert rows == ["js   |", "江苏 |", "江苏省|"]


def test_words_are_put_on_lines_that_fit() -> None:
    address = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
    assert wrapped(f"江苏 ab cd {address} ef", "> ", "  ", 12) == [
        "> 江苏 ab cd", f"  {address}", "  ef"
    ]  # fmt: skip
    assert wrapped("one", "> ", "  ", 12) == ["> one"]
    assert wrapped("", "> ", "  ", 12) == ["> "]
