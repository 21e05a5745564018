"""What a page makes of its article's history: a version, none, or nothing that can be said.

Pure functions of the article just read, of what the ledger knows of it and of the last version,
extracted again with today's code. `item_pipelines.HistoryPipeline` does what is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.extraction import is_empty
from crawler.items import VERSIONED_KEYS, Article, as_record
from crawler.layouts import NotAnArticle
from crawler.outcomes import NEW_UNREAD, Outcome
from crawler.pipelines.content_digest import changed_fields
from crawler.pipelines.normalisation import FlagName

if TYPE_CHECKING:
    from crawler.ledger.rows import ArticleRow


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The last version can't be extracted again: `why` says whether its archive is lost or our
    code failed."""

    why: str


# The last version extracted again: an article, what today's code refuses it for, or neither.
Previous = Article | NotAnArticle | Unreadable


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How the address ends, with `changed` the keys that differ from the last version.

    SUSPECTED stands for a sign of withdrawal, which the signs before it weigh. `is_rebased`: the
    last version reads the same today, so only the ledger's digest of it moves.
    """

    outcome: Outcome
    detail: str | None = None
    changed: tuple[str, ...] = ()
    is_rebased: bool = False


def is_unclaimed(article: Article) -> bool:
    """Whether only the fallback has read it: the flag is named like the outcome of a new one."""
    return any(flag.flag in NEW_UNREAD for flag in article.flags)


def is_to_compare(article: Article, known: ArticleRow | None) -> bool:
    """Whether `decide` needs the last version extracted again: digests of different extractors
    may differ where the page has not changed."""
    is_known = known is not None and known.content_sha256 != article.content_sha256
    return is_known and not is_empty(article)


def decide(article: Article, known: ArticleRow | None, previous: Previous | None) -> Conclusion:
    """What the page makes of the article; `previous` is None unless `is_to_compare`.

    A better extractor is no edit: a last version that today's code reads as the page now reads is
    unchanged. One that today's code takes for no article at all (a challenge, garbled text) has no
    content to it, and the page is a new version: as it stood it would be refused again. What the
    fallback makes of a new design says nothing of an article that a layout has read, and neither
    does a page that names another article where the last version did not.
    """
    if is_empty(article):
        return _emptied(article, known)
    if known is None:
        return Conclusion(published_as(article))
    changed: tuple[str, ...] = ()
    is_rebased = False
    if previous is not None:
        if isinstance(previous, Unreadable):
            return Conclusion(Outcome.EXTRACTION_FAILED, previous.why)
        is_rebased = _is_same(article, previous)
        if not is_rebased:
            if _is_strange(article) and not _is_strange(previous):
                return Conclusion(Outcome.NOT_ARTICLE, "the page is of another article")
            is_of_fallback = isinstance(previous, Article) and is_unclaimed(previous)
            if known.status == "live" and is_unclaimed(article) and not is_of_fallback:
                return _unclaimed(article)
            changed = _changed(previous, article)
    if known.status == "gone":
        return Conclusion(Outcome.RESTORED, changed=changed, is_rebased=is_rebased)
    outcome = Outcome.CHANGED if changed else Outcome.UNCHANGED
    return Conclusion(outcome, changed=changed, is_rebased=is_rebased)


def decide_captured(article: Article, previous: Previous) -> Conclusion:
    """What a capture of a web archive makes of its article, held against the line before it in
    time (without one the line after it), extracted again: UNCHANGED, CHANGED, or why nothing can
    be said. A capture is no look of ours, and never a sign of withdrawal."""
    if isinstance(previous, Unreadable):
        return Conclusion(Outcome.EXTRACTION_FAILED, previous.why)
    if _is_same(article, previous):
        return Conclusion(Outcome.UNCHANGED)
    if _is_strange(article) and not _is_strange(previous):
        return Conclusion(Outcome.NOT_ARTICLE, "the page is of another article")
    if is_unclaimed(article) and not (isinstance(previous, Article) and is_unclaimed(previous)):
        return _unclaimed(article)
    changed = _changed(previous, article)
    return Conclusion(Outcome.CHANGED if changed else Outcome.UNCHANGED, changed=changed)


def published_as(article: Article) -> Outcome:
    """The outcome of the address of a published article."""
    if article.status == "restored":
        return Outcome.RESTORED
    if article.version > 1:
        return Outcome.CHANGED
    flags = {flag.flag for flag in article.flags}
    return next((outcome for outcome in NEW_UNREAD if outcome in flags), Outcome.PUBLISHED)


def _emptied(article: Article, known: ArticleRow | None) -> Conclusion:
    """A page without content is a sign of withdrawal, or no article at all."""
    if known is None:
        return Conclusion(Outcome.SOFT_404, "the page has no content")
    if known.status == "live" and is_unclaimed(article):
        return _unclaimed(article)
    return Conclusion(Outcome.SUSPECTED, "emptied")


def _unclaimed(article: Article) -> Conclusion:
    """The conclusion on a page that no layout claims: the look after a layout was written
    compares it."""
    (detail,) = (flag.detail for flag in article.flags if flag.flag in NEW_UNREAD)
    return Conclusion(Outcome.UNCLAIMED, detail)


def _is_strange(article: Article | NotAnArticle) -> bool:
    """Whether the page's own codes name another article than its address does, as where a sick
    cache answers with another page."""
    if isinstance(article, NotAnArticle):
        return False
    return any(flag.flag == FlagName.IDENTITY_CONFLICT for flag in article.flags)


def _is_same(article: Article, previous: Article | NotAnArticle) -> bool:
    return isinstance(previous, Article) and article.content_sha256 == previous.content_sha256


def _changed(previous: Article | NotAnArticle, article: Article) -> tuple[str, ...]:
    """The keys that differ; all that have a value where the last version is none any more."""
    record = as_record(article)
    if isinstance(previous, NotAnArticle):
        return tuple(key for key in VERSIONED_KEYS if record[key])
    return tuple(changed_fields(as_record(previous), record))
