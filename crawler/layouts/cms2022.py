"""Cms2022: the main site on the new CMS, from 2022."""

from __future__ import annotations

from crawler.layouts.layout import Layout
from crawler.layouts.news2021 import NEWS


class Cms2022(Layout):
    """The header of News2021, text in `#detail > span#detailContent`.

    The whole `#detail` is read: a stray `</span>` would end `#detailContent` too early, and what
    else stands in `#detail` is known. Seen on news.cn/politics/leaders/20240509/…/c.html.
    """

    name = "Cms2022"
    marks = ("#detailContent", ".head-line, .header-time, .mheader")
    foreign = ("#p-detail",)
    selectors = NEWS
