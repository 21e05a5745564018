"""ITEM_PIPELINES: the pure steps of `pipelines/` wrapped for Scrapy, then history, then publishing.

Reading (raw draft and its pages) → Article → version of an article → JSONL line and ledger rows.
Whatever is dropped on the way ends in an outcome first.
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import TYPE_CHECKING, NoReturn, Self

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from crawler import extraction, pipelines
from crawler.alarms import FIELDS, Alarm, extraction_failed
from crawler.archive.pointers import read_page
from crawler.clock import iso
from crawler.context import RunFacts, required
from crawler.downloader.failures import is_ours, postpone
from crawler.exporters.publisher import Publisher
from crawler.history.withdrawals import Withdrawals
from crawler.items import Article, DiscoveredFrom, Reading, as_record
from crawler.ledger.ledger import Ledger
from crawler.outcomes import NEW, READ, UNREAD, Outcome
from crawler.pipelines.content_digest import changed_fields
from crawler.regions import region_of_url

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.ledger.rows import ArticleRow

logger = logging.getLogger(__name__)


_UNCLAIMED = NEW & UNREAD

# How a known page ends that was read, be it by a layout or by the fallback.
_READ_AGAIN = READ - NEW


class _RunPipeline:
    """A step that needs the open run."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.facts = required(crawler, RunFacts)
        self.ledger = required(crawler, Ledger)
        self.publisher = required(crawler, Publisher)
        self.withdrawals = required(crawler, Withdrawals)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def end(self, article: Article, outcome: Outcome, detail: str | None = None) -> None:
        """Give the article's address its outcome."""
        self.publisher.end(article.address, outcome, detail)
        if outcome in _READ_AGAIN and _is_unclaimed(article):
            self.crawler.stats.inc_value(f"crawler/fallback/{_region(article)}")


class NormalisePipeline(_RunPipeline):
    """Runs the steps of `pipelines/` over what a layout read."""

    def process_item(self, item: Reading) -> Article:
        try:
            article = pipelines.normalise(item.draft, item.pages)
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            if is_ours(error):
                postpone(self.publisher, item.address, error)
                raise DropItem(detail) from error
            region = region_of_url(item.draft.url)
            self.publisher.alarm(
                extraction_failed(item.draft.url, detail, region.code if region else None)
            )
            page = item.pages[0]
            self.withdrawals.unread(item.address, page, Outcome.EXTRACTION_FAILED, detail)
            logger.exception("normalising %s failed", item.draft.url)
            raise DropItem(detail) from error
        article.address = item.address
        article.run_id = self.facts.run_id
        self.crawler.stats.inc_value(f"crawler/layout/{article.layout}")
        return article


class DatePipeline(_RunPipeline):
    """Drops what was published outside since/until (days of Beijing time)."""

    def process_item(self, article: Article) -> Article:
        arguments = self.facts.arguments
        if article.published_at is None or (arguments.since is None and arguments.until is None):
            return article
        day = datetime.fromisoformat(article.published_at).date()
        if (arguments.since or date.min) <= day <= (arguments.until or date.max):
            return article
        self.end(article, Outcome.OUT_OF_RANGE, f"published {day}")
        raise DropItem(f"published {day}, outside the days asked for: {article.url}")


