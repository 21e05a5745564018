"""The line an article becomes: its keys in order, which of them make a version, and its bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.items.article import Article

KEYS: tuple[str, ...] = (
    "schema_version", "id", "version", "status", "gone", "url", "canonical_url", "also_at",
    "region", "channel", "title", "subtitle", "kicker", "published_at", "published_precision",
    "published_raw", "modified_at", "source", "source_raw", "is_reprint", "dateline", "reporters",
    "editors", "byline_raw", "body", "paragraphs", "images", "videos", "attachments", "keywords",
    "summary", "language", "page_urls", "warc_pages", "removed", "codes", "content_sha256",
    "previous_sha256", "changed", "discovered_from", "first_seen_at", "fetched_at", "http",
    "encoding", "layout", "flags", "extractor_version", "run_id", "warc",
)  # fmt: skip
"""The keys of a JSONL line, in order."""

HISTORY_KEYS = frozenset({
    "version", "status", "gone", "also_at", "changed", "previous_sha256", "discovered_from",
    "first_seen_at", "run_id",
})  # fmt: skip
"""Keys that come from the ledger; all others are a pure function of the WARC and the code."""

VERSIONED_KEYS: tuple[str, ...] = (
    "title", "subtitle", "kicker", "published_at", "source", "reporters", "editors", "body",
    "images", "videos", "attachments",
)  # fmt: skip
"""A change in one of these makes a new version (of images only url and caption count)."""


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
