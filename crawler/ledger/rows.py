"""What the ledger is told and what it answers: frozen rows. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crawler.outcomes import OWED_NOW, SETTLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from crawler.items import WarcPointer
    from crawler.outcomes import Outcome, PictureOutcome


# The reason of a run whose regions another run has taken over. Until its report is written it says
# that what it had not published is void.
SUPERSEDED = "superseded"


class RunKind(StrEnum):
    """What a run does."""

    CRAWL = "crawl"
    CORRECTION = "correction"
    CERTIFICATES = "certificates"
    LAYOUTS = "layouts"


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run; `finished_at` is None while it runs and forever if it was killed. `archives_pictures`
    is 1 of one that archives pictures."""

    run_id: str
    started_at: datetime
    command: str
    kind: str
    finished_at: datetime | None
    exit_code: int | None
    reason: str | None
    counts: Mapping[str, int]
    archives_pictures: int = 0


@dataclass(frozen=True, slots=True)
class Publication:
    """A part of a run or, where `part` is None, its report: `path` is that of its manifest."""

    seq: int
    path: str
    run_id: str
    part: int | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """An article address as it was found. `url` is canonical, `list_time` as the list prints it."""

    url: str
    article_id: str
    region: str | None = None
    day: date | None = None
    found_on: str | None = None
    position: int | None = None
    title: str | None = None
    list_time: str | None = None


class Decision(StrEnum):
    """What to do with a sighting."""

    NEW = "new"  # never seen: fetch
    OWED = "owed"  # seen, not settled, its time has come: fetch
    WAITING = "waiting"  # not settled, to be tried again later
    KNOWN = "known"  # settled: don't fetch
    DUPLICATE = "duplicate"  # the article has, or is just getting, its outcome at another address
    REPEAT = "repeat"  # seen before in this run: counts nothing


