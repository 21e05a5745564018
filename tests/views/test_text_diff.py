"""Readable differences."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from crawler.views.text_diff import MAX_TOKENS, difference, rows


def marked(before: str, after: str) -> str:
    return "\n".join(difference([before], [after]))


def test_a_changed_character_and_a_changed_number() -> None:
    assert marked("全市播种面积120万亩。", "全市播种面积135.5万亩。") == (
        "全市播种面积[-120-]{+135.5+}万亩。"
    )
    assert marked("记者张三", "记者李三") == "记者[-张-]{+李+}三"
    assert marked("", "新的一段") == "{+新的一段+}"
    assert marked("旧的一段", "") == "[-旧的一段-]"


def test_matches_too_short_to_read_join_the_change() -> None:
    assert marked("春天的故事", "秋天里事情") == "[-春天的故事-]{+秋天里事情+}"


def test_unchanged_paragraphs_are_counted() -> None:
    before = ["第一段。", "第二段。", "第三段说旧事。", "第四段。"]
    after = ["第一段。", "第二段。", "第三段说新事。", "第四段。", "第五段。"]
    assert list(difference(before, after)) == [
        "(2 unchanged paragraphs)",
        "第三段说[-旧-]{+新+}事。",
        "(1 unchanged paragraph)",
        "{+第五段。+}",
    ]


def test_a_passage_too_long_to_compare_is_shown_whole() -> None:
    before, after = "甲" * MAX_TOKENS, "甲" * MAX_TOKENS + "乙"
    assert marked(before, after) == f"[-{before}-]{{+{after}+}}"


paragraphs = st.lists(st.text("甲乙丙丁，。 ab12", max_size=12), max_size=5)


@given(paragraphs, paragraphs)
def test_both_texts_can_be_read_from_the_marks(before: list[str], after: list[str]) -> None:
    lines = [line for line in difference(before, after) if "unchanged" not in line]
    text = "".join(lines)
    old = re.sub(r"\{\+.*?\+\}", "", text).replace("[-", "").replace("-]", "")
    new = re.sub(r"\[-.*?-\]", "", text).replace("{+", "").replace("+}", "")
    equal = [one for one in before if one in after]
    assert len(old) <= len("".join(before))
    assert len(new) <= len("".join(after))
    if not equal:
        assert old == "".join(before)
        assert new == "".join(after)


def test_paragraphs_that_are_alike_stand_side_by_side() -> None:
    before = ["一样的一段。", "南京市今天上午召开会议。会议由市长主持。", "要删去的另外一段。"]
    after = ["新写的头一段话。", "一样的一段。", "南京市今天下午召开了会议。会议由市长主持。"]
    found = list(rows(before, after))
    assert [row.kind for row in found] == ["added", "same", "changed", "removed"]
    changed = found[2]
    assert [span.text for span in changed.left if span.is_marked] == ["上"]
    assert [span.text for span in changed.right if span.is_marked] == ["下", "了"]


def test_what_one_stands_in_the_place_of_is_its_pair() -> None:
    (row,) = rows(["半月谈"], ["新华社"])
    assert row.kind == "changed"
    assert [span.text for span in row.left] == ["半月谈"]


@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_the_rows_hold_both_sides(before: list[str], after: list[str]) -> None:
    found = list(rows(before, after))
    left = ["".join(span.text for span in row.left) for row in found if row.kind != "added"]
    right = ["".join(span.text for span in row.right) for row in found if row.kind != "removed"]
    assert (left, right) == (before, after)


def test_hostile_texts_take_no_time() -> None:
    long = ["南" * 200_000, *("x" * n for n in range(100))]
    assert len(list(rows(long, [*reversed(long)]))) > 0
