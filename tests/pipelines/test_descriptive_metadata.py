"""Keywords, abstract, breadcrumb and language as the page gives them."""

from __future__ import annotations

import pytest

from crawler.items import Evidence
from tests.pipelines.drafts import TEXT, article, evidence


@pytest.mark.parametrize(
    ("printed", "keywords"),
    [
        ("法国,巴黎,退休\n", ["法国", "巴黎", "退休"]),
        ("法国，巴黎；退休、巴黎", ["法国", "巴黎", "退休"]),
        ("法国-巴黎-退休", ["法国", "巴黎", "退休"]),
        ("法国 巴黎", ["法国", "巴黎"]),
        ("new year,spring", ["new year", "spring"]),
        (" ,, ", []),
        ("词" * 61, []),
    ],
)
def test_keywords(printed: str, keywords: list[str]) -> None:
    assert article(TEXT, keywords=evidence(printed)).keywords == keywords


def test_keywords_of_the_first_place_that_has_any() -> None:
    found = [
        Evidence("", "meta"),
        *evidence("河道", "步道", where=".tags"),
        Evidence("别的", "seo"),
    ]
    assert article(TEXT, keywords=found).keywords == ["河道", "步道"]


@pytest.mark.parametrize(
    ("printed", "summary"),
    [
        ("标题\n---市里开会，\n研究河道。", "市里开会， 研究河道。"),
        ("---市里开会。", "市里开会。"),
        ("市里开会。", "市里开会。"),
        ("河道整治开工", None),
        ("河道整治开工\n---", None),
        ("  ", None),
    ],
)
def test_the_abstract(printed: str, summary: str | None) -> None:
    made = article(TEXT, title=Evidence("河道整治开工", "h1"), summaries=evidence(printed))
    assert made.summary == summary


def test_the_breadcrumb() -> None:
    made = article(TEXT, channel=[" 新华网 >", "江苏", "", "正文"])
    assert made.channel == ["新华网", "江苏"]


@pytest.mark.parametrize(
    ("url", "body", "declared", "language"),
    [
        ("http://www.js.xinhuanet.com/a.htm", TEXT, None, "zh"),
        ("http://www.js.xinhuanet.com/a.htm", TEXT, "en", "zh"),
        ("http://tibet.news.cn/english/2017-09/28/c_1121738857.htm", "Good news.", None, "en"),
        ("http://www.js.xinhuanet.com/a.htm", "Good news.", "en-US", "en-US"),
        ("http://www.js.xinhuanet.com/a.htm", "Good news.", "<x>", None),
        ("http://www.js.xinhuanet.com/a.htm", "", None, None),
    ],
)
def test_the_language(url: str, body: str, declared: str | None, language: str | None) -> None:
    assert article(body, url=url, language=declared).language == language
