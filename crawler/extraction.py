"""From the fetched pages of an article to the Article.

Crawl, replay, re-extraction and verification all take this way: a layout, of the code or accepted,
reads each page, the drafts are joined, the pipelines normalise them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import layouts
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.pages.assembly import assemble_whole, join_drafts
from crawler.pipelines import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Article, Page


def extract(
    pages: Sequence[Page],
    accepted: AcceptedLayouts = NO_LAYOUTS,
    *,
    must_be_whole: bool = False,
) -> Article:
    """The article of its pages, page 1 first.

    Raises NotAnArticle when a page is none; AstrayError and IncompleteError when `must_be_whole`
    and they are not all the pages of one article.
    """
    drafts = [layouts.read(page, accepted) for page in pages]
    draft = assemble_whole(pages, drafts) if must_be_whole else join_drafts(drafts)
    return normalise(draft, pages, accepted.version)


def is_empty(article: Article) -> bool:
    """Whether nothing is left of the page but its heading: no text, picture, film or file."""
    return not (article.body or article.images or article.videos or article.attachments)
