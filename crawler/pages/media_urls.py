"""Addresses of the pictures, films and files that an element shows, made absolute.

The site's own signs, such as QR codes, spacers and the arrows of pagers, are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.pages.document import Document, Node

# QR codes, share pictures and spacers (ewm_<id>1n.jpg, zxcode_<contentid>.jpg, space.gif), and the
# arrows of pagers (news_sy.gif, news_xy.gif, news_hy.gif).
_FURNITURE_NAME = re.compile(
    r"^(ewm_|zxcode_|qrcode|wx_?ewm|space\.gif|blank\.gif|spacer\.gif|loading|1\.gif$|sharelogo"
    r"|(?:news_[a-z]y|next(?:page)?|prev(?:page)?|page_?(?:up|down)|arrow\w{0,8})\.(?:gif|png)$)",
    re.IGNORECASE,
)

# Folders of signs: imgs.xinhuanet.com/icon/newscenter/, www.xinhuanet.com/images/syicon/.
_FURNITURE_PATH = re.compile(r"/(?:icons?|syicon)/", re.IGNORECASE)

# The share picture and the page-break marker, which pager.js looks for by id.
_FURNITURE_ID = frozenset({"wxsharepic", "xinhuabreak", "xiehuabreak"})

_LAZY_SOURCES = ("src", "data-src", "data-original", "data-lazy-src", "original", "_src")
_SIDES = ("width", "height")

# Pixels: a picture declared smaller in both directions is a sign in the text, not a photo.
_SMALLEST = 20

_FILM_FILE = re.compile(r"\.(mp4|m3u8|flv|f4v|mov|wmv|webm|avi|mpe?g)$", re.IGNORECASE)
_FILM_HINT = re.compile(r"player|video|vod|\.(mp4|m3u8|flv|f4v|swf)\b", re.IGNORECASE)
_FILM_SOURCES = ("video_src", "data-video-src", "videourl", "src", "data-src", "href", "data")
# Addresses taken from a hidden text.
_MOST_IN_TEXT = 4
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>\\]{4,500}")

_FILE = re.compile(
    r"\.(pdf|docx?|xlsx?|pptx?|wps|et|dps|rtf|csv|zip|rar|7z|ofd|caj)$", re.IGNORECASE
)

FILM_SELECTOR = ".pageVideo, .video-url, [video_src], video, iframe, embed, object"


def image_url(node: Node, doc: Document) -> str | None:
    """The address of an `<img>`, or None when it is none of the article's."""
    attributes = node.attributes
    if attributes.get("id") in _FURNITURE_ID or _is_small(attributes):
        return None
    for name in _LAZY_SOURCES:
        url = doc.absolute(attributes.get(name))
        if url is not None and not is_furniture(urlsplit(url).path):
            return url
    return None


def is_furniture(path: str) -> bool:
    """Whether the path of a picture is that of a QR code, a spacer or an icon."""
    name = path.rpartition("/")[2]
    return bool(_FURNITURE_NAME.search(name) or _FURNITURE_PATH.search(path))


def film_url(node: Node, doc: Document) -> str | None:
    """The film an element shows: a file rather than the page of a player; None when it shows none.

    `iframe.pageVideo` names the file in `video_src` beside the player in `src`; `.video-url` holds
    the address as hidden text.
    """
    here = doc.url.partition("?")[0]
    urls = [url for url in _film_addresses(node, doc) if url.partition("?")[0] != here]
    if node.tag != "video":
        urls = [url for url in urls if _FILM_HINT.search(url)]
    files = (url for url in urls if _FILM_FILE.search(urlsplit(url).path))
    return next(files, urls[0] if urls else None)


def _film_addresses(node: Node, doc: Document) -> Iterator[str]:
    """Whatever addresses an element names that may be its film's."""
    attributes = node.attributes
    named = [attributes.get(name) for name in _FILM_SOURCES]
    texts: list[str] = []
    if node.tag in ("video", "object"):
        inner = [each.attributes for each in node.css("source[src], embed[src], param[value]")]
        named += [each.get("src") or each.get("value") for each in inner]
    elif "video-url" in (attributes.get("class") or ""):
        texts = _URL_IN_TEXT.findall(node.text() or "")[:_MOST_IN_TEXT]
    yield from filter(None, map(doc.absolute, named))
    yield from texts


def file_url(node: Node, doc: Document) -> str | None:
    """The file a link leads to, or None when it leads to a page."""
    url = doc.absolute(node.attributes.get("href"))
    return url if url is not None and _FILE.search(urlsplit(url).path) else None


def slide_of(image: Node, gallery: Node) -> Node | None:
    """The slide of a slide show that holds an image and no other, or None."""
    slide: Node | None = None
    around = image.parent
    while around is not None and around.mem_id != gallery.mem_id and len(around.css("img")) == 1:
        slide, around = around, around.parent
    return slide


def _is_small(attributes: dict[str, str | None]) -> bool:
    sides = [(attributes.get(side) or "").removesuffix("px").strip() for side in _SIDES]
    return all(s.isascii() and s.isdigit() and int(s[:6]) <= _SMALLEST for s in sides)
