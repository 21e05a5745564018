"""What a request for an archived article carries: its validators, and what an answer may repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.archive.writer import Revisit
from crawler.clock import iso

if TYPE_CHECKING:
    from crawler.state.rows import ArticleRow


def archived(known: ArticleRow) -> dict[str, Any]:
    """Meta for the archive (`revisit_of`) and the politeness report (`size`)."""
    return {"revisit_of": _revisit_of(known), "size": known.warc.length if known.warc else None}


def conditions(known: ArticleRow) -> dict[str, str]:
    """The validators of an archived single page; of several pages page 1's say too little."""
    if len(known.warc_pages) != 1 or known.status != "live":
        return {}
    validators = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in validators.items() if value}


def _revisit_of(known: ArticleRow) -> Revisit | None:
    """The capture that an equal answer repeats; a gone article that is back gets a full response,
    since its record points there; a replayed one's capture may stand elsewhere."""
    if known.status != "live" or len(known.warc_pages) != 1:
        return None
    if known.warc is None or known.warc_date is None or known.warc.file.startswith("/"):
        return None
    return Revisit(
        original_uri=known.url,
        original_date=iso(known.warc_date),
        payload_digest=known.warc.payload_digest,
        entity_sha256=known.warc.entity_sha256,
    )
