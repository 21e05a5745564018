"""What several templates share: escaping, media, page codes, the disclaimer and its relatives."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.site.story import Block, Story

NAVY = '<font color="navy" face="楷体">'  # FACTS d G4: how a caption is marked

# FACTS e: the only full wording found, half-width punctuation as printed.
DISCLAIMER = (
    "新华网版权与免责声明:",
    "凡本网注明“来源:新华网”的所有作品,版权均属于新华社,未经本网授权不得转载、摘编或利用其它方式"
    "使用上述作品。已经本网授权使用作品的,应在授权范围内使用,并注明“来源:新华网”。"
    "违反上述声明者,本网将追究其相关法律责任。",
    "凡本网注明“来源:XXX(非新华网)”的作品,均转载自其它媒体,转载目的在于传递更多信息,"
    "并不代表本网赞同其观点和对其真实性负责。",
    "如因作品内容、版权和其它问题需要同本网联系的,请在30日内进行。",
    "联系方式:新华网管理协调部 电话:010--63073424",
)

_FULL_WIDTH = str.maketrans({",": "，", ":": "：", "(": "（", ")": "）"})


def disclaimer(variant: int) -> list[str]:
    """One of the family of FACTS e: as found, full-width, numbered, or under another heading."""
    if variant % 4 == 0:
        return list(DISCLAIMER)
    wide = [line.translate(_FULL_WIDTH) for line in DISCLAIMER]
    if variant % 4 == 1:
        return wide
    if variant % 4 == 2:
        marks = ("①", "②", "③")
        return ["版权声明：", *(m + w for m, w in zip(marks, wide[1:4], strict=True)), wide[4]]
    marks = ("1、", "2、", "3、")
    return [
        "免责声明：",
        *(mark + line for mark, line in zip(marks, wide[1:4], strict=True)),
        "联系方式：新华网地方频道 电话：010-88050000",
    ]


def esc(text: str) -> str:
    """Text for HTML."""
    return escape(text, quote=False)


def attr(text: str) -> str:
    """Text for a double-quoted attribute."""
    return escape(text, quote=True)


def film(block: Block) -> str:
    """A film of the old CMS (FACTS d G4: iframe.pageVideo)."""
    return (
        f'<iframe class="pageVideo" src="{attr(block.url)}" width="640" height="480" '
        'frameborder="0" scrolling="no" allowfullscreen="true"></iframe>'
    )


def media(block: Block) -> list[str]:
    """The inner HTML of the paragraphs that show a block which is no text; image first."""
    if block.kind == "video":
        return [film(block)]
    if block.kind == "attachment":
        return [f'<a href="{attr(block.url)}" target="_blank">{esc(block.text)}</a>']
    lines = [f'<img src="{attr(block.url)}" border="0" />']
    if not block.told:
        if block.text:
            lines.append(f"{NAVY}{esc(block.text)}</font>")
        if block.credit and block.credit not in block.text:
            lines.append(f"{NAVY}{esc(block.credit)}</font>")
    return lines


def paragraphs(blocks: tuple[Block, ...], indent: str = "　　") -> str:
    """`<p>` for everything, the markup of G4 and later."""
    out: list[str] = []
    for block in blocks:
        if block.kind == "text":
            out.append(f"<p>{indent}{esc(block.text)}</p>")
        elif block.kind == "attachment":
            out += (f"<p>{indent}{line}</p>" for line in media(block))
        else:
            out += (f'<p align="center">{line}</p>' for line in media(block))
    return "\n".join(out)


def codes(story: Story) -> str:
    """The hidden 42 digits and their twins (FACTS d, fwl)."""
    code = story.fwl
    return (
        f'<div style="display:none"><div id="fwl">{code}</div>'
        '<script type="text/javascript" src="http://webd.home.news.cn/webdig.js?z=1"></script>'
        f'<script type="text/javascript">wd_paramtracker("_wdxid={code}")</script>'
        f'<noscript><img src="http://webd.home.news.cn/1.gif?z=1&_wdxid={code}" border="0" />'
        "</noscript></div>"
    )


def old_metas(story: Story) -> str:
    """publishid, pageid, keywords and description of the old CMS (FACTS d G4: line breaks)."""
    return (
        f'<meta name="publishid" content="{story.publishid}"/>'
        f'<meta name="pageid" content="{story.pageid}"/>\n'
        f'<meta name="keywords" content="{attr(",".join(story.keywords))}\n" />\n'
        f'<meta name="description" content="{attr(story.title)}\n---{attr(story.summary)}" />'
    )


def footnote(story: Story) -> str:
    """The foot's copyright line (FACTS e); its year changes with the boilerplate's revision."""
    return (
        f"Copyright © 2000 - {2024 + story.revision} {story.region.upper()}.NEWS.CN　"
        "All Rights Reserved."
    )
