"""Lists: their validators, their health, their further pages, their walks, and what is on the first
page of each.

A walk reads a list from its first page back to known ground. Known ground is the link set of the
last *completed* walk and of the few before it which it joined, so a walk that was cut off never
hides the gap behind it, and one that read a single page doesn't forget those below.

The lines on what appeared on first pages and went wait here until their run is over: then the
article is archived, whose title they are held against. Lines of a killed run wait for the recovery.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, delete, exists, func, insert, select, update

from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import (
    Backfill,
    ListCapture,
    ListState,
    PageState,
    Placement,
    SightingLine,
    Validators,
)
from crawler.ledger.schema import (
    addresses,
    articles,
    as_stored,
    backfills,
    list_links,
    list_pages,
    lists,
    metadata,
    placements,
    sighting_lines,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, RowMapping


# Columns that no ListState has under their own name.
_HIDDEN = ("walk", "captured_url", "captured_at", "warc")

# So many completed walks that met something new are known ground. The last alone may be no deeper
# than a page or two, and a page that items moved across would look like news down to the list's
# end.
KEPT_WALKS = 8

NO_VALIDATORS = Validators(None, None, None)


class Lists:
    """The lists, each with its walk, its further pages and its backfills."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection
        # Rows of `lists` as they are stored, None for one that isn't: nobody else writes them.
        self._rows: dict[str, dict[str, Any] | None] = {}

    @classmethod
    def scratch(cls) -> Lists:
        """Lists in memory, for a replay: archived answers say nothing of what the lists show today,
        so they must not become known ground."""
        connection = create_engine("sqlite://").connect()
        metadata.create_all(connection, [lists, list_pages, backfills, list_links])
        return cls(LedgerConnection(connection, None))

    def state(self, url: str) -> ListState:
        """What is known of a list; a bare ListState for one never asked."""
        row = self._row(url)
        return ListState(url) if row is None else _state(row)

    def states(self, regions: Collection[str] | None = None) -> list[ListState]:
        """All lists (of these regions), by address."""
        statement = select(lists).order_by(lists.c.url)
        if regions is not None:
            statement = statement.where(lists.c.region.in_(regions))
        return [_state(row._mapping) for row in self._connection.rows(statement)]

    def remember(self, list_url: str, *, region: str | None, depth: int) -> None:
        """Know a list from before it is asked. `depth`: so many links from the registry's lists, or
        fewer if that is known."""
        row = self._ensured(list_url, region, depth)
        self._update(list_url, {"depth": min(depth, row["depth"])})

    def restore(self, state: ListState) -> None:
        """Know a list again that published files tell of: its region and how its looks ended."""
        values = {
            "last_status": state.last_status, "last_at": state.last_at,
            "last_ok_at": state.last_ok_at, "failures": state.failures,
        }  # fmt: skip
        self._ensured(state.url, state.region, state.depth)
        self._update(state.url, values)

    def start_walk(self, list_url: str, *, at: datetime) -> None:
        """Open a walk. One that was cut off stays open: its links and its page are kept."""
        if self._ensured(list_url)["walk_started_at"] is None:
            values = {"walk_started_at": at, "resume_url": None, "resume_page": None}
            self._update(list_url, values)

    def save_walk(self, list_url: str, next_url: str, page: int) -> None:
        """Note the page the open walk is to go on with, should it be cut off now."""
        self._open_walk(list_url)
        self._update(list_url, {"resume_url": next_url, "resume_page": page})

    def finish_walk(self, list_url: str, *, at: datetime) -> None:
        """The walk has met known ground or the list's end: its links become known ground. A walk
        that met nothing new leaves known ground as it is."""
        walk = self._open_walk(list_url)
        of_list = list_links.c.list_url == list_url
        if walk > 1 and not self._has_news(list_url, walk):
            self._connection.write(delete(list_links).where(of_list, list_links.c.walk == walk))
            walk -= 1
        if walk > KEPT_WALKS:
            self._connection.write(
                delete(list_links).where(of_list, list_links.c.walk <= walk - KEPT_WALKS)
            )
        ended = {"walk_started_at": None, "resume_url": None, "resume_page": None}
        self._update(list_url, {"walk": walk, "completed_at": at} | ended)

    def backfill(self, list_url: str, since: date) -> Backfill | None:
        """The open walk of a list below known ground, back to a day; None when none is open."""
        row = self._connection.row(select(backfills).where(*_is_backfill(list_url, since)))
        return None if row is None else Backfill(**row._mapping)

    def start_backfill(self, list_url: str, since: date, *, at: datetime) -> None:
        """Open a backfill. One that was cut off stays open."""
        row = {"list_url": list_url, "since": since, "started_at": at}
        self._connection.upsert(backfills, [row], update=())

    def save_backfill(self, list_url: str, since: date, next_url: str, page: int) -> None:
        """Note the page an open backfill is to go on with, should it be cut off now."""
        self._connection.write(
            update(backfills)
            .where(*_is_backfill(list_url, since))
            .values(resume_url=next_url, resume_page=page)
        )

    def finish_backfill(self, list_url: str, since: date) -> None:
        """The backfill has reached its day or the list's end."""
        self._connection.write(delete(backfills).where(*_is_backfill(list_url, since)))

    def known_links(self, list_url: str, urls: Collection[str]) -> set[str]:
        """Those of `urls` that are known ground of the list."""
        row = self._row(list_url)
        if row is None or not row["walk"]:
            return set()
        return {
            found.url
            for chunk in _chunks(urls)
            for found in self._connection.rows(
                select(list_links.c.url).where(
                    list_links.c.list_url == list_url,
                    list_links.c.walk <= row["walk"],
                    list_links.c.url.in_(chunk),
                )
            )
        }

    def met_links(self, list_url: str, urls: Collection[str]) -> set[str]:
        """Those of `urls` that its walks have met, an open one among them."""
        return {
            found.url
            for chunk in _chunks(urls)
            for found in self._connection.rows(
                select(list_links.c.url).where(
                    list_links.c.list_url == list_url, list_links.c.url.in_(chunk)
                )
            )
        }

    def add_answer(
        self,
        url: str,
        *,
        at: datetime,
        status: int | None,
        region: str | None,
        validators: Validators = NO_VALIDATORS,
        links: Sequence[str] = (),
        is_readable: bool = True,
    ) -> None:
        """Note one answer of a list's first page (`status` None: no answer) and the links it holds.

        `links` are canonical article addresses; they join the list's walk, which is opened if none
        is. Validators are kept for a 2xx answer and stay as they were otherwise. An answer that is
        not `is_readable` counts as a failure.
        """
        row = self._ensured(url)
        values: dict[str, Any] = {"region": region, "last_status": status, "last_at": at}
        is_ok = _is_ok(status) and is_readable
        if is_ok:
            values |= _validators(validators)
        if is_ok or status == 304:
            # the look before may have been another machine's, whose clock is ahead
            values |= {"last_ok_at": max(at, row["last_ok_at"] or at), "failures": 0}
        else:
            values["failures"] = row["failures"] + 1
        self._update(url, values)
        self._add_links(url, links, at)

    def keep_validators(self, url: str, validators: Validators) -> None:
        """Keep those of the last answer after all: what it named is remembered now."""
        self._update(url, _validators(validators))

    def add_page_answer(
        self,
        list_url: str,
        url: str,
        *,
        at: datetime,
        status: int | None,
        links: Sequence[str] = (),
        is_readable: bool = True,
    ) -> None:
        """Note one answer of a further page of a list and the links it holds, which join the walk
        of the list."""
        key = {"list_url": list_url, "url": url}
        answer = {"last_status": status, "last_at": at}
        if _is_ok(status) and is_readable:
            self._connection.upsert(list_pages, [key | answer | {"failures": 0}])
        else:
            self._connection.upsert(list_pages, [key | {"failures": 0}], update=())
            self._connection.write(
                update(list_pages)
                .where(list_pages.c.list_url == list_url, list_pages.c.url == url)
                .values(failures=list_pages.c.failures + 1, **answer)
            )
        self._add_links(list_url, links, at)

    def pages(self, url: str) -> list[PageState]:
        """What is known of an address as a further page, one row for each list it is a page of."""
        statement = select(list_pages).where(list_pages.c.url == url)
        rows = self._connection.rows(statement.order_by(list_pages.c.list_url))
        return [PageState(**row._mapping) for row in rows]

    def _add_links(self, list_url: str, links: Sequence[str], at: datetime) -> None:
        if links:
            self.start_walk(list_url, at=at)
            key = {"list_url": list_url, "walk": self._open_walk(list_url)}
            self._connection.upsert(list_links, [key | {"url": link} for link in links], update=())

    def _row(self, url: str) -> dict[str, Any] | None:
        if url not in self._rows:
            row = self._connection.row(select(lists).where(lists.c.url == url))
            self._rows[url] = None if row is None else dict(row._mapping)
        return self._rows[url]

    def _ensured(self, url: str, region: str | None = None, depth: int = 1) -> dict[str, Any]:
        """The row of a list, made if there is none."""
        row = self._row(url)
        if row is None:
            made = {"url": url, "region": region, "depth": depth, "failures": 0, "walk": 0}
            self._connection.write(insert(lists).values(made))
            row = self._rows[url] = dict.fromkeys(lists.c.keys()) | {"warc": ()} | made
        return row

    def _update(self, url: str, values: dict[str, Any]) -> None:
        """Set columns of a list's row, if any changes."""
        row = self._row(url)
        changed = {name: as_stored(value) for name, value in values.items()}
        if row is not None and changed.items() - row.items():
            self._connection.write(update(lists).where(lists.c.url == url).values(changed))
            row.update(changed)

    def _open_walk(self, list_url: str) -> int:
        """The number of the open walk; completed ones count from 1."""
        row = self._row(list_url)
        if row is None or row["walk_started_at"] is None:
            message = f"no walk of {list_url} is open"
            raise ValueError(message)
        return int(row["walk"]) + 1

    def _has_news(self, list_url: str, walk: int) -> bool:
        """Whether a walk met a link that is not known ground."""
        earlier = list_links.alias()
        is_known = exists().where(
            earlier.c.list_url == list_url,
            earlier.c.url == list_links.c.url,
            earlier.c.walk < walk,
        )
        statement = select(list_links.c.url).where(
            list_links.c.list_url == list_url, list_links.c.walk == walk, ~is_known
        )
        return self._connection.row(statement.limit(1)) is not None


