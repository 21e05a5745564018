"""Pictures, films and files, and the paragraphs between them.

A caption belongs to its image and not to the body. A text is a caption when the markup says so, or
when it follows an image and ends with a photo credit, opens with 图为 or is set apart (centred,
small, blue) from what follows. A line that is only a credit is the credit of the image before it.
In a photo story, where images and what is told of them are all there is, captions and credits form
the body as well.

Photo credits are 新华社记者 张三 摄, 新华社发（张三摄）, 张三 摄, （主办方供图）, 图片来源：某某,
on a line of their own or at the end of a caption. 记者张三摄影报道 on a line of its own signs the
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from crawler import labels
from crawler.items import Attachment, Block, BlockKind, Image, Video
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.credits import is_film_credit, is_listed, names_makers
from crawler.pipelines.person_names import HAN, is_plain, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.pipelines.normalisation import Normalisation

# Characters of an unmarked caption; what is longer is a paragraph.
_LONGEST_CAPTION: Final = 400

# Characters of a line set apart that may be a caption.
_LONGEST_SET_APART = 100

# The share of the text that makes its look that of the whole text.
_MOSTLY = 0.5

# Lines set apart under an image that may be its caption; more of them are a text of that look.
_MOST_SET_APART = 2

# Unmarked texts a photo story may print under one image.
_STORY_TEXTS = 3


class _Is(Enum):
    PLAIN = auto()
    CAPTION = auto()
    CREDIT = auto()
    PICTURE = auto()
    OTHER = auto()


@dataclass(slots=True)
class _Picture:
    url: str
    position: int
    captions: list[str] = field(default_factory=list)
    credit: str | None = None
    captioned_above: bool = False


@dataclass(slots=True)
class _Output:
    """What has been placed so far. `waiting` are captions printed above their image."""

    paragraphs: list[str] = field(default_factory=list)
    pictures: list[_Picture] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def set_media(current: Normalisation) -> Normalisation:
    """The same with body, paragraphs, images, videos and attachments, made of the blocks."""
    blocks = current.blocks
    kinds = _kinds(blocks)
    story = _tells_in_pictures(kinds)
    out = _Output()
    for place, block in enumerate(blocks):
        if block.kind is BlockKind.TEXT:
            used = _caption(out, blocks, kinds, place, story=story)
            if story or not used:
                out.paragraphs.append(block.text)
        elif block.url is not None:
            _medium(out, block, block.url.strip().replace(" ", "%20"))
    for picture in out.pictures:
        if picture.credit is None and picture.captions:
            picture.credit = credit_at_end(picture.captions[-1])
    return current.with_values(
        paragraphs=out.paragraphs,
        body="\n\n".join(out.paragraphs) or None,
        images=[
            Image(p.url, "\n".join(p.captions) or None, p.credit, p.position) for p in out.pictures
        ],
        videos=out.videos,
        attachments=out.attachments,
    )


def _kinds(blocks: Sequence[Block]) -> list[_Is]:
    kinds = [_kind(block) for block in blocks]
    _keep_film_credits(blocks, kinds)
    tells = any(b.is_set_apart for b in blocks) and not _mostly_apart(blocks, kinds)
    for place in range(len(kinds) - 1):
        if (kinds[place], kinds[place + 1]) == (_Is.PICTURE, _Is.PLAIN):
            _mark_below(blocks, kinds, place + 1, look_tells=tells)
        elif (kinds[place], kinds[place + 1]) == (_Is.PLAIN, _Is.PICTURE):
            above = blocks[place]
            if above.is_set_apart and credit_at_end(above.text):
                kinds[place] = _Is.CAPTION
    return kinds


def _mark_below(blocks: Sequence[Block], kinds: list[_Is], place: int, *, look_tells: bool) -> None:
    """Mark the text under an image as its caption where its words show it; where a look apart from
    the text's tells something, also the lines that have it."""
    text = blocks[place].text
    if len(text) <= _LONGEST_CAPTION and (is_legend(text) or credit_at_end(text)):
        kinds[place] = _Is.OTHER if names_makers(text) else _Is.CAPTION
    elif look_tells:
        for line in _set_apart(blocks, kinds, place):
            kinds[line] = _Is.CAPTION


def _keep_film_credits(blocks: Sequence[Block], kinds: list[_Is]) -> None:
    """摄影：X among those who made a film is text, and so it is under a film and in any list of
    credits that doesn't begin under a picture."""
    texts: list[str] = []
    for place, kind in enumerate(kinds):
        if kind is not _Is.CREDIT:
            continue
        texts = texts or [block.text for block in blocks]
        before = kinds[place - 1] if place else _Is.OTHER
        is_below = before in (_Is.PICTURE, _Is.CAPTION, _Is.CREDIT)
        under_film = place > 0 and blocks[place - 1].kind is BlockKind.VIDEO
        listed = is_listed(texts, place) and not is_below
        if under_film or listed or is_film_credit(texts, place):
            kinds[place] = _Is.OTHER


