"""G6 main, the new CMS on the main site's look, 2022 and later, as the server sends it.

FACTS d, G6 [page:leaders-2024]: G5's classes, body in #detail > span#detailContent, keyword and
description metas in the body, `.day` raw or rendered, no fwl.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.templates.common import esc
from tests.site.templates.g5 import edit_box, head, tail
from tests.site.templates.g6_regional import body_metas, detail, metas

if TYPE_CHECKING:
    from tests.site.story import Story


def page(story: Story, number: int = 1) -> str:
    """The HTML of the article, all parts at once."""
    when = story.published
    day = f"{when:%m/%d}" if story.variant % 2 else f"<em>{when:%m}</em>/<em>{when:%d}</em>"
    wrap = f'data="datasource:{story.content_id}" datatype="content"'
    return f"""<!DOCTYPE html><html><head>{metas(story)} </head><body>{body_metas(story)} \
<title {wrap}>
 {esc(story.title)}-新华网
</title> <base target="_blank"> <div class="fix-ewm domPC" {wrap}>\
<img src="https://www.news.cn/detail2020/images/ewm.png" width="94" alt="">\
<div class="fxd-wx-ewm"><img src="zxcode_{story.content_id}.jpg"></div></div>\r
{head(story, day)}\r
<div class="main clearfix"><div class="main-left"><div id="detail" {wrap}>\
<span id="detailContent">{detail(story.blocks, story.variant)}</span> {edit_box(story)}</div> \
{tail(story)}</div></div> <div {wrap}><div id="fontsize" style="display:none;">\r
33\r
</div> <div id="wxpic" style="display:none;"><img src=""></div> \
<div id="wxtitle" style="display:none;">\r
{esc(story.title)}\r
</div></div></body></html>"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return ["【纠错】", f"【责任编辑:{'、'.join(story.editors)}\n】", "字体：", "分享到：",
            "阅读下一篇："]  # fmt: skip
