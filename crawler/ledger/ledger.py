"""The ledger: what is durably archived, what is owed, what is due.

In: sightings, outcomes, JSONL lines, list answers of a run, each with its time. Out: the decisions
that make the next run ask only for what is new, owed or due. This module alone opens it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.ledger.addresses import Addresses
from crawler.ledger.articles import Articles
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.dump import Dump
from crawler.ledger.errors import LedgerError, NoLedgerError
from crawler.ledger.hosts import Hosts
from crawler.ledger.lists import Lists
from crawler.ledger.observations import Observations
from crawler.ledger.opening import open_file
from crawler.ledger.rows import (
    Address,
    ArticleRow,
    Decision,
    Hold,
    ListState,
    ObservationRow,
    Robots,
    RunRow,
    Sighting,
    VersionRow,
)
from crawler.ledger.runs import Runs
from crawler.ledger.visits import Visits

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Address",
    "ArticleRow",
    "Decision",
    "Hold",
    "Ledger",
    "LedgerError",
    "ListState",
    "NoLedgerError",
    "ObservationRow",
    "Robots",
    "RunRow",
    "Sighting",
    "VersionRow",
]


class Ledger:
    """The parts of the ledger over one connection with one open transaction.

    The run is the one writer: it sees its own uncommitted writes, `commit` makes them durable at
    its checkpoints, and a kill rolls back to the last one. Readers see the last commit.
    """

    def __init__(self, connection: LedgerConnection) -> None:
        self.connection = connection
        self.runs = Runs(connection)
        self.visits = Visits(connection)
        self.addresses = Addresses(connection)
        self.articles = Articles(connection)
        self.observations = Observations(connection)
        self.lists = Lists(connection)
        self.hosts = Hosts(connection)
        self.dump = Dump(connection)
        self.commit = connection.commit
        self.close = connection.close

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, fresh: bool = False) -> Ledger:
        """Open the ledger at `path`, making or migrating it unless `read_only`.

        A ledger that is lost (published files stand beside its place), locked, damaged, unwritable
        or of a newer schema is a LedgerError that says what to do; nothing is overwritten. `fresh`
        makes a new one in a lost one's place, to be filled again.
        """
        return cls(LedgerConnection(open_file(path, read_only=read_only, fresh=fresh), path))
