"""ITEM_PIPELINES: the pure steps of `pipelines/` wrapped for Scrapy, then history, then publishing.

ScrapedArticle (raw draft and its pages) → Article → version of an article → JSONL line and ledger
rows. Whatever is dropped on the way ends in an outcome first.
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from crawler import extraction, pipelines
from crawler.alarms import FIELDS, Alarm, extraction_failed
from crawler.archive.pointers import read_page
from crawler.clock import iso, now
from crawler.context import RunFacts, attached, required
from crawler.coverage.drift import page_of
from crawler.downloader.failures import is_ours, postpone, raise_alarm
from crawler.exporters.publisher import Publisher
from crawler.history import versions
from crawler.history.web_captures import CaptureEnd, WebCaptures, neighbours
from crawler.history.withdrawals import Withdrawals
from crawler.items import Article, DiscoveredFrom, ScrapedArticle, as_record
from crawler.layouts import AcceptedLayouts, NotAnArticle
from crawler.ledger.ledger import Ledger
from crawler.outcomes import FETCHED, KNOWN_READ, Outcome
from crawler.regions import region_of_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapy.crawler import Crawler

    from crawler.items import WarcPointer
    from crawler.ledger.rows import ArticleRow, VersionRow

logger = logging.getLogger(__name__)


# What is noted of a look at an archived article that made no version.
_LOOKED = {
    Outcome.UNCHANGED: "unchanged",
    Outcome.UNCLAIMED: "unclaimed",
    Outcome.EXTRACTION_FAILED: "unread",
    Outcome.NOT_ARTICLE: "another_article",
}


class _RunPipeline:
    """A step that needs the open run."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.facts = required(crawler, RunFacts)
        self.ledger = required(crawler, Ledger)
        self.publisher = required(crawler, Publisher)
        self.withdrawals = required(crawler, Withdrawals)
        self.accepted = required(crawler, AcceptedLayouts)
        self._captures = attached(crawler, WebCaptures)

    @property
    def captures(self) -> WebCaptures:
        """Those of a run that crawls a web archive."""
        assert self._captures is not None
        return self._captures

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def end(self, article: Article, outcome: Outcome, detail: str | None = None) -> None:
        """Give the article's address its outcome."""
        self.publisher.end(article.address, outcome, detail)
        if outcome in KNOWN_READ and versions.is_unclaimed(article):
            self.crawler.stats.inc_value(f"crawler/fallback/{_region(article)}")


class NormalisePipeline(_RunPipeline):
    """Runs the steps of `pipelines/` over what a layout read."""

    def process_item(self, item: ScrapedArticle) -> Article:
        try:
            article = pipelines.normalise(item.draft, item.pages, self.accepted.version)
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            page = item.pages[0]
            if is_ours(error):
                if page.archive is not None:
                    raise_alarm(self.publisher, item.draft.url, detail, error)
                    self.captures.conclude(item.address, Outcome.PENDING, detail)
                else:
                    postpone(self.publisher, item.address, error)
                raise DropItem(detail) from error
            region = region_of_url(item.draft.url)
            self.publisher.alarm(
                extraction_failed(item.draft.url, detail, region.code if region else None)
            )
            if page.archive is not None:
                self.captures.conclude(item.address, Outcome.EXTRACTION_FAILED, detail)
            else:
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
        if article.archive is not None:
            self.captures.conclude(
                article.address, Outcome.OUT_OF_RANGE, f"published {day}", day=day
            )
        else:
            self.end(article, Outcome.OUT_OF_RANGE, f"published {day}")
        raise DropItem(f"published {day}, outside the days asked for: {article.url}")


