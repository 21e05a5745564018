"""What a request for an archived article or list carries: validators, what its answer may be of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.archive.writer import Revisit
from crawler.clock import iso
from crawler.data_dir import WARC_FOLDER
from crawler.items import FIELD_VALUE, LONGEST_VALIDATOR
from crawler.ledger.rows import ListCapture

if TYPE_CHECKING:
    from crawler.items import Page
    from crawler.ledger.rows import ArticleRow, ListState


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


def conditions(known: ArticleRow) -> dict[str, bytes]:
    """The validators of an archived single page; of several pages page 1's say too little."""
    if len(known.warc_pages) != 1 or known.status != "live":
        return {}
    return validators(known.etag, known.last_modified)


def validators(etag: str | None, last_modified: str | None) -> dict[str, bytes]:
    """The headers of a conditional request: the bytes that came, as they came (RFC 9110 8.8.3).

    Not sent: what could break the request's head, what may have been cut, and an ETag `*`, which
    would be answered by 304 whatever became of the page (RFC 9110 13.1.2).
    """
    headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {
        name: value.encode("latin-1")
        for name, value in headers.items()
        if value and _is_sendable(value)
    }


def _is_sendable(value: str) -> bool:
    is_any = "*" in (part.strip() for part in value.split(","))
    is_cut = len(value) >= LONGEST_VALIDATOR
    return not (is_any or is_cut) and FIELD_VALUE.fullmatch(value) is not None


def _revisit_of(known: ArticleRow) -> Revisit | None:
    """The capture that an equal answer repeats; a gone article that is back gets a full response,
    since its record points there; a replayed one's capture may stand elsewhere, and an exchange
    with a web archive is none with the site."""
    if known.archive is not None:
        return None
    if known.status != "live" or len(known.warc_pages) != 1:
        return None
    if known.warc is None or known.warc_date is None:
        return None
    if not known.warc.file.startswith(f"{WARC_FOLDER}/"):
        return None
    return Revisit(known.url, iso(known.warc_date), known.warc)
