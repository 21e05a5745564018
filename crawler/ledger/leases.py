"""Leases: which run crawls a region, where several share a ledger on a server.

A run takes the leases of its regions, each under an epoch one above the last. They hold for
LEASE_SECONDS by the server's clock and are renewed in the background; every commit checks and
renews them in its own transaction. So a run that was frozen past its leases commits nothing any
more, whoever has its regions by then. Who takes a region over first voids what the run before it
had committed and not published: what it fetched is owed again.

What the others do meanwhile (`Others`), which articles they fetch and which addresses are theirs to
fetch, is said and asked at once, over a connection that commits each statement: what waits for a
checkpoint would make other runs wait for it, and they us. So no transaction that lasts until a
checkpoint inserts a row that another's may insert too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, delete, func, insert, literal_column, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from crawler.data_dir import lines_name
from crawler.ledger import line_rows
from crawler.ledger.connection import CHUNK, in_order, silent_for
from crawler.ledger.errors import LedgerError, LedgerInUseError
from crawler.ledger.rows import SUPERSEDED
from crawler.ledger.schema import (
    UtcTime,
    addresses,
    article_states,
    articles,
    captures,
    claims,
    leases,
    lists,
    observations,
    pictures,
    publications,
    run_leases,
    runs,
    sighting_lines,
    versions,
    visits,
)
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Engine, Row

    from crawler.ledger.connection import LedgerConnection


# So often a lease is renewed while it holds.
_BEATS: Final = 6

# Seconds that a sign which is under way at the end may take. One that the server doesn't answer is
# left behind: if it arrives all the same, the regions of a failed run are free a little later.
_LAST_SIGN: Final = 1.0

NOW: Final = "extract(epoch FROM clock_timestamp())"
_NOW: ColumnElement[float] = literal_column(NOW)

# The leases that a run still has, in one order for all who lock several.
_MINE: Final = (
    "SELECT l.region, l.until FROM leases l"
    " JOIN run_leases r ON r.region = l.region AND r.epoch = l.epoch"
    f" WHERE r.run_id = :run_id AND l.run_id = :run_id AND l.until > {NOW} ORDER BY l.region"
)
_RENEW: Final = f"UPDATE leases SET until = {NOW} + :seconds WHERE region IN (SELECT region FROM"
_FENCE: Final = text(f"WITH mine AS ({_MINE} FOR UPDATE OF l) {_RENEW} mine)")
_BEAT: Final = text(f"WITH mine AS ({_MINE} FOR UPDATE OF l SKIP LOCKED) {_RENEW} mine)")
_HELD: Final = text(f"SELECT count(*) AS held FROM ({_MINE}) mine")

_KEEP_STATES: Final = text(
    "INSERT INTO article_states (article_id, number, run_id, state)"
    " SELECT a.article_id, (SELECT max(v.number) FROM versions v"
    " WHERE v.article_id = a.article_id), :run_id, row_to_json(a)"
    " FROM articles a WHERE a.article_id = ANY(:ids)"
    " ON CONFLICT (article_id, number) DO UPDATE"
    " SET run_id = excluded.run_id, state = excluded.state"
)

# What a run is called among the server's sessions begins so, then comes its id.
SESSION: Final = "xinhua-archive"

_END_SESSIONS: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
    " AND starts_with(application_name, :name)"
)


class SupersededError(LedgerError):
    """The run's leases are over: what it wrote since its last commit is void."""


