"""News2021: news.cn on the old CMS, 2021 to 2023."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors

# A page shows title and time twice: for wide screens and, in `.mheader`, for phones.
NEWS = Selectors(
    body=("#detail", "#detailContent"),
    title=(".head-line h1 > .title", ".head-line h1", ".mheader h1 > .title", ".mheader h1"),
    time_parts=(".header-time .year", ".header-time .day", ".header-time .time"),
    time=(".header-time", ".mheader .info"),
    source=(".header-cont .source", ".source", ".mheader .info"),
    crumbs=(".header-nav",),
)


class News2021(Layout):
    """A time split over elements, text as `#detail > p`."""

    name = "News2021"
    marks = ("#detail", ".head-line, .header-time, .mheader")
    foreign = ("#detailContent", "#p-detail")
    selectors = NEWS
