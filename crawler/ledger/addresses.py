"""Article addresses: what to do with each sighting, and how each one ended.

A run tells sightings and outcomes; it gets decisions, and the addresses that are owed. What is
known of those that are to be fetched now is read once for many of them (`HandedOut`): each is asked
for several times on its way, by the request, the pipelines, the line. What a run writes of an
article meanwhile makes it forgotten there, and it is read again.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import exists, func, insert, null, or_, select, union_all, update

from crawler.ledger import line_rows
from crawler.ledger.connection import CHUNK, LedgerConnection, in_order
from crawler.ledger.errors import LedgerError
from crawler.ledger.leases import Others
from crawler.ledger.rows import Address, Decision, Ending, Owed, Sighting
from crawler.ledger.schedule import next_try
from crawler.ledger.schema import addresses, articles, as_stored, versions, visits
from crawler.outcomes import (
    OF_THE_ADDRESS,
    PAGE_IS_THERE,
    PROVISIONAL,
    SETTLED,
    Outcome,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row, Update

    from crawler.ledger.rows import ArticleRow


_ENDED = SETTLED - PROVISIONAL

# The outcome that the address has in this run with the decision; the others are open.
OUTCOME_OF = {
    Decision.KNOWN: Outcome.KNOWN,
    Decision.DUPLICATE: Outcome.DUPLICATE,
    Decision.WAITING: Outcome.PENDING,
}


def decide(
    row: Row[Any] | None, at: datetime, is_settled: bool, is_own: bool, is_taken: bool
) -> Decision:
    """The decision on a sighting whose address was not yet seen in this run.

    `row` is the address's row, None for a new one. `is_settled`: its article is archived or could
    not be read; `is_own`: this is the archived article's own address; `is_taken`: the article has
    an outcome in this run, or is waiting for one, at another address.
    """
    if is_own or has_ended(row):
        return Decision.KNOWN
    if is_settled or is_taken:
        return Decision.DUPLICATE
    if row is None:
        return Decision.NEW
    if row.retry_at is None or row.retry_at <= at:
        return Decision.OWED
    return Decision.WAITING


def has_ended(row: Row[Any] | None) -> bool:
    """Whether the address itself was asked for and nothing is owed at it."""
    return row is not None and row.retry_at is None and row.result in _ENDED


class HandedOut:
    """Rows of articles and of all their addresses, by article."""

    def __init__(self) -> None:
        self._articles: dict[str, ArticleRow | None] = {}
        self._addresses: dict[str, list[Address]] = {}
        self._article_ids: dict[str, str] = {}  # by address

    def keep(self, articles: Mapping[str, ArticleRow | None], addresses: Sequence[Address]) -> None:
        """Keep the rows of these articles, None for one that isn't archived, and of all addresses
        they were seen at."""
        for article_id, article in articles.items():
            self.forget(article_id)
            self._articles[article_id] = article
            self._addresses[article_id] = []
        for address in addresses:
            self.add(address)

    def add(self, address: Address) -> None:
        """Keep the row of a new address, if those of its article are here."""
        if address.article_id in self._addresses:
            self._addresses[address.article_id].append(address)
            self._article_ids[address.url] = address.article_id

    def has(self, article_id: str) -> bool:
        """Whether the rows of an article are here."""
        return article_id in self._articles

    def article(self, article_id: str) -> ArticleRow | None:
        """The row of an article that is here."""
        return self._articles[article_id]

    def addresses(self, article_id: str) -> list[Address]:
        """The rows of its addresses."""
        return self._addresses[article_id]

    def address(self, url: str) -> Address | None:
        """The row of an address; None where it isn't here."""
        rows = self._addresses.get(self._article_ids.get(url, ""), ())
        return next((row for row in rows if row.url == url), None)

    def forget(self, article_id: str) -> None:
        """Forget an article: something is written of it, or it was fetched."""
        self._articles.pop(article_id, None)
        for address in self._addresses.pop(article_id, ()):
            self._article_ids.pop(address.url, None)

    def forget_address(self, url: str) -> None:
        """Forget the article of an address."""
        if (article_id := self._article_ids.get(url)) is not None:
            self.forget(article_id)


# What an ending changes of an address.
_OF_ENDINGS = ("attempts", "retry_at", "result", "result_at", "detail")
# What is to be fetched now.
_FETCHED = (Decision.NEW, Decision.OWED)

