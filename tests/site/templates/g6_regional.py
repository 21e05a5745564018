"""G6 regional, the Hebei style of the new CMS, 2022 and later, as the server sends it.

FACTS d, G6 regional [page:he-2024]: #articleTit h1#title span, .info .source .time, .sourceText,
#detail.article #detailContent, #articleEdit .editor with 作者 and 责任编辑, tags, an empty hidden
.h-time, ds_ lists in the page. FACTS b: all parts in one document, split by a break marker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import NAVY, attr, esc, footnote
from tests.site.templates.pager import BREAKS

if TYPE_CHECKING:
    from tests.site.story import Block, Story


def metas(story: Story) -> str:
    """The metas of the new CMS; author is a number or empty, never a name (FACTS d G6)."""
    number = str(2000 + story.node % 999) if story.variant % 2 else ""
    return (
        f'<meta name="source" content="{attr(story.meta_source)}"> '
        f'<meta name="publishdate" content="{story.published:%Y-%m-%d}"> '
        f'<meta name="contentid" content="{story.content_id}"> <meta name="subject" content=""> '
        f'<meta name="catalogs" content="{story.catalog}001"> '
        f'<meta name="author" content="{number}"> <meta name="publishedtype" content="1"> '
        '<meta name="filetype" content="0"> <meta name="pagetype" content="1"> '
        '<meta name="templateId" content="415bcf2dae6841a6b98152bc54e8245e"> '
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    )


def body_metas(story: Story) -> str:
    """keywords and description stand in the body, wrapped in datasource divs (FACTS d G6)."""
    wrap = f'<div data="datasource:{story.content_id}" datatype="content">'
    return (
        f'{wrap}<meta name="keywords" content="{attr(",".join(story.keywords))}"></div> '
        f'{wrap}<meta name="description" '
        f'content="{attr(story.title)}-{attr(story.summary)}"></div>'
    )


def detail(blocks: tuple[Block, ...], variant: int) -> str:
    """What stands in #detailContent: all parts, break markers between."""
    out: list[str] = []
    for block in blocks:
        if block.kind == "break":
            out.append(f"<p>{BREAKS[variant % 2]}</p>")
        elif block.kind == "text":
            out.append(f'<p style="text-align: justify;">　　{esc(block.text)}</p>')
        elif block.kind == "video":
            out.append(player(block))
        elif block.kind == "attachment":
            out.append(f'<p>　　<a href="{attr(block.url)}">{esc(block.text)}</a></p>')
        else:
            image = f'<img style="display: block; margin: auto;" src="{attr(block.url)}">'
            # FACTS e, markup: a div inside a p makes html5 parsers close the p
            out.append(f'<p class="bigPic"><div class="dask">{image}</div></p>')
            if not block.told:
                credit = block.credit or ""
                out += (
                    f'<p style="text-align: center;">{NAVY}{esc(line)}</font></p>'
                    for line in (block.text, "" if credit in block.text else credit)
                    if line
                )
    return "".join(out)


def player(block: Block) -> str:
    """A film with its player's words beside it (FACTS e: Play Video 0:00 /2:54 is not body)."""
    return (
        '<div id="DH-PLAYERID0"><div class="player-container">'
        f'<video class="dhy-video" src="{attr(block.url)}"></video>'
        '<div class="load-layer hidden"><span class="player-control-text">Play Video</span></div>'
        '<div class="control-bar"><div class="time-view"><div class="time-current-text">0:00</div>'
        '<div class="time-total-text">/2:54</div></div></div></div></div>'
    )


def _editor(story: Story) -> str:
    author = f"作者: {esc(story.author)} 　" if story.author else ""
    return f"[{author}责任编辑:\n {esc('、'.join(story.editors))} ]"


def page(story: Story, number: int = 1) -> str:
    """The HTML of the article, all parts at once; `number` is for the other templates."""
    wrap = f'data="datasource:{story.content_id}" datatype="content"'
    root = f"http://{story.region}.news.cn"
    tags = "".join(f'<span><a href="javascript:">{esc(w)}</a></span>' for w in story.keywords)
    more = '<div class="more-2">查看更多</div>' * (1 + story.revision)
    return f"""<!DOCTYPE html><html><head>{metas(story)} </head><body>{body_metas(story)} \
<title {wrap}>
    {esc(story.title)}-新华网{story.channel}频道-新华网
</title> <script src="{root}/2023js/xldw_es5.js"></script> \
<style type="text/css">.h-time {{ display: none }}</style> <div class="h-time"></div> \
<div id="pcHeader" class="domPC"><div class="nav"><a href="{root}/index.htm">首页</a>\
<a href="{root}/xinwen/index.htm">新闻</a></div></div> \
<div id="headerTitle"><div id="articleTit" class="clearfix" {wrap}>\
<div class="crumbs domPC clearfix"><span class="curDiv"><span class="curNews"></span>
 &gt;
 正文
</span></div> <h1 id="title"><span>{esc(story.title)}</span><span class="btn-audio"></span></h1> \
<div class="info clearfix"><div class="source">\
<span class="time">{printed(story.published, story.precision)}</span>\
<i class="domPC">来源：</i><span class="sourceText">{esc(story.source)}</span></div> \
<ul class="comment domPC"><li class="dy"><a href="javascript:window.print();">打印</a></li>\
<li class="fd"><a href="javascript:">字大</a></li><li class="sx"><a href="javascript:">字小</a>\
</li></ul> <span id="ad2" class="sourceText domPCad"></span></div></div></div> \
<div id="center" class="clearfix"><span class="yjfxImg domPC" {wrap}>\
<img src="zxcode_{story.content_id}.jpg"><br>分享至手机</span> <div id="article">\
<div id="detail" class="article" {wrap}><span id="detailContent">\
{detail(story.blocks, story.variant)}</span> <div id="articleEdit">\
<div class="title">{tags}</div> <span class="editor">{_editor(story)}</span></div></div> \
<div class="part part2 clearfix domPC"><div id="part2-list"><ul id="tj2">\
<div data="datasource:{"0" * 32}" preview="xinwen/none_" class="xpage-content-list"></div> \
{more}</ul></div></div></div></div> \
<div {wrap}><div id="wxpic" style="display:none;"><img src="ewm_{story.id}.jpg"></div> \
<div id="wxtitle" style="display:none;">
{esc(story.title)}
</div></div> <div class="lib-foot"><p>{footnote(story)}</p>\
<p>制作单位：新华网股份有限公司　　版权所有：新华网股份有限公司</p></div> \
<script src="{root}/2023js/pager.js"></script></body></html>"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return [_editor(story), "分享至手机", "查看更多", "打印", "字大", "字小"]
