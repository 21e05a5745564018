"""Which article this is, where it was fetched, and where its bytes are.

`begin_article` makes an Article with `id`, `url`, `canonical_url`, `region`, `codes`, `http`,
`encoding`, `archive` and the pointers, with flags where the address and the page's own codes
contradict each other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crawler import regions, urls
from crawler.items import Article, Codes, Encoding, Http, RegionRef
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.normalisation import FlagName, Normalisation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.items import Draft, Page

# Characters of a page's code; what is longer is none.
_LONGEST_CODE = 100

# Digits of the 42-digit code that are the channel's path.
_CHANNEL_DIGITS = 8


def begin_article(draft: Draft, pages: Sequence[Page], extractor_version: str) -> Normalisation:
    """What the steps begin with: an article with all that needs no text. `pages` are at least one,
    page 1 first."""
    first = pages[0]
    canonical = urls.canonical(first.url)
    address = urls.article(first.url)
    several = len(pages) > 1
    article = Article(
        id=address.id if address else hashlib.sha256(canonical.encode()).hexdigest(),
        url=first.url,
        canonical_url=address.url if address else canonical,
        region=None,
        layout=draft.layout,
        extractor_version=extractor_version,
        fetched_at=first.fetched_at,
        codes=_codes(draft.codes),
        http=Http(first.status, first.validator("ETag"), first.validator("Last-Modified")),
        encoding=Encoding(_code(draft.encoding.declared), draft.encoding.used),
        warc=first.warc,
        archive=first.archive,
        page_urls=[page.url for page in pages] if several else [],
        warc_pages=[page.warc for page in pages if page.warc] if several else [],
    )
    current = _layout_flags(Normalisation(draft, tuple(pages), tuple(draft.blocks), article))
    if address and address.shape != "p":
        facts = list(_other_ids(address.id, article.codes))
        if facts:
            current = current.flagged(
                FlagName.IDENTITY_CONFLICT, f"address: {address.id}; " + "; ".join(facts)
            )
    return _with_region(current)


def _layout_flags(current: Normalisation) -> Normalisation:
    if current.draft.layout != "fallback":
        return current
    claims = current.draft.claims
    if not claims:
        return current.flagged(FlagName.UNKNOWN_LAYOUT, "no layout claims the page")
    return current.flagged(FlagName.AMBIGUOUS_LAYOUT, "claimed by " + ", ".join(claims))


def _other_ids(identity: str, codes: Codes) -> Iterator[str]:
    """The page's codes that name another article. The 42-digit code ends in the article number,
    publishid begins with it, the content id is the date folder and the path's hash."""
    if codes.fwl and not codes.fwl.endswith(identity):
        yield f"fwl: {codes.fwl}"
    if codes.publishid and codes.publishid.partition(".")[0] != identity:
        yield f"publishid: {codes.publishid}"
    if codes.content_id and codes.content_id[8:] != identity:
        yield f"content_id: {codes.content_id}"


def _with_region(current: Normalisation) -> Normalisation:
    """By the address; where that says nothing by the channel path that opens the 42-digit code."""
    by_host = regions.region_of_url(current.article.url)
    channel = (current.article.codes.fwl or "")[:_CHANNEL_DIGITS]
    by_code = regions.region_of_channel(channel) if channel else None
    if by_host and by_code and by_host.code != by_code.code:
        facts = f"address: {by_host.code}; channel code {channel}: {by_code.code}"
        current = current.flagged(FlagName.REGION_CONFLICT, facts)
    region = by_host or by_code
    return (
        current.with_values(region=RegionRef(region.code, region.name, region.gb2260))
        if region
        else current
    )


def _codes(codes: Codes) -> Codes:
    return Codes(
        *(_code(value) for value in (codes.fwl, codes.publishid, codes.content_id, codes.node_id))
    )


def _code(value: str | None) -> str | None:
    line = clean_line(value or "")
    return line if 0 < len(line) <= _LONGEST_CODE else None
