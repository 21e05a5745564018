"""What other runs do meanwhile that share a ledger on a server: which articles they fetch, and the
addresses that are theirs to fetch. A run whose ledger is a file is alone.

All of it is said and asked at once, over a connection that commits each statement: what waits for a
checkpoint would make other runs wait for it, and they us. So no transaction that lasts until a
checkpoint inserts a row that another's may insert too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import literal_column, select
from sqlalchemy.dialects.postgresql import insert

from crawler.ledger.leases import NOW
from crawler.ledger.schema import addresses, claims, leases

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from crawler.ledger.connection import LedgerConnection
    from crawler.ledger.leases import Lease

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
        statement = insert(claims).values(
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
        sorted_ = [theirs[url] for url in sorted(theirs)]
        is_noted = self._side.write_at_once(insert(addresses).on_conflict_do_nothing(), sorted_)
        return ours if is_noted else rows

    def owe(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Addresses that others are to fetch, as rows of the table; known ones are theirs already.
        They are there with the next commit at the latest."""
        self._owed |= {row["url"]: row for row in rows}
        self.settle()

    def settle(self) -> None:
        """Tell what others are owed. What one of them is just noting itself waits."""
        if not (self._side and self._owed):
            return
        rows = [self._owed[url] for url in sorted(self._owed)]
        if self._side.write_at_once(insert(addresses).on_conflict_do_nothing(), rows):
            self._owed.clear()
