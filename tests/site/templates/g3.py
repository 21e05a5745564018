"""G3, the regional common template of 2014-2021, in its markup variants.

FACTS d, G3 [public code]: #article > h1#title, span.time (年月日), em#source, div.article p,
span.editor; the order of the texts is that of [seed]: the half-open tool line, the editor in
brackets, the disclaimer, the 42 digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import (
    DISCLAIMER,
    codes,
    disclaimer,
    esc,
    footnote,
    media,
    old_metas,
)
from tests.site.templates.pager import old_pager

if TYPE_CHECKING:
    from tests.site.story import Block, Story

# How the body is marked up; `Story.variant` is an index into it.
VARIANTS = ("p", "br", "nbsp", "unclosed", "nested", "glued", "td", "seed")


def body(blocks: tuple[Block, ...], markup: str) -> str:
    """The article's blocks in one of the markups."""
    lines: list[tuple[str, bool]] = []  # inner HTML, is it indented
    for block in blocks:
        if block.kind == "text":
            lines.append((esc(block.text), True))
        else:
            lines += ((line, block.kind == "attachment") for line in media(block))
    if markup == "seed":
        return "<br>\n<br>\n".join(f"    {line}" if text else line for line, text in lines)
    if markup == "glued":
        inner = "<br /><br />".join(f"　　{line}" if text else line for line, text in lines)
        return f"<p>{inner}</p>"
    shapes = {
        "p": ("<p>　　{}</p>", '<p align="center">{}</p>'),
        "br": ("　　{}<br/>", '<div align="center">{}</div>'),
        "nbsp": ("<p>&nbsp;&nbsp;&nbsp;&nbsp;{}</p>", '<p align="center">{}</p>'),
        "unclosed": ("<P>　　{}", "<P align=center>{}"),
        "nested": (
            '<p><font size="3"><span style="color:#000">　　{}</span></font></p>',
            "<p align='center'>{}</p>",
        ),
    }
    shapes["td"] = shapes["br"]
    indented, centred = shapes[markup]
    inner = "\n".join((indented if text else centred).format(line) for line, text in lines)
    return f"<p>{inner}</p>" if markup == "nested" else inner


def _editor(story: Story) -> str:
    names = esc("、".join(story.editors))
    forms = (f"[责任编辑： {names}]", f"(责任编辑: {names} )", f"【责任编辑：{names}】")
    return forms[1] if VARIANTS[story.variant] == "seed" else forms[story.variant % 3]


def _notice(story: Story) -> list[str]:
    return list(DISCLAIMER) if VARIANTS[story.variant] == "seed" else disclaimer(story.variant)


def _content(story: Story, number: int) -> str:
    """The container: in the seed's layout it also holds editor, disclaimer and code."""
    markup = VARIANTS[story.variant]
    text = body(story.parts[number - 1], markup) + "\n" + old_pager(story, number)
    editor = f'<span class="editor">{_editor(story)}</span>'
    notice = _notice(story)
    if markup == "td":
        text = f'<table width="100%" border="0"><tr><td>{text}</td></tr></table>'
    if markup == "seed":
        tail = "<br>\n".join(esc(line) for line in notice)
        return (
            f'<div class="article" id="Content">\n{text}<br>\n<br>\n&nbsp;<br>\n{editor}<br>\n'
            f"<br>\n{tail}<br>\n&nbsp;<br>\n</div>"
        )
    tail = "\n".join(f"<p>{esc(line)}</p>" for line in notice)
    if markup == "glued":  # the clauses run together
        tail = f"<p>{esc(''.join(notice))}</p>"
    if markup in {"nested", "glued", "td"}:  # editor and disclaimer inside the container
        return f'<div class="article">\n{text}\n<p align="right">{editor}</p>\n{tail}\n</div>'
    return (
        f'<div class="article">\n{text}\n</div>\n<div class="bianji">{editor}</div>\n'
        f'<div class="shengming">{tail}</div>'
    )


def page(story: Story, number: int = 1) -> str:
    """The HTML of one page of the article."""
    charset = "utf-8" if story.encoding == "utf-8" else "gb2312"
    place = f"_新华网{story.channel}频道" if story.variant % 2 else "-新华网"
    when = printed(story.published, story.precision, "年")
    return f"""<!DOCTYPE html>
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset={charset}" />
{old_metas(story)}
<title>
{esc(story.title)}{place}
</title>
<script src="http://www.xinhuanet.com/global/js/pageCore.js"></script>
</head>
<body>
<iframe src="/top.htm" width="1000" height="30" scrolling="no"></iframe>
<div class="weizhi"><a href="/">新华网</a> &gt; <a href="index.htm">频道</a> &gt; 正文</div>
<div id="article">
<h1 id="title">{esc(story.title)}</h1>
<div class="info"><span class="time">{when}</span> 来源: <em id="source">{esc(story.source)}</em>
</div>
<div class="tool">【字号 <script>fontTool();</script> <a href="javascript:print();">打印</a> \
<a href="javascript:window.close();">关闭</a> <script>document.write("】");</script></div>
{_content(story, number)}
</div>
<div class="xgxw"><h3>相关新闻</h3><ul>{"<li>更多内容请看首页</li>" * story.revision}</ul></div>
<div class="foot">{footnote(story)}</div>
{codes(story)}
</body>
</html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return [_editor(story), "【字号", *_notice(story), "相关新闻"]
