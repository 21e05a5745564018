"""Photo credits in a text near an image, and what else such a text may be.

新华社记者 张三 摄, 新华社发（张三摄）, 张三 摄, （主办方供图）, 图片来源：某某: on a line of its
own or at the end of a caption. 记者张三摄影报道 on a line of its own signs the text, not a photo.
"""

from __future__ import annotations

import re
from typing import Final

from crawler import labels
from crawler.pipelines.person_names import HAN, is_plain, names

# Characters of a credit, generously.
LONGEST: Final = 90

_NAMES = rf"[{HAN}A-Za-z·•・‧、，, .’'-]{{2,40}}"
_WHO = rf"(?:[^\W\d_]{{1,8}}?[报社网])?\s?(?:特约|见习|实习|摄影)?(?:{labels.REPORTER}|实习生)"
_DONE = rf"(?:{labels.PHOTO_DONE}|/文并?摄)"
_AGENCY = rf"(?:{labels.PHOTO_AGENCY})(?:/[\w ·.-]{{1,20}})?"
_KIND = labels.PHOTO_KIND
_CREDIT = re.compile(
    rf"[(（【\[]?\s?(?:"
    rf"{_AGENCY}\s?(?:[发供]|资料图?片?|记者)?\s?[(（][^()（）。]{{1,40}}[)）]"
    rf"|{_AGENCY}\s?(?:发|资料(?:图片?|照片|片)|供图|图片|照片)"
    rf"(?:\s?(?:漫画\s)?{_NAMES}\s?[摄作绘])?"
    rf"|{_AGENCY}\s{_NAMES}\s?摄|新华社/(?:{labels.PHOTO_FOREIGN_AGENCY})"
    rf"|{_WHO}[:：]?\s?{_NAMES}?\s?[/／]?\s?{_DONE}"
    rf"|(?:{labels.PHOTO_LABEL})\s?[:：/／]\s?{_NAMES}"
    rf"|(?:图片|照片)(?:由[{HAN}]{{2,14}}提供|来自[{HAN}]{{2,8}})"
    rf"|图据[{HAN}]{{2,8}}(?:新闻|[报网台]|视频|发布)|{labels.PHOTO_LIBRARY}"
    rf"|(?![他她我你您们这那由为])[{HAN}]{{2,14}}供图"
    rf"|(?:[(（])\s?{_KIND}\s?(?=[)）])"
    rf"|(?:资料|网络)图片?|视频截图"
    rf")(?:\s?[(（]{_KIND}[)）])?\s?[)）】\]]?\s?[。.]?"
)
_SENT = re.compile(rf"[(（]?\s?{_NAMES}\s?摄\s?[)）]?\s*新华[社网]发")
_BRACKETED = re.compile(rf"[(（【]\s?{_NAMES}\s?[/／]?\s?{_DONE}\s?[)）】]\s?[。.]?")
_BARE = re.compile(rf"([{HAN}、，, ·•]{{2,24}}?)\s?[/／]?\s?(?:摄影|摄|供图)\s?[。.]?")
_BYLINE = re.compile(r"报道\s?[)）】]?$")
_LEGEND = re.compile(
    r"[▲△↑]|(?:上|下|左|右|中|大|小|题|附|拼版)?图(?:为|是|中|[一二三四五六七八九十\d①-⑩]{1,2}\s?[:：，]|\s?[:：])"
)


_HEADING = re.compile(
    r"[【\[（(]?\s?(?:[一二三四五六七八九十]{1,3}|\d{1,2})\s?[、.．)）]\D|第.{1,3}[章节部]|【|——.*——$"
    r"|[(（]完[)）]|编者|导[读语]|核心提示|内容提要|摘要|(?:新华社|新华网|本报|本网)[^，。]{0,14}[电讯]"
)
_STORY = re.compile(
    r"新华社(?:传真)?(?:照片|图片)[，,]|[（(][^()（）]{1,8}[)）]\s?[（(]\d{1,3}[)）]"
)


def is_credit(text: str) -> bool:
    """Whether the whole text is a photo credit."""
    return not _BYLINE.search(text[-4:]) and _credits(text)


def _credits(text: str) -> bool:
    if len(text) > LONGEST:
        return False
    if any(pattern.fullmatch(text) for pattern in (_CREDIT, _BRACKETED, _SENT)):
        return True
    bare = _BARE.fullmatch(text)
    people = names(bare[1]) if bare else None
    return bool(people) and all(map(is_plain, people or ()))


def credit_at_end(text: str) -> str | None:
    """The credit that ends a caption, as printed, or None."""
    ending = text[-LONGEST:]
    starts = {
        0,
        *(m.start() for m in re.finditer(r"[(（【\s]|新华|中新|本报|(?<=[。！？”…）)])", ending)),
    }
    for start in sorted(starts):
        candidate = ending[start:].strip()
        if candidate and (is_credit(candidate) or (start > 0 and _credits(candidate))):
            return candidate
    return None


def is_legend(text: str) -> bool:
    """Whether the text says of itself that it tells what a picture shows: 图为…, 上图：…"""
    return _LEGEND.match(text) is not None


def opens_section(text: str) -> bool:
    """Whether the text heads or opens an article rather than tells what a picture shows: 一、…,
    【现象】, 编者按：…"""
    return _HEADING.match(text) is not None


def opens_story(text: str) -> bool:
    """Whether the text is the head of an agency photo: 新华社照片，杭州，… and （社会）（1）…"""
    return _STORY.match(text) is not None