_COLUMNS = [column.name for column in addresses.c]
_OF_SIGHTINGS = [field.name for field in fields(Sighting)]


class Addresses:
    """Every article address that was ever seen, and its visits in the run that runs."""

    def __init__(
        self,
        connection: LedgerConnection,
        handed_out: HandedOut | None = None,
        others: Others | None = None,
    ) -> None:
        self._connection = connection
        self._handed_out = handed_out or HandedOut()
        self._others = others or Others(None)
        self._sighted = 0

    def see(self, sightings: Sequence[Sighting], *, run_id: str, at: datetime) -> list[Decision]:
        """Note sightings in this run; the decision on each, in their order.

        New addresses get a row, which keeps the first discovery for good. NEW and OWED are open
        until `finish`; KNOWN, DUPLICATE and WAITING (as `pending`) have their outcome with this.
        A duplicate is settled only once its article is; until then a later run may fetch it. The
        number of statements doesn't depend on how many sightings are handed in (up to 500).
        """
        decisions: list[Decision] = []
        for start in range(0, len(sightings), CHUNK):
            decisions += self._see(sightings[start : start + CHUNK], run_id, at)
        return decisions

    def _see(self, sightings: Sequence[Sighting], run_id: str, at: datetime) -> list[Decision]:
        urls = {sighting.url for sighting in sightings}
        ids = {sighting.article_id for sighting in sightings}
        known = {
            row.url: row
            for row in self._connection.rows(select(addresses).where(addresses.c.url.in_(urls)))
        }
        # of an address that ended itself its article needn't be looked up, which is most of them
        open_ids = {one.article_id for one in sightings if not has_ended(known.get(one.url))}
        elsewhere = self._others.at_work_on(open_ids)
        archived, settled = self._settled(open_ids)
        visited, taken = self._visited(urls, ids, run_id)

        decisions: list[Decision] = []
        new: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        laid_to_rest: list[str] = []
        for sighting in sightings:
            if sighting.url in visited:
                decisions.append(Decision.REPEAT)
                continue
            row = known.get(sighting.url)
            is_settled = sighting.article_id in settled
            is_own = archived.get(sighting.article_id) == sighting.url
            decision = decide(row, at, is_settled, is_own, sighting.article_id in taken)
            if decision in _FETCHED and sighting.article_id in elsewhere:
                decision = Decision.WAITING
            if decision in _FETCHED:
                taken.add(sighting.article_id)
            visited.add(sighting.url)
            decisions.append(decision)
            ended.append(self._visit(sighting, run_id, OUTCOME_OF.get(decision)))
            if row is None:
                made = _address(sighting, at, None if is_settled else at)
                new.append(made)
                self._handed_out.add(Address(**made, result=None, result_at=None, detail=None))
            elif is_settled and row.retry_at is not None:
                laid_to_rest.append(sighting.url)
                self._handed_out.forget(sighting.article_id)
        # Another run may have found them for us meanwhile.
        self._connection.upsert(addresses, self._others.note(new), update=())
        self._connection.write(insert(visits), ended)
        if laid_to_rest:
            # what another run writes just now is laid to rest when it is seen again
            own = in_order(addresses, addresses.c.url.in_(laid_to_rest), skip_locked=True)
            self._connection.write(update(addresses).where(own).values(retry_at=None))
        return decisions

    def leave(self, sightings: Sequence[Sighting], *, run_id: str, at: datetime) -> None:
        """Note sightings of regions that other runs crawl: they are owed there, and end here as
        `pending`, or `known` where nothing is owed at them."""
        for start in range(0, len(sightings), CHUNK):
            self._leave(sightings[start : start + CHUNK], run_id, at)

    def _leave(self, sightings: Sequence[Sighting], run_id: str, at: datetime) -> None:
        urls = {sighting.url: sighting for sighting in sightings}
        seen = select(visits.c.url).where(visits.c.run_id == run_id, visits.c.url.in_(urls))
        known = select(addresses.c.url, addresses.c.retry_at).where(addresses.c.url.in_(urls))
        visited = {row.url for row in self._connection.rows(seen)}
        rows = {row.url: row for row in self._connection.rows(known)}
        left = [one for url, one in urls.items() if url not in visited]
        ended = [
            self._visit(one, run_id, Outcome.KNOWN if is_done else Outcome.PENDING)
            for one in left
            for is_done in [one.url in rows and rows[one.url].retry_at is None]
        ]
        self._connection.write(insert(visits), ended)
        self._others.owe([_address(one, at, at) for one in left if one.url not in rows])

    def _settled(self, ids: Collection[str]) -> tuple[dict[str, str], set[str]]:
        """Of these articles the archived ones, with their own address, and all that are settled."""
        archived = (
            select(articles.c.article_id, articles.c.canonical_url)
            .outerjoin(
                versions,
                (versions.c.article_id == articles.c.article_id)
                & (versions.c.number == articles.c.number),
            )
            .where(articles.c.article_id.in_(ids))
            # those that only web archives have shown us so far are asked for
            .where(
                or_(
                    versions.c.archive.is_(None),
                    articles.c.last_checked_at > versions.c.fetched_at,
                )
            )
        )
        # archived, but we failed to read it: another address won't help
        unread = select(addresses.c.article_id, null()).where(
            addresses.c.article_id.in_(ids), addresses.c.result == Outcome.EXTRACTION_FAILED
        )
        rows = self._connection.rows(union_all(archived, unread))
        own = {row.article_id: row.canonical_url for row in rows if row.canonical_url is not None}
        return own, {row.article_id for row in rows}

    def _visited(
        self, urls: Collection[str], ids: Collection[str], run_id: str
    ) -> tuple[set[str], set[str]]:
        """Addresses already seen in this run, and articles whose outcome is open or given. Two
        questions in one statement: for one with OR SQLite reads all that the run has seen."""
        in_run = select(visits.c.url, visits.c.article_id, visits.c.outcome).where(
            visits.c.run_id == run_id
        )
        rows = self._connection.rows(
            union_all(
                in_run.where(visits.c.url.in_(urls)), in_run.where(visits.c.article_id.in_(ids))
            )
        )
        taken = {row.article_id for row in rows if row.outcome not in OF_THE_ADDRESS}
        return {row.url for row in rows}, taken

    def _visit(
        self, sighting: Sighting | Row[Any], run_id: str, outcome: Outcome | None
    ) -> dict[str, Any]:
        self._sighted += 1
        return {
            "run_id": run_id,
            "url": sighting.url,
            "article_id": sighting.article_id,
            "region": sighting.region,
            "outcome": outcome,
            "detail": None,
            "host": urlsplit(sighting.url).hostname or "",
            "number": self._sighted,
        }

    def see_captured(
        self, sightings: Sequence[Sighting], *, run_id: str, at: datetime
    ) -> list[Decision]:
        """Note addresses of which a web archive has captures; the decision on each, in their order.

        NEW is open in this run until `finish`, DUPLICATE has its outcome: its article is open at
        another address. A new address gets a row, at which nothing is owed: that the archive knows
        it says nothing of the site today.
        """
        urls = {sighting.url for sighting in sightings}
        ids = {sighting.article_id for sighting in sightings}
        known = {
            row.url
            for row in self._connection.rows(
                select(addresses.c.url).where(addresses.c.url.in_(urls))
            )
        }
        visited, taken = self._visited(urls, ids, run_id)
        decisions: list[Decision] = []
        new: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        for sighting in sightings:
            if sighting.url in visited:
                decisions.append(Decision.REPEAT)
                continue
            self._handed_out.forget(sighting.article_id)
            visited.add(sighting.url)
            decision = Decision.DUPLICATE if sighting.article_id in taken else Decision.NEW
            taken.add(sighting.article_id)
            decisions.append(decision)
            ended.append(self._visit(sighting, run_id, OUTCOME_OF.get(decision)))
            if sighting.url not in known:
                new.append(_address(sighting, at, None))
        self._connection.upsert(addresses, self._others.note(new), update=())
        self._connection.write(insert(visits), ended)
        return decisions

    def recheck(self, urls: Sequence[str], *, run_id: str) -> list[str]:
        """Take known addresses into this run, to be fetched whatever is known of them.

        Returns those taken, whose outcome is then open until `finish`; left out are those that
        are open already or ended after an attempt. Raises KeyError for an address without a row.
        """
        taken: list[str] = []
        for start in range(0, len(urls), CHUNK):
            chunk = urls[start : start + CHUNK]
            rows = self._connection.rows(
                select(addresses, visits.c.run_id, visits.c.outcome)
                .outerjoin(visits, (visits.c.url == addresses.c.url) & (visits.c.run_id == run_id))
                .where(addresses.c.url.in_(chunk))
            )
            missing = set(chunk) - {row.url for row in rows}
            if missing:
                raise KeyError(min(missing))
            elsewhere = self._others.at_work_on({row.article_id for row in rows})
            free = [
                row
                for row in rows
                if (row.run_id is None or row.outcome in PROVISIONAL)
                and row.article_id not in elsewhere
            ]
            free.sort(key=lambda row: chunk.index(row.url))
            self._connection.upsert(visits, [self._visit(row, run_id, None) for row in free])
            taken += [row.url for row in free]
        return taken

    def finish(
        self,
        url: str,
        outcome: Outcome,
        *,
        run_id: str,
        at: datetime,
        detail: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Give an address its one outcome in this run, after its line if there was one.

        A settled outcome, or any outcome of an archived article, leaves nothing owed at the
        address. Otherwise it is owed again: at once after one of OWED_NOW, after a failure by
        RETRY_SCHEDULE, or at `retry_at`. The same wait moves the next check of an archived article
        whose re-check failed. `suspected` starts a suspicion, a page that is there ends it.

        Raises LedgerError for a second, different outcome in one run, unless the first was
        provisional (`known`, `duplicate`, `pending`); KeyError for an address without a row.
        """
        self.finish_all([Ending(url, outcome, run_id, at, detail, retry_at)])

    def finish_all(self, endings: Sequence[Ending]) -> None:
        """Give many addresses, each once and all of one run, their outcomes as `finish` does. The
        number of statements doesn't depend on how many there are (up to 500), but for those of
        archived articles. Where they are of captures nothing else is noted: they are no attempts at
        the address, and what is owed there stays."""
        if not endings:
            return
        for one in endings:
            self._handed_out.forget_address(one.url)
        run_id = endings[0].run_id
        statement = (
            select(addresses, visits.c.run_id, visits.c.outcome, articles.c.suspected_at,
                   articles.c.article_id.label("archived"))
            .outerjoin(visits, (visits.c.url == addresses.c.url) & (visits.c.run_id == run_id))
            .outerjoin(articles, articles.c.article_id == addresses.c.article_id)
            .where(addresses.c.url.in_([one.url for one in endings]))
        )  # fmt: skip
        rows = {row.url: row for row in self._connection.rows(statement)}
        open_ = [one for one in endings if _is_open(one, rows[one.url])]
        seen = [
            self._visit(rows[one.url], run_id, one.outcome) | {"detail": one.detail}
            for one in open_
        ]
        self._connection.upsert(visits, seen, update=("outcome", "detail"))
        final = [one for one in open_ if one.outcome not in PROVISIONAL and not one.is_of_captures]
        ended = [_ended(one, rows[one.url]) for one in final]
        self._connection.upsert(addresses, ended, update=_OF_ENDINGS)
        for one in final:
            if rows[one.url].archived is not None:
                self._touch_article(rows[one.url], one)

    def _touch_article(self, row: Row[Any], ending: Ending) -> None:
        values: dict[str, Any] = {}
        if ending.outcome is Outcome.SUSPECTED and row.suspected_at is None:
            values["suspected_at"] = ending.at
        elif ending.outcome in PAGE_IS_THERE and row.suspected_at is not None:
            values["suspected_at"] = None
        if ending.has_failed:
            values["next_check_at"] = _owed_at(ending, row)
        if values:
            self._connection.write(
                update(articles).where(articles.c.article_id == row.article_id).values(values)
            )

    def owed(
        self,
        *,
        run_id: str,
        at: datetime,
        regions: Collection[str] | None,
        limit: int,
    ) -> list[Address]:
        """Addresses of the regions (None: of all) that are owed by now and were not seen in this
        run, longest owed first. Nothing is marked: hand them to `see`."""
        is_seen = exists().where(visits.c.run_id == run_id, visits.c.url == addresses.c.url)
        statement = select(addresses).where(addresses.c.retry_at <= at, ~is_seen)
        if regions is not None:
            statement = statement.where(addresses.c.region.in_(regions))
        statement = statement.order_by(addresses.c.retry_at).limit(limit)
        return [Address(**row._mapping) for row in self._connection.rows(statement)]

    def owed_by_region(self) -> list[Owed]:
        """Addresses that are owed, now or later, counted by region and by their last outcome."""
        columns = (addresses.c.region, addresses.c.result)
        count, oldest = func.count().label("addresses"), func.min(addresses.c.day).label("oldest")
        statement = select(*columns, count, oldest).where(addresses.c.retry_at.is_not(None))
        rows = self._connection.rows(statement.group_by(*columns))
        return [Owed(row.region, row.result, row.addresses, row.oldest) for row in rows]

    def get(self, url: str) -> Address | None:
        """What is known of a canonical address."""
        if (kept := self._handed_out.address(url)) is not None:
            return kept
        row = self._connection.row(select(addresses).where(addresses.c.url == url))
        return None if row is None else Address(**row._mapping)

    def of_articles(self, article_ids: Collection[str]) -> list[Address]:
        """Every address that these articles (up to 500) were seen at."""
        statement = select(addresses).where(addresses.c.article_id.in_(article_ids))
        return [Address(**row._mapping) for row in self._connection.rows(statement)]

    def seen_before(self, article_ids: Collection[str], moment: datetime) -> set[str]:
        """Those of these articles of which an address was seen before a moment."""
        ids, found = list(article_ids), set()
        for start in range(0, len(ids), CHUNK):
            rows = self._connection.rows(
                select(addresses.c.article_id).where(
                    addresses.c.article_id.in_(ids[start : start + CHUNK]),
                    addresses.c.first_seen_at < moment,
                )
            )
            found |= {row.article_id for row in rows}
        return found

    def seen_by(self, article_id: str, at: datetime) -> None:
        """An article's addresses that a clock which was ahead has seen later were seen by then."""
        self._handed_out.forget(article_id)
        self._connection.write(seen_no_later(article_id, at))

    def restore(self, line: Mapping[str, Any]) -> None:
        """Take over from a published line how its address was found and how it ended, where an
        earlier line made the address's row: a ledger that is made again has no sightings of runs.
        """
        own = line_rows.addresses(line)[0]
        if own["result_at"] is None or own["found_on"] is None:
            return
        names = ("region", "found_on", "position", "title", "result", "result_at")
        is_later = or_(addresses.c.result_at.is_(None), addresses.c.result_at <= own["result_at"])
        self._connection.write(
            update(addresses)
            .where(addresses.c.url == own["url"], is_later)
            .values({name: own[name] for name in names})
        )

    def of_article(self, article_id: str) -> list[str]:
        """Every address an article was seen at, sorted."""
        if self._handed_out.has(article_id):
            return sorted(row.url for row in self._handed_out.addresses(article_id))
        rows = self._connection.rows(
            select(addresses.c.url).where(addresses.c.article_id == article_id)
        )
        return sorted(row.url for row in rows)


def seen_no_later(article_id: str, at: datetime) -> Update:
    """The statement that an article's addresses were first seen by then."""
    is_later = (addresses.c.article_id == article_id) & (addresses.c.first_seen_at > at)
    return (
        update(addresses)
        .where(in_order(addresses, is_later, skip_locked=True))
        .values(first_seen_at=at)
    )


def _is_open(ending: Ending, row: Row[Any]) -> bool:
    """Whether an address has no outcome in the run yet, or a provisional one; False for the same
    one again. Raises LedgerError for another."""
    if row.outcome == ending.outcome:
        return False
    if row.outcome is not None and row.outcome not in PROVISIONAL:
        was = f"{ending.url} ended as {row.outcome} in run {ending.run_id}"
        raise LedgerError(f"{was} and again as {ending.outcome}")
    return True


def _ended(ending: Ending, row: Row[Any]) -> dict[str, Any]:
    """The row of an address that ended."""
    is_settled = ending.outcome in SETTLED or row.archived is not None
    return {name: getattr(row, name) for name in _COLUMNS} | {
        "attempts": _attempts(ending, row),
        "retry_at": None if is_settled else _owed_at(ending, row),
        "result": ending.outcome,
        "result_at": ending.at,
        "detail": ending.detail,
    }


def _attempts(ending: Ending, row: Row[Any]) -> int:
    return 0 if ending.outcome in SETTLED else row.attempts + ending.has_failed


def _owed_at(ending: Ending, row: Row[Any]) -> datetime:
    again = next_try(ending.at, _attempts(ending, row)) if ending.has_failed else ending.at
    return ending.retry_at or again


def _address(sighting: Sighting, at: datetime, owed_at: datetime | None) -> dict[str, Any]:
    found = {name: getattr(sighting, name) for name in _OF_SIGHTINGS}
    times = {"first_seen_at": as_stored(at), "retry_at": as_stored(owed_at)}
    return found | times | {"attempts": 0}
