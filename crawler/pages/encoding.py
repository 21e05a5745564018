"""Read: bytes to text. In: an entity and its Content-Type. Out: its text and what was declared.

What header and meta claim is noted, not believed: the bytes decide. A byte order mark wins, then
strict UTF-8, then whichever of UTF-8 and GB18030 damages less text. GB18030 also reads every page
that calls itself gb2312 or gbk, whose own codecs lose names such as 喆, 镕, 玥 and 䶮.
"""

from __future__ import annotations

import re

from crawler.items import Encoding

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.+-]{2,40})", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.+-]{2,40})",
    re.IGNORECASE,
)
_META_WINDOW = 8192
"""Bytes searched for a meta; the site writes it in the first kilobyte."""

_FORMER_PRIVATE = str.maketrans(
    "\ue7c7\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u1e3f\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"
    "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
"""Characters the GB18030 of 2000 (Python's) keeps in the private area, at their later places."""


def decode(body: bytes, content_type: str | None = None) -> tuple[str, Encoding]:
    """The text of a page, never raising; what can't be read is U+FFFD."""
    declared = declared_charset(body, content_type)
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return _read(body[len(bom) :], codec), Encoding(declared, codec)
    try:
        return body.decode("utf-8"), Encoding(declared, "utf-8")
    except UnicodeDecodeError:
        pass
    as_gb = _read(body, "gb18030")
    if "\ufffd" not in as_gb:
        return as_gb, Encoding(declared, "gb18030")
    as_utf8 = _read(body, "utf-8")
    says_gb = (declared or "").lower().startswith(("gb", "x-gb", "cp936", "hz"))
    if (_damage(as_gb), not says_gb) < (_damage(as_utf8), says_gb):
        return as_gb, Encoding(declared, "gb18030")
    return as_utf8, Encoding(declared, "utf-8")


def declared_charset(body: bytes, content_type: str | None = None) -> str | None:
    """What the header, else the first meta, calls the encoding, as printed."""
    if content_type and (found := _CHARSET.search(content_type)):
        return found[1]
    if meta := _META_CHARSET.search(body, 0, _META_WINDOW):
        return meta[1].decode("ascii")
    return None


def _read(body: bytes, codec: str) -> str:
    text = body.decode(codec, errors="replace")
    # all of them begin with this byte; to look for them in the text takes as long as its decoding
    if codec == "gb18030" and b"\xee" in text.encode("utf-8", "surrogatepass"):
        text = text.translate(_FORMER_PRIVATE)
    return text


def _damage(text: str) -> int:
    return text.count("\ufffd")
