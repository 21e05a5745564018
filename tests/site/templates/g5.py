"""G5, 2021-2023: news.cn's new look on the old CMS.

FACTS d, G5 [page:fortune-2023]: .header-time .year/.day/.time split as `<em> 2023</em>`,
`<em> 11</em>/<em> 17</em>`; .source; .head-line h1 .title; a mobile copy of title and time in
.mheader; #detail > p with #articleEdit .editor inside it; fwl present.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import attr, codes, esc, footnote, old_metas, paragraphs
from tests.site.templates.pager import old_pager

if TYPE_CHECKING:
    from tests.site.story import Story


def head(story: Story, day: str) -> str:
    """Title, time and source, twice: for the desk and for the mobile."""
    when = story.published
    title, source = esc(story.title), esc(story.source)
    return f"""<div class="header domPC">
<div class="header-top clearfix"><div class="header-nav left">\
<a href="https://www.news.cn/" target="_blank">新华网</a> &gt; \
<a class="curColumn" href="/">{story.channel}</a> &gt; 正文</div></div>
<div class="header-cont clearfix">
<div class="header-time left"><span class="year"><em> {when:%Y}</em></span> \
<span class="day">{day}</span> <span class="time"> {when:%H:%M:%S}</span></div>
<div class="source">来源：{source}
</div>
<div class="head-line clearfix"><h1><span class="title">{title}</span> \
<span class="btn-audio"></span></h1>
<div class="pageShare"><div class="setFont">字体： <span id="fontSmall">小</span> \
<span id="fontNormal" class="active">中</span> <span id="fontBig">大</span></div>
<div class="share"> 分享到：<a href="javascript:void(0)" class="wx"></a></div></div></div>
</div></div>
<div class="mheader domMobile"><h1><span class="title">{title}</span></h1>
<div class="info">
 {printed(when, "second")}
 <span>
 来源：{source}
 </span></div></div>"""


def edit_box(story: Story) -> str:
    """【纠错】 and the editor, inside #detail (FACTS d G5)."""
    return (
        '<div id="articleEdit"><span class="tiyi1 domPC">'
        '<a href="javascript:void(0);" class="advise">【纠错】</a>'
        '<div id="advisebox01" class="tiyi01" style="display:none;"></div></span>\n'
        f'<span class="editor"> 【责任编辑:{esc("、".join(story.editors))}\n】 </span></div>'
    )


def tail(story: Story) -> str:
    """Related news, next article, foot."""
    related = "<li>更多相关稿件</li>" * story.revision
    return (
        f'<div class="columBox relatedNews"><div class="col-cont"><ul>{related}</ul></div></div>\n'
        '<div class="nextpage clearfix" style="display:none"><div class="nextpage-tit">'
        '阅读下一篇：</div><div class="nextpage-cont"><a href="###"></a></div></div>\n'
        f'<div class="lib-foot"><p>{footnote(story)}</p></div>'
    )


def page(story: Story, number: int = 1) -> str:
    """The HTML of one page of the article."""
    when = story.published
    day = f"<em> {when:%m}</em>/<em> {when:%d}</em>"
    return f"""<!DOCTYPE html>
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />{old_metas(story)}
<meta name="source" content="{attr(story.meta_source)}" />
<title>
{esc(story.title)}-新华网
</title>
</head>
<body>
{head(story, day)}
<div class="main clearfix"><div class="main-left">
<div id="detail">
{paragraphs(story.parts[number - 1])}
{old_pager(story, number)}
{edit_box(story)}
</div>
{tail(story)}
</div></div>
{codes(story)}
</body></html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return ["【纠错】", f"【责任编辑:{'、'.join(story.editors)}\n】", "字体：", "分享到：",
            "阅读下一篇："]  # fmt: skip
