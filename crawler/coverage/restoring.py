"""What was learnt of lists and pages, made again from the published files when the ledger is lost.

From the sightings: which lists there are, what each shows and brought, which was the first to show
an article. From the indexes of the WARCs: when each was looked at. From the lines: what pages are
like. Gaps of lists are in the certificates; of the days that have none yet, those of a first page
that turned over whole between two looks are told by the sightings.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.coverage import drift
from crawler.coverage.continuity import day_of_address, head_of
from crawler.coverage.sightings import GONE
from crawler.coverage.verdicts import day_at, start_of
from crawler.data_dir import (
    certificates_of,
    in_order_of_seq,
    indexes_of,
    lines_of,
    reports_of,
    run_began,
    run_of,
    sightings_of,
)
from crawler.ledger.rows import Hole, HoleKind, ListState, Source
from crawler.ledger.schedule import KEPT
from crawler.ledger.sources import MOST_MARKS, mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import PageMeasures

# Pages of so many days say what is usual.
_MEASURED = timedelta(days=120)

# How many links from the registry a list stands isn't told: until a page that names it is read, it
# leads no further.
_DEEP = 99

# What is read of a list that has shown articles; where it redirects, the next answer is the page.
_READ = frozenset({"200", "301", "302", "303", "304", "307", "308"})

# So many pages are counted at a time; so many reports tell which shifts hold.
_CHUNK = 100
_REPORTS = 50


@dataclass(slots=True)
class _DayOfList:
    """The looks of a day that read a list, those that failed, the hours that had one which read it
    (bit n: the hour n), and the articles that appeared."""

    looks: int = 0
    failures: int = 0
    hours: int = 0
    news: int = 0


@dataclass(slots=True)
class _Learnt:
    """A list. `shown` is what its first page shows, by address and headline, with when and where it
    appeared."""

    url: str
    region: str | None
    first_at: datetime
    first_run: str
    shown: dict[tuple[str, str | None], tuple[datetime, int]] = field(default_factory=dict)
    newest: tuple[str, str | None, datetime] | None = None
    met: set[str] = field(default_factory=set)
    days: dict[date, _DayOfList] = field(default_factory=lambda: defaultdict(_DayOfList))
    state: ListState | None = None

    def head(self) -> list[str]:
        """Its newest links, by all that is known of their order."""
        order = sorted(self.shown.items(), key=lambda row: (-row[1][0].timestamp(), row[1][1]))
        return head_of(list(dict.fromkeys(url for (url, _), _ in order)))


class _Lists:
    """What the sightings and the indexes tell of lists, of the days from `since` on."""

    def __init__(self, since: date) -> None:
        self._since = since
        self.by_url: dict[str, _Learnt] = {}
        self.finds: dict[str, tuple[str | None, date, list[str]]] = {}
        self.holes: list[Hole] = []

    def read(self, lines: Iterable[dict[str, Any]]) -> None:
        """The lines of a run in their order."""
        for (url, at), group in groupby(lines, key=lambda line: (line["list"], line["at"])):
            of_look = list(group)
            learnt = self.by_url.get(url)
            moment = datetime.fromisoformat(at)
            if learnt is None:
                run_id, region = str(of_look[0]["run_id"]), of_look[0]["region"]
                learnt = self.by_url[url] = _Learnt(url, region, moment, run_id)
            self._look(learnt, moment, of_look)

    def _look(self, learnt: _Learnt, at: datetime, lines: Sequence[dict[str, Any]]) -> None:
        is_recent = day_at(at) >= self._since
        head = learnt.head() if is_recent else []
        appeared = [line for line in lines if line["event"] != GONE]
        for line in lines:
            key = (str(line["url"]), line["headline"])
            if line["event"] == GONE:
                learnt.shown.pop(key, None)
            elif line["page"] == 1:
                learnt.shown[key] = (at, line["position"] or 0)
        first = next((line for line in appeared if line["page"] == 1), None)
        if first:
            learnt.newest = (first["url"], first["headline"], at)
        left = {url for url, _ in learnt.shown}
        went = [line["last_shown_at"] for line in lines if line["event"] == GONE]
        if head and went and first and not left.intersection(head):
            self._turned_over(learnt.url, datetime.fromisoformat(max(went)), at, left)
        for line in appeared if is_recent else ():
            self._appeared(learnt, line, at)

    def _turned_over(self, url: str, since: datetime, at: datetime, left: Iterable[str]) -> None:
        first = day_at(since)
        days = [day for one in left if (day := day_of_address(one)) and day >= first]
        last = max(first, min(days, default=day_at(at)))
        self.holes.append(Hole(url, at, HoleKind.OVERFLOW, since, first, last))

    def _appeared(self, learnt: _Learnt, line: Mapping[str, Any], at: datetime) -> None:
        """News of a list, and who was first with it; what its first look shows is none."""
        article, day = str(line["article_id"]), day_at(at)
        if article in learnt.met:
            return
        learnt.met.add(article)
        own, is_news = mark(learnt.url), line["run_id"] != learnt.first_run
        if is_news:
            learnt.days[day].news += 1
        if article not in self.finds:
            self.finds[article] = (learnt.url if is_news else None, day, [own])
            return
        marks = self.finds[article][2]
        if own not in marks and len(marks) < MOST_MARKS:
            marks.append(own)

    def looked(self, url: str, at: datetime, status: str) -> None:
        """An answer to a request for an address, which may be a list's."""
        learnt = self.by_url.get(url)
        if learnt is None or not status.isdigit():
            return
        day, is_read = learnt.days[day_at(at)], status in _READ
        if is_read:
            day.looks += 1
            day.hours |= 1 << at.astimezone(BEIJING).hour
        else:
            day.failures += 1
        state = learnt.state or ListState(url, learnt.region, _DEEP)
        learnt.state = replace(
            state,
            last_status=int(status),
            last_at=at,
            last_ok_at=at if is_read else state.last_ok_at,
            failures=0 if is_read else state.failures + 1,
        )