class Lease:
    """The leases of the run `run_id`, `count` of them, which hold for `seconds` once renewed."""

    def __init__(self, run_id: str, regions: Collection[str], seconds: float) -> None:
        self.run_id = run_id
        self.seconds = seconds
        self.regions = frozenset(regions)
        self.count = len(self.regions)
        self._over = Event()
        self._thread: Thread | None = None

    def check(self, connection: LedgerConnection) -> None:
        """To be called last before a commit, in its transaction. Raises SupersededError."""
        renewed = connection.write(_FENCE.bindparams(run_id=self.run_id, seconds=self.seconds))
        if renewed != self.count:
            raise SupersededError(self.lost())

    def lost(self) -> str:
        """The sentence of a run that has lost its leases."""
        which = ", ".join(sorted(self.regions)) if self.count <= 5 else f"{self.count} regions"
        return f"run {self.run_id} has lost the lease on {which}: it publishes nothing any more"

    def is_held(self, connection: LedgerConnection) -> bool:
        """Whether the run still has all its leases."""
        row = connection.row(_HELD.bindparams(run_id=self.run_id))
        return row is not None and row.held == self.count

    def keep(self, engine: Engine) -> None:
        """Renew the leases in the background until `stop`, over connections of its own."""
        self._thread = Thread(target=self._beat, args=(engine,), name="leases", daemon=True)
        self._thread.start()

    def _beat(self, engine: Engine) -> None:
        values = {"run_id": self.run_id, "seconds": self.seconds}
        while not self._over.wait(self.seconds / _BEATS):
            try:
                with engine.connect() as connection:
                    connection.execute(_BEAT, values)
            except DBAPIError:
                continue  # the run's own connection meets the same, and says it

    def stop(self) -> None:
        """Renew them no more."""
        self._over.set()
        if self._thread:
            self._thread.join(_LAST_SIGN)

    def release(self, connection: LedgerConnection, regions: Collection[str] | None = None) -> None:
        """Give back all leases, or those of some regions."""
        gone = self.regions if regions is None else regions
        mine = (leases.c.run_id == self.run_id) & leases.c.region.in_(gone)
        given = update(leases).where(in_order(leases, mine))
        connection.write(given.values(until=0.0, run_id=None))
        if regions is not None:
            of_run = (run_leases.c.run_id == self.run_id) & run_leases.c.region.in_(gone)
            connection.write(delete(run_leases).where(of_run))


def take(
    connection: LedgerConnection,
    side: LedgerConnection,
    *,
    run_id: str,
    regions: Collection[str],
    holder: str,
    at: datetime,
    dead: Collection[str],
    seconds: float,
) -> tuple[Lease, set[str]]:
    """Take the leases of these regions for a run, and commit that.

    `dead` are runs of this data folder whose process is gone: their leases needn't run out, and
    what they left will be published, so nothing of theirs is void. Returns the lease, and further
    regions that were theirs, to be given back once that is done. Raises LedgerInUseError, which
    names who holds one of the regions.
    """
    there = {row.region for row in side.rows(_leases(regions))}
    fresh = [
        {"region": one, "epoch": 0, "holder": "", "until": 0.0}
        for one in sorted(set(regions) - there)
    ]
    side.upsert(leases, fresh, update=())
    known = side.rows(_leases(regions))
    _refuse(known, regions, dead)
    # Of a process that is gone as well: its network may have been away when it went.
    for before in {row.run_id for row in known if row.run_id}.union(dead):
        side.rows(_END_SESSIONS.bindparams(name=f"{SESSION} {before} "))
    connection.row(select(silent_for(seconds, in_transaction=True)))
    theirs = _epochs(connection, dead)
    locked = connection.rows(
        _leases({*regions, *(region for epochs in theirs.values() for region in epochs)})
        .order_by(leases.c.region)
        .with_for_update()
    )
    now = {row.region: row for row in locked}
    intact = {
        one
        for one, epochs in theirs.items()
        # a run that was killed while it took over from this one has handed on the epochs
        if all(now[region].epoch == epoch for region, epoch in epochs.items())
    }
    _refuse(locked, regions, intact)
    # what dead runs fetched last may stand in their lines alone: till then nobody else may fetch it
    claimed = in_order(claims, claims.c.run_id.in_(intact))
    connection.write(update(claims).where(claimed).values(run_id=run_id))
    # One that was killed before it had begun, and had taken over from another, has nothing to be
    # mended, and lines of sightings that it was handed.
    mended = intact & _to_be_mended(connection, intact)
    inherited = {region for one in mended for region in theirs[one]}
    taken = sorted({*regions, *inherited})
    before = {row.run_id for row in locked if row.region in taken and row.run_id}
    before |= _unmended(connection, taken)
    for one in sorted(before - mended):
        void(connection, one, at, to=run_id, regions=taken)
    mine = leases.c.region.in_(taken)
    connection.write(
        update(leases)
        .where(mine)
        .values(
            epoch=leases.c.epoch + 1, run_id=run_id, holder=holder,
            until=_NOW + literal_column(str(seconds)),
        )
    )  # fmt: skip
    _forget(connection)
    epochs = [
        {"run_id": run_id, "region": region, "epoch": now[region].epoch + 1} for region in taken
    ]
    connection.write(insert(run_leases), epochs)
    for one in mended:
        own = (run_leases.c.run_id == one) & run_leases.c.region.in_(theirs[one])
        connection.write(update(run_leases).where(own).values(epoch=run_leases.c.epoch + 1))
    connection.commit()
    return Lease(run_id, taken, seconds), inherited - set(regions)


