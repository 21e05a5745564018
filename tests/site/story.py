"""One version of one article of the loopback site, and what a right reading of it would say.

A template turns a `Story` into a page; `expected` turns it into the fields of a record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

if TYPE_CHECKING:
    from datetime import datetime

Kind = Literal["text", "photo", "video", "gallery", "multipage"]
BlockKind = Literal["text", "photo", "video", "attachment", "break"]


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a picture, a film, a linked file, or a page break.

    `text` is the paragraph, the caption, or the link's words, which are a paragraph too; `url` as
    it stands in the page. `credit` ends the caption or is a line of its own. `told` says that
    caption and credit stand as paragraphs of the story itself (photo stories), so the template
    prints the picture alone.
    """

    kind: BlockKind
    text: str = ""
    url: str = ""
    credit: str | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Dateline:
    raw: str
    place: str | None
    date: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """`url` is the canonical address of page 1, `published` is Beijing time as printed.

    `region` is the channel's key, `channel` its Chinese name.
    `variant` picks among a template's own variations, `revision` counts changes of boilerplate,
    `author` is the 作者 that some templates print, `catalog` and `node` place it in the CMS,
    `related` are (url, title) of other articles that the page hides in its foot.
    """

    id: str
    region: str
    channel: str
    url: str
    layout: str
    kind: Kind
    variant: int
    encoding: str
    title: str
    published: datetime
    precision: Literal["second", "minute"]
    source: str
    meta_source: str
    reporters: tuple[Person, ...]
    editors: tuple[str, ...]
    author: str | None
    blocks: tuple[Block, ...]
    keywords: tuple[str, ...]
    summary: str
    dateline: Dateline | None
    catalog: str
    node: int
    revision: int = 0
    related: tuple[tuple[str, str], ...] = ()

    @property
    def content_id(self) -> str:
        """The 40 characters of the new CMS: day and hash (FACTS b)."""
        return f"{self.published:%Y%m%d}{self.id}"

    @property
    def has_codes(self) -> bool:
        """G2 pages have none, those of the new CMS others (FACTS d)."""
        return self.id.isdigit() and not self.layout.startswith("g2")

    @property
    def fwl(self) -> str | None:
        """The 42-digit page code of the old CMS: channel path, eight digits, id (FACTS d, fwl)."""
        if not self.has_codes:
            return None
        path = f"{self.catalog}001"
        return path.ljust(34 - len(self.id), "0") + "01111110" + self.id

    @property
    def publishid(self) -> str:
        """<article id>.<?>.<tpl>.0 (FACTS d)."""
        return f"{self.id}.12.{1002 + self.variant}.0"

    @property
    def pageid(self) -> str:
        """Node id fifth, the editor's number and the article id last (FACTS d)."""
        return f"1198.11100.0.0.{self.node}.0.0.0.0.0.{110000 + self.node % 997}.{self.id}"

    @property
    def parts(self) -> list[tuple[Block, ...]]:
        """The blocks of each page, split at the breaks."""
        parts: list[list[Block]] = [[]]
        for block in self.blocks:
            if block.kind == "break":
                parts.append([])
            else:
                parts[-1].append(block)
        return [tuple(part) for part in parts]

    @property
    def page_urls(self) -> list[str]:
        """The addresses of a multi-page article of the old CMS, page 1 first; else nothing.

        FACTS b: `content_<id>_1.htm` is the second page there, `c_<id>_2.htm` here.
        """
        if not self.id.isdigit() or len(self.parts) == 1:
            return []
        stem = self.url.removesuffix(".htm")
        first = 0 if "/content_" in self.url else 1
        further = range(first + 1, first + len(self.parts))
        return [self.url, *(f"{stem}_{number}.htm" for number in further)]

    @property
    def paragraphs(self) -> list[str]:
        """The body as a reader copies it, each run of white space as one space."""
        texts = (block.text for block in self.blocks if block.kind in {"text", "attachment"})
        return [" ".join(text.split()) for text in texts]


def printed(moment: datetime, precision: str, style: str = "-") -> str:
    """A time as pages print it: `2017-09-28 12:53:36` or `2017年09月28日 12:53:36`."""
    day = f"{moment:%Y-%m-%d}" if style == "-" else f"{moment:%Y}年{moment:%m}月{moment:%d}日"
    return f"{day} {moment:%H:%M:%S}" if precision == "second" else f"{day} {moment:%H:%M}"


def expected(story: Story) -> dict[str, Any]:
    """The fields of the output contract that the page itself decides, right for this version.

    `images[].caption` is the caption's whole line, its credit included where it ends in one; an
    attachment's `position` counts the paragraph that holds its link.
    """
    images: list[dict[str, Any]] = []
    videos: list[dict[str, Any]] = []
    attachments: list[dict[str, Any]] = []
    position = 0
    for block in story.blocks:
        url = urljoin(story.url, block.url)
        if block.kind == "text":
            position += 1
        elif block.kind == "photo":
            caption = block.text or None
            images.append(
                {"url": url, "caption": caption, "credit": block.credit, "position": position}
            )
        elif block.kind == "video":
            videos.append({"url": url, "caption": None, "position": position})
        elif block.kind == "attachment":
            position += 1
            attachments.append({"url": url, "title": block.text, "position": position})
    zeroed = story.published if story.precision == "second" else story.published.replace(second=0)
    return {
        "title": story.title,
        "subtitle": None,
        "kicker": None,
        "published_at": f"{zeroed:%Y-%m-%dT%H:%M:%S}+08:00",
        "published_precision": story.precision,
        "source": story.source,
        "dateline": asdict(story.dateline) if story.dateline else None,
        "reporters": [asdict(person) for person in story.reporters],
        "editors": list(story.editors),
        "body": "\n\n".join(story.paragraphs) or None,
        "paragraphs": story.paragraphs,
        "images": images,
        "videos": videos,
        "attachments": attachments,
        "keywords": [] if story.layout.startswith("g2") else list(story.keywords),
        "codes": {
            "fwl": story.fwl,
            "content_id": None if story.id.isdigit() else story.content_id,
            "node_id": str(story.node) if story.has_codes else None,
        },
        "page_urls": story.page_urls,
    }
