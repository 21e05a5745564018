"""The words of labels, and the patterns made of them."""

from __future__ import annotations

import re

import pytest

from crawler import labels
from crawler.pages.header import SOURCE, labelled


def test_longer_words_come_first() -> None:
    found = re.match(labels.any_of("总编 编辑 总编辑"), "总编辑")
    assert found is not None
    assert found[0] == "总编辑"


def test_a_padded_word_may_have_a_blank_between_any_two_characters() -> None:
    pattern = re.compile(labels.with_blanks("责任编辑"))
    assert all(map(pattern.fullmatch, ("责任编辑", "责 任 编 辑", "责任 编辑", "责\u3000任编辑")))
    assert not pattern.fullmatch("责  任编辑")


@pytest.mark.parametrize(
    ("pattern", "printed"),
    [
        (labels.SOURCE, "来源 稿源 出处"),
        (labels.SOURCE_KIND, "稿件 文章 信息 消息 新闻"),
        (labels.DUTY_EDITOR, "责任编辑 责编"),
        (labels.EDITOR, "责任编辑 责编 编辑"),
        (labels.WRITER, "作者 记者 通讯员 报道员"),
        (labels.REPORTER, "记者 通讯员 报道员"),
        (labels.CHECKER, "校对 审核 监制 编审 终审 签发 策划"),
    ],
)
def test_the_words_of_a_label(pattern: str, printed: str) -> None:
    assert [word for word in printed.split() if not re.fullmatch(pattern, word)] == []


def test_a_name_of_two_words() -> None:
    assert re.fullmatch(labels.PHOTO_LIBRARY, "IC photo")
    assert not re.search(labels.PHOTO_LIBRARY, "photo")


def test_no_word_stands_for_two_functions() -> None:
    tables = (labels.CREDITS_BARE, labels.CREDITS_WITH_COLON)
    words = [word for table in tables for row in table.values() for word in row.split()]
    assert sorted(words) == sorted(set(words))


def test_a_value_ends_at_any_other_label() -> None:
    for label in ["稿源", "记者", "通讯员", "责编", "校对", "终审"]:
        line = f"来源：河畔晚报 {label}：周岸"
        assert labelled(SOURCE, line) == "来源：河畔晚报"
