"""Who made a film stands together in the text; who took a picture is that picture's credit."""

from __future__ import annotations

import pytest

from tests.pipelines.drafts import MORE, TEXT, article, image, text, video

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
