"""The parts of a content container that are no text of the article, by the names of their elements.

`parts_of` takes a container and returns its marked elements by `mem_id`: fields, players, slide
shows, and what is cut. What is cut keeps its text in `removed[]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from crawler.pages.blocks import Part
from crawler.pages.document import children, is_shown

if TYPE_CHECKING:
    from crawler.pages.document import Document, Node

EDITORS = ".p-jc, .editor, #editor, .zrbj, .bianji"
CORRECTIONS = ".tiyi1, .tiyi01, .advise"
_PLAYER_DEPTH = 4
_PLAYER_WORDS = re.compile(r"[\s0-9A-Za-z:/%.]{0,200}")
TAGS = ("#articleEdit .title", ".p-kwap")

_FIELDS = ", ".join((EDITORS, *TAGS))

_RULES: tuple[tuple[Literal["cut", "player", "gallery"], str, str], ...] = (
    ("player", "player", ".player-container, [id^='DH-PLAYERID'], .video-js, .prism-player, "
     ".dplayer, .video-url, .pageVideo, [video_src]"),
    ("gallery", "gallery", ".lb, [class*='swiper-container']"),
    ("cut", "share", ".tadd, .share, .bdsharebuttonbox, .bdshare, #bdshare, .pageShare, .fix-ewm, "
     ".fxd, .jiathis_style, .share-box, .sharebox, .zan-wap"),
    ("cut", "correction", CORRECTIONS),
    ("cut", "pager", ".xinhuaPager, #div_currpage, [id^='div_page_roll'], .pagination, .pager, "
     ".pagelink, .page_link, .pagebar, .fenye"),
    ("cut", "tags", ".p-tags, .tags"),
    ("cut", "related", ".relatedNews, .related-news, .relate-news, .related, .xgxw, .columBox, "
     ".nextpage"),
    ("cut", "qr_code", ".ewm, .qrcode, .erweima, .s-ewm, .wx-ewm"),
    ("cut", "advertisement", "[data-ycad-slot], .ad, .l-ad-1, .adv"),
    ("cut", "comments", ".news-com, #da-comment, .xh-comment"),
    ("cut", "form", "button, input, select, textarea"),
    ("cut", "archive_toolbar", "#wm-ipp-base, #wm-ipp"),
)  # fmt: skip


_CUT = frozenset(
    selector for role, _, selectors in _RULES if role == "cut" for selector in selectors.split(", ")
)
_MARKED = ", ".join((*(selectors for _, _, selectors in _RULES), "video", _FIELDS))


def player_of(film: Node, container: Node) -> Node:
    """The outermost element around a film that shows but a player's words: Play 0:00 / 2:54."""
    player = film
    for _ in range(_PLAYER_DEPTH):
        around = player.parent
        if around is None or around.mem_id == container.mem_id or not _is_player(around):
            break
        player = around
    return player


def _is_player(node: Node) -> bool:
    """Whether a reader sees nothing in the node but the words of a player (Play, 0:00 / 2:54)."""
    if node.tag in ("td", "p"):
        return False
    said = ""
    todo = [node]
    while todo:
        for child in children(todo.pop()):
            if child.is_text_node:
                said += child.text_content or ""
                if not _PLAYER_WORDS.fullmatch(said):
                    return False
            elif is_shown(child):
                todo.append(child)
    return True


def is_cut(node: Node) -> bool:
    """Whether an element bears the name of what is never the article's, such as a link list."""
    attributes = node.attributes
    names = {f".{name}" for name in (attributes.get("class") or "").split()}
    return f"#{attributes.get('id')}" in _CUT or not _CUT.isdisjoint(names)


def parts_of(doc: Document, container: Node) -> dict[int, Part]:
    """The marked nodes of a container; a field within a cut stays a field."""
    parts: dict[int, Part] = {}
    if not doc.all(_MARKED, container):
        return parts
    for role, rule, selectors in reversed(_RULES):
        for node in doc.all(selectors, container):
            parts[node.mem_id] = Part(role, rule)
    for film in doc.all("video", container):
        player = player_of(film, container)
        parts.setdefault(player.mem_id, Part("player", "player"))
    for node in doc.all(_FIELDS, container):
        parts[node.mem_id] = Part("field")
    return parts
