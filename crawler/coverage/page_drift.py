"""Drift of pages at the end of a run: what has shifted, and what becomes usual."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crawler.coverage import drift

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crawler.alarms import Alarm, State
    from crawler.ledger.ledger import Ledger


def watch(
    ledger: Ledger, at: datetime, regions: Collection[str], held: Mapping[str, State]
) -> list[Alarm]:
    """The alarms on pages of these regions. `held` are the alarms that hold by now: while one does,
    the pages are not taken for usual, for three weeks. Raises LedgerError."""
    found = []
    for region, layout in ledger.measures.layouts():
        if region not in regions:
            continue
        pages = ledger.measures.pages(region, layout)
        baseline = ledger.measures.baseline(region, layout)
        moved = drift.shifts(pages, baseline)
        alarms = [drift.alarm(region, layout, shift) for shift in moved]
        since = [
            datetime.fromisoformat(held[alarm.id].since) for alarm in alarms if alarm.id in held
        ]
        is_usual = bool(since) and min(since) < at - drift.USUAL_AFTER
        if is_usual:
            ledger.measures.settle(region, layout, pages)
            continue
        found += alarms
        still = {alarm.id for alarm in alarms}
        for key in held:
            if key.startswith(drift.key(region, layout)) and key not in still:
                odd = drift.odd_pages(pages, baseline, key)
                ledger.measures.forget(region, layout, odd)
                pages = [page for page in pages if page not in odd]
        if alarms:
            ledger.measures.forget(region, layout, pages[: -drift.MOST_PAGES])
        else:
            ledger.measures.settle(region, layout, drift.settled(pages, at))
    return found