def restore(data_dir: Path, ledger: Ledger) -> list[str]:
    """Tell a ledger that was made of the published files what they say of lists and pages; what
    could not be read, in sentences. Lines and certificates must be in it. Raises LedgerError."""
    indexes = sorted(indexes_of(data_dir), key=lambda path: path.name)
    if not indexes:
        return []
    problems: list[str] = []
    since = day_at(_began(indexes[-1])) - KEPT
    lists = _Lists(since)
    for path in in_order_of_seq(data_dir, sightings_of(data_dir)):
        with _telling(path, problems):
            lists.read(_objects(path))
    for path in indexes:
        if day_at(_began(path)) >= since:
            with _telling(path, problems):
                _read_index(lists, path)
    _keep(ledger, lists, since)
    holes = [*_certified(data_dir, ledger, since, problems), *lists.holes]
    certified = ledger.certificates.days()
    for hole in holes:
        if hole in lists.holes and not _days(hole.first_day, hole.last_day) - certified:
            # its certificate has its gaps
            continue
        ledger.sources.add_hole(hole)
    _restore_measures(data_dir, ledger, problems)
    return problems


@contextmanager
def _telling(path: Path, problems: list[str]) -> Iterator[None]:
    try:
        yield
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        problems.append(f"{path.name}: what it tells of lists can't be read: {error!r}")


def _began(path: Path) -> datetime:
    run_id = run_of(path.name)
    return run_began(run_id) if run_id else datetime.min.replace(tzinfo=UTC)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as opened:
        for line in opened:
            yield json.loads(line)


def _read_index(lists: _Lists, path: Path) -> None:
    with path.open(encoding="utf-8") as opened:
        for line in opened:
            _, timestamp, fields = line.split(" ", 2)
            values = json.loads(fields)
            if values["url"] in lists.by_url:
                at = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                lists.looked(values["url"], at, str(values.get("status")))


