"""Measures of new pages: the newest by themselves, older ones as counts by day of the week.

What is kept doesn't grow with the archive: `settle` moves pages to the counts, and counts that have
become many are halved, so that the last weeks weigh most.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from crawler.ledger.rows import PageMeasures
from crawler.ledger.schema import baselines, page_measures, shifts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from crawler.ledger.connection import LedgerConnection

# So many pages of a day of the week are counted before the counts are halved.
MOST_COUNTED = 400


class Measures:
    """By region and layout, what pages were like."""

    def __init__(self, connection: LedgerConnection) -> None:
        self._connection = connection

    def add(self, region: str, layout: str, page: PageMeasures) -> None:
        """Note the measures of a page of a run."""
        row = {
            "region": region, "layout": layout, "run_id": page.run_id, "url": page.url,
            "at": page.at, "weekday": page.weekday, "measures": dict(page.measures),
            "warc_file": page.warc_file, "warc_offset": page.warc_offset,
        }  # fmt: skip
        self._connection.upsert(page_measures, [row])

    def layouts(self) -> list[tuple[str, str]]:
        """The regions and layouts of which there are pages."""
        statement = select(page_measures.c.region, page_measures.c.layout).distinct()
        rows = self._connection.rows(statement)
        return sorted((row.region, row.layout) for row in rows)

    def pages(self, region: str, layout: str) -> list[PageMeasures]:
        """The pages that are not counted yet, in the order of their runs."""
        statement = (
            select(page_measures)
            .where(page_measures.c.region == region, page_measures.c.layout == layout)
            .order_by(page_measures.c.run_id, page_measures.c.at, page_measures.c.url)
        )
        return [
            PageMeasures(
                run_id=row.run_id, url=row.url, at=row.at, weekday=row.weekday,
                measures=row.measures, warc_file=row.warc_file, warc_offset=row.warc_offset,
            )
            for row in self._connection.rows(statement)
        ]  # fmt: skip

    def baseline(self, region: str, layout: str) -> dict[tuple[int, str], Counter[int]]:
        """How often each value was counted, by day of the week and measure."""
        statement = select(baselines).where(
            baselines.c.region == region, baselines.c.layout == layout
        )
        return {
            (row.weekday, row.measure): Counter({int(k): n for k, n in row.counts.items()})
            for row in self._connection.rows(statement)
        }

    def shifts(self, start: str) -> dict[str, datetime]:
        """Since when the shifts hold whose alarms' ids begin so."""
        rows = self._connection.rows(select(shifts).where(shifts.c.alarm_id.startswith(start)))
        return {row.alarm_id: row.since for row in rows if row.alarm_id.startswith(start)}

    def hold(self, start: str, alarm_ids: Collection[str], *, at: datetime) -> None:
        """Of the shifts whose alarms' ids begin so, these hold now and no others."""
        over = [one for one in self.shifts(start) if one not in alarm_ids]
        if over:
            self._connection.write(delete(shifts).where(shifts.c.alarm_id.in_(over)))
        rows = [{"alarm_id": one, "since": at} for one in alarm_ids]
        self._connection.upsert(shifts, rows, update=())

    def settle(self, region: str, layout: str, pages: Iterable[PageMeasures]) -> None:
        """Count these pages and forget them."""
        taken: Sequence[PageMeasures] = list(pages)
        if not taken:
            return
        counted = self.baseline(region, layout)
        changed = set()
        for page in taken:
            for name, value in page.measures.items():
                counted.setdefault((page.weekday, name), Counter())[value] += 1
                changed.add((page.weekday, name))
        rows = []
        for weekday, name in sorted(changed):
            counts = counted[weekday, name]
            if counts.total() > MOST_COUNTED:
                counts = Counter({value: n // 2 for value, n in counts.items() if n > 1})
            rows.append({
                "region": region, "layout": layout, "weekday": weekday, "measure": name,
                "counts": {str(value): n for value, n in sorted(counts.items())},
            })  # fmt: skip
        self._connection.upsert(baselines, rows)
        self.forget(region, layout, taken)

    def forget(self, region: str, layout: str, pages: Iterable[PageMeasures]) -> None:
        """Forget these pages without counting them."""
        for page in pages:
            self._connection.write(
                delete(page_measures).where(
                    page_measures.c.region == region,
                    page_measures.c.layout == layout,
                    page_measures.c.run_id == page.run_id,
                    page_measures.c.url == page.url,
                )
            )
