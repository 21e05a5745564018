from __future__ import annotations

import io
from xml.etree import ElementTree

from crawler.export_formats.plain_text import ATTRIBUTES, write_text
from tests.export_formats.lines import LINES, gone, published


def test_one_document_an_article() -> None:
    odd = LINES[1] | {"title": 'a < b & "c"', "source": '"<&>', "paragraphs": ["一\n二", "三"]}
    lines = [*LINES, gone(LINES[0]), odd]
    file = io.BytesIO()
    wanted = [line for line in lines if line["body"]]
    assert write_text(published(*lines), file) == len(wanted) == len(lines) - 1
    root = ElementTree.fromstring(b"<all>" + file.getvalue() + b"</all>")
    for doc, line in zip(root, wanted, strict=True):
        assert list(doc.attrib) == list(ATTRIBUTES)
        assert (doc.get("id"), doc.get("region")) == (line["id"], line["region"]["code"])
        assert (doc.get("date"), doc.get("source")) == (line["published_at"][:10], line["source"])
        texts = (doc.text or "").strip("\n").split("\n")
        assert texts == [line["title"], *(p.replace("\n", " ") for p in line["paragraphs"])]
