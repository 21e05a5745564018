"""What two spellings of the same words have in common, and the table they are folded by."""

from __future__ import annotations

import pytest

from crawler.search.folding import TABLE, fold, foldings, letters, tokens
from tests.search import make_traditional


@pytest.mark.parametrize(
    ("printed", "folded"),
    [
        ("江蘇長江大橋", "江苏长江大桥"),
        ("Ｃ９１９首飛：ＧＤＰ增長", "c919首飞:gdp增长"),
        ("张　三、李 四", "张三、李四"),  # the site pads names of two characters
        ("2017 年 GDP 增长", "2017年gdp增长"),
        ("in  China\u00a0now", "in china now"),
        ("一段\r\n\r\n 二段", "一段\n二段"),
        ("水\u200b库\x00放\ufeff水\ufe0f", "水库放水"),
        ("\ud800断", "断"),
        ("㎡、①、ｶﾞ", "m2、1、ガ"),
        ("《春灌》——“开闸”…", "《春灌》——“开闸”..."),
        ("\x00\u200b", ""),
    ],
)
def test_what_readers_take_for_the_same(printed: str, folded: str) -> None:
    assert fold(printed) == folded
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("query", "others"),
    [
        ("據瞭解", ["据瞭解", "据了解"]),
        ("瞭望東方", ["瞭望东方"]),  # the weekly, whose character stays
        ("憑藉", ["凭藉", "凭借"]),
        ("破坏布局", ["破坏布局"]),
        ("計畫", ["计画", "计划"]),
    ],
)
def test_phrases_that_their_characters_do_not_tell(query: str, others: list[str]) -> None:
    assert foldings(query) == others


def test_a_phrase_of_tokens_stands_where_its_characters_do() -> None:
    assert tokens("南京大桥 ab\n通车") == "南京 京大 大桥 桥 ab b \u2029 通车 车"
    assert letters("南京 南\n车") == "南 京 车"


def test_the_table_is_what_the_dictionaries_give() -> None:
    assert TABLE.read_text("utf-8") == make_traditional.made()
