"""Main2017: the main site, 2017 to 2021, and the mobile pages of m.xinhuanet.com in that time."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors


class Main2017(Layout):
    """`.h-title`, `.h-info` with `.h-time` and the source, text in `#p-detail`.

    The source stands in `em#source`, in `.aticle-src` (the site's spelling) or bare in the second
    span. Seen on xinhuanet.com/world/2019-12/10/c_1125327450.htm; m.xinhuanet.com has the same
    marks.
    """

    name = "Main2017"
    marks = ("#p-detail", ".h-title, .h-info, .h-time, .h-news")
    foreign = ("#detailContent", ".head-line")
    selectors = Selectors(
        body=("#p-detail",),
        title=(".h-title", ".h-news h1", ".h-news h2"),
        time=(".h-time", ".sub-time", ".h-info"),
        crumbs=(".news-position",),
        source=(
            "em#source",
            "#source",
            ".aticle-src",
            ".sub-src",
            ".h-info span:nth-child(2)",
            ".h-info",
        ),
    )
