"""What is known of a region's day, and the verdict on it. Pure.

In: the articles of the day, the lists and their looks, what lists imply and no look has shown. Out:
`complete`, `incomplete` with each address or hole that is wanting, or `unknown` with why.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from crawler.clock import BEIJING, iso
from crawler.ledger.rows import Hole, HoleKind
from crawler.ledger.schedule import GIVE_UP, LOOK_BACK
from crawler.ledger.sources import mark
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from crawler.ledger.rows import DayLink, DaySource

# A day is closed so long after its end.
CLOSED_AFTER = timedelta(hours=48)

# A day of a region that nobody reads any more is closed so long after its end.
CLOSED_AT_LAST = timedelta(days=7)

# From so many articles of late on it is known which lists show what no other shows.
_TOLD_BY = 5

# Outcomes of addresses at which no article is to be had, or that we may not ask for.
REFUSED = frozenset({
    Outcome.ROBOTS_DENIED, Outcome.REFUSED_ADDRESS, Outcome.NOT_ARTICLE, Outcome.NOT_HTML,
})  # fmt: skip

# Outcomes of addresses whose article has its outcome elsewhere.
_ELSEWHERE = frozenset({Outcome.REDIRECTED, Outcome.DUPLICATE})


class Verdict(StrEnum):
    """What a certificate says of a region's day."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Implied:
    """A hole, and whether all that the list showed of late was shown by lists too that have none:
    `is_covered` ones say nothing against the day."""

    hole: Hole
    is_covered: bool


@dataclass(frozen=True, slots=True)
class RegionDay:
    """A region's day: its articles, lists and holes. `silent` are lists that were not read since it
    began; `doubted` those not read since its end, with how many articles of late were shown by none
    but them; `hours` are those of the day without a look that read a list."""

    region: str
    day: date
    archived: Sequence[DayLink] = ()
    refused: Sequence[DayLink] = ()
    owed: Sequence[DayLink] = ()
    implied: Sequence[Implied] = ()
    alive: int = 0
    silent: Sequence[DaySource] = ()
    doubted: Mapping[str, int] = field(default_factory=dict)
    hours: Sequence[int] = ()
    is_read_since: bool = True
    is_watched: bool = True

    @property
    def seen(self) -> int:
        """Articles that lists showed, or that were asked for."""
        return len(self.archived) + len(self.refused) + len(self.owed)

    @property
    def found_later(self) -> list[DayLink]:
        """Those first seen after the day's end."""
        end = end_of(self.day)
        links = (*self.archived, *self.refused, *self.owed)
        return [link for link in links if link.first_seen_at >= end]


def judge(told: RegionDay) -> tuple[Verdict, list[str]]:
    """The verdict on a region's day and the reasons for it, as sentences; the reading room has them
    in its languages (room/rendering.py)."""
    wanting = [f"{link.url} is owed: {why_owed(link)}" for link in told.owed]
    wanting += [_of_hole(one.hole) for one in told.implied if not one.is_covered]
    doubts = []
    if not told.is_watched:
        doubts.append("its lists were not read on the whole of this day")
    elif not told.is_read_since:
        doubts.append("none of its lists was read since the day's end")
    doubts += [
        f"{url} was not read since the day's end; {count} articles of late were shown by no list "
        "that was"
        for url, count in told.doubted.items()
    ]
    if wanting:
        return Verdict.INCOMPLETE, [*wanting, *doubts]
    return (Verdict.UNKNOWN, doubts) if doubts else (Verdict.COMPLETE, [])


def why_owed(link: DayLink) -> str:
    """How the last attempt at an owed address ended."""
    return str(link.result) if link.result else "not asked for yet"


def _of_hole(hole: Hole) -> str:
    between = f"between {iso(hole.since)} and {iso(hole.until)}"
    if hole.kind is HoleKind.TOTAL:
        return f"{hole.list_url} says that {hole.missing} more came {between} than it showed"
    if hole.kind is HoleKind.PAGES_LEFT:
        return (
            f"{hole.list_url} has further pages, of {hole.last_day} and before, that were not read "
            f"when it was found: LIST_MAX_PAGES; `since` reads them"
        )
    if hole.kind is HoleKind.PAGES_UNREACHED:
        return f"a further page of {hole.list_url} could not be had {between}"
    return f"{hole.list_url} showed none of its last articles any more: a gap {between}"


