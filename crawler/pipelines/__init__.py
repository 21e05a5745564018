"""From what a layout read to the article that is published.

`normalise` takes a Draft and its Pages and returns an Article. It is the same for the live crawl,
replay and re-extraction and knows no Scrapy, no network and no clock. Each step of `STEPS` is a
pure function in a module of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.extractor_version import extractor_version
from crawler.pipelines.boilerplate import cut_boilerplate
from crawler.pipelines.clean_text import clean_blocks
from crawler.pipelines.content_digest import set_digest
from crawler.pipelines.dateline import set_dateline
from crawler.pipelines.descriptive_metadata import set_descriptive_metadata
from crawler.pipelines.identity import begin_article
from crawler.pipelines.media import set_media
from crawler.pipelines.people import set_people
from crawler.pipelines.source import set_source
from crawler.pipelines.times import set_times
from crawler.pipelines.title import set_title
from crawler.pipelines.validate import validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Article, Draft, Page
    from crawler.pipelines.normalisation import Step

# In the order they run.
STEPS: Final[tuple[Step, ...]] = (
    clean_blocks,  # white space, nothing unseen
    set_title,
    cut_boilerplate,  # what the site adds; found editors and sources become evidence
    set_times,
    set_source,
    set_media,  # captions to images, the rest is the body
    set_dateline,
    set_people,
    set_descriptive_metadata,
    validate,
    set_digest,
)


def normalise(draft: Draft, pages: Sequence[Page], version: str | None = None) -> Article:
    """The article of a draft and its pages: at least one, page 1 first. `version` is the
    `extractor_version`, that of the code alone where none is given."""
    current = begin_article(draft, pages, version or extractor_version())
    for step in STEPS:
        current = step(current)
    return current.article
