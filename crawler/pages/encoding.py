"""The bytes of a page as text, with the charset that was declared and the one that was used.

A byte order mark decides first, then the zero bytes of UTF-16, then strict UTF-8. Other bytes are
read as declared, where the label is known and the bytes are whole text in it that looks like the
language it is for; else as whichever of UTF-8 and GB18030 damages less. GB18030 also reads what is
declared as gb2312 or gbk, whose own codecs lose names such as 喆, 镕, 玥 and 䶮. Labels are read as
the WHATWG Encoding Standard has them, and so are two codes of GBK that Python's codec lacks: 0x80
is €, 0xA3A0 a full-width blank.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import TYPE_CHECKING

from w3lib.encoding import resolve_encoding

from crawler.items import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LABEL = r"\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_:.+-]{2,40})"
_CHARSET = re.compile("charset" + _LABEL, re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset" + _LABEL.encode(),
    re.IGNORECASE,
)
_XML_ENCODING = re.compile(rb"\s{0,99}<\?xml\b[^>]{0,99}?encoding" + _LABEL.encode())

# Bytes searched for a meta; the site writes it in the first kilobyte.
_META_WINDOW = 8192

# what may stand in `encoding.used` without being declared
BY_BYTES = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
# codec of Python → name in `encoding.used`, of those that must be declared
DECLARED = {
    "big5hkscs": "big5", "cp932": "shift_jis", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp",
    "cp949": "euc-kr", "hz": "hz-gb-2312", "cp866": "ibm866", "mac-roman": "macintosh",
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "cp874": "windows-874",
    **{f"cp{number}": f"windows-{number}" for number in range(1250, 1259)},
    **{f"iso8859-{n}": f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}  # fmt: skip
# labels of the Encoding Standard that w3lib doesn't know, and two that servers write
_LABELS = {
    "csgb2312": "gb18030", "gb_2312": "gb18030", "x-gbk": "gb18030", "gb-2312": "gb18030",
    "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs", "big-5": "big5hkscs",
    "x-euc-jp": "euc_jp", "cseucpkdfmtjapanese": "euc_jp",
    "cseuckr": "cp949", "csksc56011987": "cp949", "iso-ir-149": "cp949", "ksc_5601": "cp949",
    "ks_c_5601-1989": "cp949", "windows-949": "cp949", "x-cp1251": "cp1251", "x-cp1252": "cp1252",
}  # fmt: skip
_SAME = {"cp950": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}
# codecs of seven bits, and what begins their characters that aren't ASCII
_SHIFTS = {"iso2022_jp": b"\x1b", "hz": b"~{"}

# of UTF-16 markup, in its first bytes, so many are zero, nearly all on one side (一 has one on the
# other)
_UTF16_WINDOW = 1024
_UTF16_SHARE = 0.02
_UTF16_OTHER = 0.25

# by what a text looks like the language of its charset: any Japanese has some hiragana, Korean
# hardly a Chinese character, and of a Western one the accents stand alone
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_HIRAGANA = re.compile("[\u3041-\u3096]")
_KANA_SHARE = 0.02
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HANZI = re.compile("[\u4e00-\u9fff]")
_HANGUL_SHARE = 0.9
_ALONE = re.compile(r"(?<![^\x00-\x7f])[^\x00-\x7f](?![^\x00-\x7f])")

# bytes that can't be read before euro signs are no longer looked for among them, which takes time
_MOST_EUROS = 1000

# the first levels of Big5 and GB2312, the frequent characters: their first and their last
_BIG5_FIRST = (b"\xa4\x40", b"\xc6\x7e")
_GB_FIRST = (b"\xb0\xa1", b"\xd7\xf9")

# Characters the GB18030 of 2000 (Python's) keeps in the private area, at their later places.
_FORMER_PRIVATE = str.maketrans(
    "\ue7c7\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864\ue5e5",
    "\u1e3f\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"
    "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb\u3000",
)


def decode_text(body: bytes, content_type: str | None = None) -> tuple[str, Encoding]:
    """The text of a page, never raising; what can't be read is U+FFFD."""
    labels = _labels(body, content_type)
    text, used = _decoded(body, labels)
    return text, Encoding(labels[0] if labels else None, used)


def _decoded(body: bytes, labels: list[str]) -> tuple[str, str]:
    """The text and the charset it was read by: a byte order mark's, UTF-8 where all of it is that,
    a declared one that the text looks like, GB18030, or UTF-8 where that damages less."""
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return _read(body[len(bom) :], codec), codec
    if wide := _utf16(body):
        return _read(body, wide), wide
    known = [name for label in labels if (name := _codec(label))]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        known = [name for name in known if name in _SHIFTS and _SHIFTS[name] in body]
        if not known:
            return text, "utf-8"
    as_gb = _read(body, "gb18030")
    for name in known:
        as_declared = _as_declared(body, name, as_gb)
        if as_declared is not None:
            return as_declared, DECLARED.get(name, name)
    return _less_damaged(body, as_gb, labels[0] if labels else "")


