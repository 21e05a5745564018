"""What the pages of a region and layout usually are like, and when they become otherwise.

Of each new article a few measures are taken: which fields it has, paragraphs, length of the body,
pictures, size of the page. They are held against those of the weeks before, of the same day of the
week where enough is known of it. A shift is told of when most pages of at least two runs lie
outside of what is usual, so that the second run that meets it raises it, and a weekend, a holiday
or a run of short notices doesn't.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import comb, log, log1p
from typing import TYPE_CHECKING, Any

from crawler.alarms import Alarm
from crawler.ledger.rows import PageMeasures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from crawler.ledger.ledger import Ledger

# Counts are put in bins that are so much wider each.
_BIN = log(1.25)

# 1 where an article has the field, else 0.
FILLS = (
    "title", "published_at", "source", "body", "reporters", "editors", "channel", "keywords",
    "summary", "images",
)  # fmt: skip
HAS = "has_"

# Articles that are older when they are fetched aren't measured: they say nothing of how pages are
# written today.
NEWS = timedelta(days=14)

# The newest pages are judged, of at least so many runs.
LEAST_RUNS = 2
LEAST_PAGES = 4
MOST_PAGES = 60

# What is usual is told by so many pages; of a day of the week by as many of that day.
LEAST_BEFORE = 60

# A value is odd beyond which so few lie, on either side.
TAIL = 0.03

# The share of pages that are odd in a shift, and how seldom chance may give as many.
MOST = 0.75
CHANCE = 1e-6

# What has been so for longer is taken for usual.
USUAL_AFTER = timedelta(days=21)

# Pages are counted among the usual ones once they are so old or newer ones are so many.
SETTLED = timedelta(days=3)

EXAMPLES = 3

Histogram = Counter[int]
Baseline = dict[tuple[int, str], Histogram]


@dataclass(frozen=True, slots=True)
class Shift:
    """A measure whose values have moved: `is_up` or down, on so many of so many pages."""

    measure: str
    is_up: bool
    odd: int
    of: int
    examples: tuple[PageMeasures, ...]


def measures_of(record: Mapping[str, Any], pages: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The measures of a record that is published, in bins; `pages` are pointers to its captures."""
    size = sum(page["length"] for page in pages)
    counts = {
        "paragraphs": len(record["paragraphs"]),
        "body_length": len(record["body"] or ""),
        "images": len(record["images"]),
        "page_bytes": size,
    }
    fills = {f"{HAS}{name}": int(bool(record[name])) for name in FILLS}
    return {name: round(log1p(value) / _BIN) for name, value in counts.items()} | fills


def page_of(record: Mapping[str, Any]) -> PageMeasures | None:
    """The measures of a line's page; None for one that pages of today are not measured by: a later
    version or reading, an old article, a capture of others. Raises KeyError, TypeError or
    ValueError for no line."""
    pointer, published_at = record["warc"], record["published_at"]
    fetched_at = datetime.fromisoformat(record["fetched_at"])
    is_first = record["version"] == 1 and not record.get("revision") and record["status"] == "live"
    is_ours = pointer is not None and not record.get("archive")
    if not is_first or not is_ours or not is_news(published_at, fetched_at):
        return None
    return PageMeasures(
        run_id=record["run_id"],
        url=record["url"],
        at=fetched_at,
        weekday=datetime.fromisoformat(published_at).weekday(),
        measures=measures_of(record, record["warc_pages"] or [pointer]),
        warc_file=pointer["file"],
        warc_offset=pointer["offset"],
    )


def is_news(published_at: str | None, fetched_at: datetime) -> bool:
    """Whether an article is one of those that pages of today are measured by."""
    if published_at is None:
        return False
    return abs(fetched_at - datetime.fromisoformat(published_at)) <= NEWS


class Usual:
    """How far out a value lies among the usual ones, of a day of the week and of all days."""

    def __init__(self, baseline: Baseline) -> None:
        self._of_day = baseline
        self._of_all: dict[str, Histogram] = {}
        for (_, name), counts in baseline.items():
            self._of_all.setdefault(name, Counter()).update(counts)
        self._shares: dict[tuple[int, str, int, bool], float | None] = {}

    def share(self, page: PageMeasures, name: str, *, is_up: bool) -> float | None:
        """The share of the usual pages that lie as far out as a page or farther: of its day of the
        week, where enough is known of it, or of all days, whichever is larger. None where too
        little is known."""
        key = (page.weekday, name, page.measures[name], is_up)
        if key not in self._shares:
            histograms = (
                self._of_all.get(name, Counter()),
                self._of_day.get((page.weekday, name), Counter()),
            )
            shares = [
                (_beyond(one, page.measures[name], is_up=is_up) + 1) / (one.total() + 1)
                for one in histograms
                if one.total() >= LEAST_BEFORE
            ]
            self._shares[key] = max(shares, default=None)
        return self._shares[key]


def _beyond(histogram: Histogram, value: int, *, is_up: bool) -> int:
    return sum(
        count for one, count in histogram.items() if (one >= value if is_up else one <= value)
    )


