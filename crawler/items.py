"""What is handed from stage to stage: a Page, the Draft a layout reads, the Article published.

Plain dataclasses, so that pages are read without Scrapy.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 9110 5.5: any bytes but controls; each byte is one character here.
FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]+")

# Longer values of validators are cut off.
LONGEST_VALIDATOR = 1000


@dataclass(frozen=True, slots=True)
class WarcPointer:
    """Where the bytes of one response stand in the archive.

    `file` is relative to DATA_DIR, `offset` and `length` are those of the gzip member in bytes,
    `payload_digest` is the record's WARC-Payload-Digest, `entity_sha256` the hex SHA-256 of the
    de-chunked, still encoded entity.
    """

    file: str
    offset: int
    length: int
    record_id: str
    payload_digest: str
    entity_sha256: str


@dataclass(frozen=True, slots=True)
class Archive:
    """The web archive that a capture was had from: its host, and the address it was asked at."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched document: the entity after transfer and content decoding, and where it is kept.

    `headers` are (name, value) pairs as printed, `fetched_at` is ISO 8601 UTC (`clock.iso`). Of a
    capture of another web archive they are the capture's, as `url` and `status` are; `archive` says
    whose it is, and `warc` is where our exchange with that archive is kept.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: str
    warc: WarcPointer | None
    archive: Archive | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def validator(self, name: str) -> str | None:
        """The first header of that name as it came, up to a length; None with a control character
        in it."""
        value = (self.header(name) or "")[:LONGEST_VALIDATOR]
        return value if FIELD_VALUE.fullmatch(value) else None


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
class ScrapedArticle:
    """What the spider hands to the pipelines: the draft, its pages (page 1 first), and the ledger's
    address that led to them."""

    address: str
    draft: Draft = field(repr=False)  # the log of an error would hold the whole page
    pages: tuple[Page, ...] = field(repr=False)


# The version of new lines. Lines of version 1 stay valid and are read everywhere.
SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class RegionRef:
    """A region by its `code` in the registry (`js`), its Chinese name and its GB/T 2260 code."""

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
class Last:
    """What a withdrawn page last was: its line with content. `line` is that one's key, None where
    it is of schema version 1."""

    version: int
    published_at: str | None
    source: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class Gone:
    reason: str
    first_observed_at: str
    confirmed_at: str
    observations: list[Observation]
    last: Last


@dataclass(frozen=True, slots=True)
class Corrects:
    """The line that a correction takes the place of: its key (None in schema version 1), the keys
    that were read otherwise, and why they were."""

    line: str | None
    keys: list[str]
    reason: str


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
    region: RegionRef | None
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
    line: str | None = None
    revision: int = 0
    corrects: Corrects | None = None
    archive: Archive | None = None
    address: str = ""


# The keys of a JSONL line, in order.
KEYS: tuple[str, ...] = (
    "schema_version", "id", "version", "status", "gone", "url", "canonical_url", "also_at",
    "region", "channel", "title", "subtitle", "kicker", "published_at", "published_precision",
    "published_raw", "modified_at", "source", "source_raw", "is_reprint", "dateline", "reporters",
    "editors", "byline_raw", "body", "paragraphs", "images", "videos", "attachments", "keywords",
    "summary", "language", "page_urls", "warc_pages", "removed", "codes", "content_sha256",
    "previous_sha256", "changed", "discovered_from", "first_seen_at", "fetched_at", "http",
    "encoding", "layout", "flags", "extractor_version", "run_id", "warc", "line", "revision",
    "corrects", "archive",
)  # fmt: skip

# Keys that lines of the newest schema version may lack: there were lines before there were keys.
LATE_KEYS = frozenset({"archive"})

# Those of a line of schema version 1, in whose `gone` there is no `last` either.
KEYS_1: tuple[str, ...] = KEYS[: KEYS.index("line")]

# Keys that come from the ledger; all others are a pure function of the WARC and the code.
HISTORY_KEYS = frozenset({
    "version", "status", "gone", "also_at", "changed", "previous_sha256", "discovered_from",
    "first_seen_at", "run_id", "line", "revision", "corrects",
})  # fmt: skip

# A change in one of these makes a new version (of images only url and caption count).
VERSIONED_KEYS: tuple[str, ...] = (
    "title", "subtitle", "kicker", "published_at", "source", "reporters", "editors", "body",
    "images", "videos", "attachments",
)  # fmt: skip


# What a correction may be made for: what the code reads from the page, whichever page it is.
CORRECTABLE_KEYS: tuple[str, ...] = tuple(
    key for key in KEYS
    if key not in HISTORY_KEYS | {
        "schema_version", "id", "url", "fetched_at", "http", "warc", "warc_pages",
        "content_sha256", "extractor_version", "archive",
    }
)  # fmt: skip


def keys_of(line: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that a line has by its schema version, in order; of LATE_KEYS those that it has.
    Raises ValueError for a version that isn't known, KeyError for a line that names none."""
    version = line["schema_version"]
    known = {1: KEYS_1, SCHEMA_VERSION: KEYS}
    if isinstance(version, bool) or version not in known:
        message = f"schema_version {str(version)[:20]}"
        raise ValueError(message)
    return tuple(key for key in known[version] if key not in LATE_KEYS or key in line)


def as_record(article: Article) -> dict[str, Any]:
    """The JSON object of an article, keys in contract order."""
    return {key: plain(getattr(article, key)) for key in KEYS}


def plain(value: Any) -> Any:
    """Dataclasses as dicts, in half the time of dataclasses.asdict, which copies every string."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    names = getattr(type(value), "__dataclass_fields__", None)
    return value if names is None else {name: plain(getattr(value, name)) for name in names}


def as_line(record: dict[str, Any]) -> bytes:
    """One JSONL line: UTF-8, no spaces after separators, ended by a line feed."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
