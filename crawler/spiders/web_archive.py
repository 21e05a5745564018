"""Crawling the captures of another web archive (`source=cdx:…`): its index first, then captures.

The index is listed for the addresses of the regions, in windows of time that are halved where an
answer is full, or with the resume key that it gives. What is listed is kept in the ledger, so that
a listing that was cut off goes on and no capture is asked for twice. Captures are then asked for,
those of an article one after the other.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request

from crawler import layouts, regions, urls
from crawler.alarms import Alarm
from crawler.archive.captures import captured, replay_address
from crawler.archive.decode import DecodeError, largest_page
from crawler.clock import BEIJING, now
from crawler.context import RunFacts, required
from crawler.downloader.failures import ending_of, is_ours, outcome_of_kind, raise_alarm
from crawler.downloader.scope import ArchiveHosts
from crawler.exporters.publisher import Publisher
from crawler.history.web_captures import WebCaptures
from crawler.items import ScrapedArticle
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import CaptureListing, CaptureRow, Decision
from crawler.lists import cdx
from crawler.lists.cdx import CdxError, Window
from crawler.outcomes import Outcome
from crawler.pages.assembly import MAX_PAGES, Assembly, AstrayError
from crawler.spiders.article_answers import NoDraft, add_further_page, read_first_page
from crawler.spiders.frontier import batches, is_in_range, sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.history.web_captures import CaptureJob
    from crawler.items import Page
    from crawler.lists.cdx import CdxAnswer, IndexedCapture

logger = logging.getLogger(__name__)

# Queries of the index, and articles whose captures are asked for, at a time.
_QUERIES = 4
_ARTICLES = 32

# Addresses that are taken from the ledger at a time.
_CHUNK = 100

# So many times articles are taken up whose captures are all known, before others have their turn.
_AT_ONCE = 20

# The index before captures, and the further pages of an article that has begun before the next.
_INDEX_PRIORITY = 10
_FURTHER_PRIORITY = 5

# Pages of an index in a row that may hold nothing of the days asked for, before others do.
_MOST_EMPTY = 5

# A page may be captured a little before the day that it names.
_MARGIN = timedelta(days=1)

_OK = "200"

# How an index answers where it is asked for a page that it doesn't have.
_NO_PAGE = frozenset({400, 404})


class WebArchive:
    """The requests of a run that crawls a web archive, and what is made of their answers."""

    def __init__(self, crawler: Crawler) -> None:
        facts = required(crawler, RunFacts)
        settings = crawler.settings
        self._crawler = crawler
        self._facts = facts
        self._arguments = facts.arguments
        self._ledger = required(crawler, Ledger)
        self._publisher = required(crawler, Publisher)
        self._captures = required(crawler, WebCaptures)
        self._hosts = required(crawler, ArchiveHosts)
        self._accepted = required(crawler, layouts.AcceptedLayouts)
        self._source = self._hosts.index
        self._limit = settings.getint("CDX_LIMIT")
        self._queries_left = settings.getint("CDX_MAX_QUERIES")
        self._has_files = bool(settings["CDX_DATA"]) or cdx.has_files(self._source)
        self._max_bytes = largest_page(settings.getint("DOWNLOAD_MAXSIZE"))
        self._prefixes = self._wanted_prefixes()
        self._listings: deque[CaptureListing] = deque()
        self._asked = 0
        self._met: dict[tuple[str, datetime], set[int]] = {}
        self._parts: set[CaptureListing] = set()
        self._shown: dict[str, int] = {}
        self._empty: Counter[str] = Counter()
        self._window = cdx.whole_window(self._since(), facts.started_at)
        self._owed = self._owed_ones()
        self._ledger.captures.reopen(self._source, self._arguments.since, self._arguments.until)
        self._last: dict[str, int] = {}
        self.has_more = False

    def _since(self) -> datetime | None:
        """Nothing can have been captured before it was published."""
        since = self._arguments.since
        if since is None:
            return None
        return (datetime.combine(since, time(), BEIJING) - _MARGIN).astimezone(UTC)

    def _wanted_prefixes(self) -> Iterator[str]:
        """What the addresses that are wanted begin with; a whole address stands for itself."""
        arguments = self._arguments
        if arguments.urls is not None:
            seen = set()
            for url in arguments.iter_urls():
                found = urls.article(url)
                address = found.url if found else urls.canonical(url)
                if address not in seen:
                    seen.add(address)
                    yield address
            return
        places = (self._facts.regions[code].places for code in arguments.regions)
        yield from dict.fromkeys(place for found in places for place in found)

    # --- what to ask for -----------------------------------------------------------------------

    def more(self) -> list[Request]:
        """What may be asked for now: queries of the index until it is listed, then captures.
        `has_more` says whether it is worth asking again at once."""
        self.has_more = False
        requests = list(self._queries())
        if requests or self._asked:
            return requests
        for _ in range(_AT_ONCE):
            requests = [self._capture_request(*one) for one in self._ready()]
            if requests or not self._begin():
                return requests
        self.has_more = True
        return []

    def _ready(self) -> Iterator[tuple[CaptureJob, CaptureRow]]:
        """The captures to ask for; those that can't be asked for end at once."""
        for job, row in self._captures.ready():
            if self._address(row) is None:
                why = f"the index names a file that may not be asked for: {row.place}"
                self._captures.conclude(job.address, Outcome.REFUSED_ADDRESS, why)
            elif row.place and self._is_range(row) and row.place[2] > self._max_bytes:
                self._captures.conclude(job.address, Outcome.TOO_LARGE, f"{row.place[2]} bytes")
            else:
                yield job, row

    def _begin(self) -> bool:
        """Take up further articles; False where there are none, or `limit` is reached."""
        limit = self._arguments.limit
        room = _ARTICLES - self._captures.open
        if limit is not None:
            room = min(room, limit - self._publisher.fetched - self._captures.open)
        if room <= 0:
            return False
        for host, last in list(self._last.items()):
            found = self._ledger.visits.still_open(self._facts.run_id, host, after=last, limit=room)
            if len(found) < room:
                del self._last[host]
            if found:
                if host in self._last:
                    self._last[host] = found[-1].number
                for one in found:
                    if one.url not in self._publisher.open:
                        pages = self._ledger.captures.of_article(self._source, one.article_id)
                        self._captures.begin(one.url, one.article_id, pages)
                return True
        return next(self._owed, False)

    def _owed_ones(self) -> Iterator[bool]:
        """Lets a chunk of the articles wait whose captures earlier runs listed and did not get,
        each time it is asked."""
        if self._arguments.urls is not None:
            return
        after = ""
        while found := self._ledger.captures.owed_addresses(
            self._source,
            run_id=self._facts.run_id,
            regions=self._arguments.regions,
            at=now(),
            after=after,
            limit=_CHUNK,
        ):
            after = found[-1][0]
            rows = [(url, region) for _, url, region in found]
            self._see([(url, region) for url, region in rows if self._is_wanted(url)])
            yield True

    def _see(self, addresses: list[tuple[str, str | None]]) -> None:
        """Let addresses wait whose captures are known."""
        sightings = [sighting(url, region=region) for url, region in addresses]
        for chunk in batches(sightings, _CHUNK):
            decisions = self._ledger.addresses.see_captured(
                chunk, run_id=self._facts.run_id, at=now()
            )
            for one, decision in zip(chunk, decisions, strict=True):
                if decision is Decision.NEW:
                    self._last.setdefault(urlsplit(one.url).hostname or "", 0)

    def _is_wanted(self, url: str) -> bool:
        found = urls.article(url)
        since, until = self._arguments.since, self._arguments.until
        return found is not None and is_in_range(found.day, since, until)

    # --- the index -----------------------------------------------------------------------------

    def _queries(self) -> Iterator[Request]:
        while self._asked < _QUERIES and self._queries_left > 0:
            if not self._listings and not self._list_next():
                return
            listing = self._listings.popleft()
            self._asked += 1
            self._queries_left -= 1
            yield self._query(listing)

    def _list_next(self) -> bool:
        """Take up the next addresses: what an earlier run left of them, else the whole window."""
        prefix = next(self._prefixes, None)
        if prefix is None:
            return False
        asked_from = self._window.begin
        left = self._ledger.captures.listings(self._source, prefix, asked_from)
        if not left:
            window = self._window
            left = [CaptureListing(self._source, prefix, asked_from, window.begin, window.end)]
            self._ledger.captures.save_listing(left[0])
        self._listings.extend(left)
        return True

    def _query(self, listing: CaptureListing) -> Request:
        url = cdx.query(
            self._source,
            listing.prefix,
            "exact" if "://" in listing.prefix else "prefix",
            Window(listing.begin, listing.end),
            limit=self._limit,
            resume_key=listing.resume_key,
            page=listing.page,
        )
        self._count("lists/asked")
        return Request(
            url,
            callback=self.parse_index,
            errback=self.index_failed,
            priority=_INDEX_PRIORITY,
            cb_kwargs={"listing": listing},
            meta={"kind": "index"},
        )

    def parse_index(self, response: Response, listing: CaptureListing) -> None:
        """Take in an answer of the index."""
        self._asked -= 1
        page: Page = response.meta["page"]
        is_past_the_end = listing.page > 0 and page.status in _NO_PAGE
        if is_past_the_end or cdx.is_nothing(page.status, page.body):
            self._count("lists/answered")
            self._ledger.captures.end_listing(listing)
            return
        if page.status != 200:
            self._count("lists/failed")
            self._not_listed(listing, f"HTTP {page.status}")
            return
        self._count("lists/answered")
        try:
            answer = cdx.read_captures(page.body)
        except CdxError as error:
            self._count("lists/unreadable")
            self._not_listed(listing, str(error))
            return
        if self._is_the_page_before(listing, answer):
            self._ledger.captures.end_listing(listing)
            return
        halves = self._halves(listing, answer)
        self._take(answer, is_again=halves is not None)
        self._go_on(listing, answer, halves)

    def index_failed(self, failure: Failure) -> None:
        """A query got no answer: the next run asks it again."""
        request: Request = failure.request  # type: ignore[attr-defined]
        assert failure.value is not None
        self._asked -= 1
        ending = ending_of(failure.value, request)
        if ending.is_ours:
            raise_alarm(self._publisher, request.url, ending.detail, failure.value)
        self._count("lists/failed")
        self._not_listed(request.cb_kwargs["listing"], f"{ending.outcome}: {ending.detail}")

    def _not_listed(self, listing: CaptureListing, why: str) -> None:
        """One alarm for an index however many of its queries fail."""
        logger.warning("captures of %s could not be listed: %s", listing.prefix, why)
        if not self._captures.counts["failed_queries"]:
            text = f"the index {self._source} could not be listed: {why}"
            self._publisher.alarm(Alarm(f"index:{self._source}", text))
        self._captures.counts["failed_queries"] += 1

    def _is_the_page_before(self, listing: CaptureListing, answer: CdxAnswer) -> bool:
        """Whether a further page is what the one before it was: its index has no pages."""
        if listing in self._parts or listing.resume_key is not None:
            return False
        shown = hash(tuple((one.url, one.at) for one in answer.captures))
        before, self._shown[listing.prefix] = self._shown.get(listing.prefix), shown
        return listing.page > 0 and answer.lines > 0 and shown == before

    def _next_page(self, listing: CaptureListing, answer: CdxAnswer) -> CaptureListing | None:
        """The next page of an index that may have pages (pywb's with a compressed index has): it
        gives the first one as if that were all. None after empty ones."""
        is_paged = not (answer.is_array or listing.resume_key or answer.resume_key)
        if listing in self._parts or not is_paged or "://" in listing.prefix:
            return None
        empty = 0 if answer.lines else self._empty[listing.prefix] + 1
        self._empty[listing.prefix] = empty
        most = _MOST_EMPTY if self._arguments.since else 1
        return replace(listing, page=listing.page + 1) if empty <= most else None

    def _halves(self, listing: CaptureListing, answer: CdxAnswer) -> tuple[Window, Window] | None:
        """The windows to list in place of one whose answer was full; None where it is whole, or
        its server gives resume keys, or heeds no window."""
        window = Window(listing.begin, listing.end)
        is_paged = listing.resume_key is not None or answer.resume_key is not None
        if is_paged or answer.lines < self._limit:
            return None
        return window.halves() if all(window.holds(one.at) for one in answer.captures) else None

    def _take(self, answer: CdxAnswer, *, is_again: bool) -> None:
        """Keep the captures of articles that are wanted; the others are counted. `is_again`: all
        of them are listed once more."""
        rows = [row for one in answer.captures if (row := self._row(one))]
        counts = self._captures.counts
        counts["new"] += self._ledger.captures.add(rows)
        if not is_again:
            counts["listed"] += len(rows)
            counts["refused"] += answer.lines - len(rows)
        addresses = {self._first_page(row.url): row.region for row in rows}
        self._see(list(addresses.items()))

    @staticmethod
    def _first_page(url: str) -> str:
        found = urls.article(url)
        assert found
        return found.url

    def _row(self, capture: IndexedCapture) -> CaptureRow | None:
        """The row of a capture that is wanted: of an article of the regions, whole, in range."""
        found = urls.article(capture.url)
        if found is None or capture.status not in (_OK, "") or capture.at > now():
            return None
        region = regions.region_of_url(capture.url)
        code = region.code if region else None
        arguments = self._arguments
        if arguments.urls is None and code not in arguments.regions:
            return None
        if not is_in_range(found.day, arguments.since, arguments.until):
            return None
        return CaptureRow(
            archive=self._source,
            url=capture.url,
            at=capture.at,
            article_id=found.id,
            page=found.page,
            region=code,
            digest=capture.digest,
            place=list(capture.place) if capture.place else None,
        )

    def _go_on(
        self, listing: CaptureListing, answer: CdxAnswer, halves: tuple[Window, Window] | None
    ) -> None:
        """What is still to be listed after an answer: what its resume key leads to, or, where it
        was full without one, each half of its window."""
        ledger = self._ledger.captures
        key = (listing.prefix, listing.begin)
        if answer.resume_key is not None:
            met = self._met.setdefault(key, set())
            before = len(met)
            met.update(hash((one.url, one.at)) for one in answer.captures)
            if len(met) > before:
                further = replace(listing, resume_key=answer.resume_key)
                ledger.save_listing(further)
                self._listings.append(further)
                return
            self._cut_off(listing, "its resume key leads to nothing new")
        elif listing.resume_key is None and answer.lines >= self._limit and halves is None:
            self._cut_off(listing, "it has more captures than it lists")
        self._met.pop(key, None)
        ledger.end_listing(listing)
        further_page = self._next_page(listing, answer)
        if further_page is not None:
            ledger.save_listing(further_page)
            self._listings.append(further_page)
        for half in halves or ():
            part = replace(listing, begin=half.begin, end=half.end, resume_key=None)
            ledger.save_listing(part)
            self._parts.add(part)
            self._listings.append(part)

    def _cut_off(self, listing: CaptureListing, why: str) -> None:
        text = f"the index {self._source} does not list all of {listing.prefix}: {why}"
        self._publisher.alarm(Alarm(f"index_cut_off:{self._source}", text))

    # --- captures ------------------------------------------------------------------------------

    def _is_range(self, row: CaptureRow) -> bool:
        """Whether a capture is had as a range of a file, not replayed."""
        return bool(row.place) and self._file(row) is not None

    def _file(self, row: CaptureRow) -> str | None:
        if row.place is None:
            return None
        return cdx.file_address(row.place[0], self._hosts.data, is_given=self._has_files)

    def _address(self, row: CaptureRow) -> str | None:
        """Where a capture is asked for; None where the index names a host that may not be."""
        file = self._file(row)
        if file is None:
            return replay_address(self._hosts.replay, cdx.timestamp(row.at), row.url)
        return file if self._hosts.name(file) else None

    def _request(self, row: CaptureRow, **kwargs: Any) -> Request:
        headers = {}
        if self._is_range(row):
            assert row.place
            _, offset, length = row.place
            headers["Range"] = f"bytes={offset}-{offset + length - 1}"
        address = self._address(row)
        assert address is not None
        meta = {"kind": "capture", "via": self._source}
        return Request(address, headers=headers, meta=meta, **kwargs)

    def _capture_request(self, job: CaptureJob, row: CaptureRow) -> Request:
        return self._request(
            row,
            callback=self.parse_capture,
            errback=self.capture_failed,
            cb_kwargs={"job": job, "row": row},
        )

    def parse_capture(
        self, response: Response, job: CaptureJob, row: CaptureRow
    ) -> Iterator[Request | ScrapedArticle]:
        """Read the first page of a captured article; ask for its further pages; hand over."""
        page = self._page(response, job)
        if page is None:
            return
        try:
            answer = read_first_page(page, self._accepted, is_archived=False)
            if isinstance(answer, NoDraft):
                self._captures.conclude(job.address, answer.outcome, answer.detail)
                return
            assembly = Assembly(page, answer)
        except AstrayError as error:
            self._captures.conclude(job.address, Outcome.INCOMPLETE, str(error))
        except Exception as error:
            self._broken(job, page, error)
        else:
            yield from self._go_on_reading(job, row, assembly)

    def _page(self, response: Response, job: CaptureJob) -> Page | None:
        """The captured page of an answer, or None after the capture ended otherwise."""
        page: Page = response.meta["page"]
        try:
            page = captured(page)
        except DecodeError as error:
            self._captures.conclude(job.address, outcome_of_kind(error.kind), str(error))
            return None
        found = urls.article(page.url)
        if page.archive is None or found is None or found.id != job.article_id:
            status = Outcome.MISSING if page.status in (404, 410) else Outcome.HTTP_ERROR
            outcome = Outcome.NOT_ARTICLE if page.status == 200 else status
            why = f"HTTP {page.status} at {page.url}, no capture of it"
            self._captures.conclude(job.address, outcome, why)
            return None
        return page

    def _go_on_reading(
        self, job: CaptureJob, row: CaptureRow, assembly: Assembly
    ) -> Iterator[Request | ScrapedArticle]:
        """The capture of the article's next page, or the article."""
        wanted = assembly.wanted
        if wanted is None:
            if assembly.is_too_large:
                why = f"more than {MAX_PAGES} pages"
                self._captures.conclude(job.address, Outcome.TOO_LARGE, why)
                return
            fetched = tuple(assembly.pages)
            yield ScrapedArticle(address=job.address, draft=assembly.draft(), pages=fetched)
            return
        further = further_capture(job.pages, row, wanted.addresses)
        if further is not None and self._address(further) is not None:
            yield self._request(
                further,
                callback=self.parse_further,
                errback=self.further_failed,
                priority=_FURTHER_PRIORITY,
                cb_kwargs={"job": job, "row": row, "assembly": assembly},
            )
        else:
            why = f"{assembly.said}: no capture of {wanted.addresses[0]}"
            yield from self._lacking(job, row, assembly, why, is_absent=True)

    def parse_further(
        self, response: Response, job: CaptureJob, row: CaptureRow, assembly: Assembly
    ) -> Iterator[Request | ScrapedArticle]:
        """Add a further page to its article."""
        page = self._page(response, job)
        if page is None:
            return
        try:
            lacking = add_further_page(page, assembly, self._accepted)
        except Exception as error:
            self._broken(job, page, error)
            return
        if lacking:
            # the capture of an error says nothing of what was there before and after it
            is_absent = lacking.is_absent and page.status == 200
            yield from self._lacking(job, row, assembly, lacking.why, is_absent=is_absent)
        else:
            yield from self._go_on_reading(job, row, assembly)

    def _lacking(
        self, job: CaptureJob, row: CaptureRow, assembly: Assembly, why: str, *, is_absent: bool
    ) -> Iterator[Request | ScrapedArticle]:
        """The wanted page isn't among the captures: the article ends without it, or not at all."""
        if assembly.give_up(is_absent=is_absent):
            yield from self._go_on_reading(job, row, assembly)
        else:
            self._captures.conclude(job.address, Outcome.INCOMPLETE, why)

    def capture_failed(self, failure: Failure) -> None:
        """A capture could not be had."""
        request: Request = failure.request  # type: ignore[attr-defined]
        assert failure.value is not None
        ending = ending_of(failure.value, request)
        if ending.is_ours:
            raise_alarm(self._publisher, request.url, ending.detail, failure.value)
        job: CaptureJob = request.cb_kwargs["job"]
        self._captures.conclude(job.address, ending.outcome, ending.detail)

    further_failed = capture_failed

    def _broken(self, job: CaptureJob, page: Page, error: Exception) -> None:
        """Our code failed at a captured page, or the machine while it read it."""
        detail = f"{type(error).__name__}: {error}"
        if is_ours(error):
            raise_alarm(self._publisher, page.url, detail, error)
            self._captures.conclude(job.address, Outcome.PENDING, detail)
            return
        logger.error("reading %s failed", page.url, exc_info=error)
        region = regions.region_of_url(page.url)
        self._captures.alarm_unread(page.url, detail, region.code if region else None)
        self._captures.conclude(job.address, Outcome.EXTRACTION_FAILED, detail)

    def _count(self, name: str) -> None:
        assert self._crawler.stats
        self._crawler.stats.inc_value(f"crawler/{name}")


def further_capture(
    pages: Sequence[CaptureRow], first: CaptureRow, addresses: Sequence[str]
) -> CaptureRow | None:
    """The capture of a further page that belongs to one of page 1, by the rule of re-extraction:
    the first one made after it and before page 1 was captured again; of the first capture of page
    1, also the last one made before."""
    wanted = {urls.canonical(url) for url in addresses}
    firsts = [one.at for one in pages if one.page == 1]
    end = min((at for at in firsts if at > first.at), default=None)
    found = [one for one in pages if one.page != 1 and urls.canonical(one.url) in wanted]
    after = [one for one in found if one.at >= first.at and (end is None or one.at < end)]
    if after:
        return after[0]
    is_oldest = not any(at < first.at for at in firsts)
    before = [one for one in found if one.at < first.at]
    return before[-1] if before and is_oldest else None
