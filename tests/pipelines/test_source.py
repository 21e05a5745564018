"""来源: visible before metas, label stripped, both kept, reprints by rule."""

from __future__ import annotations

import pytest

from crawler.items import Evidence
from crawler.pipelines.source import is_reprint
from tests.pipelines.drafts import TEXT, article, evidence


@pytest.mark.parametrize(
    ("printed", "source"),
    [
        ("来源: 某某日报报业集团", "某某日报报业集团"),
        ("来源：\n半月谈", "半月谈"),
        ("稿件来源： 某某日报", "某某日报"),
        ("　新华网 ", "新华网"),
        ("来 源：新华社", "新华社"),
        ("来源丨新华社", "新华社"),
        ("来源 | 某某日报", "某某日报"),
        ("来源｜某某日报", "某某日报"),
        ("来源丨某某日报丨", "某某日报"),
        ("来源：某某日报（", "某某日报"),
        ("来源：某某日报（报道员张三）", "某某日报"),
        ("某某频道 ( 2012-06-04 09:20:26 ) 稿件来源： 某某日报", "某某日报"),
        ("2017年09月28日 12:53:36 来源: 某某网 作者：张三", "某某网"),
        ("来源：某某网 【字号 大 中 小】", "某某网"),
        ("来源：某某网 | 责任编辑：丁某某", "某某网"),
        ("来源：某某网 2017-09-28 12:53", "某某网"),
        ("（来源：某某电视台）", "某某电视台"),
        ("《某某》新闻周刊", "《某某》新闻周刊"),
        ("“某某发布”微信公众号", "“某某发布”微信公众号"),
        ("来源：某某网-某某日报（海外版）", "某某网-某某日报（海外版）"),
        ("来源：某某网 浏览次数：12", "某某网"),
        ("来源：新华社 记者 张三", "新华社"),
        ("来源：新华社（记者张三）", "新华社"),
        ("来源：来源：某某日报", "某某日报"),
        ("来源：某某日报 我要评论", "某某日报"),
        ("来自：某某日报", "某某日报"),
        ("Source: Xinhua", "Xinhua"),
        ("新华社、某某日报", "新华社、某某日报"),
    ],
)
def test_the_name_and_the_printed_form(printed: str, source: str) -> None:
    made = article(TEXT, sources=evidence(printed))
    assert made.source == source
    assert made.source_raw == " ".join(printed.split())


@pytest.mark.parametrize("printed", ["", "来源：", "来源： - ", "2017", "来源：" + "某" * 80])
def test_no_name_is_null(printed: str) -> None:
    made = article(TEXT, sources=evidence(printed))
    assert (made.source, made.source_raw, made.is_reprint) == (None, None, None)


def test_the_visible_source_wins_and_an_empty_one_falls_through() -> None:
    meta = Evidence("新华社", "meta[name=source]")
    assert article(TEXT, sources=[Evidence("来源：新华网", "em"), meta]).source == "新华网"
    assert article(TEXT, sources=[Evidence("来源：", "em"), meta]).source == "新华社"


@pytest.mark.parametrize(
    ("source", "reprint"),
    [
        ("新华网", False),
        ("新华社", False),
        ("新华网江苏频道", False),
        ("新华社客户端", False),
        ("新华每日电讯", False),
        ("半月谈网", False),
        ("经济参考报", False),
        ("新华社、人民日报", False),
        ("本网", False),
        ("人民日报", True),
        ("新华日报", True),
        ("新华报业网", True),
        ("某某日报", True),
        ("中国新闻网", True),
        ("某某新华书店", True),
    ],
)
def test_a_reprint_names_none_of_xinhuas_own(source: str, reprint: bool) -> None:
    assert is_reprint(source) is reprint
    assert article(TEXT, sources=evidence(source)).is_reprint is reprint
