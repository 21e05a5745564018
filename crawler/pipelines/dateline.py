"""The dateline: who sends the text, from where and when.

新华社南京9月28日电, 新华网石家庄２月６日电, 本报讯, 某某日报讯, 某某在线3月1日消息. It opens
one of the first paragraphs, stays in the text, and its parts are kept as printed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler import dates
from crawler.items import Dateline

if TYPE_CHECKING:
    from crawler.pipelines.normalisation import Normalisation

# Characters of a paragraph's beginning in which a dateline stands.
_LONGEST = 80
_AGENCY = r"(?:新华社|新华网|中新社|中新网|中国新闻网|人民网|央广网|央视网|光明网|中国网)"
_PAPER = (
    r"(?:本报|本网|本刊|本台|[^\W\d_a-zA-Z]{2,9}(?:[报网社]|在线|新闻|客户端|频道)"
    r"|[^\W\d_a-zA-Z]{2,6}广播电视台)"
)
_PLACE = r"(?P<place>[^\d，。、；：！？,.;:!?()（）]{1,24}?)"
_DATE = rf"(?P<date>{dates.DAY_IN_WORDS})"
_KIND = r"(?:(?:体育|财经|新媒体|综合|文化|英文)?专?[电讯]|消息)"
_OPENINGS = tuple(
    re.compile(r"(?:据\s?)?" + pattern)
    for pattern in (
        rf"{_AGENCY}\s?{_PLACE}?\s?{_DATE}\s?{_KIND}",
        rf"(?:{_AGENCY}|{_PAPER})\s?(?P<place>(?!))?(?P<date>(?!))?(?:[电讯]|消息)"
        r"(?=[\s(（:：,，]|记者|题)",
        rf"{_PAPER}\s?{_PLACE}?\s?{_DATE}\s?{_KIND}(?=[\s(（:：,，]|记者|题)",
    )
)

# 据本报消息，… names where the author has it from.
_HEARSAY = re.compile(r"据.*消息")

# Paragraphs in which an article may begin.
_SEARCHED = 3


def set_dateline(current: Normalisation) -> Normalisation:
    """The same with `dateline`, of the first paragraph that opens with one."""
    for paragraph in current.article.paragraphs[:_SEARCHED]:
        opening = paragraph[:_LONGEST].lstrip("(（【[ ")
        for pattern in _OPENINGS:
            found = pattern.match(opening)
            if found and not _HEARSAY.fullmatch(found[0]):
                place = (found["place"] or "").strip() or None
                return current.with_values(dateline=Dateline(found[0], place, found["date"]))
    return current
