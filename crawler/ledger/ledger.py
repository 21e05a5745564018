"""The ledger: what is durably archived, what is owed, what is due.

A run tells it sightings, outcomes, published lines and list answers, each with its time. It answers
with what makes the next run ask only for what is new, owed or due.

What a run published and ended is told to the tables in batches (`Settling`): a page by itself costs
some ten statements, hundreds of pages cost little more. Whatever is asked of the tables meanwhile
is asked after what was told before it, so nobody sees a difference; a kill forgets no more than
what wasn't committed anyway.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.engine import URL

from crawler.data_dir import has_lines
from crawler.ledger import location
from crawler.ledger.addresses import Addresses, HandedOut
from crawler.ledger.articles import Articles, Observations
from crawler.ledger.captures import Captures
from crawler.ledger.catalogue import Catalogue
from crawler.ledger.certificates import Certificates
from crawler.ledger.connection import LedgerConnection, idle_for, silent_for
from crawler.ledger.dump import Dump
from crawler.ledger.errors import LedgerError
from crawler.ledger.hosts import Hosts
from crawler.ledger.jobs import Jobs
from crawler.ledger.leases import NOW, Others, keep_states, take
from crawler.ledger.lists import Lists, Placements
from crawler.ledger.measures import Measures
from crawler.ledger.opening import open_file
from crawler.ledger.pictures import Pictures
from crawler.ledger.runs import Publications, Runs, Visits
from crawler.ledger.schema import metadata
from crawler.ledger.server import open_server, open_side
from crawler.ledger.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Executable, Row, RowMapping, Table

    from crawler.ledger.connection import Changes
    from crawler.ledger.leases import Lease
    from crawler.ledger.rows import AddedLine, Ending, OpenVisit


# So many lines or endings wait at most.
BATCH = 200


class Settling:
    """Lines and endings that wait to be told, one of each article and one of each address."""

    def __init__(self, connection: LedgerConnection, handed_out: HandedOut, others: Others) -> None:
        self._connection = connection
        self._others = others
        self._handed_out = handed_out
        self._articles = Articles(connection, others=others)
        self._addresses = Addresses(connection)
        self._lines: dict[str, AddedLine] = {}
        self._seen: set[str] = set()
        self._endings: dict[str, Ending] = {}

    def add_line(self, line: AddedLine) -> None:
        """As `Articles.add_line`, in time."""
        own = {line.record["canonical_url"], *line.record["also_at"]}
        is_second = line.record["id"] in self._lines or not own.isdisjoint(self._endings)
        if is_second or len(self._lines) >= BATCH:
            self.settle()
        self._seen |= {url for url in own if self._handed_out.address(url)}
        self._handed_out.forget(line.record["id"])
        self._lines[line.record["id"]] = line

    def finish(self, ending: Ending) -> None:
        """As `Addresses.finish`, in time."""
        if ending.url in self._endings or len(self._endings) >= BATCH:
            self.settle()
        self._handed_out.forget_address(ending.url)
        self._endings[ending.url] = ending

    def settle(self) -> None:
        """Tell what waits: lines first, since an ending says whether its article is archived.
        Raises LedgerError, KeyError as the methods that it stands for."""
        if not (self._lines or self._endings):
            return
        lines, endings = list(self._lines.values()), list(self._endings.values())
        seen = self._seen
        self._lines.clear()
        self._seen = set()
        self._endings.clear()
        if run_id := self._others.run_id:
            later = [one.record for one in lines if _is_later(one.record)]
            keep_states(self._connection, run_id, [one["id"] for one in later])
        self._articles.add_lines(lines, seen)
        self._addresses.finish_all(endings)


def _is_later(line: Mapping[str, Any]) -> bool:
    """Whether a line isn't the first of its article."""
    return bool(line["version"] > 1 or line["status"] != "live")


class SettledConnection(LedgerConnection):
    """A connection that tells what waits before each statement."""

    def __init__(self, connection: LedgerConnection, settle: Callable[[], None]) -> None:
        self._connection = connection
        self._settle = settle

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        self._settle()
        return self._connection.rows(statement)

    def row(self, statement: Executable) -> Row[Any] | None:
        self._settle()
        return self._connection.row(statement)

    def stream(self, statement: Executable, at_once: int) -> Iterator[RowMapping]:
        self._settle()
        return self._connection.stream(statement, at_once)

    def write(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        self._settle()
        return self._connection.write(statement, rows)

    def upsert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        update: Collection[str] | Changes | None = None,
    ) -> None:
        self._settle()
        self._connection.upsert(table, rows, update)


# The key of the advisory lock of `Ledger.alone`, and for how long one may be silent that has it.
_ALONE = 0x78696E68616C6F
_LONGEST_ALONE = 600


