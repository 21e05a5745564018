"""Functions and the names behind them."""

from __future__ import annotations

import pytest

from crawler.pipelines.credits import LONGEST, bare_names, read_credits
from tests.pipelines.drafts import MORE, TEXT, article, image, text, video


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


FILM = ("策划：张一山", "编导：张二山", "摄影：张三山、张四山", "剪辑：张五山")
ENDS = "新华社音视频部制作"


@pytest.mark.parametrize(
    "lines",
    [
        FILM,
        (FILM[2], *FILM[:2], FILM[3]),
        ("总策划：张一山", "联合策划：张二山", "摄影/张三山", "视频剪辑/张五山"),
        (
            "出品人：张一山",
            "监制：张二山",
            "摄影｜张三山",
            "文字｜张四山",
            "鸣谢｜某某档案馆",
            ENDS,
        ),
        ("记者：张一山", "报道员：张二山", "摄影：张三山", "配音：张四山", "剪辑：张五山", ENDS),
        ("策划：张一山 编导：张二山 剪辑：张五山 摄影：张三山",),
        ("策划：张一山\n编导：张二山\n摄影：张三山",),
        ("文字：张一山", "摄影：张三山"),
    ],
)
def test_a_list_stays_together_and_gives_no_picture_its_credit(lines: tuple[str, ...]) -> None:
    made = article(image(), TEXT, MORE, *lines)
    assert made.paragraphs == [TEXT, MORE, *lines]
    assert [(each.caption, each.credit) for each in made.images] == [(None, None)]


@pytest.mark.parametrize("lines", [FILM, (FILM[2], *FILM[:2])])
def test_a_list_right_under_a_picture_does_so_too(lines: tuple[str, ...]) -> None:
    made = article(TEXT, MORE, image(), *lines)
    assert made.paragraphs == [TEXT, MORE, *lines]
    assert [each.credit for each in made.images] == [None]


def test_the_line_under_a_film_is_no_pictures_credit() -> None:
    made = article(image(), TEXT, MORE, TEXT, MORE, video(), "摄影：张三山")
    assert made.paragraphs[-1] == "摄影：张三山"
    assert [each.credit for each in made.images] == [None]


def test_the_office_that_ends_a_films_list_stays() -> None:
    lines = (*FILM, "监制：某某音视频部")
    assert article(TEXT, *lines).paragraphs == [TEXT, *lines]
    alone = article(TEXT, "监制：某某音视频部")
    assert alone.paragraphs == [TEXT]


@pytest.mark.parametrize(
    "credit", ["摄影：张三山", "供图：张三山", "新华社发（张三山摄）", "新华社记者 张三山 摄"]
)
def test_a_credit_right_under_a_picture_is_its_own(credit: str) -> None:
    for below in ((), (text("河道清淤的现场。", is_caption=True),)):
        made = article(TEXT, image(), *below, credit, MORE)
        assert made.paragraphs == [TEXT, MORE]
        assert [each.credit for each in made.images] == [credit]


def test_a_list_that_begins_under_a_picture_gives_it_its_first_line() -> None:
    made = article(TEXT, image(), "摄影：张三山", "文字：张一山", MORE)
    assert [each.credit for each in made.images] == ["摄影：张三山"]
    assert made.paragraphs == [TEXT, "文字：张一山", MORE]