@dataclass(frozen=True, slots=True)
class Address:
    """An article address: how it was first found and what became of it.

    `attempts` counts failures in a row; `retry_at` is None when nothing is owed; `result` is how
    the last attempt ended, None when there was none.
    """

    url: str
    article_id: str
    region: str | None
    day: date | None
    found_on: str | None
    position: int | None
    title: str | None
    list_time: str | None
    first_seen_at: datetime
    attempts: int
    retry_at: datetime | None
    result: Outcome | None
    result_at: datetime | None
    detail: str | None

    def sighting(self) -> Sighting:
        """The first sighting again, to be seen in a later run."""
        return Sighting(
            self.url, self.article_id, self.region, self.day,
            self.found_on, self.position, self.title, self.list_time,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A JSONL line: what `Articles.add_line` is told."""

    record: Mapping[str, Any]
    jsonl: str
    schedule: Sequence[timedelta] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How an address ended in a run: what `Addresses.finish` is told. `is_of_captures`: it is what
    captures of a web archive gave, no attempt at the address."""

    url: str
    outcome: Outcome
    run_id: str
    at: datetime
    detail: str | None = None
    retry_at: datetime | None = None
    is_of_captures: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether it is owed again after a while."""
        return self.outcome not in SETTLED and self.outcome not in OWED_NOW


@dataclass(frozen=True, slots=True)
class RegionProgress:
    """How far a run is with the addresses of a region: with an outcome, without, new articles, and
    `asked`: those with an outcome that were asked for, not known before."""

    region: str | None
    ended: int
    waiting: int
    new: int
    asked: int

    def per_minute(self, elapsed: timedelta) -> float:
        """How many addresses were asked for in a minute."""
        return self.asked / max(elapsed.total_seconds() / 60, 1 / 60)

    def left(self, elapsed: timedelta) -> timedelta | None:
        """How long what waits will take at that pace; None while there is none to tell by."""
        pace = self.per_minute(elapsed)
        if not self.waiting:
            return timedelta()
        return timedelta(minutes=self.waiting / pace) if pace else None


def left_of(regions: Iterable[RegionProgress], elapsed: timedelta) -> timedelta | None:
    """How long a run will take with what it knows of: as long as its slowest region, for hosts are
    asked side by side. None while no region that waits has a pace."""
    told = [one.left(elapsed) for one in regions if one.waiting]
    known = [one for one in told if one is not None]
    return max(known, default=None if told else timedelta())


@dataclass(frozen=True, slots=True)
class Owed:
    """A count of owed addresses of one region that ended alike.

    `result` is None before the first attempt, `oldest_day` the first of their days of publication
    as far as the addresses tell it.
    """

    region: str | None
    result: Outcome | None
    addresses: int
    oldest_day: date | None


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """The state of an article: that of its newest line.

    Everything about content (digests, title, source, pointers, `warc_date`, `jsonl`, `line`,
    `revision`) is that of the newest line with content, so a gone article still says what it last
    was; where `line` is None, `source` isn't known. `content_sha256` is what
    today's code makes of it (see `Articles.rebase`), `published_sha256` what its line says.
    `published_at` is as in the line; `warc_pages` holds all pages, page 1 first; `jsonl` is
    relative to DATA_DIR. `archive` is the web archive whose capture that line is of, None for our
    own.
    """

    id: str
    url: str
    canonical_url: str
    region: str | None
    status: str
    suspected_at: datetime | None
    version: int
    content_sha256: str | None
    published_sha256: str | None
    extractor_version: str | None
    title: str | None
    published_at: str | None
    first_seen_at: datetime
    last_checked_at: datetime
    next_check_at: datetime | None
    etag: str | None
    last_modified: str | None
    warc_pages: tuple[WarcPointer, ...]
    warc_date: datetime | None
    jsonl: str | None
    line_sha256: str | None
    line: str | None
    revision: int | None
    source: str | None
    archive: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether we have ever looked at it ourselves and found it there: its newest content is of
        a capture of ours, or a look of ours found the same."""
        return self.archive is None or (
            self.warc_date is not None and self.last_checked_at > self.warc_date
        )

    @property
    def warc(self) -> WarcPointer | None:
        """The capture of the live version's (first) page."""
        return self.warc_pages[0] if self.warc_pages else None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One JSONL line of an article. `number` is the order in which the ledger learnt of it,
    `line_sha256` the hex digest of the line with its line feed. `line` is the line's own key, None
    in schema version 1; where it is None, `source` isn't known. `corrects` is as in the line.
    `archive` is the web archive that the capture is of, None for our own."""

    article_id: str
    number: int
    version: int
    status: str
    fetched_at: datetime
    title: str | None
    content_sha256: str | None
    extractor_version: str | None
    changed: list[str]
    warc_pages: tuple[WarcPointer, ...]
    jsonl: str
    line_sha256: str
    run_id: str | None
    line: str | None = None
    revision: int = 0
    corrects: Mapping[str, Any] | None = None
    source: str | None = None
    archive: str | None = None

    @property
    def order(self) -> tuple[datetime, int]:
        """What the lines of an article are ordered by: the greatest is its state."""
        return self.fetched_at, self.revision


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One look at an article that found something other than a page to publish."""

    article_id: str
    url: str
    at: datetime
    status: int | None
    reason: str
    warc: WarcPointer | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class ListCapture:
    """The archived answer that a list's validators are of."""

    url: str
    at: datetime
    warc: WarcPointer


@dataclass(frozen=True, slots=True)
class Validators:
    """What an answer is asked for again by, and where it is archived."""

    etag: str | None
    last_modified: str | None
    capture: ListCapture | None


@dataclass(frozen=True, slots=True)
class ListState:
    """A list: its validators and their capture, its health and its walk.

    `depth`: so many links from the lists of the registry; `failures`: so many answers in a row.

    `completed_at` is the end of the last completed walk; `walk_started_at` is set while a walk is
    open, and `resume_url`, `resume_page` then name the page it is to go on with.
    """

    url: str
    region: str | None = None
    depth: int = 1
    etag: str | None = None
    last_modified: str | None = None
    capture: ListCapture | None = None
    last_status: int | None = None
    last_at: datetime | None = None
    last_ok_at: datetime | None = None
    failures: int = 0
    completed_at: datetime | None = None
    walk_started_at: datetime | None = None
    resume_url: str | None = None
    resume_page: int | None = None


@dataclass(frozen=True, slots=True)
class PageState:
    """A page of a list below its first."""

    list_url: str
    url: str
    last_status: int | None
    last_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class ShownLink:
    """An article as a list shows it: its canonical address, its id, the headline."""

    url: str
    article_id: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Placement:
    """An article's address under a headline on a list's first page."""

    url: str
    headline: str | None


@dataclass(frozen=True, slots=True)
class SightingLine:
    """A line of data/sightings/ that is not published yet. `keys`: those of the line but for what
    the ledger knows of the article; `title` is the article's newest, None where it isn't archived;
    `addresses` are all that it was seen at."""

    number: int
    article_id: str
    keys: Mapping[str, Any]
    title: str | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureCapture:
    """An archived picture: when (UTC), at which address it was found, its media type by its bytes,
    how many they are, their SHA-256 in hex, and their record."""

    at: datetime
    fetched_url: str
    type: str
    size: int
    sha256: str
    warc: WarcPointer


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture of an article. `version` is the first whose line names it, as `url`; it is asked
    for at `address`, None where that is out of scope. `outcome` is how the last attempt ended, made
    by the run `outcome_by` at `at`; None before the first. `capture` is there where it is
    archived."""

    article_id: str
    number: int
    version: int
    url: str
    address: str | None
    noted_at: datetime
    attempts: int
    retry_at: datetime | None
    outcome: PictureOutcome | None
    outcome_by: str | None
    detail: str | None
    at: datetime | None
    capture: PictureCapture | None

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Its place in the order in which pictures are asked for: the oldest first."""
        return self.noted_at, self.article_id, self.number


@dataclass(frozen=True, slots=True)
class PictureCounts:
    """Of a run: the pictures it noted, how those ended that it asked for, bytes of the archived
    ones; and how many are owed by now."""

    noted: int
    outcomes: Mapping[str, int]
    bytes: int
    owed: int


@dataclass(frozen=True, slots=True)
class Source:
    """A list that was read: since when, how many links its first page shows, and the article that
    appeared on it last. `head` are the newest links when its last whole walk began, `next_head`
    those when the open one began; `total`: articles it has, as the list API says."""

    list_url: str
    first_at: datetime
    capacity: int
    newest_url: str | None
    newest_title: str | None
    newest_at: datetime | None
    head: list[str] | None = None
    head_at: datetime | None = None
    next_head: list[str] | None = None
    next_head_at: datetime | None = None
    total: int | None = None


class HoleKind(StrEnum):
    """What a list implies that no look has shown."""

    # none of the links that were its newest is left: others may have come and gone between
    OVERFLOW = "overflow"
    # a further page could not be had
    PAGES_UNREACHED = "pages_unreached"
    # the list API's total grew by more than it showed
    TOTAL = "total"
    # its first walk was cut off at LIST_MAX_PAGES: what is older stands on pages that were not read
    PAGES_LEFT = "pages_left"


@dataclass(frozen=True, slots=True)
class Hole:
    """What a list implies and no look has shown, between two looks. `missing`: so many articles,
    where the list says so; the days are those of publication that it may concern."""

    list_url: str
    until: datetime
    kind: HoleKind
    since: datetime
    first_day: date
    last_day: date
    missing: int | None = None


@dataclass(frozen=True, slots=True)
class SourceYield:
    """What a list yielded in the days that are looked back at.

    `days`: those with a look that read it, `looks`: these looks; `new`: articles that appeared on
    it, `peak`: the most of them in a day; `recent` of them in the last days, of which
    `recent_days` had a look; `first`: those that no list had shown before, `sole`: of these the
    ones that no other list has shown since; `capacity`: links on its first page.
    """

    days: int = 0
    looks: int = 0
    new: int = 0
    peak: int = 0
    recent: int = 0
    recent_days: int = 0
    first: int = 0
    sole: int = 0
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Backfill:
    """An open walk of a list below known ground, back to the day `since`."""

    list_url: str
    since: date
    started_at: datetime
    resume_url: str | None
    resume_page: int | None


@dataclass(frozen=True, slots=True)
class DayLink:
    """An article that a list has shown, or one that was asked for: of the archived ones `result` is
    None and `published_at` the line's, of the others `result` how the last attempt ended."""

    url: str
    article_id: str
    region: str | None
    day: date | None  # of the address
    list_time: str | None
    first_seen_at: datetime
    found_on: str | None
    is_archived: bool
    published_at: str | None
    result: Outcome | None
    is_owed: bool


@dataclass(frozen=True, slots=True)
class DaySource:
    """A list that was read once, with its `looks` on a day and the `hours` of that day (bit n: the
    hour n) which had one. `walk_started_at` is set while a walk is open."""

    url: str
    region: str | None
    last_ok_at: datetime | None
    failures: int
    completed_at: datetime | None
    walk_started_at: datetime | None
    first_at: datetime
    looks: int
    hours: int


@dataclass(frozen=True, slots=True)
class PageMeasures:
    """What a new page of a run is like, by name of the measure; `weekday` is that of its
    publication (Monday 0), `warc_file` and `warc_offset` say where its capture is."""

    run_id: str
    url: str
    at: datetime
    weekday: int
    measures: Mapping[str, int]
    warc_file: str
    warc_offset: int


@dataclass(frozen=True, slots=True)
class CaptureRow:
    """A capture of an article's page that a web archive lists. `place` is file, offset and length
    of its record where the index tells them; `ended` is what became of it, None while it is owed;
    `number` is that of the line that says the same."""

    archive: str
    url: str
    at: datetime
    article_id: str
    page: int
    region: str | None
    digest: str
    place: list[Any] | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    ended: str | None = None
    number: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class CaptureListing:
    """What is still to be listed of the addresses that begin with `prefix`."""

    archive: str
    prefix: str
    asked_from: datetime
    begin: datetime
    end: datetime
    resume_key: str | None = None
    page: int = 0


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """An address of the run that has no outcome yet; `number` is its place among the sightings."""

    url: str
    article_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A host that is left alone until a time."""

    host: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Robots:
    """The robots.txt answer of an origin; `status` is None when none came."""

    origin: str
    fetched_at: datetime
    status: int | None
    body: bytes = field(repr=False)
