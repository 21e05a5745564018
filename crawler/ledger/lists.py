"""Lists: their validators, their health, their further pages, and their walks.

A walk reads a list from its first page back to known ground. Known ground is the link set of the
last *completed* walk and of the few before it which it joined, so a walk that was cut off never
hides the gap behind it, and one that read a single page doesn't forget those below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, delete, exists, insert, select, update

from crawler.ledger.column_types import as_stored
from crawler.ledger.connection import CHUNK, LedgerConnection
from crawler.ledger.rows import Backfill, ListCapture, ListState, PageState, Validators
from crawler.ledger.schema import backfills, list_links, list_pages, lists, metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date, datetime

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