class HistoryPipeline(_RunPipeline):
    """Compares with the last version: first, further, restored or unchanged (I8)."""

    def process_item(self, article: Article) -> Article:
        ledger = self.ledger
        known = ledger.articles.get(article.id)
        if _is_unclaimed(article):
            self.withdrawals.unclaimed(article.address)
        if extraction.is_empty(article):
            self._emptied(article, known)
        if not _is_unclaimed(article):
            self.withdrawals.answered(article.address, is_recheck=known is not None)
        seen = ledger.addresses.get(article.address)
        assert seen is not None
        if seen.found_on:
            article.discovered_from = DiscoveredFrom(seen.found_on, seen.position, seen.title)
        article.also_at = sorted(
            set(ledger.addresses.of_article(article.id)) - {article.canonical_url}
        )
        article.first_seen_at = iso(known.first_seen_at if known else seen.first_seen_at)
        if known is None:
            return article
        article.version = known.version
        article.previous_sha256 = known.published_sha256
        article.changed = self._changed(article, known)
        if known.status == "gone":
            article.status = "restored"
        if article.changed:
            article.version += 1
        elif article.status == "live":
            self.withdrawals.looked(article.address, known, status=200, warc=article.warc)
            self.end(article, Outcome.UNCHANGED)
            raise DropItem(f"unchanged: {article.url}")
        return article

    def _emptied(self, article: Article, known: ArticleRow | None) -> NoReturn:
        """A page without content is a sign of withdrawal, or no article at all."""
        if known and _is_unclaimed(article) and known.status == "live":
            self._unclaimed(article, known)
        if known:
            self.withdrawals.sign(
                article.address, known, status=200, warc=article.warc, reason="emptied",
            )  # fmt: skip
        else:
            self.end(article, Outcome.SOFT_404, "the page has no content")
        raise DropItem(f"no content: {article.url}")

    def _changed(self, article: Article, known: ArticleRow) -> list[str]:
        """The changed fields. The last version's capture is extracted again with today's code, so
        a better extractor is no edit: if that gives the same, only the ledger's digest moves. What
        the fallback makes of a new design says nothing of an article that a layout has read."""
        if known.content_sha256 == article.content_sha256:
            return []
        previous = self._extracted_again(article, known)
        if article.content_sha256 and previous.content_sha256 == article.content_sha256:
            self.ledger.articles.rebase(
                article.id,
                content_sha256=article.content_sha256,
                extractor_version=article.extractor_version,
            )
            return []
        if _is_unclaimed(article) and not _is_unclaimed(previous) and known.status == "live":
            self._unclaimed(article, known)
        return changed_fields(as_record(previous), as_record(article))

    def _extracted_again(self, article: Article, known: ArticleRow) -> Article:
        """What today's code makes of the last version. Its archive may be lost, or the code may
        refuse the page: then nothing can be said of a change, and an operator hears of it."""
        try:
            pages = [read_page(self.facts.data_dir, pointer) for pointer in known.warc_pages]
            return extraction.extract(pages)
        except Exception as error:
            detail = f"the last version can't be read: {type(error).__name__}: {error}"
            if is_ours(error):
                postpone(self.publisher, article.address, error)
                raise DropItem(detail) from error
            text = f"{article.url} can't be compared: {detail}"
            self.publisher.alarm(
                Alarm(f"not_compared:{article.url}", text, _region(article) or None)
            )
            self.withdrawals.looked(
                article.address, known, status=200, warc=article.warc, reason="unread"
            )
            self.end(article, Outcome.EXTRACTION_FAILED, detail)
            raise DropItem(detail) from error

    def _unclaimed(self, article: Article, known: ArticleRow) -> NoReturn:
        """Archived, noted, and compared by the look that follows the layout's being written."""
        (detail,) = (flag.detail for flag in article.flags if flag.flag in _UNCLAIMED)
        self.withdrawals.looked(
            article.address, known, status=200, warc=article.warc, reason="unclaimed"
        )
        self.end(article, Outcome.UNCLAIMED, detail)
        raise DropItem(f"{detail}: {article.url}")


class PublishPipeline(_RunPipeline):
    """Writes the JSONL line and tells the ledger."""

    def process_item(self, article: Article) -> Article:
        self.publisher.publish(as_record(article))
        self.end(article, _outcome(article))
        self._count(article)
        return article

    def _count(self, article: Article) -> None:
        """What `watch` holds against earlier runs: which fields the layout's records have."""
        adapter = ItemAdapter(article)
        for name in ("records", *(name for name in FIELDS if adapter[name])):
            self.crawler.stats.inc_value(
                f"crawler/fields/{_region(article)}/{article.layout}/{name}"
            )


def _outcome(article: Article) -> Outcome:
    if article.status == "restored":
        return Outcome.RESTORED
    if article.version > 1:
        return Outcome.CHANGED
    flags = {flag.flag for flag in article.flags}
    return next((outcome for outcome in _UNCLAIMED if outcome in flags), Outcome.PUBLISHED)


def _region(article: Article) -> str:
    return article.region.code if article.region else ""


def _is_unclaimed(article: Article) -> bool:
    return any(flag.flag in _UNCLAIMED for flag in article.flags)
