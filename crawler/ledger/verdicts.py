"""Deciding what to do with a sighting. Pure.

In: the row of its address and what is known of its article. Out: a verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.ledger.rows import Verdict
from crawler.outcomes import PROVISIONAL, SETTLED, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

_ENDED = SETTLED - PROVISIONAL

# The outcome a verdict gives at once.
OUTCOME_OF = {
    Verdict.KNOWN: Outcome.KNOWN,
    Verdict.DUPLICATE: Outcome.DUPLICATE,
    Verdict.WAITING: Outcome.PENDING,
}


def verdict_of(
    row: Row[Any] | None, at: datetime, is_settled: bool, is_own: bool, is_taken: bool
) -> Verdict:
    """`is_settled`: the article is; `is_own`: this is the archived article's own address."""
    if is_own or has_ended(row):
        return Verdict.KNOWN
    if is_settled or is_taken:
        return Verdict.DUPLICATE
    if row is None:
        return Verdict.NEW
    if row.retry_at is None or row.retry_at <= at:
        return Verdict.OWED
    return Verdict.WAITING


def has_ended(row: Row[Any] | None) -> bool:
    """Whether the address itself was asked for and nothing is owed at it."""
    return row is not None and row.retry_at is None and row.result in _ENDED
