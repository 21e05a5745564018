"""CmsRegional2022: the regional channels on the new CMS, from 2022."""

from __future__ import annotations

from crawler.layouts.layout import Layout, Selectors


class CmsRegional2022(Layout):
    """`#articleTit h1#title`, `.info .source .time`, `.sourceText`, text in `#detailContent`.

    Seen on he.news.cn/20240515/…/c.html; its `.h-time` is empty and hidden. A public crawler of
    Hubei, 2026, reads `h1 span.title`. Other provinces' templates are not known, so any page with
    `#detailContent` and a title but without the main site's header is read as one.
    """

    name = "CmsRegional2022"
    marks = ("#detailContent", "#title, #articleTit, h1")
    foreign = (".head-line", ".header-time", ".mheader", "#p-detail")
    selectors = Selectors(
        body=("#detail", "#detailContent"),
        title=(
            "h1#title span:first-child",
            "h1#title",
            "#title",
            "#articleTit h1",
            "h1 span.title",
            "h1",
        ),
        time=(".source .time", ".info .time", ".time", "#pubtime", ".pubtime", ".info"),
        source=("span.sourceText", ".sourceText", "#source", ".info .source", ".source"),
    )