def void_own(connection: LedgerConnection, run_id: str, at: datetime) -> None:
    """As `void`, for a run whose leases are over, whether somebody took them or not."""
    epochs = _epochs(connection, [run_id]).get(run_id, {})
    connection.rows(_leases(epochs).order_by(leases.c.region).with_for_update())
    void(connection, run_id, at, to=None)


def void(
    connection: LedgerConnection,
    run_id: str,
    at: datetime,
    *,
    to: str | None,
    regions: Collection[str] = (),
) -> None:
    """Undo what a run committed and didn't publish, unless it has begun its report: its articles
    are owed again or due, its addresses end as `pending`, and its reason says that it is void. What
    it saw on the lists of these regions, and the pictures that it could not have, are told by the
    run `to`, which has taken the regions."""
    # Two who take regions of one run do this one after the other.
    run = connection.row(
        select(runs.c.finished_at, runs.c.reason).where(runs.c.run_id == run_id).with_for_update()
    )
    reported = select(publications.c.seq).where(
        publications.c.run_id == run_id, publications.c.part.is_(None)
    )
    is_void = run is None or run.reason == SUPERSEDED
    if run and run.finished_at is None and not is_void and connection.row(reported) is None:
        is_void = True
        connection.write(update(runs).where(runs.c.run_id == run_id).values(reason=SUPERSEDED))
        _void_lines(connection, run_id, at)
        kept = select(versions.c.article_id).where(versions.c.run_id == run_id)
        lost = (visits.c.run_id == run_id) & visits.c.article_id.not_in(kept)
        connection.write(update(visits).where(lost).values(outcome=Outcome.PENDING))
        _void_captures(connection, run_id, at)
    for table in (claims, article_states):
        connection.write(delete(table).where(in_order(table, table.c.run_id == run_id)))
    if to is not None and is_void:
        own = update(pictures).where(pictures.c.outcome_by == run_id)
        connection.write(own.values(outcome_by=to))
        _hand_on_sightings(connection, run_id, to, regions)


def _void_lines(connection: LedgerConnection, run_id: str, at: datetime) -> None:
    mine = select(publications.c.part).where(publications.c.run_id == run_id)
    published = [lines_name(run_id, row.part) for row in connection.rows(mine)]
    is_void = (versions.c.run_id == run_id) & versions.c.jsonl.not_in(published)
    found = connection.rows(select(versions.c.article_id, versions.c.archive).where(is_void))
    ids = sorted({row.article_id for row in found})
    of_captures = {row.article_id for row in found if row.archive is not None}
    if of_captures:  # of other web archives: they are asked for again
        dealt_with = captures.c.article_id.in_(of_captures) & captures.c.ended.is_not(None)
        connection.write(update(captures).where(dealt_with).values(ended=None, number=None))
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        connection.write(delete(versions).where(is_void, versions.c.article_id.in_(chunk)))
        left: dict[str, list[Row[Any]]] = {}
        statement = select(versions).where(versions.c.article_id.in_(chunk))
        order = (versions.c.fetched_at, versions.c.revision, versions.c.number)
        for row in connection.rows(statement.order_by(*order)):
            left.setdefault(row.article_id, []).append(row)
        _owe_again(connection, [one for one in chunk if one not in left], at)
        before = select(article_states).where(article_states.c.article_id.in_(left))
        states = {(row.article_id, row.number): row.state for row in connection.rows(before)}
        for article_id, lines in left.items():
            number = max(row.number for row in lines)
            _set_back(connection, article_id, lines, at, states.get((article_id, number)))


