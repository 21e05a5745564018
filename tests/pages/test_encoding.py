"""The bytes decide, whatever is declared."""

from __future__ import annotations

import pytest

from crawler import pages
from crawler.items import Encoding
from crawler.pages.encoding import decode
from tests.pages.samples import P, as_page, hebei_2012, main_2017, texts

NAMES = "张喆、李镕、王玥、陈䶮"


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb18030", "utf-8", "iso-8859-1", None])
def test_gb18030_is_read_whatever_is_declared(declared: str | None) -> None:
    meta = (
        f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">'
        if declared
        else ""
    )
    body = f"{meta}<p>{NAMES}出席。</p>".encode("gb18030")
    text, encoding = decode(body, "text/html")
    assert NAMES in text
    assert encoding == Encoding(declared, "gb18030")


@pytest.mark.parametrize("declared", ["gb2312", "utf-8", None])
def test_utf8_is_read_whatever_is_declared(declared: str | None) -> None:
    header = f"text/html; charset={declared}" if declared else None
    text, encoding = decode(f"<p>{NAMES}</p>".encode(), header)
    assert text == f"<p>{NAMES}</p>"
    assert encoding == Encoding(declared, "utf-8")


def test_header_is_noted_before_meta() -> None:
    body = b'<meta charset="gbk"><p>a</p>'
    assert decode(body, "text/html; charset=UTF-8")[1].declared == "UTF-8"
    assert decode(body, "text/html")[1].declared == "gbk"


@pytest.mark.parametrize(
    ("bom", "codec"),
    [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\x841\x953", "gb18030")],
)
def test_byte_order_mark_wins(bom: bytes, codec: str) -> None:
    text, encoding = decode(bom + NAMES.encode(codec), "text/html; charset=big5")
    assert text == NAMES
    assert encoding.used == codec


@pytest.mark.parametrize(("codec", "cut"), [("utf-8", 1), ("utf-8", 2), ("gb18030", 1)])
def test_a_page_cut_within_a_character(codec: str, cut: int) -> None:
    body = f"<p>{NAMES}出席开放仪式，并同读者交流。</p><p>书".encode(codec)[:-cut]
    text, encoding = decode(body)
    assert NAMES in text
    assert encoding.used == codec
    assert text.endswith("\ufffd")


def test_one_bad_byte_in_utf8_does_not_make_it_gb18030() -> None:
    body = f"<p>{NAMES}</p>\xff<p>出席</p>".encode().replace("\xff".encode(), b"\xff")
    assert decode(body, "text/html; charset=gb2312")[1].used == "utf-8"


def test_characters_of_the_former_private_area() -> None:
    assert decode(b"\xc4\xe3\xfe\x59\xa8\xbc")[0] == "你\u9fb4\u1e3f"


def test_every_byte_value_decodes() -> None:
    for byte in range(256):
        text, encoding = decode(bytes([byte]) * 3)
        assert isinstance(text, str)
        assert encoding.used


def test_rare_names_survive_the_whole_reading() -> None:
    body = P.replace("林小禾", "林小䶮").replace("周一帆", "周喆玥")
    for html, codec in ((hebei_2012(body), "gb18030"), (main_2017(body), "utf-8")):
        assert "林小䶮说。(记者 周喆玥)" in texts(pages.read(as_page(html.encode(codec))))[2]
