"""The mobile page of an article, m.xinhuanet.com, 2016-2021.

FACTS b (mobile) gives the address, not the markup, and FACTS d G5 [page:fortune-2023] the mobile
head `.mheader h1 .title` and `.info`; the rest is made up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tests.site.story import printed
from tests.site.templates.common import codes, esc, old_metas, paragraphs

if TYPE_CHECKING:
    from tests.site.story import Story


def page(story: Story, number: int = 1) -> str:
    """The HTML of the article, all parts on one page."""
    blocks = tuple(
        replace(block, url=urljoin(story.url, block.url)) if block.url else block
        for block in story.blocks
        if block.kind != "break"
    )
    return f"""<!DOCTYPE html>
<html><head><meta charset="{"utf-8" if story.encoding == "utf-8" else "gb2312"}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
{old_metas(story)}
<title>{esc(story.title)}-新华网</title></head>
<body class="mobile">
<div class="mheader domMobile"><h1><span class="title">{esc(story.title)}</span></h1>
<div class="info">
 {printed(story.published, story.precision)}
 <span>
 来源：{esc(story.source)}
 </span></div></div>
<div id="p-detail" class="main-article">
{paragraphs(blocks)}
<span class="p-jc">责任编辑：
{esc("、".join(story.editors))}
</span>
</div>
<div class="openApp">打开客户端，阅读体验更佳</div>
{codes(story)}
</body></html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return [f"责任编辑：\n{'、'.join(story.editors)}", "打开客户端，阅读体验更佳"]