def _is_backfill(list_url: str, since: date) -> tuple[ColumnElement[bool], ...]:
    return backfills.c.list_url == list_url, backfills.c.since == since


def _is_ok(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _validators(kept: Validators) -> dict[str, Any]:
    capture = kept.capture
    return {
        "etag": kept.etag,
        "last_modified": kept.last_modified,
        "captured_url": capture.url if capture else None,
        "captured_at": capture.at if capture else None,
        "warc": (capture.warc,) if capture else (),
    }


def _chunks(urls: Collection[str]) -> Iterator[list[str]]:
    every = list(urls)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]


def _state(row: Mapping[str, Any] | RowMapping) -> ListState:
    values = {name: value for name, value in row.items() if name not in _HIDDEN}
    capture = None
    if row["warc"]:
        capture = ListCapture(row["captured_url"], row["captured_at"], row["warc"][0])
    return ListState(**values, capture=capture)


class Placements:
    """The open placements, and the lines that wait to be published."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection
        # The number of the newest line that waits, by run.
        self._newest: dict[str, int] = {}

    def of_list(self, list_url: str) -> set[Placement]:
        """What a list's first page showed when it was last read."""
        rows = self._connection.rows(select(placements).where(placements.c.list_url == list_url))
        return {Placement(row.url, row.headline or None) for row in rows}

    def appeared(self, list_url: str, shown: Collection[Placement], *, at: datetime) -> None:
        """Note what is on a list's first page and wasn't before."""
        rows = [
            {"list_url": list_url, "url": one.url, "headline": one.headline or "",
             "appeared_at": at}
            for one in shown
        ]  # fmt: skip
        self._connection.upsert(placements, rows, update=())

    def gone(self, list_url: str, shown: Collection[Placement]) -> None:
        """Forget what a list's first page no longer shows."""
        for one in shown:
            self._connection.write(
                delete(placements).where(
                    placements.c.list_url == list_url,
                    placements.c.url == one.url,
                    placements.c.headline == (one.headline or ""),
                )
            )

    def restore(self, line: Mapping[str, Any], *, day: date | None) -> None:
        """Learn of a published line; `day` is that of its address. An address that no other file
        knows is owed again. Raises KeyError, TypeError or ValueError for what is no such line."""
        at = datetime.fromisoformat(line["at"])
        shown = Placement(str(line["url"]), line["headline"])
        if line["event"] == "gone":
            self.gone(line["list"], [shown])
            return
        if line["page"] == 1:
            self.appeared(line["list"], [shown], at=at)
        is_archived = self._connection.row(
            select(articles.c.article_id).where(articles.c.article_id == line["article_id"])
        )
        address = {
            "url": shown.url, "article_id": line["article_id"], "region": line["region"],
            "day": day, "found_on": line["list"], "position": line["position"],
            "title": line["headline"], "list_time": line["time_shown"], "first_seen_at": at,
            "attempts": 0, "retry_at": None if is_archived else at,
        }  # fmt: skip
        self._connection.upsert(addresses, [address], update=())

    def unknown(self, urls: Collection[str]) -> set[str]:
        """Those of these addresses that no list has shown and no run has met."""
        every, known = list(urls), set()
        for start in range(0, len(every), CHUNK):
            rows = self._connection.rows(
                select(addresses.c.url).where(addresses.c.url.in_(every[start : start + CHUNK]))
            )
            known |= {row.url for row in rows}
        return set(every) - known

    def add_lines(self, run_id: str, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep lines of a run until it is over: each an article's id and the keys."""
        if run_id not in self._newest:
            number = func.max(sighting_lines.c.number).label("number")
            row = self._connection.row(select(number).where(sighting_lines.c.run_id == run_id))
            self._newest[run_id] = (row.number if row else None) or 0
        rows = [
            {"run_id": run_id, "number": number, "article_id": article_id, "keys": dict(keys)}
            for number, (article_id, keys) in enumerate(lines, start=1 + self._newest[run_id])
        ]
        self._connection.write(insert(sighting_lines), rows)
        self._newest[run_id] += len(rows)

    def lines(self, run_id: str) -> Iterator[SightingLine]:
        """The lines of a run in the order of what they tell."""
        after = 0
        while rows := self._connection.rows(
            select(sighting_lines)
            .where(sighting_lines.c.run_id == run_id, sighting_lines.c.number > after)
            .order_by(sighting_lines.c.number)
            .limit(CHUNK)
        ):
            after = rows[-1].number
            ids = {row.article_id for row in rows}
            titles, known = self._titles(ids), self._addresses(ids)
            for row in rows:
                yield SightingLine(
                    number=row.number,
                    article_id=row.article_id,
                    keys=row.keys,
                    title=titles.get(row.article_id),
                    addresses=tuple(sorted(known[row.article_id])),
                )

    def has_lines(self, run_id: str) -> bool:
        """Whether lines of a run wait."""
        one = select(sighting_lines.c.number).where(sighting_lines.c.run_id == run_id).limit(1)
        return self._connection.row(one) is not None

    def drop_lines(self, run_id: str) -> None:
        """Forget the lines of a run: they are published."""
        self._connection.write(delete(sighting_lines).where(sighting_lines.c.run_id == run_id))

    def _titles(self, ids: Collection[str]) -> dict[str, str]:
        newest = (versions.c.article_id == articles.c.article_id) & (
            versions.c.number == articles.c.number
        )
        rows = self._connection.rows(
            select(articles.c.article_id, versions.c.title)
            .join(versions, newest)
            .where(articles.c.article_id.in_(ids), versions.c.title.is_not(None))
        )
        return {row.article_id: row.title for row in rows}

    def _addresses(self, ids: Collection[str]) -> defaultdict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for row in self._connection.rows(
            select(addresses.c.article_id, addresses.c.url).where(addresses.c.article_id.in_(ids))
        ):
            found[row.article_id].add(row.url)
        return found
