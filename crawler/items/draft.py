"""Draft: what a layout read from a page, raw; Reading: a draft on its way to the pipelines."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.items.page import Page


@dataclass(frozen=True, slots=True)
class Evidence:
    """A string as it stands in the page and the place it stood (a selector or a meta's name)."""

    text: str
    where: str


class BlockKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the content container, in document order.

    A text block is one visual paragraph: block elements and runs of two or more `<br>` (or one
    `<br>` followed by an indent) end it; a lone `<br>` inside is "\\n". Otherwise the characters
    are those of the tree, entities undone. `is_caption` says the markup marks it as a caption
    (the navy 楷体 font, a caption class, a figure); `is_set_apart`, that it is centred, small, blue
    or 楷体 and not bold, as captions are, but not only they; `is_link`, that all of it leads to a
    page. `url` is absolute, for media only; `label` is an image's alt text, a link's text.
    """

    kind: BlockKind
    where: str
    text: str = ""
    url: str | None = None
    label: str | None = None
    is_caption: bool = False
    is_set_apart: bool = False
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """Visible text we cut: what it said, the rule that cut it, where it stood."""

    text: str
    rule: str
    where: str


@dataclass(frozen=True, slots=True)
class Encoding:
    """`declared`: header or meta, as printed; `used`: utf-8 or gb18030."""

    declared: str | None
    used: str


@dataclass(frozen=True, slots=True)
class Codes:
    """The page's own identifiers, as printed: 42-digit fwl, publishid, content id, node id."""

    fwl: str | None = None
    publishid: str | None = None
    content_id: str | None = None
    node_id: str | None = None


@dataclass(slots=True)
class Draft:
    """What a layout read from one page, raw; `pipelines/` turns it into an Article.

    Lists of Evidence are ordered by trust, what a reader sees before what a meta says. `layout` is
    the claiming layout's name, or `fallback` with `claims` naming who claimed (none or several).
    `removed` holds what the layout cut by structure (share bars, players, related links);
    `beside`, runs of lines outside the content that may be the site's notice. `next_pages` are the
    absolute URLs of the further pages of an old-CMS article, `page_count` is how many pages it says
    it has.
    """

    url: str
    layout: str
    encoding: Encoding
    claims: tuple[str, ...] = ()
    title: Evidence | None = None
    title_tag: str | None = None
    subtitle: Evidence | None = None
    kicker: Evidence | None = None
    times: list[Evidence] = field(default_factory=list)
    sources: list[Evidence] = field(default_factory=list)
    editors: list[Evidence] = field(default_factory=list)
    bylines: list[Evidence] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    keywords: list[Evidence] = field(default_factory=list)
    summaries: list[Evidence] = field(default_factory=list)
    language: str | None = None
    codes: Codes = field(default_factory=Codes)
    removed: list[Removed] = field(default_factory=list)
    beside: list[Evidence] = field(default_factory=list)
    next_pages: list[str] = field(default_factory=list)
    page_count: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the spider hands to the pipelines: the draft, its pages (page 1 first), and the ledger's
    address that led to them."""

    address: str
    draft: Draft = field(repr=False)  # the log of an error would hold the whole page
    pages: tuple[Page, ...] = field(repr=False)
