"""What the first answer at an article's address says: its draft, or why there is none.

Pure. In: a page as it came. Out: its Draft, or a NoDraft with the outcome and what it says of the
article. The spider acts on it. Of a further page: whether it is the one that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from crawler import layouts
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.outcomes import Outcome
from crawler.pages.assembly import AstrayError

if TYPE_CHECKING:
    from crawler.items import Draft, Page
    from crawler.pages.assembly import Assembly
    from crawler.pages.errors import Kind

_MISSING = frozenset({404, 410})

# Statuses by which a server refuses this client, whatever it asks for.
_REFUSALS = frozenset({401, 403, 405, 406, 407, 412, 418, 429, 511})

# Pages that say nothing of the article, archived or not: a firewall's answer may be such.
_SAYS_NOTHING: dict[Kind, Outcome] = {
    "blank": Outcome.CHALLENGED,
    "challenge": Outcome.CHALLENGED,
    "error_page": Outcome.SOFT_404,
    "garbled": Outcome.GARBLED,
    "not_html": Outcome.NOT_HTML,
    "too_deep": Outcome.TOO_DEEP,
}

# Pages that stand where the article stood, or should stand.
_STANDS_INSTEAD: dict[Kind, Outcome] = {
    "list_page": Outcome.NOT_ARTICLE,
    "script_redirect": Outcome.SCRIPT_REDIRECT,
    "soft_404": Outcome.SOFT_404,
    "empty": Outcome.SOFT_404,
}


class Says(Enum):
    """What an answer without a draft says of the article."""

    # as the firewall's or an error does: it may well be there
    NOTHING = auto()
    # it is as it was (304)
    UNCHANGED = auto()
    # it isn't there: a sign of its withdrawal where it is archived
    ABSENT = auto()
    # something stands there that can't be compared with it
    UNREAD = auto()


@dataclass(frozen=True, slots=True)
class NoDraft:
    """Why an answer gives no draft: the outcome of the address and a sentence."""

    outcome: Outcome
    detail: str
    says: Says = Says.NOTHING


def read_first_page(
    page: Page, accepted: AcceptedLayouts = NO_LAYOUTS, *, is_archived: bool
) -> Draft | NoDraft:
    """The draft of an article's first page, or why there is none. Raises whatever our code raises
    where it fails on a page."""
    if page.status == 304 and is_archived:
        return NoDraft(Outcome.NOT_MODIFIED, "", Says.UNCHANGED)
    if page.status in _MISSING and not layouts.challenged(page):
        return NoDraft(Outcome.MISSING, f"HTTP {page.status}", Says.ABSENT)
    if page.status != 200:
        return _refused(page, f"HTTP {page.status} at {page.url}")
    try:
        return layouts.read(page, accepted)
    except layouts.NotAnArticle as error:
        return _no_article(error, page, is_archived=is_archived)


def led_away(page: Page, accepted: AcceptedLayouts = NO_LAYOUTS) -> NoDraft:
    """What a redirect from an article to `page`, which is no article's address, says: that it isn't
    there, where it led to a front page or to one that says so."""
    reason = f"redirected to {page.url}"
    if page.status not in {200, 304, *_MISSING}:
        return _refused(page, reason)
    kind = layouts.kind_of(page, accepted) if page.status == 200 else None
    is_farewell = page.status in _MISSING or layouts.is_farewell(page.url)
    if kind in _SAYS_NOTHING and (kind == "challenge" or not is_farewell):
        return NoDraft(_SAYS_NOTHING[kind], f"{reason}: {kind}")
    if is_farewell or layouts.is_front(page.url) or kind in {"list_page", "soft_404"}:
        return NoDraft(Outcome.MISSING, reason, Says.ABSENT)
    return NoDraft(Outcome.NOT_ARTICLE, reason, Says.UNREAD)


class Lacking(NamedTuple):
    """Why a page isn't the further page that is wanted, and whether that one isn't there."""

    why: str
    is_absent: bool


def add_further_page(
    page: Page, assembly: Assembly, accepted: AcceptedLayouts = NO_LAYOUTS
) -> Lacking | None:
    """Add a further page to its article; what is lacking where it isn't the page that is wanted.
    Raises whatever our code raises where it fails on a page."""
    if page.status != 200:
        why = f"{assembly.said}: HTTP {page.status} at {page.url}"
        return Lacking(why, page.status in _MISSING)
    try:
        assembly.add(page, layouts.read(page, accepted))
    except AstrayError as error:
        return Lacking(str(error), is_absent=True)
    except layouts.NotAnArticle as error:
        why = f"{assembly.said}: {error.kind} at {page.url}"
        return Lacking(why, error.kind not in _SAYS_NOTHING)
    return None


def _refused(page: Page, reason: str) -> NoDraft:
    """An answer that is neither a page nor says that there is none."""
    told = layouts.challenged(page)
    is_refusal = told is not None or page.status in _REFUSALS
    outcome = Outcome.CHALLENGED if is_refusal else Outcome.HTTP_ERROR
    return NoDraft(outcome, f"HTTP {page.status}: {told}" if told else reason)


def _no_article(error: layouts.NotAnArticle, page: Page, *, is_archived: bool) -> NoDraft:
    if error.kind in _SAYS_NOTHING:
        return NoDraft(_SAYS_NOTHING[error.kind], f"{error} at {page.url}")
    leads_to = error.leads_to
    if leads_to and not (layouts.is_front(leads_to) or layouts.is_farewell(leads_to)):
        return NoDraft(Outcome.SCRIPT_REDIRECT, f"a script leads to {leads_to}")
    if is_archived and not error.is_proven:
        return NoDraft(Outcome.UNCLAIMED, str(error), Says.UNREAD)
    return NoDraft(_STANDS_INSTEAD[error.kind], error.kind, Says.ABSENT)
