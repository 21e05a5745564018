"""JSONL again from archives, ours or anyone's: the same extraction, no network, constant memory.

In: one WARC file and filters. Out: a line for each capture of an article, and counts of what was
left out and why. The fields of history are at their defaults: they come from a ledger. What needs
other files is told to a CrossArchiveStore and made afterwards by `assemble`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import layouts, regions, urls
from crawler.archive.captures import may_hold_capture
from crawler.archive.decode import MAX_BODY, DecodeError
from crawler.archive.others_records import fetched_at, holds_page, is_our_warcinfo, others_revisit
from crawler.archive.pointers import is_our_file, page_of
from crawler.archive.reader import WarcError, read_records, record_at
from crawler.clock import BEIJING
from crawler.extraction import is_empty
from crawler.items import as_record
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.pages.assembly import Assembly, AstrayError
from crawler.pipelines import normalise
from crawler.reextraction.cross_archive import CrossArchiveStore, PageCapture, RecordPlace
from crawler.storage import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from crawler.archive.reader import FileSpan, Record
    from crawler.items import Draft, Page
    from crawler.pages.assembly import Wanted

# Captures of pages of one article that are looked at.
MAX_CAPTURES = 10_000

_CAPTURES = frozenset({"response", "revisit", "resource"})
# What stands before or beside captures and is none.
_NO_CONTENT = frozenset({"warcinfo", "request", "metadata"})
# A conversion is made from a capture afterwards (ISO 28500:2017 6.7), it is nothing that the site
# sent; a continuation is the further segment of a record that is told itself.
_NO_CAPTURES = frozenset({"conversion", "continuation"})

# Sentences kept; further ones are counted.
MAX_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which captures are wanted: regions by code, hosts by name, days of capture (Beijing time).

    A page of over `max_bytes` is too large, as it is in a crawl with that DOWNLOAD_MAXSIZE.
    """

    regions: Collection[str] | None = None
    hosts: Collection[str] | None = None
    since: date | None = None
    until: date | None = None
    max_bytes: int = MAX_BODY

    @property
    def is_narrow(self) -> bool:
        return replace(self, max_bytes=MAX_BODY) != Filter()

    @property
    def key(self) -> str:
        """The same for equal filters, in every process."""
        names = (sorted(value) if value else value for value in (self.regions, self.hosts))
        return repr((*names, self.since, self.until, self.max_bytes))

    def wants(self, url: str, captured_at: str | None) -> bool:
        """Whether a capture is wanted; without its time, whether its address is."""
        if self.hosts is not None and urls.host_of(url) not in self.hosts:
            return False
        if self.regions is not None:
            region = regions.region_of_url(url)
            if region is None or region.code not in self.regions:
                return False
        if captured_at is None or (self.since is None and self.until is None):
            return True
        try:
            day = datetime.fromisoformat(captured_at).astimezone(BEIJING).date()
        except ValueError:
            return False
        return (self.since or date.min) <= day <= (self.until or date.max)


@dataclass(slots=True)
class Tally:
    """What became of a file's captures of articles: `counts` by name, sentences on damage, and
    how many other records there were."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    others: int = 0

    def problem(self, name: str, offset: int, why: object) -> None:
        """Add a sentence on damage: which file, at which offset, and why."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{name} at {offset}: {why}")
        else:
            self.counts["further_problems"] += 1