def shifts(pages: Sequence[PageMeasures], baseline: Baseline) -> list[Shift]:
    """The measures that have moved on the newest pages, which are given oldest first."""
    newest = pages[-MOST_PAGES:]
    runs = [list(group) for _, group in groupby(newest, key=lambda page: page.run_id)]
    names = sorted({name for page in newest for name in page.measures})
    if len(runs) < LEAST_RUNS or len(newest) < LEAST_PAGES:
        return []
    usual = Usual(baseline)
    found = (_shift(runs, usual, name, is_up=is_up) for name in names for is_up in (False, True))
    return [shift for shift in found if shift]


def _shift(
    runs: Sequence[Sequence[PageMeasures]], usual: Usual, name: str, *, is_up: bool
) -> Shift | None:
    """The shift of one measure, on as few of the newest runs as tell it."""
    of = 0
    odd: list[PageMeasures] = []
    rate = TAIL
    for number, run in enumerate(reversed(runs), start=1):
        for page in run:
            share = usual.share(page, name, is_up=is_up)
            if share is None:
                return None
            of += 1
            # a lacking field is odd as often as it is seldom, not only where it never was
            if share <= TAIL or (name.startswith(HAS) and not is_up and not page.measures[name]):
                odd.append(page)
                rate = max(rate, share)
        if number < LEAST_RUNS or of < LEAST_PAGES or len(odd) < MOST * of:
            continue
        if _chance(len(odd), of, rate) < CHANCE:
            return Shift(name, is_up, len(odd), of, tuple(odd[:EXAMPLES]))
    return None


def odd_pages(
    pages: Sequence[PageMeasures], baseline: Baseline, alarm_id: str
) -> list[PageMeasures]:
    """The pages that lie outside of what is usual in the measure of an alarm: what a fault made of
    pages, which is over, must not be taken for usual."""
    name, way = alarm_id.split(":")[-2:]
    usual = Usual(baseline)
    found = []
    for page in pages:
        share = usual.share(page, name, is_up=way == "up") if name in page.measures else None
        if share is not None and share <= TAIL:
            found.append(page)
    return found


def _chance(least: int, of: int, rate: float) -> float:
    """The chance of at least so many of so many, each with this rate (binomial distribution)."""
    return sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(least, of + 1))


def alarm(region: str, layout: str, shift: Shift) -> Alarm:
    """The alarm on a shift, with examples: addresses, and where their captures are."""
    what = shift.measure.removeprefix(HAS)
    where = f"region {region}" if region else "no region"
    if shift.measure.startswith(HAS):
        how = f"{what} is {'now found' if shift.is_up else 'lacking'}"
    else:
        how = f"{what} is {'more' if shift.is_up else 'less'} than usual"
    examples = ", ".join(
        f"{page.url} ({page.warc_file} at {page.warc_offset})" for page in shift.examples
    )
    text = f"layout {layout}: {how} on {shift.odd} of the newest {shift.of} pages of {where}"
    of = f"{alarm_prefix(region, layout)}{shift.measure}:{'up' if shift.is_up else 'down'}"
    return Alarm(of, f"{text}: {examples}", region, layout)


def alarm_prefix(region: str, layout: str) -> str:
    """What the ids of the alarms on a region's pages of a layout begin with."""
    return f"drift:{region}:{layout}:"


def settled(pages: Sequence[PageMeasures], at: datetime) -> Iterator[PageMeasures]:
    """Those of the pages, oldest first, that are no longer among the newest."""
    last_runs = list(dict.fromkeys(page.run_id for page in reversed(pages)))[:LEAST_RUNS]
    for number, page in enumerate(pages):
        is_old = page.at < at - SETTLED or number < len(pages) - MOST_PAGES
        if is_old and page.run_id not in last_runs:
            yield page


def watch_drift(ledger: Ledger, at: datetime, regions: Collection[str]) -> list[Alarm]:
    """At the end of a run, the alarms on pages of these regions; pages that have settled become
    usual. While an alarm holds they don't, for three weeks. Raises LedgerError."""
    found: list[Alarm] = []
    for region, layout in ledger.measures.layouts():
        if region in regions:
            found += _watch(ledger, at, region, layout)
    return found


def _watch(ledger: Ledger, at: datetime, region: str, layout: str) -> list[Alarm]:
    measures, start = ledger.measures, alarm_prefix(region, layout)
    pages, baseline = measures.pages(region, layout), measures.baseline(region, layout)
    held = measures.shifts(start)
    alarms = [alarm(region, layout, one) for one in shifts(pages, baseline)]
    ids = {alarm.id for alarm in alarms}
    if any(since < at - USUAL_AFTER for one, since in held.items() if one in ids):
        measures.settle(region, layout, pages)
        measures.hold(start, (), at=at)
        return []
    for over in held.keys() - ids:
        odd = odd_pages(pages, baseline, over)
        measures.forget(region, layout, odd)
        pages = [page for page in pages if page not in odd]
    if alarms:
        measures.forget(region, layout, pages[:-MOST_PAGES])
    else:
        measures.settle(region, layout, settled(pages, at))
    measures.hold(start, ids, at=at)
    return alarms
