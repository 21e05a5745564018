"""The list sources of a region: what each yielded of late, its newest article, its next look.

In: the ledger, opened for reading. Out: a row a source, the most fruitful first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING, iso
from crawler.ledger.rows import SourceYield
from crawler.ledger.schedule import (
    GIVE_UP,
    QUIET_WAIT,
    is_given_up,
    look_interval,
    next_look,
    next_try,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import ListState, Source
    from crawler.regions import Region


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A list that was asked. `wait` is None for a list that is asked in every run."""

    state: ListState
    learnt: SourceYield
    known: Source | None
    wait: timedelta | None

    @property
    def is_dead(self) -> bool:
        """Whether its last looks all failed."""
        return self.state.failures >= GIVE_UP

    @property
    def known_elsewhere(self) -> float | None:
        """The share of its articles that another list had shown before; None without any."""
        return 1 - self.learnt.first / self.learnt.new if self.learnt.new else None

    @property
    def next_look(self) -> datetime | None:
        """From when on it is due; None: in every run."""
        return next_look(self.state.last_at, self.wait) if self.wait else None

    def as_json(self) -> dict[str, Any]:
        """The same as plain values; times are UTC."""
        state, learnt, known, due = self.state, self.learnt, self.known, self.next_look
        share = self.known_elsewhere
        newest = None
        if known and known.newest_url:
            newest = {
                "url": known.newest_url,
                "title": known.newest_title,
                "appeared_at": iso(known.newest_at) if known.newest_at else None,
            }
        return {
            "url": state.url,
            "depth": state.depth,
            "looks": learnt.looks,
            "days_of_looks": learnt.days,
            "last_look_at": iso(state.last_at) if state.last_at else None,
            "last_answer_at": iso(state.last_ok_at) if state.last_ok_at else None,
            "failures": state.failures,
            "is_dead": self.is_dead,
            "new": learnt.new,
            "new_a_day": round(learnt.new / learnt.days, 2) if learnt.days else None,
            "first": learnt.first,
            "sole": learnt.sole,
            "known_elsewhere": None if share is None else round(share, 3),
            "links": learnt.capacity,
            "newest": newest,
            "every_run": due is None,
            "next_look_at": iso(due) if due else None,
        }


def sources_of(region: Region, ledger: Ledger, at: datetime) -> list[SourceRow]:
    """The lists of a region that were asked. Raises LedgerError."""
    today = at.astimezone(BEIJING).date()
    yields = ledger.sources.yields(today, regions=[region.code])
    states = [one for one in ledger.lists.states([region.code]) if one.last_at is not None]
    known = ledger.sources.known([state.url for state in states])
    rows = []
    for state in states:
        learnt = yields.get(state.url, SourceYield())
        wait = None
        if state.url not in region.roots:
            wait = _wait(state, learnt, is_of_registry=state.url in region.lists)
        rows.append(SourceRow(state, learnt, known.get(state.url), wait or None))
    return sorted(rows, key=lambda row: (-row.learnt.new, row.state.depth, row.state.url))


def _wait(state: ListState, learnt: SourceYield, *, is_of_registry: bool) -> timedelta | None:
    """How long a list is left alone after a look, as `spiders.list_looks` does; None: not at all.
    One that never showed an article is tried again when a page names it."""
    if is_given_up(state) and state.last_at:
        if state.completed_at or is_of_registry:
            return QUIET_WAIT
        return next_try(state.last_at, state.failures) - state.last_at
    if state.failures or state.walk_started_at:
        return None
    return look_interval(learnt)
