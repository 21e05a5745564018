"""Withdrawals: when a page that is no longer there becomes a `gone` record (I9).

A first sign makes the article suspected. A second one, GONE_CONFIRM_AFTER later, makes it a
candidate, and candidates are confirmed only when the crawl is over, for then it is known whether
the fault was the site's. What tells is an article's neighbours, those beside it by address: asked
just before and just after it, they come from the same host, column and template, so whatever hides
one of them for a while hides the others. A candidate is believed where they are there. Where they
are not, it is only after BELIEVED_AFTER of nothing but 404s and the like, and while others of its
host answer: so a column that is taken away is recorded in the end, and no outage is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler import urls
from crawler.clock import iso, now
from crawler.extractor_version import extractor_version
from crawler.items import Article, Gone, Observation, Region, as_record
from crawler.outcomes import THERE, Outcome
from crawler.state import lines
from crawler.state.recheck import next_check
from crawler.state.verdicts import PAGE_IS_THERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from crawler.context import Context
    from crawler.items import Page, WarcPointer
    from crawler.state.rows import ArticleRow

OUTAGE_LEAST = 5
OUTAGE_SHARE = 0.2
"""More than so many and over this share of a host's re-checks newly failing is an outage."""

BELIEVED_AFTER = timedelta(days=7)
"""So long a suspicion is no outage's, though the neighbours are missing too."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    address: str
    article: ArticleRow
    since: datetime
    reason: str
    is_told: bool


class Withdrawals:
    """The signs of one run. Every article that is there is told to `answered`, every re-check also
    to `looked`, `failed` or `sign`, unless it made a line."""

    def __init__(self, context: Context, confirm_after: timedelta) -> None:
        self._context = context
        self._confirm_after = confirm_after
        self._answered: Counter[str] = Counter()
        self._answered_again: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._candidates: list[_Candidate] = []

    def answered(self, url: str, *, is_recheck: bool) -> None:
        """An article of this host is there."""
        self._answered[_host(url)] += 1
        self._answered_again[_host(url)] += is_recheck

    def with_neighbours(self, articles: Iterable[ArticleRow]) -> Iterator[ArticleRow]:
        """The articles to look at again; one that may be confirmed between its neighbours. Where
        those are suspected too, the nearest that are not say whether the host answers at all."""
        for one in articles:
            beside: list[ArticleRow] = []
            if self._suspected_since(one):
                neighbours = self._context.ledger.neighbours
                url = one.canonical_url
                beside = [*neighbours(url), *neighbours(url, is_standing=True)]
            yield from beside[:1]
            yield one
            yield from beside[1:]

    def _suspected_since(self, article: ArticleRow) -> datetime | None:
        """Since when, if it is so long that another sign would make it a candidate."""
        since = article.suspected_at
        return since if since and now() - since >= self._confirm_after else None

    def looked(
        self,
        address: str,
        article: ArticleRow,
        *,
        status: int | None,
        warc: WarcPointer | None,
        reason: str = "unchanged",
    ) -> None:
        """A look at an archived article that changes nothing: note it, plan the next one."""
        context, moment = self._context, now()
        context.ledger.observe(article.id, address, moment, status, reason, warc, context.run_id)
        due = None
        if article.status != "gone":
            published = article.published_at and lines.moment(article.published_at)
            due = next_check(article.first_seen_at, published or None, moment, context.schedule)
        context.ledger.checked(article.id, moment, due, article.etag, article.last_modified)

    def unread(self, address: str, page: Page, outcome: Outcome, reason: str) -> None:
        """What stands at the address of an article, archived or not, can't be compared with it;
        gives the address its outcome. The next look is as far as after any other."""
        article = self._context.ledger.article(urls.article_id(address))
        if article is not None:
            self.looked(address, article, status=page.status, warc=page.warc, reason=reason)
        self._context.end(address, outcome, reason)

    def failed(self, url: str) -> None:
        """A re-check failed in a way that says nothing of the page: 5xx, timeout, robots."""
        self._failed[_host(url)] += 1

    def sign(
        self,
        address: str,
        article: ArticleRow,
        *,
        status: int | None,
        warc: WarcPointer | None,
        reason: str,
        is_told: bool,
    ) -> None:
        """The page is no longer there; gives the address its outcome, now or in `confirm`.
        `is_told`: by the server, in words; not concluded from a page without content."""
        context, moment = self._context, now()
        if article.status == "gone":
            self.looked(address, article, status=status, warc=warc, reason=reason)
            context.end(address, Outcome.UNCHANGED, f"still gone: {reason}")
            return
        context.ledger.observe(article.id, address, moment, status, reason, warc, context.run_id)
        since = self._suspected_since(article)
        if since:
            self._candidates.append(_Candidate(address, article, since, reason, is_told))
            return
        self._failed[_host(address)] += article.suspected_at is None
        self._suspect(address, reason, article.suspected_at or moment)

    def confirm(self) -> None:
        """After the last exchange: write the `gone` records of what is no outage's."""
        for one, doubt in [(one, self._doubt(one)) for one in self._candidates]:
            if doubt:
                self._suspect(one.address, f"{one.reason}, {doubt}", one.since)
            else:
                self._context.publish(as_record(self._gone(one)))
                self._context.end(one.address, Outcome.GONE, one.reason)
        self._candidates.clear()

    def _doubt(self, one: _Candidate) -> str | None:
        """Why a candidate may be an outage's; None when it is believed."""
        host, ledger = _host(one.address), self._context.ledger
        failed, answered = self._failed[host], self._answered_again[host]
        if failed > OUTAGE_LEAST and failed > OUTAGE_SHARE * (failed + answered):
            return f"during an outage of {host}"
        if one.is_told and self._answered[host] and now() - one.since >= BELIEVED_AFTER:
            return None
        neighbours = [near.canonical_url for near in ledger.neighbours(one.address)]
        if not neighbours:
            return f"and no other article of {host} tells whether that is an outage"
        # an unclaimed page has a new design, which empties pages but gives no 404
        there = PAGE_IS_THERE if one.is_told else THERE
        missing = [url for url in neighbours if self._end_of(url) not in there]
        return f"and {missing[0]} beside it was not there either" if missing else None

    def _end_of(self, url: str) -> Outcome | None:
        outcome, _ = self._context.ledger.visit(self._context.run_id, url) or (None, None)
        return outcome

    def _suspect(self, address: str, reason: str, since: datetime) -> None:
        """The next look is as far off as the suspicion is old: an outage of days is not pressed."""
        again = max(since + self._confirm_after, now() + (now() - since))
        self._context.end(address, Outcome.SUSPECTED, reason, retry_at=again)

    def _gone(self, one: _Candidate) -> Article:
        """A record without content: the last version's number, ids and title, and the evidence."""
        context, article = self._context, one.article
        # The first sign was noted a moment before the suspicion, perhaps in another second.
        since = one.since - timedelta(seconds=1)
        seen = context.ledger.observations(article.id, since=since)
        observations = [Observation(iso(row.at), row.status, row.reason, row.warc) for row in seen]
        region = context.regions.get(article.region or "")
        others = set(context.ledger.addresses_of(article.id)) - {article.canonical_url}
        return Article(
            id=article.id,
            version=article.version,
            status="gone",
            gone=Gone(one.reason, observations[0].at, observations[-1].at, observations),
            url=article.url,
            canonical_url=article.canonical_url,
            also_at=sorted(others),
            region=Region(region.code, region.name, region.gb2260) if region else None,
            title=article.title,
            previous_sha256=article.published_sha256,
            first_seen_at=iso(article.first_seen_at),
            fetched_at=observations[-1].at,
            layout=None,
            extractor_version=extractor_version(),
            run_id=context.run_id,
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
