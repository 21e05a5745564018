"""Regional2014: the regional channels' common template, about 2014 to 2021."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors


class Regional2014(Layout):
    """`h1#title`, `span.time` (年月日), `em#source`, text in `div.article` or bare in `#article`.

    Known from public crawlers of js 2021, zj 2020 and gs 2015 (`#article`), of he 2018
    (`.sourceText`) and of tj 2018 (`.biaoti`, `.laiyuan`, `.zhengwen`).
    """

    name = "Regional2014"
    marks = (
        "div.article, td.article, #article, .zhengwen",
        "#title, .biaoti",
        ".time, .laiyuan, #source, .source, .sourceText, .editor, .info",
    )
    foreign = ("#p-detail", "#detailContent", ".head-line", ".header-time", ".mheader", ".h-title")
    selectors = Selectors(
        body=("#article div.article", "div.article", "td.article", ".zhengwen", "#article"),
        title=("h1#title", "#title", ".biaoti"),
        time=("span.time", ".time", ".laiyuan", ".info"),
        source=("em#source", "#source", ".sourceText", ".laiyuan", ".source"),
        author_lines=True,
    )
