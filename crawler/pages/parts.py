"""Read: which parts of a content container are not text of the article. Data, and one function.

In: a container. Out: its marked nodes by `mem_id`. What is cut keeps its text in `removed[]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crawler.pages.blocks import Part

if TYPE_CHECKING:
    from crawler.pages.document import Node

EDITORS = ".p-jc, .editor, #editor, .zrbj, .bianji"
CORRECTIONS = ".tiyi1, .tiyi01, .advise"
TAGS = ("#articleEdit .title", ".p-kwap")

_FIELDS = ", ".join((EDITORS, *TAGS))

_RULES: tuple[tuple[Literal["cut", "player", "gallery"], str, str], ...] = (
    ("player", "player", ".player-container, [id^='DH-PLAYERID'], .video-js, .prism-player, "
     ".dplayer, .video-url, .pageVideo, [video_src]"),
    ("gallery", "gallery", ".lb, [class*='swiper-container']"),
    ("cut", "share", ".tadd, .share, .bdsharebuttonbox, .bdshare, #bdshare, .pageShare, .fix-ewm, "
     ".fxd, .jiathis_style, .share-box, .sharebox, .zan-wap"),
    ("cut", "correction", CORRECTIONS),
    ("cut", "pager", ".xinhuaPager, #div_currpage, [id^='div_page_roll'], .pagination, .pager"),
    ("cut", "tags", ".p-tags, .tags"),
    ("cut", "related", ".relatedNews, .related-news, .relate-news, .related, .xgxw, .columBox, "
     ".nextpage"),
    ("cut", "qr_code", ".ewm, .qrcode, .erweima, .s-ewm, .wx-ewm"),
    ("cut", "advertisement", "[data-ycad-slot], .ad, .l-ad-1, .adv"),
    ("cut", "comments", ".news-com, #da-comment, .xh-comment"),
    ("cut", "form", "button, input, select, textarea"),
    ("cut", "archive_toolbar", "#wm-ipp-base, #wm-ipp"),
)  # fmt: skip


def parts_of(container: Node) -> dict[int, Part]:
    """The marked nodes of a container; a field within a cut stays a field."""
    parts: dict[int, Part] = {}
    for role, rule, selectors in reversed(_RULES):
        for node in container.css(selectors):
            parts[node.mem_id] = Part(role, rule)
    for node in container.css(_FIELDS):
        parts[node.mem_id] = Part("field")
    return parts
