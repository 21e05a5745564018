"""The headline on the page, else the title tag without the site; never empty."""

from __future__ import annotations

import pytest

from crawler.items import Evidence
from tests.pipelines.drafts import TEXT, article


@pytest.mark.parametrize(
    ("tag", "title"),
    [
        ("河道整治开工-新华网", "河道整治开工"),
        ("\n 河道整治开工-新华网河北频道-新华网 ", "河道整治开工"),
        ("河道整治开工_新华网江苏频道", "河道整治开工"),
        ("河道整治开工 _新华网", "河道整治开工"),
        ("河道整治开工--新华网", "河道整治开工"),
        ("河道整治开工 - 江苏频道 - 新华网", "河道整治开工"),
        ("河道整治开工|新华社客户端", "河道整治开工"),
        ("河道整治开工_新华时政_新华网", "河道整治开工"),
        ("Works begin - Xinhua | English.news.cn", "Works begin"),
        ("河道-步道同时开工", "河道-步道同时开工"),
        ("新华网与某市签约", "新华网与某市签约"),
        ("新华网", None),
        ("-新华网", None),
        ("", None),
        ("　", None),
        (None, None),
    ],
)
def test_from_the_title_tag(tag: str | None, title: str | None) -> None:
    assert article(TEXT, title_tag=tag).title == title
    assert article(TEXT, title_tag=tag, title=Evidence(" \n", "h1")).title == title


def test_the_printed_headline_wins() -> None:
    made = article(TEXT, title=Evidence("\n　把握“标杆”　谋划三年 ", "h1"), title_tag="别的-新华网")
    assert made.title == "把握“标杆” 谋划三年"


def test_a_headline_that_is_the_tag_loses_the_site_too() -> None:
    made = article(TEXT, title=Evidence("开工-新华网", "title"), title_tag="开工-新华网")
    assert made.title == "开工"


def test_markup_in_the_title_tag_is_none_of_its_words() -> None:
    assert article(TEXT, title_tag="开工<br/>全长八公里-新华网").title == "开工 全长八公里"
    made = article(TEXT, title=Evidence("<b>开工-新华网", "title"), title_tag="<b>开工-新华网")
    assert made.title == "开工"


def test_a_title_tag_that_is_not_closed_takes_in_the_page() -> None:
    tag = "开工-新华网<table><tr><td>2017年09月28日"
    assert article(TEXT, title_tag=tag).title == "开工"


def test_subtitle_and_kicker() -> None:
    made = article(TEXT, subtitle=Evidence("　全长八公里", "h2"), kicker=Evidence(" ", ".k"))
    assert (made.subtitle, made.kicker) == ("全长八公里", None)
