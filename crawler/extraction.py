"""Compose: pages → draft → article. The one extraction path of crawl, replay and re-extraction.

In: the fetched pages of an article. Out: the Article.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler import layouts as layouts
from crawler.extractor_version import extractor_version
from crawler.pages.assembly import assemble, join
from crawler.pipelines import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Article, Page


def extract(pages: Sequence[Page], *, must_be_whole: bool = False) -> Article:
    """The article of its pages, page 1 first.

    Raises NotAnArticle when a page is none; AstrayError and IncompleteError when `must_be_whole`
    and they are not all the pages of one article.
    """
    drafts = [layouts.read(page) for page in pages]
    draft = assemble(pages, drafts) if must_be_whole else join(drafts)
    return normalise(draft, pages)


def is_empty(article: Article) -> bool:
    """Whether nothing is left of the page but its heading: no text, picture, film or file."""
    return not (article.body or article.images or article.videos or article.attachments)


def __getattr__(name: str) -> Any:
    """EXTRACTOR_VERSION, computed when first asked for: importing reads no files."""
    if name == "EXTRACTOR_VERSION":
        return extractor_version()
    raise AttributeError(name)