def _mostly_apart(blocks: Sequence[Block], kinds: Sequence[_Is]) -> bool:
    """Whether most of the text has the look of captions, which then tells nothing."""
    texts = [
        block
        for place, block in enumerate(blocks)
        if kinds[place] is _Is.PLAIN
        and _Is.PICTURE not in kinds[max(0, place - _MOST_SET_APART) : place]
    ]
    apart = sum(len(block.text) for block in texts if block.is_set_apart)
    return apart > _MOSTLY * sum(len(block.text) for block in texts)


def _set_apart(blocks: Sequence[Block], kinds: Sequence[_Is], start: int) -> list[int]:
    """The places of the few lines from `start` on that look unlike the text that follows."""
    found: list[int] = []
    for place in range(start, len(blocks)):
        block = blocks[place]
        if kinds[place] is _Is.CREDIT:
            continue
        if kinds[place] is not _Is.PLAIN or not block.is_set_apart:
            break
        if len(block.text) > _LONGEST_SET_APART or opens_section(block.text):
            return []
        found.append(place)
        if len(found) > _MOST_SET_APART:
            return []
    return found


def _kind(block: Block) -> _Is:
    if block.kind is not BlockKind.TEXT:
        return _Is.PICTURE if block.kind is BlockKind.IMAGE and block.url else _Is.OTHER
    if opens_story(block.text):
        return _Is.OTHER
    if is_credit(block.text):
        return _Is.CREDIT
    return _Is.CAPTION if block.is_caption else _Is.PLAIN


def is_photo_story(blocks: Sequence[Block]) -> bool:
    """Whether every text belongs to an image: nothing plain before the first, and what is plain
    under an image is short and closed by a credit."""
    return _tells_in_pictures(_kinds(blocks))


def _tells_in_pictures(kinds: Sequence[_Is]) -> bool:
    if _Is.PICTURE not in kinds or not {_Is.CAPTION, _Is.CREDIT} & set(kinds):
        return False
    plain = 0
    begun = False
    for kind in [*kinds, _Is.PICTURE]:
        if kind is _Is.PICTURE and plain:
            return False
        if kind is _Is.PICTURE:
            begun = True
        elif kind is _Is.CREDIT and begun and plain <= _STORY_TEXTS:
            plain = 0
        elif kind is _Is.PLAIN:
            plain += 1
    return begun


def _medium(out: _Output, block: Block, url: str) -> None:
    position = len(out.paragraphs)
    if block.kind is BlockKind.IMAGE:
        picture = _Picture(url, position, out.waiting, captioned_above=bool(out.waiting))
        out.pictures.append(picture)
        out.waiting = []
    elif block.kind is BlockKind.VIDEO:
        out.videos.append(Video(url, None, position))
    else:
        out.attachments.append(Attachment(url, clean_line(block.label or "") or None, position))


def _caption(
    out: _Output, blocks: Sequence[Block], kinds: Sequence[_Is], place: int, *, story: bool
) -> bool:
    """Give a text to its image or film; whether it went there and is no text of the body."""
    kind, text = kinds[place], blocks[place].text
    picture = out.pictures[-1] if out.pictures else None
    if kind is _Is.CAPTION:
        return _place_caption(out, blocks, kinds, place)
    if kind is _Is.CREDIT and picture and picture.credit is None:
        picture.credit = text
        return True
    if kind is _Is.PLAIN and story and picture and not picture.captions:
        picture.captions.append(text)
    return False


def _place_caption(out: _Output, blocks: Sequence[Block], kinds: Sequence[_Is], place: int) -> bool:
    """Give a caption to the film or image before it, or to the image after it."""
    text = blocks[place].text
    picture = out.pictures[-1] if out.pictures else None
    if place and blocks[place - 1].kind is BlockKind.VIDEO and out.videos:
        film = out.videos[-1]
        out.videos[-1] = Video(film.url, text, film.position)
        return True
    if picture and not picture.captioned_above and _touches_picture(kinds[:place]):
        picture.captions.append(text)
        return True
    if next((k for k in kinds[place + 1 :] if k is not _Is.CAPTION), None) is _Is.PICTURE:
        out.waiting.append(text)
        return True
    return False


def _touches_picture(before: Sequence[_Is]) -> bool:
    """Whether only captions and credits stand between the image before and here."""
    last = next((k for k in reversed(before) if k not in (_Is.CAPTION, _Is.CREDIT)), None)
    return last is _Is.PICTURE


# --- photo credits --------------------------------------------------------------------------------

# Characters of a credit, generously.
_LONGEST_CREDIT: Final = 90

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
    if len(text) > _LONGEST_CREDIT:
        return False
    if any(pattern.fullmatch(text) for pattern in (_CREDIT, _BRACKETED, _SENT)):
        return True
    bare = _BARE.fullmatch(text)
    people = names(bare[1]) if bare else None
    return bool(people) and all(map(is_plain, people or ()))


def credit_at_end(text: str) -> str | None:
    """The credit that ends a caption, as printed, or None."""
    ending = text[-_LONGEST_CREDIT:]
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
