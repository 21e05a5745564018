"""Functions and the names behind them."""

from __future__ import annotations

import pytest

from crawler.pipelines.credits import LONGEST, bare_names, read_credits


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("[作者: 张三 责任编辑: 李四 ]", [("author", ["张三"]), ("duty_editor", ["李四"])]),
        ("新华社记者 张三、李四", [("reporter", ["张三", "李四"])]),
        ("作 者：张三 通 讯 员：李四", [("author", ["张三"]), ("correspondent", ["李四"])]),
        ("值班编辑：张三 校对：李四", [("duty_editor", ["张三"]), ("checker", ["李四"])]),
        ("总编辑：张三 编辑：李四", [("checker", ["张三"]), ("editor", ["李四"])]),
        ("策划：张三 来源：某某日报", [("crew", ["张三"]), ("crew", None)]),
        ("作者：记者张三", [("reporter", ["张三"])]),
        ("编辑｜张三", [("editor", ["张三"])]),
        ("责任编辑：某某频道", [("duty_editor", None)]),
    ],
)
def test_credits_are_read_in_order(printed: str, found: list[tuple[str, list[str] | None]]) -> None:
    line = read_credits(printed)
    assert line is not None
    assert [(credit.function, credit.names) for credit in line.found] == found


def test_what_has_no_label_or_is_too_long_holds_no_credits() -> None:
    assert read_credits("市里昨天开会") is None
    assert read_credits("记者们在现场") is None
    assert read_credits("记者 张三" + " " * LONGEST) is None


def test_what_stands_before_the_first_label_is_kept_apart() -> None:
    line = read_credits("某某日报 记者 张三")
    assert line is not None
    assert line.before == "某某日报"


def test_names_without_a_label() -> None:
    assert bare_names("（张三 李四）") == ["张三", "李四"]
    assert bare_names("（综合报道）") is None
