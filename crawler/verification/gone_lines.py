"""Gone records: whether the looks they rest on are in the archive and say so.

In: a gone line and the pages that its observations point at. Out: what contradicts it, in
sentences.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crawler import extraction, urls
from crawler.items import Article, Gone, as_record, keys_of
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.ledger import line_rows
from crawler.verification.extract_again import REFUSALS, extract_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.items import Page

# What a gone record says; every other key is empty in it.
_SAID = frozenset({
    "id", "version", "status", "gone", "url", "canonical_url", "also_at", "region", "title",
    "previous_sha256", "first_seen_at", "fetched_at", "extractor_version", "run_id",
    "schema_version", "line",
})  # fmt: skip

LEAST_LOOKS = 2
# A look is noted when its answer was read: later than the answer's record, and not by much.
_LONGEST_READING = timedelta(days=1)


def faults_of_gone(
    line: Mapping[str, Any],
    pages: Sequence[Page],
    accepted: AcceptedLayouts = NO_LAYOUTS,
    *,
    is_same_code: bool,
) -> Iterator[str]:
    """What speaks against a gone record. `pages` are those of the observations that have a record,
    in their order; `is_same_code`: today's code made the line, with these
    accepted layouts. Raises TypeError, KeyError,
    ValueError where its values aren't of the format."""
    fault = _fault_of_form(line)
    if fault is not None:
        yield fault
        return
    looks = line["gone"]["observations"]
    yield from _disagreements(line, looks)
    unproved = sum(one["warc"] is None for one in looks)
    if unproved:
        yield f"{unproved} of its looks have no record"
    recorded = [one for one in looks if one["warc"] is not None]
    for look, page in zip(recorded, pages, strict=True):
        yield from _denied(line, look, page)
    if is_same_code and not unproved and _is_readable(pages[-1], accepted):
        yield f"the record of {looks[-1]['at']} holds the article"


def _fault_of_form(line: Mapping[str, Any]) -> str | None:
    """What keeps a line from being read as a gone record, or None."""
    version, blank = line["schema_version"], _blank(line)
    full = [key for key in keys_of(line) if key not in _SAID and line[key] != blank[key]]
    if full or not line["gone"]:
        return f"a gone record without reason or with content: {', '.join(full) or 'gone'}"
    said = [one.name for one in fields(Gone) if version > 1 or one.name != "last"]
    if list(line["gone"]) != said:
        return f"gone has not the keys {', '.join(said)}"
    looks = line["gone"]["observations"]
    if len(looks) < LEAST_LOOKS:
        return f"it rests on {len(looks)} looks, a withdrawal takes {LEAST_LOOKS}"
    return None


def _disagreements(line: Mapping[str, Any], looks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where the record's times and reason aren't those of its looks."""
    gone = line["gone"]
    times = [line_rows.moment(one["at"]) for one in looks]
    if times != sorted(times):
        yield "its looks are not in the order of their times"
    if (gone["first_observed_at"], gone["confirmed_at"]) != (looks[0]["at"], looks[-1]["at"]):
        yield "its times are not those of the first and the last look"
    if line["fetched_at"] != gone["confirmed_at"]:
        yield "fetched_at is not that of the confirming look"
    if gone["reason"] != looks[-1]["reason"]:
        yield "its reason is not that of the confirming look"


def _blank(line: Mapping[str, Any]) -> dict[str, Any]:
    article = Article(
        id=line["id"],
        url=line["url"],
        canonical_url=line["canonical_url"],
        region=None,
        layout=None,
        extractor_version=line["extractor_version"],
        fetched_at=line["fetched_at"],
    )
    return as_record(article)


def _denied(line: Mapping[str, Any], look: Mapping[str, Any], page: Page) -> Iterator[str]:
    """What the record of a look says otherwise."""
    at = look["at"]
    if page.status != look["status"]:
        yield f"the look of {at} says HTTP {look['status']}, its record {page.status}"
    noted_after = line_rows.moment(at) - line_rows.moment(page.fetched_at)
    if not timedelta() <= noted_after <= _LONGEST_READING:
        yield f"the look of {at} points at a record of {page.fetched_at}"
    is_own = urls.article_id(page.url) == urls.article_id(line["canonical_url"])
    if not (is_own or page.url in look["reason"]):
        yield f"the look of {at} points at a record of {page.url}"


def _is_readable(page: Page, accepted: AcceptedLayouts) -> bool:
    if page.status != 200 or urls.article(page.url) is None:
        return False
    try:
        return not extraction.is_empty(extract_again([page], accepted))
    except REFUSALS:
        return False
