"""The bytes decide, whatever is declared."""

from __future__ import annotations

import json
import zlib
from random import Random

import pytest

from crawler import layouts
from crawler.items import Encoding
from crawler.layouts import NotAnArticle
from crawler.pages.encoding import BY_BYTES, DECLARED, decode_text
from tests.conftest import PROJECT
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
    text, encoding = decode_text(body, "text/html")
    assert NAMES in text
    assert encoding == Encoding(declared, "gb18030")


@pytest.mark.parametrize("declared", ["gb2312", "utf-8", None])
def test_utf8_is_read_whatever_is_declared(declared: str | None) -> None:
    header = f"text/html; charset={declared}" if declared else None
    text, encoding = decode_text(f"<p>{NAMES}</p>".encode(), header)
    assert text == f"<p>{NAMES}</p>"
    assert encoding == Encoding(declared, "utf-8")


def test_header_is_noted_before_meta() -> None:
    body = b'<meta charset="gbk"><p>a</p>'
    assert decode_text(body, "text/html; charset=UTF-8")[1].declared == "UTF-8"
    assert decode_text(body, "text/html")[1].declared == "gbk"


@pytest.mark.parametrize(
    ("bom", "codec"),
    [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\x841\x953", "gb18030")],
)
def test_byte_order_mark_wins(bom: bytes, codec: str) -> None:
    text, encoding = decode_text(bom + NAMES.encode(codec), "text/html; charset=big5")
    assert text == NAMES
    assert encoding.used == codec


@pytest.mark.parametrize(("codec", "cut"), [("utf-8", 1), ("utf-8", 2), ("gb18030", 1)])
def test_a_page_cut_within_a_character(codec: str, cut: int) -> None:
    body = f"<p>{NAMES}出席开放仪式，并同读者交流。</p><p>书".encode(codec)[:-cut]
    text, encoding = decode_text(body)
    assert NAMES in text
    assert encoding.used == codec
    assert text.endswith("\ufffd")


def test_one_bad_byte_in_utf8_does_not_make_it_gb18030() -> None:
    body = f"<p>{NAMES}</p>\xff<p>出席</p>".encode().replace("\xff".encode(), b"\xff")
    assert decode_text(body, "text/html; charset=gb2312")[1].used == "utf-8"


def test_characters_of_the_former_private_area() -> None:
    assert decode_text(b"\xc4\xe3\xfe\x59\xa8\xbc")[0] == "你\u9fb4\u1e3f"


def test_every_byte_value_decodes() -> None:
    for byte in range(256):
        text, encoding = decode_text(bytes([byte]) * 3)
        assert isinstance(text, str)
        assert encoding.used


def test_rare_names_survive_the_whole_reading() -> None:
    body = P.replace("林小禾", "林小䶮").replace("周一帆", "周喆玥")
    for html, codec in ((hebei_2012(body), "gb18030"), (main_2017(body), "utf-8")):
        assert "林小䶮说。(记者 周喆玥)" in texts(layouts.read(as_page(html.encode(codec))))[2]


TEXT = {
    "simplified": "云溪镇的书房昨天开放，社区居民说，上午来的人已有三百多，全天都有志愿者。" * 3,
    "traditional": "雲溪鎮的書房昨天開放，社區居民說，上午來的人已有三百多，全天都有志願者。" * 3,
    "japanese": "雲渓町の書庫が昨日ひらかれ、町の人々がみな見に行った。" * 3,
    "korean": "운계진의 책방이 어제 문을 열어 마을 사람들이 모두 보러 갔다. " * 3,
    "western": "It’s a “café” by the river — naïve, they said. " * 3,
    "russian": "Вчера в посёлке открылась библиотека. " * 3,
}


@pytest.mark.parametrize(
    ("language", "codec", "declared", "used"),
    [
        ("traditional", "big5", "big5", "big5"),
        ("traditional", "big5", "Big5-HKSCS", "big5"),
        ("traditional", "cp950", "cn-big5", "big5"),
        ("traditional", "gb18030", "gbk", "gb18030"),
        ("traditional", "gb18030", "big5", "gb18030"),
        ("japanese", "cp932", "Shift_JIS", "shift_jis"),
        ("japanese", "cp932", "x-sjis", "shift_jis"),
        ("japanese", "euc_jp", "x-euc-jp", "euc-jp"),
        ("japanese", "iso2022_jp", "iso-2022-jp", "iso-2022-jp"),
        ("korean", "euc_kr", "EUC-KR", "euc-kr"),
        ("korean", "cp949", "ks_c_5601-1987", "euc-kr"),
        ("western", "cp1252", "iso-8859-1", "windows-1252"),
        ("western", "cp1252", "us-ascii", "windows-1252"),
        ("russian", "cp1251", "windows-1251", "windows-1251"),
        ("russian", "koi8-r", "KOI8-R", "koi8-r"),
        ("simplified", "hz", "hz-gb-2312", "hz-gb-2312"),
        *(("simplified", "gb18030", label, "gb18030") for label in (
            "gb2312", "x-gbk", "GB_2312", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-8859-1",
            "iso-2022-jp", "hz-gb-2312", "utf-16", "utf-7", "x-user-defined", "no-such", "base64",
        )),
        *((language, "utf-8", label, "utf-8") for language in TEXT for label in (
            "gb2312", "big5", "shift_jis", "euc-kr", "iso-8859-1", "windows-1251", "utf-16",
        )),
    ],
)  # fmt: skip
def test_what_is_declared_is_believed_where_the_bytes_bear_it_out(
    language: str, codec: str, declared: str, used: str
) -> None:
    html = f"<html><title>{TEXT[language][:20]}</title><p>{TEXT[language]}</p></html>"
    body = html.encode(codec)
    assert decode_text(body, f"text/html; charset={declared}") == (html, Encoding(declared, used))


@pytest.mark.parametrize("language", TEXT)
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ["utf-16", "gb2312", None])
@pytest.mark.parametrize("bom", ["\ufeff", ""])
def test_utf16_is_known_by_its_mark_or_its_zeros(
    language: str, codec: str, declared: str | None, bom: str
) -> None:
    html = f"<html><title>一</title><p>{TEXT[language]}</p></html>"
    header = f"text/html; charset={declared}" if declared else None
    assert decode_text((bom + html).encode(codec), header) == (html, Encoding(declared, codec))


