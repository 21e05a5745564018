"""One white-space rule; nothing unseen; punctuation as printed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pipelines.clean_text import clean, clean_line, compact, skeleton, skeleton_map
from tests.pipelines.drafts import article


@pytest.mark.parametrize(
    ("printed", "published"),
    [
        ("　　今年收成好。", "今年收成好。"),
        ("\xa0\xa0\xa0\xa0今年收成好。 ", "今年收成好。"),
        ("\u2003\u2003今年\u200b收成\ufeff好。", "今年收成好。"),
        ("今年\x00收成\x07好\x1b。", "今年收成好。"),
        ("今年\ud800收成好\udfff。", "今年收成好。"),
        ("今年 \t　 收成好。", "今年 收成好。"),
        ("春江潮水　\n　连海平", "春江潮水\n连海平"),
        ("一\n\n\n二\r\n三", "一\n二\n三"),
        ("“半角,”全角，（括号）(括号)", "“半角,”全角，（括号）(括号)"),
        ("２０１７年Ａ１㈱①", "２０１７年Ａ１㈱①"),
        ("王䶮、李喆、镕玥𠮷", "王䶮、李喆、镕玥𠮷"),
        (" 　\u200b\n ", ""),
    ],
)
def test_the_rule(printed: str, published: str) -> None:
    assert clean(printed) == published


def test_a_line_has_no_line_breaks() -> None:
    assert clean_line(" 河道\n 整治　开工 ") == "河道 整治 开工"


@given(st.text(alphabet=st.characters(), max_size=200))
def test_clean_text_is_stable_and_can_be_written(printed: str) -> None:
    published = clean(printed)
    assert clean(published) == published
    assert json.loads(json.dumps(published, ensure_ascii=False).encode()) == published
    assert "\x00" not in published


@given(st.text(max_size=80))
def test_a_skeleton_knows_where_its_letters_stand(printed: str) -> None:
    letters, places = skeleton_map(printed)
    assert len(letters) == len(places)
    assert places == sorted(places)
    assert all(letter in skeleton(printed[at]) for letter, at in zip(letters, places, strict=True))


def test_the_skeleton_forgets_width_case_brackets_and_blanks() -> None:
    assert (
        skeleton("【 字号：大　中 小 】Qzone")
        == skeleton("[字号:大中小]ＱＺＯＮＥ")
        == "字号大中小qzone"
    )
    assert compact("来源： 新华网") == "来源:新华网"


def test_paragraphs_are_the_cleaned_blocks() -> None:
    made = article("　　今年收成好。", "\u200b　", "第一行\n　第二行")
    assert made.paragraphs == ["今年收成好。", "第一行\n第二行"]
    assert made.body == "今年收成好。\n\n第一行\n第二行"


def test_without_text_the_body_is_null() -> None:
    assert article("\u3000").body is None
    assert article().paragraphs == []
