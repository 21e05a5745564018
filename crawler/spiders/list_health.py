"""When a list that has shown nothing for long is left alone, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.clock import now
from crawler.ledger.schedule import next_try

if TYPE_CHECKING:
    from crawler.ledger.rows import ListState

# A list that answered so many times in a row with nothing is asked again only when a page links to
# it, and then by the schedule of failing addresses.
GIVE_UP = 5

_NOTHING_THERE = frozenset({200, 404, 410})


def is_given_up(state: ListState) -> bool:
    """Only answers count: no answer says nothing of the list."""
    return state.failures >= GIVE_UP and state.last_status in _NOTHING_THERE


def is_at_rest(state: ListState) -> bool:
    """Whether a list that was given up is not to be tried again yet."""
    if not is_given_up(state) or state.last_at is None:
        return False
    return next_try(state.last_at, state.failures) > now()
