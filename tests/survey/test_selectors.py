"""Where pages agree: headlines, days, sources, texts, and the selectors that find them."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest

from crawler.items import Encoding
from crawler.pages.document import Document
from crawler.survey.selectors import (
    SampledPage,
    agreeing,
    body_nodes,
    day_in,
    judge_body,
    judge_source,
    judge_time,
    judge_title,
    labelled_source,
    repeated_lines,
    selectors_of,
    source_nodes,
    time_nodes,
    title_nodes,
)

URL = "http://www.js.news.cn/20260801/0123456789abcdef0123456789abcdef/c.html"
NOTICE = "本频道所有稿件未经书面同意不得以任何形式使用。"
TOWNS = ("云溪", "白渡", "石桥", "南圩")
SOURCES = ("云溪日报", "新华网", "白渡晚报", "新华网")


def page(number: int) -> SampledPage:
    town, source = TOWNS[number], SOURCES[number]
    html = (
        f"<title>{town}镇的桥通车了-新华网江苏频道</title>"
        f"<div class=nav><a href=/>新华网</a> &gt; 正文</div>"
        f"<div id=page><h2 class=head>{town}镇的桥通车了</h2>"
        f"<p class=line><i class=when>2026-08-0{number + 1} 10:2{number}</i>"
        f" 来源：<b class=from>{source}</b></p>"
        f"<div class=text><p>{town}镇江边的大桥今天上午通车，两岸居民出行方便多了。</p>"
        f"<p>{town}的渡船从此停航，老船工把船桨送进了村史馆收藏起来。</p><p>{NOTICE}</p></div>"
        f"<div class=side><a href=/1>{town}的另一条消息很长很长很长</a></div></div>"
    )
    doc = Document(URL, html, Encoding(None, "utf-8"))
    return SampledPage(URL, doc, [f"{town}镇的桥通…"], [date(2026, 8, number + 1)])


def test_the_selectors_that_pages_agree_on() -> None:
    pages = [page(number) for number in range(4)]
    repeated = repeated_lines(pages)
    assert NOTICE in repeated
    assert agreeing(pages, title_nodes, judge_title) == [".head"]
    assert agreeing(pages, time_nodes, judge_time) == [".when"]
    assert agreeing(pages, source_nodes, judge_source) == [".from"]
    body = agreeing(pages, body_nodes, partial(judge_body, repeated=repeated), container=True)
    assert body == [".text"]


@pytest.mark.parametrize(
    ("text", "is_headline"),
    [
        ("云溪镇的桥通车了", True),
        (" 云溪镇的 桥通车了\n", True),
        ("新华网江苏频道", False),
        ("云溪镇", False),
        ("白渡镇的桥通车了", False),
        ("", False),
    ],
)
def test_headlines(text: str, is_headline: bool) -> None:
    assert page(0).is_headline(text) is is_headline


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-08-01 10:20", date(2026, 8, 1)),
        ("2026年8月1日", date(2026, 8, 1)),
        ("\n 2026 08/01  10:20:00", date(2026, 8, 1)),
        ("2026-13-41", None),
        ("8月1日", None),
    ],
)
def test_days(text: str, day: date | None) -> None:
    assert day_in(text) == day


def test_the_day_may_be_one_off_but_not_two() -> None:
    assert page(0).is_day("2026-08-02")
    assert not page(0).is_day("2026-08-03")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("来源：云溪日报 字体：小 中 大", "云溪日报"),
        ("2026-08-01 来源：\n云溪日报\n责任编辑：张三", "云溪日报"),
        ("云溪日报", ""),
    ],
)
def test_sources(text: str, source: str) -> None:
    assert labelled_source(text) == source


def test_names_that_are_no_selectors_are_left_out() -> None:
    html = """<div id="a b{}" class="x:y ok"><p id=9>text</p></div>"""
    doc = Document(URL, html, Encoding(None, "utf-8"))
    found = set(selectors_of(doc.all("p")[0])) | set(selectors_of(doc.all("div")[0]))
    assert found == {".ok", "div.ok", ".ok > p", ".ok > p:nth-child(1)"}
