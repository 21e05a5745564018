"""The tree of a page answers for all of its elements."""

from __future__ import annotations

from crawler.items import Encoding
from crawler.pages.document import Document


def test_text_that_looks_like_markup_hides_no_class_name() -> None:
    source = '<p>一段断了的标记 class="artic</p><div class="time">2018年3月11日</div>'
    doc = Document("http://www.xinhuanet.com/", source, Encoding(None, "utf-8"))
    assert doc.text(".time") == "2018年3月11日"