def _void_captures(connection: LedgerConnection, run_id: str, at: datetime) -> None:
    """What points at captures of a run that are in no published file, and in none ever where its
    machine is lost: lists are asked in full again, looks at articles and pictures are due again."""
    shown = in_order(lists, cast(lists.c.warc, Text).contains(run_id), skip_locked=True)
    no_validators = {
        "etag": None, "last_modified": None, "captured_url": None, "captured_at": None, "warc": (),
    }  # fmt: skip
    connection.write(update(lists).where(shown).values(no_validators))
    archived = (pictures.c.outcome_by == run_id) & cast(pictures.c.warc, Text).contains(run_id)
    of_capture = ("detail", "at", "fetched_url", "type", "size", "sha256")
    owed = dict.fromkeys(("outcome", "outcome_by", *of_capture)) | {"retry_at": at, "warc": ()}
    connection.write(update(pictures).where(archived).values(owed))
    seen = select(visits.c.article_id).where(visits.c.run_id == run_id)
    kept = select(versions.c.article_id).where(versions.c.run_id == run_id)
    of_article = observations.c.article_id
    is_void = (observations.c.run_id == run_id) & of_article.in_(seen) & of_article.not_in(kept)
    found = connection.rows(select(of_article).where(is_void).distinct())
    connection.write(delete(observations).where(is_void))
    ids = sorted(row.article_id for row in found)
    for start in range(0, len(ids), CHUNK):
        _look_again(connection, ids[start : start + CHUNK], at)


def _look_again(connection: LedgerConnection, ids: Sequence[str], at: datetime) -> None:
    """Articles of which looks are void: they are due, and no longer suspected where no look is left
    that says so."""
    own = articles.c.article_id.in_(ids)
    due = update(articles).where(own, articles.c.next_check_at.is_not(None))
    connection.write(due.values(next_check_at=at))
    newest = func.max(observations.c.at).label("newest")
    left = (
        select(articles.c.article_id, articles.c.suspected_at, newest)
        .outerjoin(observations, observations.c.article_id == articles.c.article_id)
        .where(own, articles.c.suspected_at.is_not(None))
        .group_by(articles.c.article_id, articles.c.suspected_at)
    )
    cleared = [
        row.article_id
        for row in connection.rows(left)
        # the first sign was noted a moment before the suspicion, perhaps in another second
        if row.newest is None or row.newest < row.suspected_at - timedelta(seconds=1)
    ]
    if cleared:
        believed = update(articles).where(articles.c.article_id.in_(cleared))
        connection.write(believed.values(suspected_at=None))


def keep_states(connection: LedgerConnection, run_id: str, ids: Collection[str]) -> None:
    """Keep what these articles are, before a run writes lines of them that aren't published yet."""
    if ids:
        connection.write(_KEEP_STATES.bindparams(run_id=run_id, ids=sorted(ids)))


def _owe_again(connection: LedgerConnection, ids: Sequence[str], at: datetime) -> None:
    """Articles of which nothing is left."""
    if not ids:
        return
    own = select(articles.c.canonical_url).where(articles.c.article_id.in_(ids))
    connection.write(
        update(addresses)
        .where(addresses.c.url.in_(own))
        .values(retry_at=at, attempts=0, result=None, result_at=None, detail=None)
    )
    for table in (articles, observations, pictures):
        connection.write(delete(table).where(table.c.article_id.in_(ids)))