class Ledger:
    """The parts of the ledger, over one connection with one open transaction.

    The run is the one writer: it sees its own uncommitted writes, `commit` makes them durable at
    its checkpoints, and a kill rolls back to the last one. Readers see the last commit.
    """

    def __init__(self, connection: LedgerConnection, side: LedgerConnection | None = None) -> None:
        self.connection = connection
        # Of a ledger that is shared: each of its statements is committed at once.
        self.side = side
        self.lease: Lease | None = None
        self.others = Others(side)
        self._handed_out = HandedOut()
        self.settling = Settling(connection, self._handed_out, self.others)
        # What reads or writes the tables that lines and endings are told to.
        settled = SettledConnection(connection, self.settling.settle)
        self.runs = Runs(settled, is_shared=side is not None)
        self.visits = Visits(settled)
        self.addresses = Addresses(settled, self._handed_out, self.others)
        self.articles = Articles(settled, self._handed_out, self.others)
        self.captures = Captures(settled)
        self.catalogue = Catalogue(settled)
        self.observations = Observations(settled)
        self.sources = Sources(settled)
        self.placements = Placements(settled)
        self.certificates = Certificates(settled)
        self.measures = Measures(settled)
        self.dump = Dump(settled)
        self.publications = Publications(connection, self.settling.settle)
        self.lists = Lists(connection)
        self.pictures = Pictures(connection)
        self.hosts = Hosts(side or connection)
        self.jobs = Jobs(connection)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, fresh: bool = False) -> Ledger:
        """Open the ledger at `path`, making or migrating it unless `read_only`.

        `fresh` makes a new one in a lost one's place, to be filled again. Raises LedgerError, which
        says what to do, for a ledger that is lost (published files stand beside its place), locked,
        damaged, unwritable or of a newer schema; nothing is overwritten. A reader needs no leave to
        write (`opening.py`): `note` says where a copy was read.
        """
        raw, source = open_file(path, read_only=read_only, fresh=fresh)
        return cls(LedgerConnection(raw, path, source))

    @property
    def note(self) -> str:
        """What whoever asked for the ledger must be told of how it is read; "" for nothing."""
        return self.connection.source.note if self.connection.source else ""

    @classmethod
    def of(
        cls, data_dir: Path, setting: str = "", *, read_only: bool = False, shared_as: str = ""
    ) -> Ledger:
        """Open the ledger of a data folder, which `setting` (LEDGER) names at first.

        `shared_as` is the run that shares one on a server with others (`share`); without it there
        is one writer. Raises LedgerError, as `open`, and LedgerUrlError where `setting` can't be
        used.
        """
        where = location.locate(data_dir, setting)
        if not isinstance(where, URL):
            return cls.open(where, read_only=read_only)
        fresh = not has_lines(data_dir)
        opened = cls.at(where, read_only=read_only, fresh=fresh, shared_as=shared_as)
        if not read_only:
            location.keep(data_dir, where)
        return opened

    @classmethod
    def at(cls, url: URL, *, read_only: bool = False, fresh: bool, shared_as: str = "") -> Ledger:
        """Open the ledger in a database, an empty one only if it is to be `fresh`; `shared_as` as
        in `of`. Raises LedgerError."""
        where = location.shown(url)
        opened = open_server(url, read_only=read_only, is_lost=not fresh, shared_as=shared_as)
        connection = LedgerConnection(opened, None, where=where)
        if not shared_as:
            return cls(connection)
        try:
            return cls(connection, LedgerConnection(open_side(url, shared_as), None, where=where))
        except BaseException:
            connection.close()
            raise

    @property
    def is_on_server(self) -> bool:
        """Whether it is in a database on a server."""
        return self.connection.raw.dialect.name == "postgresql"

    def share(
        self, run_id: str, regions: Collection[str], *, holder: str, at: datetime,
        dead: Collection[str],
        seconds: float,
    ) -> set[str]:  # fmt: skip
        """Take the leases of these regions for a run, which every commit checks from then on; see
        `leases.take` for what is handed in and comes back. Raises LedgerInUseError."""
        assert self.side
        self.lease, inherited = take(
            self.connection, self.side, run_id=run_id, regions=regions, holder=holder, at=at,
            dead=dead,
            seconds=seconds,
        )  # fmt: skip
        self.lease.keep(self.side.raw.engine)
        self.others.begin(self.lease)
        return inherited

    def give_back(self, regions: Collection[str] | None = None) -> None:
        """Give back the leases, all or those of some regions, with a commit. Without any nothing is
        checked any more."""
        if self.lease is None or (regions is not None and not regions):
            return
        self.lease.release(self.connection, regions)
        self.connection.commit()
        if regions is None:
            self.lease.stop()
            self.lease = None
        else:
            self.lease.regions -= set(regions)
            self.lease.count = len(self.lease.regions)

    def commit(self) -> None:
        """Make everything since the last commit durable. To be called after WARC and JSONL are, so
        that an address counts as done only when what it gave is on disk. Raises SupersededError
        where the run has lost its leases."""
        self.settling.settle()
        self.others.settle()
        if self.lease:
            self.lease.check(self.connection)
        self.connection.commit()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep out other runs that share the ledger, for what isn't of a region: certificates. To
        be called when all is committed. One that stands still meanwhile loses its session."""
        if self.lease is None:
            yield
            return
        lock, unlock = func.pg_advisory_lock(_ALONE), func.pg_advisory_unlock(_ALONE)
        self.connection.rows(select(silent_for(_LONGEST_ALONE), idle_for(_LONGEST_ALONE), lock))
        try:
            yield
        finally:
            with suppress(LedgerError):
                self.connection.rows(select(silent_for(0), idle_for(0), unlock))

    def clock(self) -> float | None:
        """Seconds since 1970 by the server's clock; None for a ledger that is a file."""
        if not self.is_on_server:
            return None
        row = self.connection.row(select(literal_column(NOW).label("now")))
        return float(row.now) if row else None

    def hand_out(self, visits: Sequence[OpenVisit]) -> None:
        """Read at once what is known of addresses that are to be fetched now."""
        if visits:
            ids = {one.article_id for one in visits}
            rows = self.addresses.of_articles(ids)
            self._handed_out.keep(self.articles.of_ids(ids), rows)

    def is_empty(self) -> bool:
        """Whether nothing was ever told to it."""
        found = (self.connection.row(select(table).limit(1)) for table in metadata.sorted_tables)
        return all(row is None for row in found)

    def close(self) -> None:
        """Close the connection; what was not committed is forgotten. A writer empties the log, so
        that the ledger can be read where nothing can be written. Never fails."""
        if self.lease:
            self.lease.stop()
        if self.side:
            engine = self.side.raw.engine
            self.side.close()
            engine.dispose()
        self.connection.close()
