"""Captures of a web archive: those asked for in this run, what became of each, and of their
addresses.

An article's captures are asked for one after the other, oldest first, so that each is held against
the one before. A capture is counted by how it ended; its article's address has one outcome, that of
the best of them. The captures say nothing of the site today: state, validators and clocks of an
article stay with our own newest look.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from crawler.alarms import Alarm
from crawler.clock import now
from crawler.history.versions import published_as
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from crawler.exporters.publisher import Publisher
    from crawler.items import Article
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import CaptureRow, VersionRow


class CaptureEnd(StrEnum):
    """How a capture ended that no outcome of an address tells."""

    # a line was written
    WRITTEN = "written"
    # it says what the capture or line before it says, or, where there is none, the one after it
    EQUAL = "equal"
    # it is not older than our own newest look, which says what the article is
    LATER = "later"
    # the index gives it the digest of the capture before it: not asked for
    REPEATED = "repeated"


# Endings after which the next capture with the same digest says nothing new.
_READ = frozenset({CaptureEnd.WRITTEN, CaptureEnd.EQUAL, CaptureEnd.LATER, CaptureEnd.REPEATED})

# Endings that another attempt may change.
_TRIED_AGAIN = frozenset({
    Outcome.DNS_FAILED, Outcome.CONNECTION_FAILED, Outcome.TLS_FAILED, Outcome.TIMEOUT,
    Outcome.TRUNCATED, Outcome.DAMAGED, Outcome.HTTP_ERROR, Outcome.MISSING, Outcome.CHALLENGED,
    Outcome.ROBOTS_DENIED,
})  # fmt: skip

# Endings that say nothing of the capture: it stays owed.
_STAYS_OWED = frozenset({Outcome.PENDING, Outcome.DEFERRED, Outcome.ROBOTS_UNREACHABLE})


@dataclass(slots=True)
class CaptureJob:
    """An article whose captures are asked for. `pages` are all that the archive lists of it, `left`
    those of its first page that are to be asked for, oldest first; `newest` is our newest line
    where we have looked ourselves."""

    address: str
    article_id: str
    pages: Sequence[CaptureRow]
    left: deque[CaptureRow]
    newest: datetime | None = None
    current: CaptureRow | None = None
    digest: str = ""
    is_ended: bool = False
    outcomes: list[tuple[Outcome, str | None]] = field(default_factory=list)


class WebCaptures:
    """The captures of one run. `ended` counts those that were dealt with, by how they ended."""

    def __init__(self, ledger: Ledger, publisher: Publisher) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._jobs: dict[str, CaptureJob] = {}
        self._ready: deque[CaptureJob] = deque()
        self.ended: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many articles have captures that are being asked for."""
        return len(self._jobs)

    def begin(self, address: str, article_id: str, pages: Sequence[CaptureRow]) -> bool:
        """Take up the captures of an article. False where none is to be asked for now; then its
        address has its outcome."""
        moment = now()
        owed = [row for row in pages if row.page == 1 and row.ended is None]
        left = deque(row for row in owed if row.retry_at is None or row.retry_at <= moment)
        if not left:
            outcome = Outcome.PENDING if owed else Outcome.KNOWN
            detail = "its captures are tried again later" if owed else None
            self._publisher.end(address, outcome, detail, is_of_captures=True)
            return False
        job = CaptureJob(address, article_id, pages, left)
        known = self._ledger.articles.get(article_id)
        if known is not None and known.is_ours:
            job.newest = max(row.fetched_at for row in self._ledger.articles.versions(article_id))
        job.digest = _digest_before(pages, left[0])
        self._jobs[address] = job
        self._publisher.open.add(address)
        self._ready.append(job)
        return True

    def ready(self) -> Iterator[tuple[CaptureJob, CaptureRow]]:
        """The captures to ask for now, one of each article that waits."""
        while self._ready:
            job = self._ready.popleft()
            row = self._next(job)
            if row is None:
                self._finish(job)
            else:
                job.current = row
                yield job, row

    def _next(self, job: CaptureJob) -> CaptureRow | None:
        """The next capture that must be asked for; those that need not are dealt with."""
        while job.left:
            row = job.left.popleft()
            if job.newest is not None and row.at >= job.newest:
                self._end(job, row, CaptureEnd.LATER)
            elif row.digest and row.digest == job.digest:
                self._end(job, row, CaptureEnd.REPEATED)
            else:
                return row
        return None

    def written(self, article: Article) -> None:
        """A line was published of the capture that was asked for."""
        job = self._jobs[article.address]
        if not job.is_ended:
            job.is_ended = True
            self._publisher.end(job.address, published_as(article), is_of_captures=True)
        self.conclude(article.address, CaptureEnd.WRITTEN)

    def conclude(
        self,
        address: str,
        ended: CaptureEnd | Outcome,
        detail: str | None = None,
        *,
        same_as: VersionRow | None = None,
        day: date | None = None,
    ) -> None:
        """End the capture that was asked for. `same_as` is the line that says the same; `day`
        is the day of publication of an article outside the days asked for."""
        job = self._jobs[address]
        row, job.current = job.current, None
        assert row is not None
        if isinstance(ended, Outcome):
            job.outcomes.append((ended, detail))
        if ended in _STAYS_OWED:
            self.ended[ended] += 1
        elif ended in _TRIED_AGAIN:
            self.ended[ended] += 1
            self._ledger.captures.failed(row, ended, now())
        else:
            number = same_as.number if same_as else None
            self._end(job, row, ended, number=number, day=day)
        if ended in (Outcome.DEFERRED, Outcome.ROBOTS_UNREACHABLE):
            # its host is closed: the others stay owed
            job.left.clear()
        self._ready.append(job)

    def alarm_unread(self, article_url: str, detail: str, region: str | None) -> None:
        """Add an alarm for a capture that can't be compared, or that an error of ours keeps
        from being read."""
        text = f"a capture of {article_url} can't be compared: {detail}"
        self._publisher.alarm(Alarm(f"capture_not_compared:{article_url}", text, region))

    def _end(
        self,
        job: CaptureJob,
        row: CaptureRow,
        ended: CaptureEnd | Outcome,
        *,
        number: int | None = None,
        day: date | None = None,
    ) -> None:
        self._ledger.captures.end(row, ended, number=number, day=day)
        self.ended[ended] += 1
        if ended in _READ:
            job.digest = row.digest
            unchanged = ended is not CaptureEnd.LATER
            job.outcomes.append((Outcome.UNCHANGED if unchanged else Outcome.KNOWN, None))

    def _finish(self, job: CaptureJob) -> None:
        """End the address of an article whose captures are all dealt with, with the best of
        their outcomes."""
        del self._jobs[job.address]
        if job.is_ended:
            return
        order = (Outcome.UNCHANGED, Outcome.KNOWN)
        best = next(
            (one for outcome in order for one in job.outcomes if one[0] is outcome),
            job.outcomes[-1] if job.outcomes else (Outcome.PENDING, None),
        )
        self._publisher.end(job.address, *best, is_of_captures=True)

    def report(self, source: str, regions: Sequence[str]) -> dict[str, object]:
        """What the report says of captures."""
        return {
            "source": source,
            "listed": self.counts["listed"],
            "refused": self.counts["refused"],
            "known": self.counts["listed"] - self.counts["new"],
            "ended": {str(name): count for name, count in sorted(self.ended.items())},
            "owed": self._ledger.captures.count_owed(source, regions),
            "unlisted": self._ledger.captures.count_listings(source),
        }


def _digest_before(pages: Sequence[CaptureRow], row: CaptureRow) -> str:
    """The digest of the last capture before one, where that was read."""
    before = [one for one in pages if one.page == 1 and one.at < row.at]
    return before[-1].digest if before and before[-1].ended in _READ else ""


def neighbours(
    rows: Sequence[VersionRow], at: datetime
) -> tuple[VersionRow | None, VersionRow | None]:
    """Of an article's lines with content, oldest first, the last up to a time and the first after
    it, each in its newest revision."""
    content = [row for row in rows if row.status != "gone"]
    before = [row for row in content if row.fetched_at <= at]
    after = [row for row in content if row.fetched_at > at]
    first = [row for row in after if row.fetched_at == after[0].fetched_at]
    return (before[-1] if before else None, first[-1] if first else None)