def test_a_second_label_is_tried_where_the_first_is_wrong() -> None:
    meta = '<meta charset="big5">' + TEXT["traditional"]
    for label in ("utf-8", "iso-8859-1", "shift_jis"):
        text, encoding = decode_text(meta.encode("big5"), f"text/html; charset={label}")
        assert (text, encoding) == (meta, Encoding(label, "big5"))
    xml = '<?xml version="1.0" encoding="big5"?>' + TEXT["traditional"]
    assert decode_text(xml.encode("big5")) == (xml, Encoding("big5", "big5"))


@pytest.mark.parametrize("declared", ["gb2312", "gbk", "gb18030", "utf-8", None])
def test_two_codes_of_gbk_that_the_codec_has_not(declared: str | None) -> None:
    header = f"text/html; charset={declared}" if declared else None
    body = "票价3@元，#第二行".encode("gbk").replace(b"@", b"\x80").replace(b"#", b"\xa3\xa0")
    assert decode_text(body, header) == ("票价3€元，\u3000第二行", Encoding(declared, "gb18030"))
    # as a second byte it is a character's
    assert decode_text(b"\x81\x80" + body)[0].startswith("亐")


def test_the_schema_names_every_encoding() -> None:
    path = PROJECT / "crawler" / "exporters" / "article.schema.json"
    schema = json.loads(path.read_bytes())["properties"]["encoding"]["properties"]["used"]
    assert schema["enum"] == [*BY_BYTES, *DECLARED.values()]


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (TEXT["simplified"].replace("的", "\ufffd\ufffd\ufffd\ufffd"), "云溪镇的书房"),
        (TEXT["simplified"].replace("，", "\ue5e5\uf8ff\ue000\x01"), "云溪镇的书房"),
        (TEXT["simplified"].replace("昨天", "锟斤拷锟斤拷"), "云溪镇的书房"),
        (TEXT["simplified"], "云\ufffd\ufffd\ufffd书房"),
        (TEXT["traditional"].encode("big5").decode("gb18030"), "云溪镇的书房"),
    ],
)
def test_a_text_that_is_none_is_garbled(body: str, title: str) -> None:
    html = main_2017(f"<p>{body}</p>", title=f'<div class="h-title">{title}</div>')
    for page in (as_page(html.encode()), as_page(f"<title>{title}</title><p>{body}".encode())):
        with pytest.raises(NotAnArticle) as caught:
            layouts.read(page)
        assert caught.value.kind == "garbled"


def test_bytes_that_are_no_text_are_garbled() -> None:
    noise = Random(1).randbytes(3000).replace(b"<", b"")
    for body in (noise, b"<title>x</title><p>" + noise, zlib.compress(noise, wbits=-15)):
        with pytest.raises(NotAnArticle) as caught:
            layouts.read(as_page(body))
        assert caught.value.kind == "garbled"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (TEXT["simplified"].replace("云溪", "云\ufffd", 1), "云溪镇的书房"),
        (TEXT["simplified"] + "\ue601\ue602", "云溪镇的书房\ue600"),  # signs of a web font
        ("网页上为什么会有“锟斤拷”？" + TEXT["simplified"], "“锟斤拷”从哪里来，编码史上的三个字"),
        (TEXT["simplified"], "云溪镇的书\ufffd"),
    ],
)
def test_a_few_broken_characters_are_published(body: str, title: str) -> None:
    html = main_2017(f"<p>{body}</p>", title=f'<div class="h-title">{title}</div>')
    assert texts(layouts.read(as_page(html.encode()))) == [body]
