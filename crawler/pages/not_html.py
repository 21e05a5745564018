"""Answers at an article's address that are a picture, a file or data instead of a page.

The bytes decide; the Content-Type counts only where they show nothing of HTML.
"""

from __future__ import annotations

import re

from crawler.media_type import identify
from crawler.pages.errors import NotAnArticle

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Beyond what `identify` knows: WebP and other RIFF, MPEG-4, Office, RAR, 7z, MP3, FLV, Ogg.
_SIGNATURES = re.compile(
    rb"RIFF.{4}(?:WEBP|AVI |WAVE)|.{4}ftyp|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|Rar!\x1a|7z\xbc\xaf"
    rb"|ID3[\x02-\x04]|FLV\x01|OggS",
    re.DOTALL,
)
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
    """Raise NotAnArticle("not_html") when the bytes are no page."""
    start = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    shown = identify(body)
    if shown == "application/xml":
        shown = None if _OF_A_PAGE.search(body) else shown
    elif shown is None and _SIGNATURES.match(body):
        shown = "a file"
    elif shown is None and _JSONP.match(start):
        shown = "application/javascript"
    if shown and shown not in _PAGE_TYPES:
        raise NotAnArticle("not_html", shown)
    if content_type and _NO_PAGE.match(content_type.strip()) and not _OF_A_PAGE.search(body):
        raise NotAnArticle("not_html", content_type.strip()[:80])
