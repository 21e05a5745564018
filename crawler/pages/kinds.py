"""Read: pages that hold no article. In: a document and what was read of it. Out: NotAnArticle.

A page that a layout claims and that shows a time is an article unless it says of itself that it is
gone: an article about a 404 page is an article.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crawler import urls
from crawler.items import BlockKind
from crawler.pages.document import squeeze, visible_text
from crawler.pages.refusal import NotAnArticle

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document

_LITTLE = 400
"""Characters of a page that only carries a message."""

_STUB = 100
_MANY_LINKS = 15
_LINK_SHARE = 0.5

_HEADLINE = 8
"""Characters that headlines have and names of columns have not."""

_DAY = re.compile(r"((?:19|20)\d\d)\s?[年/.-]\s?(\d{1,2})\s?[月/.-]\s?(\d{1,2})")
_DELETED = re.compile(r"\s*已删除或过期的?稿件")
"""The title that the CMS gives an article taken off the site; two public crawlers skip it."""

_MISSING = re.compile(
    r"(?:页面|网页|文章|内容|稿件|文件|信息)[^。，]{0,10}"
    r"(?:不存在|没有找到|未找到|找不到|无法找到|已经?被?删除|已下线|已失效)"
    r"|(?:找不到|未找到|没有找到)[^。，]{0,12}(?:页面|网页|文章|内容)"
    r"|\b404\b[^。]{0,20}(?:not\s+found|error|错误|页面)|^\s*404\b|not\s+found",
    re.IGNORECASE,
)
_APOLOGY = re.compile(r"\s*(?:对不起|抱歉|很抱歉|非常抱歉|您(?:要)?(?:访问|查看|浏览|找)的)")
_ERROR = re.compile(
    r"\b(?:403|405|500|502|503|504)\b|forbidden|bad\s+gateway|service\s+unavailable"
    r"|internal\s+server|gateway\s+time-?out|access\s+denied|method\s+not\s+allowed"
    r"|(?:系统|服务器?)(?:繁忙|错误|异常)|访问(?:被|过于|受限|异常)|请求被[^。]{0,6}拦截"
    r"|网站防火墙|无权访问",
    re.IGNORECASE,
)
# what no text of the site holds: replacement and control characters, private use, no characters;
# and three replacement characters of UTF-8 once read as GBK, which the site then prints as text
_DOUBTFUL = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufffd-\uffff"
    "\U000f0000-\U0010ffff]|锟斤拷"
)
# Bytes of another charset or of a compression have 15 % and more of them; a few broken bytes, or a
# web font's signs among the words, stay far below.
_DOUBTFUL_SHARE = 0.1
_DOUBTFUL_LEAST = 3
_DOUBTFUL_SHARE_OF_TITLE = 0.25
_MOVE = re.compile(r"location(?:\.href)?\s?=\s?[\"'`]|location\.(?:replace|assign)\s?\(")


def refuse(doc: Document, draft: Draft) -> None:
    """Raise NotAnArticle when the page holds none."""
    text = "".join(b.text for b in draft.blocks if b.kind is BlockKind.TEXT)
    _refuse_garbled(draft, text or _seen(doc))
    has_media = any(b.kind is not BlockKind.TEXT for b in draft.blocks)
    for said in (draft.title_tag, draft.title.text if draft.title else None):
        if said and _DELETED.match(said):
            raise NotAnArticle("soft_404", said.strip()[:80])
    if len(draft.claims) == 1 and draft.times:
        _refuse_apology(draft, text)
    else:
        _refuse_message(doc, draft, text)
        if not _has_header(draft) and not _is_headed(draft) and _is_list(doc, text):
            raise NotAnArticle("list_page", "more links than text")
    if not text and not has_media:
        is_proven = len(draft.claims) == 1
        raise NotAnArticle("empty", "no text and no media in the content", is_proven=is_proven)


def _refuse_garbled(draft: Draft, text: str) -> None:
    """A text or a title that is full of characters no text holds."""
    title = draft.title.text if draft.title else draft.title_tag or ""
    checks = ((title, 0, _DOUBTFUL_SHARE_OF_TITLE), (text, _DOUBTFUL_LEAST, _DOUBTFUL_SHARE))
    for said, least, share in checks:
        doubtful = sum(map(len, _DOUBTFUL.findall(said)))
        if doubtful >= least and doubtful > share * len(said):
            raise NotAnArticle("garbled", f"{doubtful} of {len(said)} characters are no text's")


def _refuse_apology(draft: Draft, text: str) -> None:
    """An article's template that says sorry."""
    title = draft.title.text if draft.title else ""
    for said in (title, text):
        if len(said) <= _LITTLE and _APOLOGY.match(said) and _MISSING.search(said):
            raise NotAnArticle("soft_404", said.strip()[:80])


def _refuse_message(doc: Document, draft: Draft, text: str) -> None:
    """A page without evidence of an article: what do its title and its few words say?"""
    title = draft.title_tag or ""
    heading = doc.text("h1")[:_LITTLE]
    seen = _seen(doc)
    if len(seen) < _STUB and _moves(doc):
        raise NotAnArticle("redirect_stub", seen)
    said = [title, heading, text if len(text) <= _LITTLE else ""]
    said += [seen] if len(seen) <= _LITTLE else []
    if any(_MISSING.search(words) for words in said):
        raise NotAnArticle("soft_404", (title or seen)[:80])
    if len(seen) <= _LITTLE and any(_ERROR.search(words) for words in said):
        raise NotAnArticle("error_page", (title or seen)[:80])


def _seen(doc: Document) -> str:
    """What a reader sees of the whole page."""
    body = doc.tree.body
    return "" if body is None else squeeze(visible_text(body)).strip()


def _moves(doc: Document) -> bool:
    refresh = doc.maybe("meta[http-equiv='refresh' i]")
    content = "" if refresh is None else refresh.attributes.get("content") or ""
    return "url" in content.lower() or _MOVE.search(doc.source) is not None


def _has_header(draft: Draft) -> bool:
    """Whether the page shows, not only declares, a time and a source as articles do."""
    return all(
        any(not e.where.startswith("meta") for e in evidence)
        for evidence in (draft.times, draft.sources)
    )


def _is_headed(draft: Draft) -> bool:
    """Whether the page bears a headline that its title tag repeats, and the day in its address.

    Columns have short names and many days, and a front page in the article's place has today's.
    """
    address = urls.article(draft.url)
    if address is None or address.day is None or draft.title is None:
        return False
    headline = squeeze(draft.title.text).strip()
    tag = squeeze(draft.title_tag or "").strip()
    if (
        draft.title.where == "title"
        or len(headline) < _HEADLINE
        or not tag.startswith(headline[:_HEADLINE])
    ):
        return False
    visible = (e.text for e in draft.times if not e.where.startswith("meta"))
    days = (_day(found) for text in visible for found in _DAY.finditer(text))
    return any(day and abs(day - address.day) <= timedelta(days=1) for day in days)


def _day(found: re.Match[str]) -> date | None:
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def _is_list(doc: Document, text: str) -> bool:
    """Whether links outweigh the best text found."""
    links = [len(squeeze(a.text() or "").strip()) for a in doc.all("a[href]")]
    return sum(n > 3 for n in links) >= _MANY_LINKS and len(text) < _LINK_SHARE * sum(links)
