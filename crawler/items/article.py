"""Article: one version of one article, normalised, and the parts its fields are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crawler.items.draft import Codes

if TYPE_CHECKING:
    from crawler.items.draft import Encoding, Removed
    from crawler.items.page import WarcPointer

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Region:
    """`code` as in the registry (`js`), `name` Chinese, `gb2260` six digits or None."""

    code: str
    name: str
    gb2260: str | None


@dataclass(frozen=True, slots=True)
class Dateline:
    """新华社南京9月28日电: the words as printed, the place and the date as printed."""

    raw: str
    place: str | None
    date: str | None


Role = Literal["reporter", "correspondent", "commentator", "author", "photographer"]


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Image:
    """`position` is the number of body paragraphs before the image."""

    url: str
    caption: str | None
    credit: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Video:
    url: str
    caption: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Attachment:
    url: str
    title: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A contradiction in the page's own evidence: a name of DATA_FORMAT.md's list and the facts."""

    flag: str
    detail: str


@dataclass(frozen=True, slots=True)
class DiscoveredFrom:
    url: str
    position: int | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Http:
    status: int
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a withdrawn page: when (UTC), what the server said, our reason, its record."""

    at: str
    status: int | None
    reason: str
    warc: WarcPointer | None


@dataclass(frozen=True, slots=True)
class Gone:
    reason: str
    first_observed_at: str
    confirmed_at: str
    observations: list[Observation]


Status = Literal["live", "gone", "restored"]
Precision = Literal["second", "minute", "day"]


@dataclass(slots=True)
class Article:
    """One version of one article: the output contract, key by key (see KEYS for the order).

    `address` is the ledger's address that led to it and is not published.
    """

    id: str
    url: str
    canonical_url: str
    region: Region | None
    layout: str | None
    extractor_version: str
    fetched_at: str
    schema_version: int = SCHEMA_VERSION
    version: int = 1
    status: Status = "live"
    gone: Gone | None = None
    also_at: list[str] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    title: str | None = None
    subtitle: str | None = None
    kicker: str | None = None
    published_at: str | None = None
    published_precision: Precision | None = None
    published_raw: str | None = None
    modified_at: str | None = None
    source: str | None = None
    source_raw: str | None = None
    is_reprint: bool | None = None
    dateline: Dateline | None = None
    reporters: list[Person] = field(default_factory=list)
    editors: list[str] = field(default_factory=list)
    byline_raw: str | None = None
    body: str | None = None
    paragraphs: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    videos: list[Video] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    summary: str | None = None
    language: str | None = None
    page_urls: list[str] = field(default_factory=list)
    warc_pages: list[WarcPointer] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    codes: Codes = field(default_factory=Codes)
    content_sha256: str | None = None
    previous_sha256: str | None = None
    changed: list[str] = field(default_factory=list)
    discovered_from: DiscoveredFrom | None = None
    first_seen_at: str | None = None
    http: Http | None = None
    encoding: Encoding | None = None
    flags: list[Flag] = field(default_factory=list)
    run_id: str | None = None
    warc: WarcPointer | None = None
    address: str = ""
