"""Archived pages, extracted again by today's code.

In: the pages of a line's records. Out: the Article, or an error that tells a page that is no
article from a fault of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import extraction
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts, NotAnArticle
from crawler.pages.assembly import AstrayError, IncompleteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Article, Page

# How extraction says that pages are no article, or not all of one.
REFUSALS = (NotAnArticle, AstrayError, IncompleteError)


class ExtractionFailedError(Exception):
    """Extraction raised what it doesn't document: a fault of the code, and no word on the page."""


def extract_again(
    pages: Sequence[Page],
    accepted: AcceptedLayouts = NO_LAYOUTS,
    *,
    must_be_whole: bool = False,
) -> Article:
    """The article that today's code makes of the pages, with these accepted layouts.

    Raises what `extraction.extract` documents, MemoryError, and ExtractionFailedError for anything
    else that went wrong in it.
    """
    try:
        return extraction.extract(pages, accepted, must_be_whole=must_be_whole)
    except (*REFUSALS, MemoryError):
        raise
    except Exception as error:
        message = f"today's code fails on the archived page: {type(error).__name__}: {error}"
        raise ExtractionFailedError(message) from error
