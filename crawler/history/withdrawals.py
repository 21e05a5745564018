"""Withdrawals: when a page that is no longer there becomes a `gone` record.

A first sign makes the article suspected. A second one, GONE_CONFIRM_AFTER later, makes it a
candidate, and candidates are confirmed only when the crawl is over, for then it is known whether
their host was in an outage: whether many of its articles failed at once, and whether any other was
there. Where the run has asked for no other, witnesses are asked: the articles beside it by address,
which come from the same host, mostly from the same column.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler import urls
from crawler.clock import iso, now
from crawler.exporters.jsonl import lines_with
from crawler.items import Article, Gone, Last, Observation, RegionRef, as_record
from crawler.ledger import line_rows
from crawler.ledger.schedule import next_check
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.context import RunFacts
    from crawler.exporters.publisher import Publisher
    from crawler.items import Page, WarcPointer
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import ArticleRow

# Signs that a design we can't read gives as well; a 404 or an apology is none of them.
_LIKE_A_NEW_DESIGN = frozenset({"empty", "emptied", "list_page"})

OUTAGE_LEAST = 5

# More than so many and over this share of a host's re-checks newly failing is an outage.
OUTAGE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class _Candidate:
    address: str
    article: ArticleRow
    since: datetime
    reason: str


class Withdrawals:
    """The signs of withdrawal in one run. `answered` is told of every article that is there;
    `looked`, `failed` or `sign` also of every re-check that made no line. `version` is the
    `extractor_version` of its lines."""

    def __init__(self, facts: RunFacts, ledger: Ledger, publisher: Publisher, version: str) -> None:
        self._facts = facts
        self._version = version
        self._ledger = ledger
        self._publisher = publisher
        self._answered: Counter[str] = Counter()
        self._answered_again: Counter[str] = Counter()
        self._unclaimed: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._candidates: list[_Candidate] = []
        self._called: set[str] = set()

    def answered(self, url: str, *, is_recheck: bool) -> None:
        """An article of this host is there."""
        self._answered[_host(url)] += 1
        self._answered_again[_host(url)] += is_recheck

    def unclaimed(self, url: str) -> None:
        """A page of this host is there, in a design that no layout claims."""
        self._unclaimed[_host(url)] += 1

    def witnesses(self) -> list[ArticleRow]:
        """Articles to ask for before `confirm`, once a host: those beside a candidate that nothing
        is held against, where no other article of its host was there."""
        found: list[ArticleRow] = []
        for one in self._candidates:
            host = _host(one.address)
            if not self._answered[host] and host not in self._called:
                self._called.add(host)
                found += self._ledger.articles.neighbours(one.address, is_standing=True)
        return found

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
        moment, run_id = now(), self._facts.run_id
        self._ledger.observations.add(article.id, address, moment, status, reason, warc, run_id)
        due = None
        if article.status != "gone":
            published = article.published_at and line_rows.moment(article.published_at)
            due = next_check(article.first_seen_at, published or None, moment, self._facts.schedule)
        self._ledger.articles.note_check(
            article.id, moment, due, article.etag, article.last_modified
        )

    def unread(self, address: str, page: Page, outcome: Outcome, reason: str) -> None:
        """What stands at the address of an article, archived or not, can't be compared with it;
        gives the address its outcome. The next look is as far as after any other."""
        if outcome is Outcome.UNCLAIMED:
            self.unclaimed(address)
        article = self._ledger.articles.get(urls.article_id(address))
        if article is not None and article.is_ours:
            self.looked(address, article, status=page.status, warc=page.warc, reason=reason)
        self._publisher.end(address, outcome, reason)

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
    ) -> None:
        """The page is no longer there; gives the address its outcome, now or in `confirm`."""
        moment, run_id = now(), self._facts.run_id
        if article.status == "gone":
            self.looked(address, article, status=status, warc=warc, reason=reason)
            self._publisher.end(address, Outcome.UNCHANGED, f"still gone: {reason}")
            return
        self._ledger.observations.add(article.id, address, moment, status, reason, warc, run_id)
        since = article.suspected_at
        if since and moment - since >= self._facts.confirm_after:
            self._candidates.append(_Candidate(address, article, since, reason))
            return
        self._failed[_host(address)] += since is None
        self._suspect(address, reason, since or moment)

    def confirm(self) -> None:
        """After the last exchange: write the `gone` records of what is no outage's."""
        doubts = [(one, self._doubt(one)) for one in self._candidates]
        sources = self._sources([one.article for one, doubt in doubts if not doubt])
        for one, doubt in doubts:
            if doubt:
                self._suspect(one.address, f"{one.reason}, {doubt}", one.since)
            else:
                self._publisher.publish(as_record(self._gone(one, sources)))
                self._publisher.end(one.address, Outcome.GONE, one.reason)
        self._candidates.clear()

    def _sources(self, articles: Sequence[ArticleRow]) -> dict[str, str | None]:
        """The sources by article, as published. The ledger doesn't know them of lines of schema
        version 1: their files are read, each once."""
        sources = {one.id: one.source for one in articles}
        by_file: dict[str, dict[str, str]] = {}
        for one in articles:
            if one.line is None and one.jsonl and one.line_sha256:
                by_file.setdefault(one.jsonl, {})[one.line_sha256] = one.id
        for jsonl, wanted in by_file.items():
            try:
                found = lines_with(self._facts.data_dir, jsonl, wanted)
            except OSError:
                found = {}
            sources |= {wanted[digest]: line["source"] for digest, line in found.items()}
            if len(found) < len(wanted):
                lacking = min(set(wanted.values()) - {line["id"] for line in found.values()})
                text = f"{jsonl} lacks the line of {lacking}: the source it had isn't known"
                self._publisher.alarm(text)
        return sources

    def _doubt(self, one: _Candidate) -> str | None:
        """Why a candidate may be an outage's; None when it is believed.

        Known suspects don't count as failures, so that a real mass removal is recorded, but then
        another article of the host must be there. Where it has no other, one of any host must.
        """
        host = _host(one.address)
        failed, answered = self._failed[host], self._answered_again[host]
        if failed > OUTAGE_LEAST and failed > OUTAGE_SHARE * (failed + answered):
            return f"during an outage of {host}"
        if self._answered[host] or (one.reason not in _LIKE_A_NEW_DESIGN and self._unclaimed[host]):
            return None
        others = self._ledger.articles.neighbours(one.address)
        if any(_host(other.canonical_url) == host for other in others):
            return f"and no other article of {host} was there"
        return "and no other article was there" if others and not self._answered.total() else None

    def _suspect(self, address: str, reason: str, since: datetime) -> None:
        """End an address as suspected. The next look is as far off as the suspicion is old, so
        that an outage of days isn't asked again and again."""
        again = max(since + self._facts.confirm_after, now() + (now() - since))
        self._publisher.end(address, Outcome.SUSPECTED, reason, retry_at=again)

    def _gone(self, one: _Candidate, sources: Mapping[str, str | None]) -> Article:
        """A record without content: the last version's number, ids and title, and the evidence."""
        facts, article = self._facts, one.article
        # The first sign was noted a moment before the suspicion, perhaps in another second.
        since = one.since - timedelta(seconds=1)
        seen = self._ledger.observations.of_article(article.id, since=since)
        observations = [Observation(iso(row.at), row.status, row.reason, row.warc) for row in seen]
        region = facts.regions.get(article.region or "")
        others = set(self._ledger.addresses.of_article(article.id)) - {article.canonical_url}
        last = Last(article.version, article.published_at, sources[article.id], article.line)
        return Article(
            id=article.id,
            version=article.version,
            status="gone",
            gone=Gone(one.reason, observations[0].at, observations[-1].at, observations, last),
            url=article.url,
            canonical_url=article.canonical_url,
            also_at=sorted(others),
            region=RegionRef(region.code, region.name, region.gb2260) if region else None,
            title=article.title,
            previous_sha256=article.published_sha256,
            first_seen_at=iso(article.first_seen_at),
            fetched_at=observations[-1].at,
            layout=None,
            extractor_version=self._version,
            run_id=facts.run_id,
            line=self._publisher.next_line(),
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