def _less_damaged(body: bytes, as_gb: str, declared: str) -> tuple[str, str]:
    """GB18030 or UTF-8, whichever leaves fewer characters unread; what is declared where both leave
    as many."""
    if "\ufffd" not in as_gb:
        return as_gb, "gb18030"
    as_utf8 = _read(body, "utf-8")
    says_gb = declared.lower().startswith(("gb", "x-gb", "cp936", "hz"))
    if (_damage(as_gb), not says_gb) < (_damage(as_utf8), says_gb):
        return as_gb, "gb18030"
    return as_utf8, "utf-8"


def _labels(body: bytes, content_type: str | None) -> list[str]:
    """What the header, the first meta and the XML declaration call the encoding, as printed."""
    found = (
        _CHARSET.search(content_type or ""),
        _META_CHARSET.search(body, 0, _META_WINDOW),
        _XML_ENCODING.match(body),
    )
    return [one[1] if isinstance(one[1], str) else one[1].decode("ascii") for one in found if one]


def _codec(label: str) -> str | None:
    """Python's codec for a label as browsers take it, None for UTF-8, UTF-16 and the unknown."""
    codec = _LABELS.get(label.lower()) or resolve_encoding(label) or ""
    codec = _SAME.get(codec, codec)
    return codec if codec in DECLARED or codec == "gb18030" else None


def _utf16(body: bytes) -> str | None:
    """The byte order of UTF-16 without a mark, told by the zeros of its ASCII characters."""
    start = body[:_UTF16_WINDOW]
    even, odd = start[::2].count(0), start[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if not start or most < _UTF16_SHARE * len(start) or least > _UTF16_OTHER * most:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _as_declared(body: bytes, codec: str, as_gb: str) -> str | None:
    """The text by the declared codec, None where it can't be that; `as_gb` is the same bytes'."""
    if codec == "gb18030":
        return None if "\ufffd" in as_gb else as_gb
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        return None
    if codec == "big5hkscs":
        return text if _is_traditional(text, as_gb) else None
    looks_right = _LOOKS.get(codec)
    return text if looks_right is None or looks_right(text) else None


def _is_western(text: str) -> bool:
    """Whether a text declared as iso-8859-1 is one. Servers declare it for everything; accents and
    quotes stand alone, the bytes of Chinese characters don't."""
    return 2 * len(_ALONE.findall(text)) > len(_NOT_ASCII.findall(text))


def _is_japanese(text: str) -> bool:
    return len(_HIRAGANA.findall(text)) >= _KANA_SHARE * len(_NOT_ASCII.findall(text))


def _is_korean(text: str) -> bool:
    hangul = len(_HANGUL.findall(text))
    return hangul >= _HANGUL_SHARE * (hangul + len(_HANZI.findall(text)))


def _is_traditional(text: str, as_gb: str) -> bool:
    """Nearly all of a text is of its charset's first level, the frequent characters; of one read by
    the other charset about half is."""
    return _frequent(text, "big5hkscs", *_BIG5_FIRST) >= _frequent(as_gb, "gb18030", *_GB_FIRST)


def _frequent(text: str, codec: str, first: bytes, last: bytes) -> float:
    """The share of a text's characters beyond ASCII that are of the charset's first level."""
    counts = Counter(_NOT_ASCII.findall(text))
    frequent = (
        count
        for character, count in counts.items()
        if first <= character.encode(codec, "ignore") <= last
    )
    return sum(frequent) / max(1, counts.total())


# what text in a declared charset looks like, of those that Chinese bytes may be called by
_LOOKS: dict[str, Callable[[str], bool]] = {
    "cp1252": _is_western,
    "cp932": _is_japanese,
    "euc_jp": _is_japanese,
    "iso2022_jp": _is_japanese,
    "cp949": _is_korean,
}


def _read(body: bytes, codec: str) -> str:
    text = body.decode(codec, errors="replace")
    if codec == "gb18030" and b"\x80" in body and 0 < _damage(text) <= _MOST_EUROS:
        text = body.decode(codec, errors="crawler.gbk")
    # all of them begin with this byte; to look for them in the text takes as long as its decoding
    if codec == "gb18030" and b"\xee" in text.encode("utf-8", "surrogatepass"):
        text = text.translate(_FORMER_PRIVATE)
    return text


def _euro(error: UnicodeError) -> tuple[str | bytes, int]:
    """The handler of decoding errors: 0x80 where a character begins is the euro sign, as the GBK of
    Windows has it; anything else is U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return codecs.replace_errors(error)


codecs.register_error("crawler.gbk", _euro)


def _damage(text: str) -> int:
    return text.count("\ufffd")
