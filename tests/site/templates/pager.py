"""The pagers: ids of the old CMS, break markers of the new."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.site.story import Story

# FACTS b: the new CMS sends all parts; pager.js splits at one of these two markers.
BREAKS = (
    '<b style="display: none;">pagebreak</b>',
    '<img src="http://www.news.cn/images/syicon/space.gif" id="xinhuabreak" />',
)


def old_pager(story: Story, number: int) -> str:
    """The links between the pages of an article of the old CMS, or nothing for a single page.

    FACTS b: `#div_page_roll1` and `#div_currpage` stand inside the body.
    """
    urls = story.page_urls
    if not urls:
        return ""
    names = [url.rsplit("/", 1)[1] for url in urls]
    links = "".join(
        f' <font color="#990000">{i}</font> ' if i == number else f' <a href="{name}">{i}</a> '
        for i, name in enumerate(names, 1)
    )
    following = f'<a href="{names[number]}">下一页</a>' if number < len(names) else ""
    return (
        f'<div id="div_page_roll1" align="center"><div id="div_currpage">{links}{following}</div>'
        "</div>"
    )
