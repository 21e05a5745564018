"""What a request for an archived article or list carries: validators, what its answer may be of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.archive.writer import Revisit
from crawler.clock import iso
from crawler.state.rows import ListCapture

if TYPE_CHECKING:
    from crawler.items import Page
    from crawler.state.rows import ArticleRow, ListState


def archived(known: ArticleRow) -> dict[str, Any]:
    """Meta for the archive (`revisit_of`) and the politeness report (`size`)."""
    return {"revisit_of": _revisit_of(known), "size": known.warc.length if known.warc else None}


def archived_list(known: ListState) -> dict[str, Any]:
    """The same for a list, of which only a 304 is a repeat."""
    capture = known.capture
    if capture is None:
        return {}
    revisit = Revisit(capture.url, iso(capture.at), capture.warc, only_304=True)
    return {"revisit_of": revisit, "size": capture.warc.length}


def captured(page: Page) -> ListCapture | None:
    """Where a list's answer is archived."""
    if page.warc is None:
        return None
    return ListCapture(page.url, datetime.fromisoformat(page.fetched_at), page.warc)


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
    if known.warc is None or known.warc_date is None or not known.warc.file.startswith("warc/"):
        return None
    return Revisit(known.url, iso(known.warc_date), known.warc)