def start_of(day: date) -> datetime:
    """The first moment of a day in Beijing."""
    return datetime.combine(day, clock_time.min, BEIJING).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first moment after it."""
    return start_of(day) + timedelta(days=1)


def day_at(moment: datetime) -> date:
    """The day in Beijing at a moment."""
    return moment.astimezone(BEIJING).date()


def day_of(link: DayLink) -> date:
    """The day of publication: the page's, else the list's, the address's, that of the first
    sighting."""
    for text in (link.published_at, link.list_time):
        if text:
            return date.fromisoformat(text[:10])
    return link.day or day_at(link.first_seen_at)


def region_days(
    day: date,
    *,
    archived: Iterable[DayLink],
    not_archived: Iterable[DayLink],
    sources: Iterable[DaySource],
    holes: Iterable[Hole],
    shown_by: Callable[[str], Sequence[frozenset[str]]],
    watched_since: Mapping[str, datetime],
    unread_since: Mapping[str, date],
) -> dict[str, RegionDay]:
    """What is known of a day, by region: of those that were watched by its end, or have articles of
    it, and of those whose lists were asked before it and never read. `shown_by` gives, of each
    article that a region's lists found of late, the marks of the lists that showed it."""
    end = end_of(day)
    found = {}
    links = _by_region(archived)
    others = _by_region(link for link in not_archived if day_of(link) == day)
    lists: dict[str, list[DaySource]] = {}
    known = list(sources)
    for source in known:
        if source.region is not None and source.first_at < end:
            lists.setdefault(source.region, []).append(source)
    region_of = {source.url: source.region for source in known}
    of_region: dict[str | None, list[Hole]] = {}
    for hole in holes:
        of_region.setdefault(region_of.get(hole.list_url), []).append(hole)
    for region, asked_on in unread_since.items():
        if asked_on < day:
            found[region] = RegionDay(
                region, day, hours=range(24), archived=links.get(region, []), is_read_since=False
            )
    for region in sorted(watched_since):
        if watched_since[region] >= end and not (links.get(region) or others.get(region)):
            continue
        open_links = _one_an_article(others.get(region, []))
        told = RegionDay(
            region=region,
            day=day,
            archived=links.get(region, []),
            refused=[link for link in open_links if link.result in REFUSED],
            owed=[link for link in open_links if _is_wanting(link)],
            is_watched=watched_since[region] <= start_of(day),
        )
        shown = partial(shown_by, region)
        found[region] = _with_lists(told, lists.get(region, []), of_region.get(region, []), shown)
    return found


def _with_lists(
    told: RegionDay,
    sources: Sequence[DaySource],
    holes: Sequence[Hole],
    shown_by: Callable[[], Sequence[frozenset[str]]],
) -> RegionDay:
    """The same with what its lists tell of the day."""
    start, end = start_of(told.day), end_of(told.day)
    gaps = _gaps(told.day, sources, holes)
    silent = [one for one in sources if _is_silent(one, start)]
    behind = [one for one in sources if _is_silent(one, end)]
    wanting = {hole.list_url for hole in gaps} | {one.url for one in behind}
    alone = _alone(wanting, shown_by()) if wanting else {}
    return replace(
        told,
        implied=[Implied(hole, is_covered=alone.get(hole.list_url) == 0) for hole in gaps],
        alive=len(sources) - len(silent),
        silent=[one for one in silent if _was_of_late(one, start)],
        doubted={one.url: count for one in behind if (count := alone.get(one.url))},
        hours=_hours_without(sources),
        is_read_since=len(behind) < len(sources),
    )


def _gaps(day: date, sources: Sequence[DaySource], holes: Sequence[Hole]) -> list[Hole]:
    """The holes of these lists, and the walks over the day that didn't end. Pages that the first
    walk of a list left unread may hold articles of days before it was found."""
    own = {source.url for source in sources}
    open_walks = (_open_walk(source, day) for source in sources)
    told = (one for one in holes if one.list_url in own or one.kind is HoleKind.PAGES_LEFT)
    return [*told, *filter(None, open_walks)]


def _alone(wanting: Collection[str], shown_by: Sequence[frozenset[str]]) -> dict[str, int]:
    """Of lists that have a hole, or were not read since the day's end, how many articles of late
    each of them showed that no list showed but they. None where too little is known to tell."""
    if len(shown_by) < _TOLD_BY:
        return {}
    by_mark = {mark(url): url for url in wanting}
    counts = dict.fromkeys(wanting, 0)
    for marks in shown_by:
        if marks and marks <= by_mark.keys():
            for one in marks:
                counts[by_mark[one]] += 1
    return counts


def _by_region(links: Iterable[DayLink]) -> dict[str, list[DayLink]]:
    found: dict[str, list[DayLink]] = {}
    for link in links:
        found.setdefault(link.region or "", []).append(link)
    return found


def _one_an_article(links: Iterable[DayLink]) -> list[DayLink]:
    """Of the addresses of one article that at which it is wanting, else that which is owed."""
    found: dict[str, DayLink] = {}

    def order(link: DayLink) -> tuple[bool, bool, str]:
        return not _is_wanting(link), not link.is_owed, link.url

    for link in sorted(links, key=order):
        found.setdefault(link.article_id, link)
    return sorted(found.values(), key=lambda link: link.url)


def _is_wanting(link: DayLink) -> bool:
    return link.result not in REFUSED and link.result not in _ELSEWHERE


def _is_silent(source: DaySource, since: datetime) -> bool:
    """Whether a list wasn't read since a moment."""
    return source.last_ok_at is None or source.last_ok_at < since


def _was_of_late(source: DaySource, start: datetime) -> bool:
    """Whether a list was read in the weeks before: those silent for longer are told of no more."""
    return not _is_silent(source, start - LOOK_BACK)


def _hours_without(sources: Iterable[DaySource]) -> list[int]:
    hours = 0
    for source in sources:
        hours |= source.hours
    return [hour for hour in range(24) if not hours >> hour & 1]


def _open_walk(source: DaySource, day: date) -> Hole | None:
    """What an open walk has not reached: it was begun to see what came since the one before."""
    began, before = source.walk_started_at, source.completed_at
    if began is None or before is None or day_at(before) > day or day_at(began) < day:
        return None
    # a list that was given up is told of among the silent ones
    if source.failures >= GIVE_UP:
        return None
    first, last = day_at(before), day_at(began)
    return Hole(source.url, began, HoleKind.PAGES_UNREACHED, before, first, last)