def _set_back(
    connection: LedgerConnection,
    article_id: str,
    lines: Iterable[Row[Any]],
    at: datetime,
    state: Mapping[str, Any] | None,
) -> None:
    """An article to what it was before the lines that are void, to be looked at again. Where its
    `state` wasn't kept it is what these lines, those that are left, say of it."""
    newest = content = None
    for row in lines:
        newest = row
        content = content if row.status == "gone" else row
    assert newest
    values = {
        "version": newest.version,
        "status": "gone" if newest.status == "gone" else "live",
        "state_at": newest.fetched_at,
        "number": content.number if content else None,
        "content_sha256": content.content_sha256 if content else None,
        "extractor_version": content.extractor_version if content else None,
        "etag": None,
        "last_modified": None,
        "suspected_at": None,
        "last_checked_at": newest.fetched_at,
    }
    if state is not None:
        values = {
            column.name: datetime.fromisoformat(state[column.name])
            if isinstance(column.type, UtcTime) and state[column.name]
            else state[column.name]
            for column in articles.c
        }
    values["next_check_at"] = at
    connection.write(update(articles).where(articles.c.article_id == article_id).values(values))
    if newest.archive is not None:  # a capture of others is no attempt of ours at the address
        return
    own = select(articles.c.canonical_url).where(articles.c.article_id == article_id)
    is_later = addresses.c.url.in_(own) & (addresses.c.result_at > newest.fetched_at)
    outcome = line_rows.outcome(dict(newest._mapping))
    connection.write(
        update(addresses)
        .where(in_order(addresses, is_later, skip_locked=True))
        .values(result=outcome, result_at=newest.fetched_at, detail=None)
    )


def _hand_on_sightings(
    connection: LedgerConnection, run_id: str, to: str, regions: Collection[str]
) -> None:
    """What a run noted of lists, which its sightings would have told, is told by who has their
    region next: so a list's lines are published in the order in which it was looked at."""
    region = sighting_lines.c["keys"]["region"].as_string()
    newest = select(func.max(sighting_lines.c.number).label("newest"))
    row = connection.row(newest.where(sighting_lines.c.run_id == to))
    after = 0 if row is None or row.newest is None else row.newest + 1
    connection.write(
        update(sighting_lines)
        .where(sighting_lines.c.run_id == run_id, region.in_(regions) | region.is_(None))
        .values(run_id=to, number=sighting_lines.c.number + after)
    )


def _leases(regions: Collection[str]) -> Any:
    is_live = (leases.c.until > _NOW).label("is_live")
    return select(leases, is_live).where(leases.c.region.in_(regions))


def _refuse(rows: Iterable[Row[Any]], regions: Collection[str], ended: Collection[str]) -> None:
    for row in rows:
        if row.region in regions and row.is_live and row.run_id not in ended:
            whose = f"region {row.region} is crawled by run {row.run_id} ({row.holder})"
            raise LedgerInUseError(f"{whose}; this one does nothing")


def _to_be_mended(connection: LedgerConnection, run_ids: Collection[str]) -> set[str]:
    """Those of these runs that the ledger knows, and of which nothing is void."""
    known = select(runs.c.run_id).where(
        runs.c.run_id.in_(run_ids), runs.c.reason.is_distinct_from(SUPERSEDED)
    )
    return {row.run_id for row in connection.rows(known)}


def _unmended(connection: LedgerConnection, regions: Collection[str]) -> set[str]:
    """Runs that another one which had these regions last was to mend, and hasn't."""
    has_last = (leases.c.region == run_leases.c.region) & (leases.c.epoch == run_leases.c.epoch)
    statement = (
        select(run_leases.c.run_id)
        .join(leases, has_last)
        .join(runs, runs.c.run_id == run_leases.c.run_id)
        .where(run_leases.c.region.in_(regions), runs.c.finished_at.is_(None))
    )
    return {row.run_id for row in connection.rows(statement)}


