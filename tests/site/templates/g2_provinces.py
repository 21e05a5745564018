"""G2, about 2010-2014: one template a province.

FACTS d, G2 "Per-host XPaths a 2014-15 Scrapy spider noted" [public code] gives each province's
title and body selectors, and nothing else; the frame around them, time line and editor are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import disclaimer, esc, footnote
from tests.site.templates.g3 import body
from tests.site.templates.pager import old_pager

if TYPE_CHECKING:
    from tests.site.story import Story


@dataclass(frozen=True, slots=True)
class Frame:
    """`title` and `text` are HTML with one `{}`; `paragraphs` says that the selector ends in p."""

    title: str
    text: str
    paragraphs: bool = False


_JAVA = Frame('<h1 id="title">{}</h1>', '<div id="content">{}</div>')  # also the main site's

# FACTS d G2, the list of selectors, in its order; wx/csj and those it leaves out use the last
FRAMES = {
    "js": Frame('<div id="Title">{}</div>', '<div id="Content">{}</div>'),
    "bj": Frame('<h1 id="title">{}</h1>', '<div id="contentblock">{}</div>'),
    "he": Frame('<div id="newstit"><h1>{}</h1></div>', '<div id="zhenwen">{}</div>'),
    "cq": Frame('<div class="title">{}</div>', '<div class="article">{}</div>'),
    "qh": Frame(
        '<table><tr><td class="xilantop">{}</td></tr></table>',
        '<table><tr><td id="Content">{}</td></tr></table>',
    ),
    "sc": Frame(
        '<table><tr><td id="s6">{}</td></tr></table>',
        '<table><tr><td id="xhw">{}</td></tr></table>',
    ),
    "sn": Frame(
        '<table><tr><td class="text_t">{}</td></tr></table>',
        '<table><tr><td class="text">{}</td></tr></table>',
    ),
    "hq": Frame("<h1>{}</h1>", '<table><tr><td class="content">{}</td></tr></table>'),
    "zj": Frame(
        '<div id="news_content_container"><h2>{}</h2></div>', '<div id="news_content">{}</div>'
    ),
    "sh": Frame('<div id="Title">{}</div>', '<table><tr><td class="p1">{}</td></tr></table>'),
    "jx": Frame(
        '<span class="xilanwz">{}</span>', '<table><tr><td class="text2">{}</td></tr></table>'
    ),
    "fj": Frame("<h1>{}</h1>", '<div id="Content">{}</div>', paragraphs=True),
    "hb": Frame('<div class="wz_bt">{}</div>', '<div class="wz_nr">{}</div>', paragraphs=True),
    "sd": Frame(
        '<div class="title"><h1>{}</h1></div>', '<div class="content">{}</div>', paragraphs=True
    ),
    "ln": Frame(
        "<p><strong>新华网辽宁频道</strong> <strong>{}</strong></p>",
        '<table><tr><td class="hei"><span>{}</span></td></tr></table>',
        paragraphs=True,
    ),
    "gd": Frame('<div id="ArticleTit">{}</div>', '<div id="ArticleCnt">{}</div>', paragraphs=True),
    "sx": Frame('<span id="title">{}</span>', '<div class="Content">{}</div>', paragraphs=True),
    "ha": Frame('<span id="title">{}</span>', '<div class="Content">{}</div>', paragraphs=True),
    "gz": Frame(
        '<table><tr><td class="bt">{}</td></tr></table>',
        '<div class="zw">{}</div>',
        paragraphs=True,
    ),
    "xj": Frame("<h2>{}</h2>", '<div id="ArticleContent">{}</div>', paragraphs=True),
    "bt": Frame("<h2>{}</h2>", '<div id="ArticleContent">{}</div>', paragraphs=True),
    "tj": Frame('<span id="title">{}</span>', '<div id="Content">{}</div>', paragraphs=True),
    "sanya": Frame(
        '<table><tr><td class="show_title"><h1>{}</h1></td></tr></table>',
        '<table><tr><td class="content1">{}</td></tr></table>',
        paragraphs=True,
    ),
    "tibet": Frame('<div id="ArticleTit">{}</div>', '<div class="content">{}</div>', True),
    "main": _JAVA,
}


def _info(story: Story) -> str:
    when = printed(story.published, story.precision, "年" if story.variant % 2 else "-")
    if story.layout == "g2_tibet":  # FACTS d G2: .laiyuan holds date and a = source
        return f'<div class="laiyuan">{when}　来源：<a href="#">{esc(story.source)}</a></div>'
    colon = "：" if story.variant % 2 else ": "
    return f"<div>{when}　　来源{colon}{esc(story.source)}</div>"


def _editor(story: Story) -> str:
    return f"（责任编辑：{esc('、'.join(story.editors))}）"


def page(story: Story, number: int = 1) -> str:
    """The HTML of one page of the article."""
    frame = FRAMES.get(story.layout.removeprefix("g2_"), _JAVA)
    loose = ("br", "nbsp", "unclosed", "p")
    firm = ("p", "nbsp", "unclosed", "p")
    markup = (firm if frame.paragraphs else loose)[story.variant % 4]
    text = body(story.parts[number - 1], markup) + old_pager(story, number)
    notice = "".join(f"<p>{esc(line)}</p>" for line in disclaimer(story.variant))
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312">
<title>{esc(story.title)}-新华网{story.channel}频道-新华网</title>
</head><body>
<table width="960" align="center"><tr><td><img src="/images/logo.gif"></td></tr></table>
<div class="main">
<div class="dh"><a href="/">新华网</a> &gt; 正文</div>
{frame.title.format(esc(story.title))}
{_info(story)}
<div>【字号 <a href="javascript:doZoom(16)">大</a> <a href="javascript:doZoom(14)">中</a> \
<a href="javascript:doZoom(12)">小</a>】【<a href="javascript:window.print()">打印</a>】\
【<a href="javascript:window.close()">关闭</a>】</div>
{frame.text.format(text)}
<div>{_editor(story)}</div>
<div class="bq">{notice}</div>
</div>
<div class="foot">{footnote(story)}</div>
</body></html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return [_editor(story), "【字号", *disclaimer(story.variant)]