def reextract(
    path: Path,
    name: str,
    wanted: Filter,
    tally: Tally,
    *,
    accepted: AcceptedLayouts = NO_LAYOUTS,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """The lines of one WARC file's articles, from that file alone.

    `name` is the file's name in the pointers; `on_read` is told how many bytes further it got.
    Damage is noted in `tally`, and reading goes on after it where that is possible.
    """
    with CrossArchiveStore() as store:
        yield from scan(path, name, wanted, tally, store, accepted=accepted, on_read=on_read)
        yield from assemble(store, wanted, tally, accepted)


def scan(
    path: Path,
    name: str,
    wanted: Filter,
    tally: Tally,
    store: CrossArchiveStore,
    *,
    accepted: AcceptedLayouts = NO_LAYOUTS,
    span: FileSpan | None = None,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """The lines of a file's articles of one page, or of those in one span of it. The pages of
    other articles, and revisits, go to `store`."""
    begin = span.start if span else 0
    began_ours = is_our_file(path) if begin else False
    maker = _LineMaker(wanted, tally, store, accepted)
    scanner = _Scanner(path, name, maker, is_ours=began_ours)
    done = begin
    for record in read_records(path, span=span, on_damage=scanner.damaged):
        if on_read:
            on_read(record.offset - done)
            done = record.offset
        yield from scanner.read(record)
    if on_read:
        on_read((span.end if span else size_of(path)) - done)
    if span and begin:
        span.is_sure = span.is_sure and scanner.is_ours == began_ours
    elif scanner.is_empty:
        tally.problem(name, 0, "there is no record")


def assemble(
    store: CrossArchiveStore,
    wanted: Filter,
    tally: Tally,
    accepted: AcceptedLayouts = NO_LAYOUTS,
) -> Iterator[dict[str, Any]]:
    """The lines that `scan` left: of revisits, then of articles of several pages.

    A revisit gives a line with its own address and time, made from the bytes that it repeats.
    """
    maker = _LineMaker(wanted, tally, store, accepted)
    for revisit, place in store.revisits():
        if place is None:
            tally.counts["unresolved_revisit"] += 1
            continue
        page = maker.page_at(place)
        if page is None:
            continue
        if (page.url, page.fetched_at) == (revisit.url, revisit.date):
            # its line is made already
            tally.counts["repeated"] += 1
            continue
        yield from maker.single(replace(page, url=revisit.url, fetched_at=revisit.date), place)
    for group in store.articles():
        captures = list(islice(group, MAX_CAPTURES))
        firsts = [capture for capture in captures if capture.page == 1]
        if not firsts:
            tally.counts["filtered" if wanted.is_narrow else "incomplete"] += 1
        for first, begin, end in _looks(firsts):
            yield from maker.joined(first, _further(captures, begin, first.date, end))


@dataclass(slots=True)
class _Scanner:
    """Reads a file's records one after the other; `is_ours` is what its warcinfo says, `is_empty`
    that neither record nor damage was met."""

    path: Path
    name: str
    maker: _LineMaker
    is_ours: bool
    is_empty: bool = True

    def damaged(self, error: WarcError) -> None:
        """Add damage of the file to the tally."""
        self.is_empty = False
        self.maker.tally.problem(self.name, error.offset, error.why)

    def read(self, record: Record) -> Iterator[dict[str, Any]]:
        """The lines that a WARC record gives: one where it is a capture of an article of one page
        that is wanted, else none, and the reason is counted."""
        self.is_empty = False
        if record.kind == "warcinfo":
            self.is_ours = is_our_warcinfo(record)
        if record.kind in _NO_CONTENT:
            return
        tally = self.maker.tally
        address = urls.article(record.url or "")
        if address is None and self.is_ours and may_hold_capture(record.url or ""):
            yield from self._of_another_archive(record)
        elif address is None:
            tally.others += 1
        elif record.kind in _CAPTURES:
            yield from self._capture(record, is_first=address.page == 1)
        else:
            kind = record.kind if record.kind in _NO_CAPTURES else "unknown_record_type"
            tally.counts[kind] += 1

    def _of_another_archive(self, record: Record) -> Iterator[dict[str, Any]]:
        """The line of an exchange of ours with another web archive, where it holds an article."""
        maker, place = self.maker, self._place(record)
        page = maker.page(record, place)
        if page is None:
            return
        address = urls.article(page.url)
        if address is None:
            maker.tally.others += 1
        elif maker.wanted.wants(page.url, page.fetched_at if address.page == 1 else None):
            yield from maker.single(page, place)
        else:
            maker.tally.counts["filtered"] += 1

    def _capture(self, record: Record, *, is_first: bool) -> Iterator[dict[str, Any]]:
        maker = self.maker
        at = fetched_at(record.date) or ""
        is_wanted = maker.wanted.wants(record.url or "", at if is_first else None)
        if not is_wanted:
            maker.tally.counts["filtered"] += 1
        if record.kind == "revisit" and not holds_page(record):
            if is_wanted:
                self._revisit(record)
            return
        # others' pages are read all the same: a revisit that is wanted may repeat them
        if self.is_ours and not is_wanted:
            return
        place = self._place(record)
        page = (maker if is_wanted else replace(maker, tally=Tally())).page(record, place)
        if page is None:
            return
        if not self.is_ours:
            maker.store.add_original(page, place)
        if is_wanted:
            yield from maker.single(page, place)

    def _revisit(self, record: Record) -> None:
        """Keep a revisit that has no page of its own."""
        tally = self.maker.tally
        revisit = others_revisit(record, is_ours=self.is_ours)
        if fetched_at(record.date) is None:
            tally.counts["damaged"] += 1
            why = f"WARC-Date is {record.date[:40]!r}, which names no moment"
            tally.problem(self.name, record.offset, why)
        elif revisit is None:
            tally.counts["not_modified"] += 1
        else:
            self.maker.store.add_revisit(revisit)

    def _place(self, record: Record) -> RecordPlace:
        return RecordPlace(str(self.path), self.name, record.offset, self.is_ours)


@dataclass(frozen=True, slots=True)
class _LineMaker:
    """Makes lines of pages with these accepted layouts. A page that gives none is counted in
    `tally`; a page of an article of several pages goes to `store`."""

    wanted: Filter
    tally: Tally
    store: CrossArchiveStore
    accepted: AcceptedLayouts

    def page(self, record: Record, place: RecordPlace) -> Page | None:
        """The page that a WARC record holds, or None with the reason counted."""
        max_bytes = self.wanted.max_bytes
        try:
            page = page_of(record, place.name, is_ours=place.is_ours, max_bytes=max_bytes)
        except DecodeError as error:
            self.tally.counts[error.kind] += 1
            # a capture that says it was cut short is no damage of the archive
            if not record.header("WARC-Truncated"):
                self.tally.problem(place.name, place.offset, error)
            return None
        if page.status != 200:
            self.tally.counts["not_200"] += 1
            return None
        return page

    def page_at(self, place: RecordPlace) -> Page | None:
        """The page of the record at a place, or None with the reason counted."""
        try:
            record = record_at(Path(place.path), place.offset)
        except WarcError as error:
            self.tally.counts["unreadable"] += 1
            self.tally.problem(place.name, error.offset, error.why)
            return None
        return self.page(record, place)

    def single(self, page: Page, place: RecordPlace) -> Iterator[dict[str, Any]]:
        """The line of a page that is an article by itself; a page of several goes to `store`."""
        address = urls.article(page.url)
        draft = self._draft(page, place)
        if draft is None or address is None:
            return
        assembly = Assembly(page, draft) if address.page == 1 else None
        if assembly is None or assembly.wanted:
            capture = PageCapture(address.id, address.page, page.url, page.fetched_at, place)
            self.store.add_page(capture)
        elif assembly.is_too_large:
            self.tally.counts["too_large"] += 1
        else:
            yield from self._line(assembly, place)

    def joined(
        self, first: PageCapture, further: dict[str, PageCapture]
    ) -> Iterator[dict[str, Any]]:
        """The line of an article of several pages, put together as the crawl does."""
        begun = self._read(first, first.place)
        if begun is None:
            self.tally.counts["incomplete"] += 1
            return
        assembly = Assembly(*begun)
        while page := assembly.wanted:
            for capture in _candidates(page, further):
                read = self._read(capture, first.place)
                try:
                    if read is None:
                        continue
                    assembly.add(*read)
                    break
                except AstrayError:
                    continue
            else:
                if not assembly.give_up(is_absent=True):
                    self.tally.counts["incomplete"] += 1
                    return
        if assembly.is_too_large:
            self.tally.counts["too_large"] += 1
            return
        yield from self._line(assembly, first.place)

    def _read(self, capture: PageCapture, place: RecordPlace) -> tuple[Page, Draft] | None:
        """A captured page and what it says, or None with the reason counted."""
        page = self.page_at(capture.place)
        if page is None:
            return None
        # address and time of a revisit are its own
        page = replace(page, url=capture.url, fetched_at=capture.date)
        draft = self._draft(page, place)
        return None if draft is None else (page, draft)

    def _draft(self, page: Page, place: RecordPlace) -> Draft | None:
        try:
            return layouts.read(page, self.accepted)
        except layouts.NotAnArticle as error:
            self.tally.counts[error.kind] += 1
        except Exception as error:
            self._failed(page.url, place, error)
        return None

    def _line(self, assembly: Assembly, place: RecordPlace) -> Iterator[dict[str, Any]]:
        try:
            article = normalise(assembly.draft(), assembly.pages, self.accepted.version)
        except Exception as error:
            self._failed(assembly.pages[0].url, place, error)
            return
        if is_empty(article):
            self.tally.counts["empty"] += 1
            return
        self.tally.counts["records"] += 1
        yield as_record(article)

    def _failed(self, url: str, place: RecordPlace, error: Exception) -> None:
        """Count an error of ours."""
        self.tally.counts["extraction_failed"] += 1
        self.tally.problem(place.name, place.offset, f"{url}: {type(error).__name__}: {error}")


def _looks(firsts: Sequence[PageCapture]) -> Iterator[tuple[PageCapture, str, str | None]]:
    """Each capture of page 1, with the time in which its further pages were captured: from it (for
    an address's first one from the beginning) to the next capture at the same address."""
    ends: dict[str, str] = {}
    looks: list[tuple[PageCapture, str | None]] = []
    for capture in reversed(firsts):
        url = urls.canonical(capture.url)
        looks.append((capture, ends.get(url)))
        ends[url] = capture.date
    for capture, end in reversed(looks):
        begin = ends.pop(urls.canonical(capture.url), None)
        yield capture, "" if begin else capture.date, end


def _further(
    captures: Sequence[PageCapture], begin: str, at: str, end: str | None
) -> dict[str, PageCapture]:
    """By address, the further pages that belong to the look at page 1 made at `at`.

    A crawl asks for them right after page 1, so they are those up to the next look at it; of
    several captures the first one after page 1 counts.
    """
    found: dict[str, PageCapture] = {}
    for capture in captures:
        if capture.page == 1 or capture.date < begin or (end is not None and capture.date >= end):
            continue
        url = urls.canonical(capture.url)
        if url not in found or found[url].date < at:
            found[url] = capture
    return found


def _candidates(page: Wanted, further: dict[str, PageCapture]) -> Iterator[PageCapture]:
    """The captures of a page: at the addresses where a crawl asks for it, then at others."""
    asked = [urls.canonical(url) for url in page.addresses]
    for url in asked:
        if url in further:
            yield further[url]
    for url, capture in further.items():
        if capture.page == page.number and url not in asked:
            yield capture