def _keep(ledger: Ledger, lists: _Lists, since: date) -> None:
    for learnt in lists.by_url.values():
        state = learnt.state
        # a list that was not asked for weeks
        if state is None:
            continue
        head = learnt.head()
        url, title, newest_at = learnt.newest or (None, None, None)
        source = Source(
            learnt.url, learnt.first_at, len({one for one, _ in learnt.shown}), url, title,
            newest_at, head or None, state.last_ok_at if head else None,
        )  # fmt: skip
        ledger.lists.restore(state)
        days = {day: astuple(one) for day, one in learnt.days.items()}
        ledger.sources.restore(source, days)
    known = ledger.addresses.seen_before(lists.finds, start_of(since))
    ledger.sources.restore_finds(
        (article, list_url, day, marks)
        for article, (list_url, day, marks) in lists.finds.items()
        if list_url is not None and article not in known
    )


def _days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def _certified(data_dir: Path, ledger: Ledger, since: date, problems: list[str]) -> Iterator[Hole]:
    """The gaps that certificates name; one of the newest may reach into days without any."""
    found: dict[tuple[str, str, str], Hole] = {}
    for path in certificates_of(data_dir):
        with _telling(path, problems):
            told = json.loads(path.read_bytes())
            day = date.fromisoformat(told["day"])
            if told["number"] or day < since:
                continue
            for row in told["regions"].values():
                for one in row["implied"]:
                    key = (one["list"], one["until"], one["kind"])
                    known = found.get(key)
                    found[key] = Hole(
                        one["list"], datetime.fromisoformat(one["until"]), HoleKind(one["kind"]),
                        datetime.fromisoformat(one["since"]),
                        min(day, known.first_day) if known else day,
                        max(day, known.last_day) if known else day,
                        one["missing"],
                    )  # fmt: skip
    certified = ledger.certificates.days()
    for hole in found.values():
        after = _days(hole.last_day + timedelta(days=1), day_at(hole.until))
        yield replace(hole, last_day=max((hole.last_day, *(after - certified))))


def _restore_measures(data_dir: Path, ledger: Ledger, problems: list[str]) -> None:
    """What pages are like, and the shifts that held at the end of the newest run."""
    held = _held(data_dir, problems)
    for (region, layout), every in sorted(_measured_pages(data_dir, problems).items()):
        start = drift.alarm_prefix(region, layout)
        own = {key: at for key, at in held.items() if key.startswith(start)}
        since = min(own.values(), default=None)
        every.sort(key=lambda page: (page.run_id, page.at, page.url))
        usual = [page for page in every if since is None or page.at < since]
        settled = list(drift.settled(usual, usual[-1].at)) if usual else []
        for first in range(0, len(settled), _CHUNK):
            ledger.measures.settle(region, layout, settled[first : first + _CHUNK])
        for page in every[len(settled) :]:
            ledger.measures.add(region, layout, page)
        for alarm_id, at in own.items():
            ledger.measures.hold(alarm_id, [alarm_id], at=at)


def _measured_pages(
    data_dir: Path, problems: list[str]
) -> dict[tuple[str, str], list[PageMeasures]]:
    """The pages of the newest lines, by region and layout."""
    pages: dict[tuple[str, str], list[PageMeasures]] = defaultdict(list)
    files = lines_of(data_dir)
    newest = max(map(_began, files), default=None)
    for path in files:
        if newest and _began(path) >= newest - _MEASURED:
            with _telling(path, problems):
                for record in _objects(path):
                    if page := drift.page_of(record):
                        region = record["region"]
                        key = (region["code"] if region else "", record["layout"] or "")
                        pages[key].append(page)
    return pages


def _held(data_dir: Path, problems: list[str]) -> dict[str, datetime]:
    """The shifts of which the newest reports tell that they hold, and since when."""
    found: dict[str, datetime] = {}
    for path in reports_of(data_dir)[-_REPORTS:]:
        with _telling(path, problems):
            report = json.loads(path.read_bytes())
            watched = report.get("watched") or ()
            regions = tuple(f"drift:{code}:" for code in watched)
            found = {key: at for key, at in found.items() if not key.startswith(regions)}
            for state in report.get("alarm_states", ()):
                if state["id"].startswith("drift:"):
                    found[state["id"]] = datetime.fromisoformat(state["since"])
    return found