def _epochs(connection: LedgerConnection, run_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """The epochs of runs, by region."""
    found: dict[str, dict[str, int]] = {}
    for row in connection.rows(select(run_leases).where(run_leases.c.run_id.in_(run_ids))):
        found.setdefault(row.run_id, {})[row.region] = row.epoch
    return found


def _forget(connection: LedgerConnection) -> None:
    """Drop the epochs and claims of runs that are over, and what articles were before them, but
    what others drop just now."""
    holding = select(leases.c.run_id).where(leases.c.run_id.is_not(None))
    unfinished = select(runs.c.run_id).where(runs.c.finished_at.is_(None))
    over = run_leases.c.run_id.not_in(holding) & run_leases.c.run_id.not_in(unfinished)
    connection.write(delete(run_leases).where(in_order(run_leases, over, skip_locked=True)))
    for table, kept in ((claims, holding), (article_states, select(run_leases.c.run_id))):
        free = table.c.run_id.not_in(kept)
        connection.write(delete(table).where(in_order(table, free, skip_locked=True)))


# Whoever has a region, and was silent for less than a day: what it has claimed may be in lines that
# are not published yet. Who takes the region over has the claims, or frees them.
_SILENT = 24 * 3600
_HOLDING = select(leases.c.run_id).where(
    leases.c.run_id.is_not(None), leases.c.until > literal_column(f"{NOW} - {_SILENT}")
)


class Others:
    """The other runs. `begin` says which run this one is; before that there are none."""

    def __init__(self, side: LedgerConnection | None) -> None:
        self._side = side
        self._lease: Lease | None = None
        self._owed: dict[str, Mapping[str, Any]] = {}

    def begin(self, lease: Lease) -> None:
        """There are others from now on."""
        self._lease = lease

    @property
    def run_id(self) -> str | None:
        """The run that there are others of; None where it is alone."""
        return self._lease.run_id if self._lease else None

    def have(self, region: str | None) -> bool:
        """Whether the addresses of a region are another run's to fetch."""
        return self._lease is not None and region is not None and region not in self._lease.regions

    def at_work_on(self, ids: Collection[str]) -> set[str]:
        """Those of these articles that another run fetches; the others are claimed for this one.
        To be asked before it is looked up what is known of them."""
        if not (self._lease and self._side and ids):
            return set()
        run_id = self._lease.run_id
        statement = postgresql.insert(claims).values(
            [{"article_id": one, "run_id": run_id} for one in sorted(ids)]
        )
        is_free = (claims.c.run_id == run_id) | claims.c.run_id.not_in(_HOLDING)
        claimed = self._side.rows(
            statement.on_conflict_do_update(
                index_elements=[claims.c.article_id], set_={"run_id": run_id}, where=is_free
            ).returning(claims.c.article_id)
        )
        return set(ids) - {row.article_id for row in claimed}

    def note(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Note at once addresses, as rows of the table, that other runs may note as well: those of
        no region of this run. Returns the others, which are its own to write."""
        if not (self._lease and self._side):
            return rows
        ours = [row for row in rows if row["region"] in self._lease.regions]
        # how they ended isn't known before this run's next commit
        theirs = {
            row["url"]: {name: row[name] for name in row if name not in ("result", "result_at")}
            for row in rows
            if row["region"] not in self._lease.regions
        }
        if not theirs:
            return rows
        return ours if self._insert(theirs) else rows

    def owe(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Addresses that others are to fetch, as rows of the table; known ones are theirs already.
        They are there with the next commit at the latest."""
        self._owed |= {row["url"]: row for row in rows}
        self.settle()

    def settle(self) -> None:
        """Tell what others are owed. What one of them is just noting itself waits."""
        if not (self._side and self._owed):
            return
        if self._insert(self._owed):
            self._owed.clear()

    def _insert(self, rows: Mapping[str, Mapping[str, Any]]) -> bool:
        """Insert addresses that aren't known; False where another run is just noting one."""
        assert self._side
        # SQLAlchemy makes one statement of many rows only if it returns something.
        statement = postgresql.insert(addresses).on_conflict_do_nothing().returning(addresses.c.url)
        return self._side.write_at_once(statement, [rows[url] for url in sorted(rows)])
