"""Read: fetched pages to Drafts. Pure functions of (bytes, address, headers).

In: a Page. Out: a Draft with the page's evidence as printed, or NotAnArticle. Exactly one layout
claims a page; where none or several do, the generic fallback reads it and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.pages import fallback, not_html
from crawler.pages.document import Document
from crawler.pages.g2 import Provinces2010
from crawler.pages.g2_hebei import HebeiTable2012
from crawler.pages.g3 import Regional2014
from crawler.pages.g4 import Main2017
from crawler.pages.g5 import News2021
from crawler.pages.g6 import Cms2022
from crawler.pages.g6_regional import CmsRegional2022
from crawler.pages.kinds import refuse
from crawler.pages.mobile import Mobile2016
from crawler.pages.refusal import NotAnArticle

if TYPE_CHECKING:
    from crawler.items import Draft, Page
    from crawler.pages.layout import Layout

__all__ = ["LAYOUTS", "NotAnArticle", "read"]

LAYOUTS: tuple[Layout, ...] = (
    HebeiTable2012(),
    Provinces2010(),
    Regional2014(),
    Main2017(),
    News2021(),
    Cms2022(),
    CmsRegional2022(),
    Mobile2016(),
)


def read(page: Page) -> Draft:
    """What one page of an article says, raw. Raises NotAnArticle for a page that holds none."""
    if not page.body.strip():
        raise NotAnArticle("empty", "no bytes")
    not_html.refuse(page.body, page.header("Content-Type"))
    doc = Document.of(page)
    claiming = [(one, selectors) for one in LAYOUTS if (selectors := one.select(doc))]
    if len(claiming) == 1:
        ((layout, selectors),) = claiming
        draft = layout.read(doc, selectors)
    else:
        draft = fallback.read(doc)
    draft.claims = tuple(layout.name for layout, _ in claiming)
    refuse(doc, draft)
    return draft
