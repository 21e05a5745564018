"""What to do with a sighting, decided from what is known of its address and its article. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.ledger.rows import Decision
from crawler.outcomes import PROVISIONAL, SETTLED, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

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
