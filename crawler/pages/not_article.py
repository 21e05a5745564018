"""Pages that hold no article: other media, lists, error pages, challenges, empty templates, garbled
text.

`refuse_other_media` raises NotAnArticle for bytes that are no page, `refuse_no_article` for pages.
One that a layout claims and that shows a time is an article unless it says of itself that it is
gone: an article about a 404 page is an article.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from datetime import date, timedelta
from typing import TYPE_CHECKING, NoReturn

from crawler import dates, urls
from crawler.items import BlockKind
from crawler.media_type import identify
from crawler.pages import client_redirects
from crawler.pages.document import collapse, visible_text
from crawler.pages.errors import NotAnArticle

if TYPE_CHECKING:
    from crawler.items import Draft
    from crawler.pages.document import Document

# Characters of a page's words that stand in a refusal.
_DETAIL = 80

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Beyond what `identify` knows: WebP and other RIFF, MPEG-4, Office, RAR, 7z, MP3, FLV, Ogg.
_SIGNATURES = re.compile(
    rb"RIFF.{4}(?:WEBP|AVI |WAVE)|.{4}ftyp|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|Rar!\x1a|7z\xbc\xaf"
    rb"|ID3[\x02-\x04]|FLV\x01|OggS",
    re.DOTALL,
)
# Bytes in which a call of JSONP begins.
_BEGINNING = 1024
_JSONP = re.compile(rb"[A-Za-z_$][\w$.]{0,60}\s{0,9}\(\s{0,9}[\[{]\s{0,9}[\[{\"\]}]")
_OF_A_PAGE = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|div|p|table|span)\b", re.IGNORECASE
)
_NO_PAGE = re.compile(
    r"(?:image|audio|video|font)/|application/(?:pdf|json|javascript|zip|msword|vnd\.)"
    r"|text/(?:css|javascript)",
    re.IGNORECASE,
)


def refuse_other_media(body: bytes, content_type: str | None) -> None:
    """Raise NotAnArticle("not_html") when the bytes are a picture's, a file's or data. The
    Content-Type counts only where they show nothing of HTML."""
    shown = identify(body)
    if shown == "application/xml":
        shown = None if _OF_A_PAGE.search(body) else shown
    elif shown is None and _SIGNATURES.match(body):
        shown = "a file"
    elif shown is None and _JSONP.match(body[:_BEGINNING].removeprefix(BOM_UTF8).lstrip()):
        shown = "application/javascript"
    if shown and shown not in _PAGE_TYPES:
        raise NotAnArticle("not_html", shown)
    if content_type and _NO_PAGE.match(content_type.strip()) and not _OF_A_PAGE.search(body):
        raise NotAnArticle("not_html", content_type.strip()[:_DETAIL])


# --- pages that hold no article -------------------------------------------------------------------

# Characters of a page that only carries a message.
LITTLE = 400

# Characters of a page that shows next to nothing.
_STUB = 100

# A page with so many links, of more characters than the numbers of a pager, is a list where its
# text has less than so much of theirs.
_MANY_LINKS = 15
_LONGEST_NUMBER = 3
_LINK_SHARE = 0.5

# Characters that headlines have and names of columns have not.
_HEADLINE = 8

_DAY = re.compile(dates.DATE)
_NUMBER = re.compile(r"\d+")

# The title that the CMS gives an article taken off the site; two public crawlers skip it.
_DELETED = re.compile(r"\s*已删除或过期的?稿件")

_MISSING = re.compile(
    r"(?:页面|网页|文章|内容|稿件|文件|信息)[^。，]{0,10}"
    r"(?:不存在|没有找到|未找到|找不到|无法找到|已经?被?删除|已下线|已失效)"
    r"|(?:找不到|未找到|没有找到)[^。，]{0,12}(?:页面|网页|文章|内容)"
    r"|\b404\b[^。]{0,20}(?:not\s+found|error|错误|页面)|^\s*404\b|not\s+found",
    re.IGNORECASE,
)
_APOLOGY = re.compile(r"\s*(?:对不起|抱歉|很抱歉|非常抱歉|您(?:要)?(?:访问|查看|浏览|找)的)")
_ERROR = re.compile(
    r"\b(?:500|502|503|504)\b|bad\s+gateway|service\s+unavailable"
    r"|internal\s+server|gateway\s+time-?out|(?:系统|服务器?)(?:繁忙|错误|异常)",
    re.IGNORECASE,
)
# What stands before whatever was asked for: pages of firewalls, captchas, logins and servers that
# know no such site, in the words of those in use in China and elsewhere.
_CHALLENGE = re.compile(
    r"^\s*(?:http\s*)?(?:error\s*)?(?:401|403|405|406|412|418|429|451)\b|forbidden"
    r"|access\s+denied|method\s+not\s+allowed|unauthorized|too\s+many\s+requests"
    r"|访问(?:被|过于|受限|异常|频率|验证)|(?:请求|访问)[^。]{0,24}(?:拦截|阻断)|无权访问|拒绝访问|非法访问"
    r"|(?:网站|应用)防火墙|网站卫士|安全狗|云锁|疑似黑客|安全验证|安全检[查测]中|人机(?:验证|识别)"
    r"|(?:输入|图形|滑动)验证|滑块|captcha|just\s+a\s+moment|attention\s+required"
    r"|checking\s+(?:your|if\s+the\s+site)|verify\s+(?:that\s+)?you\s+are|not\s+a\s+robot"
    r"|are\s+you\s+a\s+(?:robot|human)|unusual\s+traffic|incapsula|ddos[\s-]{0,3}(?:guard|protection)"
    r"|pardon\s+our\s+interruption"
    r"|request\s+(?:is\s+|was\s+)?(?:unsuccessful|blocked|could\s+not\s+be\s+satisfied)"
    r"|(?:开启|启用|打开)[^。]{0,6}javascript|enable\s+(?:javascript|cookies)"
    r"|请您?先?登[录陆]|登[录陆]后(?:查看|继续|访问|浏览)|please\s+(?:log|sign)\s?in"
    r"|welcome\s+to\s+(?:nginx|openresty|tengine)|it\s+works!|没有找到站点|[域网][^。]{0,8}未备案"
    r"|^\s*index\s+of\s+/|default\s+web\s?site|test\s+page\s+for",
    re.IGNORECASE,
)
# the same said to the reader, which no report of such a page does in its first words
_TO_THE_READER = re.compile(
    r"\s*(?:[^。]{0,20}[，,])?\s*(?:您|你|your?\b|please|请)[^。]{0,40}", re.IGNORECASE
)
_WAITING = re.compile(
    r"(?:请稍[候等]|正在(?:加载|跳转|验证|检查)|页面?跳转中|loading|please\s+wait|redirecting)",
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


def refuse_no_article(doc: Document, draft: Draft) -> None:
    """Raise NotAnArticle when the page holds none."""
    text = "".join(b.text for b in draft.blocks if b.kind is BlockKind.TEXT)
    _refuse_deleted(draft)
    seen = "" if text and draft.claims else _seen(doc)
    _refuse_garbled(draft, text or seen)
    if len(draft.claims) == 1 and draft.times:
        _refuse_apology(draft, text)
    else:
        has_evidence = _has_header(draft) or _is_headed(draft)
        _refuse_message(doc, draft, text, has_evidence=has_evidence)
        if not has_evidence and _is_list(doc, text):
            raise NotAnArticle("list_page", "more links than text")
    if not text and all(block.kind is BlockKind.TEXT for block in draft.blocks):
        _refuse_empty(draft, seen)


def _refuse_deleted(draft: Draft) -> None:
    for said in (draft.title_tag, draft.title.text if draft.title else None):
        if said and _DELETED.match(said):
            raise NotAnArticle("soft_404", said.strip()[:_DETAIL])


def _refuse_empty(draft: Draft, seen: str) -> NoReturn:
    if not seen and not draft.claims:
        raise NotAnArticle("blank", "nothing to see, and nothing of a template")
    is_proven = len(draft.claims) == 1
    raise NotAnArticle("empty", "no text and no media in the content", is_proven=is_proven)


def challenge_in(doc: Document) -> str | None:
    """The words of a challenge (captcha, check of the browser) on a page that shows little text, or
    None."""
    seen, title = _seen(doc), doc.text("title")[:LITTLE]
    if len(seen) > LITTLE:
        return None
    hidden = "".join(node.text() or "" for node in doc.all("noscript"))[:LITTLE]
    said = [title, seen, *([hidden] if len(seen) < _STUB else [])]
    if len(seen) < _STUB and doc.maybe("script") is not None and _WAITING.match(seen or title):
        return seen or title
    return next((words.strip()[:_DETAIL] for words in said if _CHALLENGE.search(words)), None)


def _refuse_garbled(draft: Draft, text: str) -> None:
    """A text or a title that is full of characters no text holds."""
    title = draft.title.text if draft.title else draft.title_tag or ""
    checks = ((title, 0, _DOUBTFUL_SHARE_OF_TITLE), (text, _DOUBTFUL_LEAST, _DOUBTFUL_SHARE))
    for said, least, share in checks:
        doubtful = sum(map(len, _DOUBTFUL.findall(said)))
        if doubtful >= least and doubtful > share * len(said):
            raise NotAnArticle("garbled", f"{doubtful} of {len(said)} characters are no text's")


def _refuse_apology(draft: Draft, text: str) -> None:
    """Refuse a page in an article's template whose text is an apology, or which demands a login and
    names no source."""
    title = draft.title.text if draft.title else ""
    for said in (title, text):
        if len(said) <= LITTLE and _APOLOGY.match(said) and _MISSING.search(said):
            raise NotAnArticle("soft_404", said.strip()[:_DETAIL])
        is_told = len(text) <= LITTLE and not draft.sources
        if is_told and (first := _TO_THE_READER.match(said)) and _CHALLENGE.search(first[0]):
            raise NotAnArticle("challenge", said.strip()[:_DETAIL])


def _refuse_message(doc: Document, draft: Draft, text: str, *, has_evidence: bool) -> None:
    """Refuse a page that no single layout claims, or without a time, whose title and few words are
    an error message. A challenge is looked for only where nothing shows an article."""
    title = draft.title_tag or ""
    heading = doc.text("h1")[:LITTLE]
    seen = _seen(doc)
    told = None if has_evidence else challenge_in(doc)
    if told:
        raise NotAnArticle("challenge", told)
    said = [title, heading, text if len(text) <= LITTLE else ""]
    said += [seen] if len(seen) <= LITTLE else []
    if any(_MISSING.search(words) for words in said):
        raise NotAnArticle("soft_404", (title or seen)[:_DETAIL])
    if len(seen) <= LITTLE and any(_ERROR.search(words) for words in said):
        raise NotAnArticle("error_page", (title or seen)[:_DETAIL])
    if len(seen) < _STUB:
        client_redirects.refuse_stub(doc)


def _seen(doc: Document) -> str:
    """What a reader sees of the whole page."""
    body = doc.tree.body
    return "" if body is None else collapse(visible_text(body)).strip()


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
    if address is None or address.day is None or not _has_headline(draft):
        return False
    visible = (e.text for e in draft.times if not e.where.startswith("meta"))
    days = (_day(found) for text in visible for found in _DAY.finditer(text))
    return any(day and abs(day - address.day) <= timedelta(days=1) for day in days)


def _has_headline(draft: Draft) -> bool:
    """Whether the page shows a title of a headline's length with which its title tag begins."""
    if draft.title is None or draft.title.where == "title":
        return False
    headline = collapse(draft.title.text).strip()
    tag = collapse(draft.title_tag or "").strip()
    return len(headline) >= _HEADLINE and tag.startswith(headline[:_HEADLINE])


def _day(found: re.Match[str]) -> date | None:
    try:
        return date(*map(int, _NUMBER.findall(found[0])))
    except ValueError:
        return None


def _is_list(doc: Document, text: str) -> bool:
    """Whether links outweigh the best text found."""
    links = [len(collapse(a.text() or "").strip()) for a in doc.all("a[href]")]
    many = sum(length > _LONGEST_NUMBER for length in links)
    return many >= _MANY_LINKS and len(text) < _LINK_SHARE * sum(links)