class HistoryPipeline(_RunPipeline):
    """Holds the article against what is known of it, as `history.versions` decides; a version goes
    on, all else ends here."""

    def process_item(self, article: Article) -> Article:
        known = self.ledger.articles.get(article.id)
        if article.archive is not None:
            return self._captured(article, known)
        if versions.is_unclaimed(article):
            self.withdrawals.unclaimed(article.address)
        previous = None
        if known is not None and versions.is_to_compare(article, known):
            previous = self._extracted_again(article, known.warc_pages)
        conclusion = versions.decide(article, known, previous)
        if conclusion.outcome is Outcome.SUSPECTED and known is not None and not known.is_ours:
            # only web archives have shown it: that it isn't there now is no withdrawal
            conclusion = versions.Conclusion(Outcome.SOFT_404, "the page has no content")
        is_read = not versions.is_unclaimed(article) and not extraction.is_empty(article)
        if is_read and conclusion.outcome is not Outcome.NOT_ARTICLE:
            self.withdrawals.answered(article.address, is_recheck=known is not None)
        if conclusion.is_rebased:
            assert article.content_sha256
            self.ledger.articles.rebase(
                article.id,
                content_sha256=article.content_sha256,
                extractor_version=article.extractor_version,
            )
        if conclusion.outcome not in FETCHED:
            self._end(article, known, conclusion)
            raise DropItem(f"{conclusion.outcome}: {article.url}")
        self._make_version(article, known, conclusion.changed)
        return article

    def _captured(self, article: Article, known: ArticleRow | None) -> Article:
        """Hold a capture of a web archive against the article's lines before and after it; a new
        state goes on, all else ends here."""
        rows = self.ledger.articles.versions(article.id)
        at = datetime.fromisoformat(article.fetched_at)
        if extraction.is_empty(article):
            raise self._dropped(article, Outcome.SOFT_404, "the page has no content")
        if known is not None and known.is_ours and at >= max(row.fetched_at for row in rows):
            raise self._dropped(article, CaptureEnd.LATER)
        before, after = neighbours(rows, at)
        same = self.ledger.captures.same_as(article.id, at)
        if same and (before is None or same[0] > before.fetched_at):
            before = next((row for row in rows if row.number == same[1]), before)
        reference = before or after
        conclusion = versions.Conclusion(Outcome.PUBLISHED)
        if reference is not None:
            conclusion = self._compared(article, reference)
        if conclusion.outcome is Outcome.UNCHANGED:
            raise self._dropped(article, CaptureEnd.EQUAL, same_as=reference)
        if conclusion.outcome not in FETCHED:
            if conclusion.outcome is Outcome.EXTRACTION_FAILED:
                self.captures.alarm_unread(
                    article.url, conclusion.detail or "", _region(article) or None
                )
            raise self._dropped(article, conclusion.outcome, conclusion.detail)
        self._tell_addresses(article, known)
        article.version = self.ledger.articles.highest_version(article.id) + 1
        if before is not None:
            article.previous_sha256 = before.content_sha256
            article.changed = list(conclusion.changed)
        return article

    def _compared(self, article: Article, reference: VersionRow) -> versions.Conclusion:
        if article.content_sha256 == reference.content_sha256:
            return versions.Conclusion(Outcome.UNCHANGED)
        return versions.decide_captured(
            article, self._extracted_again(article, reference.warc_pages)
        )

    def _dropped(
        self,
        article: Article,
        ended: CaptureEnd | Outcome,
        detail: str | None = None,
        *,
        same_as: VersionRow | None = None,
    ) -> DropItem:
        """End a capture that makes no line."""
        self.captures.conclude(article.address, ended, detail, same_as=same_as)
        return DropItem(f"{ended}: {article.url} as captured at {article.fetched_at}")

    def _tell_addresses(self, article: Article, known: ArticleRow | None) -> None:
        """Fill in where the article was found and seen."""
        seen = self.ledger.addresses.get(article.address)
        assert seen is not None
        if seen.found_on:
            article.discovered_from = DiscoveredFrom(seen.found_on, seen.position, seen.title)
        others = set(self.ledger.addresses.of_article(article.id)) - {article.canonical_url}
        article.also_at = sorted(others)
        article.first_seen_at = iso(known.first_seen_at if known else seen.first_seen_at)
        is_later = article.first_seen_at > article.fetched_at
        if is_later and known is None and article.archive is None:
            # by the clock of another machine, which is ahead: it was seen before it was fetched
            article.first_seen_at = article.fetched_at
            at = datetime.fromisoformat(article.fetched_at)
            self.ledger.addresses.seen_by(article.id, at)

    def _make_version(
        self, article: Article, known: ArticleRow | None, changed: Sequence[str]
    ) -> None:
        """Fill in the fields of history: version, state, addresses, where it was found."""
        self._tell_addresses(article, known)
        if known is not None:
            # the next free number: captures of web archives may have had some
            highest = self.ledger.articles.highest_version(article.id)
            article.version = highest + 1 if changed else known.version
            article.previous_sha256 = known.published_sha256
            article.changed = list(changed)
            article.status = "restored" if known.status == "gone" else article.status

    def _end(
        self, article: Article, known: ArticleRow | None, conclusion: versions.Conclusion
    ) -> None:
        """End the address of an article that makes no version; note the look at a known one."""
        outcome, detail = conclusion.outcome, conclusion.detail
        if known is not None and outcome is Outcome.SUSPECTED:
            self.withdrawals.sign(
                article.address, known, status=200, warc=article.warc, reason=detail or ""
            )
            return
        if outcome is Outcome.EXTRACTION_FAILED:
            text = f"{article.url} can't be compared: {detail}"
            alarm = Alarm(f"not_compared:{article.url}", text, _region(article) or None)
            self.publisher.alarm(alarm)
        is_seen = known is not None and (known.is_ours or outcome is Outcome.UNCHANGED)
        if known is not None and is_seen:
            reason = _LOOKED[outcome]
            self.withdrawals.looked(
                article.address, known, status=200, warc=article.warc, reason=reason
            )
        self.end(article, outcome, detail)

    def _extracted_again(
        self, article: Article, pointers: Sequence[WarcPointer]
    ) -> versions.Previous:
        """What today's code makes of the last version, whose pages these are."""
        try:
            pages = [read_page(self.facts.data_dir, pointer) for pointer in pointers]
            return extraction.extract(pages, self.accepted)
        except NotAnArticle as refusal:
            return refusal
        except Exception as error:
            detail = f"the last version can't be read: {type(error).__name__}: {error}"
            if is_ours(error):
                if article.archive is not None:
                    raise_alarm(self.publisher, article.url, detail, error)
                    raise self._dropped(article, Outcome.PENDING, detail) from error
                postpone(self.publisher, article.address, error)
                raise DropItem(detail) from error
            return versions.Unreadable(detail)


class PublishPipeline(_RunPipeline):
    """Writes the JSONL line and tells the ledger."""

    def process_item(self, article: Article) -> Article:
        article.line = self.publisher.next_line()
        record = as_record(article)
        self.publisher.publish(record)
        if article.archive is not None:
            self.captures.written(article)
            return article
        if self.facts.archives_pictures:
            self.ledger.pictures.note_line(record, at=now())
        self.end(article, versions.published_as(article))
        self._count(article)
        self._measure(article, record)
        return article

    def _measure(self, article: Article, record: Mapping[str, Any]) -> None:
        """Note what the page of a new article is like, for drift over the weeks."""
        page = page_of(record)
        if page:
            self.ledger.measures.add(_region(article), article.layout or "", page)

    def _count(self, article: Article) -> None:
        """What `watch` holds against earlier runs: which fields the layout's records have."""
        adapter = ItemAdapter(article)
        for name in ("records", *(name for name in FIELDS if adapter[name])):
            self.crawler.stats.inc_value(
                f"crawler/fields/{_region(article)}/{article.layout}/{name}"
            )


def _region(article: Article) -> str:
    return article.region.code if article.region else ""
