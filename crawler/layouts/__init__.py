"""Fetched pages as Drafts, by whichever layout claims the page.

`read` takes a Page and returns a Draft with the page's evidence as printed, or raises NotAnArticle.
It depends on bytes, address, headers and the accepted layouts alone. Exactly one layout claims a
page; where none or several do, the fallback reads it and `claims` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.items import BlockKind
from crawler.layouts import fallback
from crawler.layouts.accepted import NO_LAYOUTS, AcceptedLayouts
from crawler.layouts.cms2022 import Cms2022
from crawler.layouts.cms_regional2022 import CmsRegional2022
from crawler.layouts.hebei_table2012 import HebeiTable2012
from crawler.layouts.main2017 import Main2017
from crawler.layouts.mobile2016 import Mobile2016
from crawler.layouts.news2021 import News2021
from crawler.layouts.provinces2010 import Provinces2010
from crawler.layouts.regional2014 import Regional2014
from crawler.pages import client_redirects
from crawler.pages.client_redirects import is_farewell, is_front, is_gate
from crawler.pages.document import Document
from crawler.pages.errors import NotAnArticle
from crawler.pages.not_article import LITTLE, challenge_in, refuse_no_article, refuse_other_media

if TYPE_CHECKING:
    from crawler.items import Draft, Page
    from crawler.layouts.layout import Layout, Selectors
    from crawler.pages.errors import Kind

__all__ = [
    "LAYOUTS", "NO_LAYOUTS", "AcceptedLayouts", "NotAnArticle", "challenged", "claims",
    "is_farewell", "is_front", "is_gate", "kind_of", "read", "refreshed",
]  # fmt: skip

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


# pages that say nothing themselves before they send their reader on
_SILENT = frozenset({"empty", "blank", "list_page", "script_redirect"})


def claims(doc: Document, accepted: AcceptedLayouts = NO_LAYOUTS) -> list[tuple[Layout, Selectors]]:
    """The layouts that claim a page, each with the selectors that hold. An accepted one that the
    code has come to have by the same name rests."""
    own = {layout.name for layout in LAYOUTS}
    known = (*LAYOUTS, *(layout for layout in accepted.layouts if layout.name not in own))
    return [(one, selectors) for one in known if (selectors := one.select(doc))]


def read(page: Page, accepted: AcceptedLayouts = NO_LAYOUTS) -> Draft:
    """What one page of an article says, raw. Raises NotAnArticle for a page that holds none."""
    if not page.body.strip():
        raise NotAnArticle("blank", "no bytes")
    refuse_other_media(page.body, page.header("Content-Type"))
    doc = Document.of(page)
    claiming = claims(doc, accepted)
    if len(claiming) == 1:
        ((layout, selectors),) = claiming
        draft = layout.read(doc, selectors)
    else:
        draft = fallback.read_fallback(doc)
    draft.claims = tuple(layout.name for layout, _ in claiming)
    refuse_no_article(doc, draft)
    return draft


def kind_of(page: Page, accepted: AcceptedLayouts = NO_LAYOUTS) -> Kind | None:
    """What a page without an article is; None for an article."""
    try:
        read(page, accepted)
    except NotAnArticle as error:
        return error.kind
    return None


def challenged(page: Page) -> str | None:
    """The words of a challenge (login, captcha, firewall) on a page of any status; None where it is
    none."""
    try:
        doc = Document.of(page)
        if told := challenge_in(doc):
            return told
        if not doc.text("body"):
            client_redirects.refuse_stub(doc)
    except NotAnArticle as error:
        return error.detail if error.kind == "challenge" else None
    return None


def refreshed(page: Page, longest: int, accepted: AcceptedLayouts = NO_LAYOUTS) -> str | None:
    """The address that a page's meta refresh takes a reader to, in at most `longest` seconds.

    None where there is no such element in effect, where it leads to the page itself, and where the
    page has something to say: an article of a layout, an error, a challenge.
    """
    markup = page.body.replace(b"\0", b"").lower()  # of UTF-16 as well
    if page.status != 200 or b"http-equiv" not in markup or b"refresh" not in markup:
        return None
    try:
        target = client_redirects.refresh_of(Document.of(page), longest)
    except NotAnArticle:
        return None
    if target is None:
        return None
    try:
        draft = read(page, accepted)
    except NotAnArticle as error:
        return target if error.kind in _SILENT else None
    text = sum(len(block.text) for block in draft.blocks if block.kind is BlockKind.TEXT)
    return None if draft.claims or text > LITTLE else target
