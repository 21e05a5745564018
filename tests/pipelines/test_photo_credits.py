"""What is a photo credit, and what else stands near a picture."""

from __future__ import annotations

import pytest

from crawler.items import Image
from crawler.pipelines.photo_credits import (
    credit_at_end,
    is_credit,
    is_legend,
    opens_section,
    opens_story,
)
from tests.pipelines.drafts import MORE, TEXT, article, image


@pytest.mark.parametrize(
    "credit",
    [
        "新华社记者 张三 摄",
        "新华社记者张三摄",
        "新华社发（张三摄）",
        "新华社发(张 三 摄)",
        "新华社发",
        "（新华社发）",
        "（新华社记者 张三 摄）",
        "新华社记者张三、李四摄",
        "新华社资料照片",
        "本报记者 张三 摄",
        "某某日报记者 张三 摄",
        "（张三 摄）",
        "（主办方供图）",
        "图片来源：某某网",
        "摄影：张三",
        "新华社/法新（张三摄）",
        "新华社特约记者 阿不都·热合曼 摄",
        "张三 摄",
        "张三、李小四 摄影",
        "新华社记者张三摄（资料照片）",
        "新华社/路透",
        "受访者供图",
        "某县融媒体中心供图",
        "图片由受访者提供",
        "图据某某新闻",
        "（人民视觉）",
        "[新华社记者 张三 摄]",
        "张三摄 新华网发",
        "新华网 张三 摄",
        "新华社发 漫画 张三作",
        "新华社记者 张三 编制",
    ],
)
def test_credits(credit: str) -> None:
    assert is_credit(credit)
    assert credit_at_end("整治后的河道。" + credit) == credit
    made = article(TEXT, image(), credit, MORE)
    assert made.images == [Image(image().url or "", None, credit, 1)]
    assert made.paragraphs == [TEXT, MORE]


@pytest.mark.parametrize(
    "line",
    [
        "新华社记者张三、李四",
        "本报记者 张三 摄影报道",
        "摄影展昨天开幕",
        "他负责供图",
        "图据此修改",
        "新华社发展迅速",
        "张三说，这是他拍摄的",
        "（记者张三）",
        TEXT,
    ],
)
def test_no_credits(line: str) -> None:
    assert not is_credit(line)
    assert article(TEXT, image(), line, MORE).paragraphs == [TEXT, line, MORE]


def test_what_a_text_near_a_picture_may_open() -> None:
    assert is_legend("图为新修的步道")
    assert not is_legend("地图为证")
    assert opens_section("一、河道整治")
    assert not opens_section("一条步道")
    assert opens_story("新华社照片，南京，9月28日")
    assert not opens_story("新华社的照片")
