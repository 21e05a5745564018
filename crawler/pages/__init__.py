"""Read: fetched pages to Drafts. Pure functions of (bytes, address, headers).

In: a Page. Out: a Draft with the page's evidence as printed, or NotAnArticle. Exactly one layout
claims a page; where none or several do, the generic fallback reads it and says so.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.items import BlockKind, Removed
from crawler.pages import fallback
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
    from collections.abc import Sequence

    from crawler.items import Draft, Evidence, Page
    from crawler.pages.layout import Layout

__all__ = ["LAYOUTS", "NotAnArticle", "join", "read"]

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


NOTICE = 60
"""Characters: the shortest copyright notices have more, photo credits far fewer."""


def read(page: Page) -> Draft:
    """What one page of an article says, raw. Raises NotAnArticle for a page that holds none."""
    if not page.body.strip():
        raise NotAnArticle("empty", "no bytes")
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


def join(drafts: Sequence[Draft]) -> Draft:
    """One Draft of the pages of an article, page 1 first: the text of all, the facts of the first.

    Editors and bylines often stand on the last page only, so all pages are asked for them. What
    closes a page and the next one alike, as disclaimers do, is kept once, at the end.
    """
    if not drafts:
        raise ValueError("an article has at least one page")
    first, *others = drafts
    for page, following in pairwise(drafts):
        _drop_common_end(page, following)
    for other in others:
        first.blocks += other.blocks
        first.removed += other.removed
        first.editors = _union(first.editors, other.editors)
        first.bylines = _union(first.bylines, other.bylines)
    first.next_pages = []
    return first


def _drop_common_end(page: Draft, following: Draft) -> None:
    common = 0
    for mine, next_one in zip(reversed(page.blocks), reversed(following.blocks), strict=False):
        if mine.kind is not BlockKind.TEXT or mine.text != next_one.text:
            break
        common += 1
    kept = len(page.blocks) - common
    if sum(len(block.text) for block in page.blocks[kept:]) < NOTICE:
        return  # a credit that stands under the pictures of both pages
    page.removed += [Removed(b.text, "repeated", b.where) for b in page.blocks[kept:]]
    page.blocks = page.blocks[:kept]


def _union(known: list[Evidence], more: list[Evidence]) -> list[Evidence]:
    texts = {e.text for e in known}
    return known + [e for e in more if e.text not in texts]
