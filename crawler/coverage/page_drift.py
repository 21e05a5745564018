"""Drift of pages at the end of a run: what has shifted, and what becomes usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.coverage import drift

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from crawler.alarms import Alarm
    from crawler.ledger.ledger import Ledger


def watch(ledger: Ledger, at: datetime, regions: Collection[str]) -> list[Alarm]:
    """The alarms on pages of these regions. While one holds the pages are not taken for usual, for
    three weeks. Raises LedgerError."""
    found: list[Alarm] = []
    for region, layout in ledger.measures.layouts():
        if region in regions:
            found += _watch(ledger, at, region, layout)
    return found


def _watch(ledger: Ledger, at: datetime, region: str, layout: str) -> list[Alarm]:
    measures, start = ledger.measures, drift.key(region, layout)
    pages, baseline = measures.pages(region, layout), measures.baseline(region, layout)
    held = measures.shifts(start)
    alarms = [drift.alarm(region, layout, one) for one in drift.shifts(pages, baseline)]
    ids = {alarm.id for alarm in alarms}
    if any(since < at - drift.USUAL_AFTER for key, since in held.items() if key in ids):
        measures.settle(region, layout, pages)
        measures.hold(start, (), at=at)
        return []
    for key in held.keys() - ids:
        odd = drift.odd_pages(pages, baseline, key)
        measures.forget(region, layout, odd)
        pages = [page for page in pages if page not in odd]
    if alarms:
        measures.forget(region, layout, pages[: -drift.MOST_PAGES])
    else:
        measures.settle(region, layout, drift.settled(pages, at))
    measures.hold(start, ids, at=at)
    return alarms
