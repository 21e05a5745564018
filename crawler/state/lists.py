"""List sources: their validators, their health, and the walk from page to page.

A walk reads a list from its first page back to known ground. Known ground is the link set of the
last *completed* walk, so a walk that was cut off never hides the gap behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from crawler.state.rows import ListState
from crawler.state.schema import list_links, lists
from crawler.state.store import CHUNK, Store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Row

_HIDDEN = ("walk", "last_run")


class Lists(Store):
    def list_state(self, url: str) -> ListState:
        """What is known of a list page; a bare ListState for one never asked."""
        row = self._list(url)
        return ListState(url) if row is None else _state(row)

    def list_states(self, regions: Collection[str] | None = None) -> list[ListState]:
        """All list pages (of these regions), by address."""
        statement = select(lists).order_by(lists.c.url)
        if regions is not None:
            statement = statement.where(lists.c.region.in_(regions))
        return [_state(row) for row in self._rows(statement)]

    def start_walk(self, list_url: str, *, at: datetime) -> None:
        """Open a walk. One that was cut off stays open: its links and its page are kept."""
        self._ensure(list_url)
        self._write(
            update(lists)
            .where(lists.c.url == list_url, lists.c.walk_started_at.is_(None))
            .values(walk_started_at=at, resume_url=None, resume_page=None)
        )

    def resume(self, list_url: str, next_url: str, page: int) -> None:
        """Note the page the open walk is to go on with, should it be cut off now."""
        self._open_walk(list_url)
        self._write(
            update(lists)
            .where(lists.c.url == list_url)
            .values(resume_url=next_url, resume_page=page)
        )

    def finish_walk(self, list_url: str, *, at: datetime) -> None:
        """The walk has met known ground or the list's end: its links become known ground."""
        walk = self._open_walk(list_url)
        self._write(
            delete(list_links).where(list_links.c.list_url == list_url, list_links.c.walk < walk)
        )
        self._write(
            update(lists)
            .where(lists.c.url == list_url)
            .values(
                walk=walk,
                completed_at=at,
                walk_started_at=None,
                resume_url=None,
                resume_page=None,
            )
        )

    def known_links(self, list_url: str, urls: Collection[str]) -> set[str]:
        """Those of `urls` that the list's last completed walk met."""
        row = self._list(list_url)
        return set() if row is None or not row.walk else self._linked(list_url, row.walk, urls)

    def walked_links(self, list_url: str, urls: Collection[str]) -> set[str]:
        """Those of `urls` that the list's open walk has met so far (in this run or before)."""
        row = self._list(list_url)
        if row is None or row.walk_started_at is None:
            return set()
        return self._linked(list_url, row.walk + 1, urls)

    def record_list(
        self,
        url: str,
        *,
        run_id: str,
        at: datetime,
        status: int | None,
        etag: str | None,
        last_modified: str | None,
        region: str | None,
        links: Sequence[str],
        list_url: str | None = None,
    ) -> None:
        """Note one answer of a list page (`status` None: no answer) and the links it holds.

        `links` are canonical article addresses; they join the walk of `list_url` (the list this
        page belongs to, `url` itself by default), which is opened if none is. Validators, those of
        this page, are kept for a 2xx answer and stay as they were otherwise.
        """
        self._ensure(url)
        values: dict[str, Any] = {"region": region, "last_status": status, "last_at": at}
        values["last_run"] = run_id
        is_ok = status is not None and 200 <= status < 300
        if is_ok:
            values |= {"etag": etag, "last_modified": last_modified}
        if is_ok or status == 304:
            values |= {"last_ok_at": at, "failures": 0}
        else:
            values["failures"] = lists.c.failures + 1
        self._write(update(lists).where(lists.c.url == url).values(values))
        if links:
            self.start_walk(list_url or url, at=at)
            key = {"list_url": list_url or url, "walk": self._open_walk(list_url or url)}
            self._upsert(list_links, [key | {"url": link} for link in links], update=())

    def _list(self, url: str) -> Row[Any] | None:
        return self._row(select(lists).where(lists.c.url == url))

    def _ensure(self, url: str) -> None:
        self._upsert(lists, [{"url": url, "failures": 0, "walk": 0}], update=())

    def _open_walk(self, list_url: str) -> int:
        """The number of the open walk; completed ones count from 1."""
        row = self._list(list_url)
        if row is None or row.walk_started_at is None:
            message = f"no walk of {list_url} is open"
            raise ValueError(message)
        return int(row.walk) + 1

    def _linked(self, list_url: str, walk: int, urls: Collection[str]) -> set[str]:
        return {
            row.url
            for chunk in _chunks(urls)
            for row in self._rows(
                select(list_links.c.url).where(
                    list_links.c.list_url == list_url,
                    list_links.c.walk == walk,
                    list_links.c.url.in_(chunk),
                )
            )
        }


def _chunks(urls: Collection[str]) -> Iterator[list[str]]:
    every = list(urls)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]


def _state(row: Row[Any]) -> ListState:
    return ListState(**{name: value for name, value in row._mapping.items() if name not in _HIDDEN})
