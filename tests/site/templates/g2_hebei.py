"""G2 Hebei, 2010-2012: nested tables, neither ids nor classes.

FACTS d, G2 Hebei [page:he-2012]: title in td[height=40] b, time and source in one line, body in
td[height=700] with unclosed paragraphs, a footer table with 作者 and 编辑; no disclaimer, no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import esc, media
from tests.site.templates.pager import old_pager

if TYPE_CHECKING:
    from tests.site.story import Story

_INDENT = "&nbsp;&nbsp;&nbsp;&nbsp;"
_CELL = 'style="font-size:14px;line-height:24px" colspan="2"'


def _body(story: Story, number: int) -> str:
    out: list[str] = []
    for block in story.parts[number - 1]:
        if block.kind == "text":
            half = len(block.text) // 2
            # FACTS d G2: an advertising comment stands inside a sentence
            cut = "<!--ADV_CONTENT-->" if not out else ""
            out.append(f"<p>{_INDENT}{esc(block.text[:half])}{cut}{esc(block.text[half:])} ")
        else:
            out += (f"<p align=center>{line} " for line in media(block))
    return "\n".join(out) + "</p>"


def page(story: Story, number: int = 1) -> str:
    """The HTML of one page of the article."""
    author = f"&nbsp;&nbsp;作者： \n {esc(story.author)}\n" if story.author else ""
    side = "".join(
        f'<li><a href="content_{19000000 + story.revision * 7 + i}.htm" class="f12">'
        f"频道热点之{i}</a></li>"
        for i in range(story.revision)
    )
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "xhtml1.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"/>
<title>{esc(story.title)}</title>
<link href="/news/news.css" rel="stylesheet" type="text/css"/>
</head>
<body>
<iframe src="/top.htm" frameborder="0" width="990" scrolling="no" height="28"></iframe>
<table width="1000" border="0" cellpadding="0" cellspacing="0"><tr><td valign="top">
<table width="974" border="0"><tr><td width="658" align="left" valign="top">
<table width="634" border="0" align="center" cellpadding="0" cellspacing="1">
<tr valign="middle">
<td height="40" align="center" colspan="2"> <b><font color="#000000" style="font-size:20px">
{esc(story.title)}
</font></b></td></tr>
<tr><td valign="top" height="2" colspan="2"></td></tr>
<tr><td height="22" valign="bottom" align="center" bgcolor="#f3f3f3" colspan="2">
<font color="#333333">新华网河北频道 (
 {printed(story.published, story.precision)}
) </font>&nbsp;&nbsp;&nbsp;&nbsp;<font color="#333333">稿件来源：
{esc(story.source)}
</font></td></tr>
<tr><td height="8" valign="top" colspan="2"></td></tr>
<tr><td valign="top" {_CELL} height="700" align="left">
{_body(story, number)}
{old_pager(story, number)}
</td></tr>
<tr><td valign="top" {_CELL}></td></tr>
<tr><td height="20" valign="middle" colspan="2">
<table width="100%" border="0" bgcolor="#999999" height="22"><tr bgcolor="#f3f3f3">
<td width="389" class="topxian"><font color="#848484"> {author}</font></td>
<td width="164" class="topxian"><font color="#848484">编辑：
{esc("、".join(story.editors))}
</font></td></tr></table></td></tr>
<tr><td height="20" valign="middle" colspan="2">
<table width="100%" border="0"><tr><td align="center" height="30">\
【<a href="javascript:window.close()"><font color="#D40000">关闭窗口</font></a>】　\
【<a href="http://forum.xinhuanet.com/frame.jsp" target="_blank">\
<font color="#D40000">发表评论</font></a>】　\
【<a href="javascript:doPrint();"><font color="#D40000">打印本稿</font></a>】
</td><form name="Form2000" action="" method="post"></form></tr></table></td></tr>
</table></td>
<td width="316" align="right" valign="top"><ul class="newslist1">{side}</ul></td>
</tr></table></td></tr></table>
</body></html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return ["【关闭窗口】", "【发表评论】", "【打印本稿】", "编辑："]
