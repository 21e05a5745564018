"""Read: pages that hold no article. In: a document, and what was read of it. Out: NotAnArticle.

Only pages with little text of their own are refused: an article about a 404 page is an article.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.items import BlockKind
from crawler.pages.document import squeeze, visible_text
from crawler.pages.refusal import NotAnArticle

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document

_LITTLE = 400
"""Visible characters of a page that only carries a message."""

_MANY_LINKS = 15
_LINK_SHARE = 0.5

_MISSING = re.compile(
    r"(?:页面|网页|文章|内容|稿件|文件|新闻|信息)[^。，]{0,10}(?:不存在|没有找到|未找到|找不到|无法找到|已被?删除|已下线|已失效)"
    r"|(?:找不到|未找到|没有找到|无法访问)[^。，]{0,12}(?:页面|网页|文章|内容)|404|not\s+found",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"\b(?:403|500|502|503|504)\b|forbidden|bad\s+gateway|service\s+unavailable|internal\s+server"
    r"|gateway\s+time-?out|access\s+denied|method\s+not\s+allowed|(?:系统|服务器?)(?:繁忙|错误|异常)"
    r"|访问(?:被|过于|受限|异常)|请求被[^。]{0,6}拦截|网站防火墙|无权访问",
    re.IGNORECASE,
)
_SCRIPTED_MOVE = re.compile(
    r"(?:location(?:\.href)?\s?=\s?|location\.(?:replace|assign)\s?\(\s?)[\"'](?P<to>[^\"']{1,500})",
)


def refuse_before_reading(doc: Document) -> None:
    """Raise for documents without content of their own, whatever layout they wear."""
    body = doc.tree.body
    text = "" if body is None else squeeze(visible_text(body)).strip()
    if len(text) <= _LITTLE:
        _refuse_short(doc, text)


def _refuse_short(doc: Document, text: str) -> None:
    title = doc.text("title") or (doc.maybe("title").text() if doc.maybe("title") else "")  # type: ignore[union-attr]
    has_media = doc.maybe("img, video, iframe[src], .video-url, embed, object") is not None
    refresh = doc.maybe("meta[http-equiv='refresh' i]")
    target = (refresh.attributes.get("content") or "") if refresh is not None else ""
    moves = "url" in target.lower() or any(
        not urlsplit(m["to"]).path.startswith("#") for m in _SCRIPTED_MOVE.finditer(doc.source)
    )
    if moves and len(text) < 100:
        raise NotAnArticle("redirect_stub", target.strip()[:200])
    said = f"{title} {text}"
    if _MISSING.search(said):
        raise NotAnArticle("soft_404", text[:80])
    if _ERROR.search(said):
        raise NotAnArticle("error_page", text[:80])
    if not text and not has_media:
        raise NotAnArticle("empty", "nothing to see")


def refuse(doc: Document, draft: Draft) -> None:
    """Raise for a page whose reading shows that it is a list or holds nothing."""
    text = sum(len(b.text.strip()) for b in draft.blocks if b.kind is BlockKind.TEXT)
    media = any(b.kind is not BlockKind.TEXT for b in draft.blocks)
    if len(draft.claims) != 1 and _is_list(doc, text):
        raise NotAnArticle("list_page", f"{len(doc.all('a[href]'))} links")
    if not text and not media:
        raise NotAnArticle("empty", "no text and no media in the content")


def _is_list(doc: Document, text: int) -> bool:
    """Whether links outweigh the best text found."""
    links = [len(squeeze(a.text() or "").strip()) for a in doc.all("a[href]")]
    return sum(n > 3 for n in links) >= _MANY_LINKS and text < _LINK_SHARE * sum(links)
