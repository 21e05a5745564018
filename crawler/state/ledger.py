"""The ledger: what is durably archived, what is owed, what is due.

In: sightings, outcomes, JSONL lines, list answers of a run, each with its time. Out: the decisions
that make the next run ask only for what is new, owed or due. This module alone opens it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.state.addresses import Addresses
from crawler.state.articles import Articles
from crawler.state.errors import LedgerError, NoLedgerError
from crawler.state.hosts import Hosts
from crawler.state.lists import Lists
from crawler.state.observations import Observations
from crawler.state.opening import open_file
from crawler.state.reading import Reading
from crawler.state.rows import (
    Address,
    ArticleRow,
    Hold,
    ListState,
    ObservationRow,
    Robots,
    RunRow,
    Seen,
    Sighting,
    Verdict,
    VersionRow,
)
from crawler.state.runs import Runs
from crawler.state.visits import Visits

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Address",
    "ArticleRow",
    "Hold",
    "Ledger",
    "LedgerError",
    "ListState",
    "NoLedgerError",
    "ObservationRow",
    "Robots",
    "RunRow",
    "Seen",
    "Sighting",
    "Verdict",
    "VersionRow",
]


class Ledger(Runs, Visits, Addresses, Articles, Observations, Lists, Hosts, Reading):
    """One connection, one open transaction.

    The run is the one writer: it sees its own uncommitted writes, `commit` makes them durable at
    its checkpoints, and a kill rolls back to the last one. Readers see the last commit.
    """

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, fresh: bool = False) -> Ledger:
        """Open the ledger at `path`, making or migrating it unless `read_only`.

        A ledger that is lost (published files stand beside its place), locked, damaged, unwritable
        or of a newer schema is a LedgerError that says what to do; nothing is overwritten. `fresh`
        makes a new one in a lost one's place, to be filled again.
        """
        return cls(open_file(path, read_only=read_only, fresh=fresh), path)
