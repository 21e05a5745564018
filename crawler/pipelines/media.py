"""Pictures, films and files, and the paragraphs between them.

A caption belongs to its image and not to the body. A text is a caption when the markup says so, or
when it follows an image and ends with a photo credit, opens with 图为 or is set apart (centred,
small, blue) from what follows. A line that is only a credit is the credit of the image before it.
In a photo story, where images and what is told of them are all there is, captions and credits form
the body as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from crawler.items import Attachment, Block, BlockKind, Image, Video
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.film_credits import is_film_credit, is_listed, names_makers
from crawler.pipelines.photo_credits import (
    credit_at_end,
    is_credit,
    is_legend,
    opens_section,
    opens_story,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.pipelines.normalisation import Normalisation

# Characters of an unmarked caption; what is longer is a paragraph.
LONGEST_CAPTION: Final = 400

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
    if len(text) <= LONGEST_CAPTION and (is_legend(text) or credit_at_end(text)):
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
