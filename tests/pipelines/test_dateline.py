"""Datelines in all wordings, parts as printed; they stay in the text."""

from __future__ import annotations

import pytest

from crawler.items import Dateline
from tests.pipelines.drafts import MORE, TEXT, article


@pytest.mark.parametrize(
    ("opening", "raw", "place", "day"),
    [
        ("新华社南京9月28日电（记者张三）", "新华社南京9月28日电", "南京", "9月28日"),
        ("新华社北京11月17日电 记者17日从", "新华社北京11月17日电", "北京", "11月17日"),
        ("新华网石家庄２月６日电 ", "新华网石家庄２月６日电", "石家庄", "２月６日"),
        (
            "新华社华盛顿/北京9月2日电（记者张三）",
            "新华社华盛顿/北京9月2日电",
            "华盛顿/北京",
            "9月2日",
        ),
        ("新华社“雪龙”号12月9日电（", "新华社“雪龙”号12月9日电", "“雪龙”号", "12月9日"),
        (
            "新华社上海2020年2月19日体育专电",
            "新华社上海2020年2月19日体育专电",
            "上海",
            "2020年2月19日",
        ),
        ("新华社北京9月2日电　题：", "新华社北京9月2日电", "北京", "9月2日"),
        ("（新华社南京9月28日电）", "新华社南京9月28日电", "南京", "9月28日"),
        ("据新华社北京9月2日电 ", "据新华社北京9月2日电", "北京", "9月2日"),
        ("中新社北京9月2日电 (记者 张三)", "中新社北京9月2日电", "北京", "9月2日"),
        ("本报讯（记者 张三）", "本报讯", None, None),
        ("本报讯 ", "本报讯", None, None),
        ("某某日报讯 记者张三报道：", "某某日报讯", None, None),
        ("江苏网讯　", "江苏网讯", None, None),
        ("本报南京9月28日电（", "本报南京9月28日电", "南京", "9月28日"),
        ("新华社电 ", "新华社电", None, None),
        ("某某在线3月11日讯（", "某某在线3月11日讯", None, "3月11日"),
        ("央广网北京3月11日消息（记者 张三）", "央广网北京3月11日消息", "北京", "3月11日"),
        ("央视网消息：", "央视网消息", None, None),
    ],
)
def test_wordings(opening: str, raw: str, place: str | None, day: str | None) -> None:
    made = article("　　" + opening + TEXT, MORE)
    assert made.dateline == Dateline(raw, place, day)
    assert made.paragraphs[0].startswith(opening.strip("　")[:6])
    assert article(MORE, opening + TEXT).dateline == Dateline(raw, place, day)


@pytest.mark.parametrize(
    "paragraph",
    [
        "新华社记者张三在现场看到，9月28日电站发电。",
        "新华网9月28日举行活动。",
        "昨天的新华社北京9月2日电说，今年好。",
        "本报讯息一出，市民叫好。",
        "通讯中断了三天。",
        "据新华社消息，河道已经通航。",
    ],
)
def test_no_dateline(paragraph: str) -> None:
    assert article(paragraph, TEXT).dateline is None


def test_only_where_an_article_begins() -> None:
    assert article(TEXT, MORE, TEXT, "新华社南京9月28日电 " + MORE).dateline is None
