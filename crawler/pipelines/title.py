"""`title`, `subtitle` and `kicker`.

The headline on the page wins. Without one the title tag serves, without the site's suffixes
(-新华网河北频道-新华网). Nothing left is null.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crawler.pipelines.clean_text import clean_line

if TYPE_CHECKING:
    from crawler.items import Evidence
    from crawler.pipelines.normalisation import Normalisation

# Characters of a title tag that are looked at.
_LONGEST: Final = 1000

_MARKS = "-_—–|｜－＿"
_SITE = re.compile(
    r"(?:[a-z]{1,10}\.)?(?:手机)?(?:新华网|新华社|新华通讯社|xinhuanet|news\.cn|xinhua)"
    r"(?:[^\W\d_]{2,10}(?:频道|客户端|分公司|站)|客户端|\.com|\.cn)?"
    r"|[\w ]{1,10}频道"
    r"|新华(?:时政|财经|国际|军事|教育|体育|娱乐|科技|健康|法治|社会|房产|汽车|旅游|视频|图片|悦读"
    r"|公益|能源|食品|传媒|访谈|网评|廉政|政务|理财|城市|文化|地方|港澳|台湾)",
    re.IGNORECASE,
)


# The CMS writes the markup of a headline into the title tag, where it is text.
_MARKUP = re.compile(r"</?(?:br|font|span|b|strong|p)\b[^<>]{0,60}>", re.IGNORECASE)

# A title tag that isn't closed takes in what follows.
_SWALLOWED = re.compile(
    r"</?(?:table|t[drh]|div|p|ul|h[1-6]|body|head|html|link|meta|script)\b", re.IGNORECASE
)


def set_title(current: Normalisation) -> Normalisation:
    """The same with `title`, `subtitle` and `kicker`."""
    draft = current.draft
    printed = _line(draft.title)
    tag = _SWALLOWED.split((draft.title_tag or "")[:_LONGEST], maxsplit=1)[0]
    tag = clean_line(_MARKUP.sub(" ", tag))
    only_tag = draft.title is None or draft.title.where == "title"
    title = without_site(tag) if only_tag or printed in (None, tag) else printed
    return current.with_values(
        title=title or None, subtitle=_line(draft.subtitle), kicker=_line(draft.kicker)
    )


def without_site(title: str) -> str:
    """A title tag without the names of site and channel at its end; "" if nothing else is there."""
    while True:
        cut = max(title.rfind(mark) for mark in _MARKS)
        if not _SITE.fullmatch(title[cut + 1 :].strip()):
            return title
        title = title[: max(cut, 0)].rstrip(f" {_MARKS}")


def _line(evidence: Evidence | None) -> str | None:
    return clean_line(evidence.text) or None if evidence else None
