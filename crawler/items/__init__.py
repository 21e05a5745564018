"""What flows between the stages: Page (fetched) → Draft (read) → Article (normalised) → its record.

Plain dataclasses, so `pages/` and `pipelines/` run without Scrapy; itemadapter takes them as items.
The field order of `Article` is the key order of a JSONL line (DATA_FORMAT.md).
"""

from crawler.items.article import (
    SCHEMA_VERSION,
    Article,
    Attachment,
    Dateline,
    DiscoveredFrom,
    Flag,
    Gone,
    Http,
    Image,
    Observation,
    Person,
    Precision,
    Region,
    Role,
    Status,
    Video,
)
from crawler.items.draft import Block, BlockKind, Codes, Draft, Encoding, Evidence, Reading, Removed
from crawler.items.page import Page, WarcPointer
from crawler.items.record import HISTORY_KEYS, KEYS, VERSIONED_KEYS, as_line, as_record, plain

__all__ = [
    "HISTORY_KEYS",
    "KEYS",
    "SCHEMA_VERSION",
    "VERSIONED_KEYS",
    "Article",
    "Attachment",
    "Block",
    "BlockKind",
    "Codes",
    "Dateline",
    "DiscoveredFrom",
    "Draft",
    "Encoding",
    "Evidence",
    "Flag",
    "Gone",
    "Http",
    "Image",
    "Observation",
    "Page",
    "Person",
    "Precision",
    "Reading",
    "Region",
    "Removed",
    "Role",
    "Status",
    "Video",
    "WarcPointer",
    "as_line",
    "as_record",
    "plain",
]
