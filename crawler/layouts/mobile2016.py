"""Mobile2016: pages made for phones, m.xinhuanet.com, about 2016 to 2021."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors


class Mobile2016(Layout):
    """The phone header of news.cn over the container of the main site: `.mheader`, `#p-detail`.

    Public crawlers read other pages of m.xinhuanet.com with the marks of Main2017; those are read
    as such.
    """

    name = "Mobile2016"
    marks = ("#p-detail", ".mheader")
    foreign = (".h-title", ".h-info", ".h-time", ".h-news", "#detail", "#detailContent")
    selectors = Selectors(
        body=("#p-detail",),
        title=(".mheader h1 > .title", ".mheader h1"),
        time=(".mheader .info",),
        source=(".mheader .info",),
    )
