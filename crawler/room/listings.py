"""Pages that list articles: the front page, days, regions, changes, and the report on the runs."""

from __future__ import annotations

import re
import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler import regions
from crawler.clock import BEIJING, iso, now
from crawler.room.rendering import (
    PageError,
    a_day,
    html,
    name_of,
    page,
    page_number,
    pager,
    render,
    texts_of,
)
from crawler.room.report import context
from crawler.views.archive_status import status_of
from crawler.views.report import ReportSums, added_later, certificate_of, report_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from crawler.ledger.catalogue import Entry
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import VersionRow
    from crawler.room.archive_reader import ArchiveReader
    from crawler.room.rendering import Texts

_MONTH = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])", re.ASCII)

# Entries on one page of a region's month, and of a day.
PAGE = 200
_PAGE_OF_A_DAY = 1000

# Of a region and day on the front page.
_ON_FRONT = 5
_MOST_OF_A_DAY = 5000
_CHANGES_ON_FRONT = 10
_CHANGES = 100

_DAY = timedelta(days=1)

# A report of a year takes a second or two, so one is shown for so long.
_KEPT = timedelta(seconds=30)


class Listings:
    """The pages that list articles."""

    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive
        self._tally = ReportSums()
        self._reports: dict[str, tuple[datetime, str]] = {}
        self._tallying = threading.Lock()

    def front(self, request: Request) -> Response:
        """Today's and yesterday's news by region, the latest changes, the regions."""
        today = now().astimezone(BEIJING).date()
        with self._archive.ledger() as ledger:
            catalogue = ledger.catalogue
            counts = catalogue.regions()
            since = today - _DAY
            entries = catalogue.published(since, today + _DAY, limit=_MOST_OF_A_DAY)
            is_today = bool(entries)
            newest = catalogue.newest_day()
            if not is_today and newest:
                today = date.fromisoformat(newest)
                since = today - _DAY
                entries = catalogue.published(since, today + _DAY, limit=_MOST_OF_A_DAY)
            changes = changes_in(ledger, limit=_CHANGES_ON_FRONT)
        names = ("today", "yesterday") if is_today else ("", "")
        days = [
            _day_of_front(name, day, entries)
            for name, day in zip(names, (today, since), strict=True)
        ]
        return page(
            request, "front.html", nav="front", is_today=is_today, total=sum(counts.values()),
            days=[day for day in days if day["count"]], changes=changes,
            regions=[
                {"code": code, "name": name_of(code), "count": count}
                for code, count in sorted(counts.items()) if code
            ],
        )  # fmt: skip

    def changes(self, request: Request) -> Response:
        """Edits, withdrawals and restorals, newest first."""
        with self._archive.ledger() as ledger:
            found = changes_in(ledger, limit=_CHANGES)
        return page(request, "changes.html", nav="changes", changes=found)

    def region(self, request: Request) -> Response:
        """A month of a region, the newest one if none is named."""
        code = request.path_params["code"]
        t = texts_of(request)
        with self._archive.ledger() as ledger:
            months = ledger.catalogue.months(code)
            if not months and code not in regions.load():
                raise PageError(404, "error_404")
            month = request.query_params.get("month") or next(iter(months), "")
            if month and not _MONTH.fullmatch(month):
                raise PageError(404, "error_404")
            number = page_number(request)
            entries: list[Entry] = []
            if month:
                since, until = _month(month)
                entries = ledger.catalogue.published(
                    since, until, region=code, limit=PAGE, offset=(number - 1) * PAGE
                )
            undated = ledger.catalogue.undated(code, limit=PAGE)
        groups = [
            _group(day, day, f"/days/{day}", [one for one in entries if _day(one) == day])
            for day in dict.fromkeys(map(_day, entries))
        ]
        if undated and number == 1:
            groups.append(_group("undated", t("undated"), "", undated))
        count = months.get(month, 0)
        near = _beside(list(months), month)
        return page(
            request, "listing.html", heading=t("of_region", name_of(code)), groups=groups,
            count=sum(months.values()), empty=t("none_in_region"), months=list(months.items()),
            shown_month=month, feed=f"/regions/{code}/feed.atom", feed_title=t("feed_region"),
            certificate=None,
            earlier=_link(near[0], t) if near[0] else None,
            later=_link(near[1], t) if near[1] else None,
            **pager(number, count, f"?month={month}", PAGE),
        )  # fmt: skip

    def day(self, request: Request) -> Response:
        """A day of publication, by region."""
        t = texts_of(request)
        day = a_day(request.path_params["day"])
        number = page_number(request)
        with self._archive.ledger() as ledger:
            count = ledger.catalogue.count(day, day + _DAY)
            entries = ledger.catalogue.published(
                day, day + _DAY, limit=_PAGE_OF_A_DAY, offset=(number - 1) * _PAGE_OF_A_DAY
            )
        codes = sorted({one.region or "" for one in entries}, key=lambda code: (not code, code))
        groups = [
            _group(
                code or "none", name_of(code) if code else t("no_region"),
                f"/regions/{code}" if code else "",
                [one for one in entries if (one.region or "") == code],
            )
            for code in codes
        ]  # fmt: skip
        before, after = day - _DAY, day + _DAY
        return page(
            request, "listing.html", heading=t("of_day", day.isoformat()), count=count,
            groups=groups, empty=t("none_that_day"), months=[], shown_month="",
            feed=None, feed_title="", region_name=name_of,
            certificate=certificate_of(self._archive.data_dir, day) if number == 1 else None,
            added=added_later(self._archive.data_dir, day),
            earlier={"href": f"/days/{before}", "text": f"{t('previous_day')} {before}"},
            later={"href": f"/days/{after}", "text": f"{t('next_day')} {after}"},
            **pager(number, count, "?", _PAGE_OF_A_DAY),
        )  # fmt: skip

    def status(self, request: Request) -> Response:
        """The report on the runs of a year; the same for as long as `_KEPT`."""
        t, at = texts_of(request), now()
        with self._tallying:
            made_at, text = self._reports.get(t.language, (at - _KEPT, ""))
            if not at - _KEPT < made_at <= at:
                text = self._status(t, at)
                self._reports[t.language] = (at, text)
        return html(request, text)

    def _status(self, t: Texts, at: datetime) -> str:
        data_dir = self._archive.data_dir
        with self._archive.ledger() as ledger:
            status = status_of(data_dir, ledger, at, self._archive.settings.max_age)
            report = report_of(data_dir, ledger, status, self._tally, at)
        shown = context(report, t, lambda day: f"/days/{day}#certificate")
        return render("status.html", t, nav="status", **shown)


def changes_in(ledger: Ledger, *, limit: int) -> list[dict[str, Any]]:
    """The newest edits, withdrawals, restorals and corrections, newest first: all lines that
    aren't the first of their article."""
    rows = ledger.catalogue.later_lines(limit=limit)
    known = ledger.catalogue.of([row.article_id for row in rows if not row.title])
    titles = {article_id: entry.title for article_id, entry in known.items()}
    return [_change(row, row.title or titles.get(row.article_id)) for row in rows]


def _change(row: VersionRow, title: str | None) -> dict[str, Any]:
    href = f"/articles/{row.article_id}"
    if row.corrects:
        kind, fields = "corrected", list(row.corrects["keys"])
    elif row.status == "gone":
        kind, fields = "withdrawn", []
    elif row.status == "restored":
        kind, fields = "restored", list(row.changed)
    else:
        kind, fields = "edited", list(row.changed)
        if row.version > 1:
            href += f"/diff/{row.version - 1}/{row.version}"
    return {"kind": kind, "href": href, "at": iso(row.fetched_at), "fields": fields,
        "title": title, "row": row,
    }  # fmt: skip


def _day(entry: Entry) -> str:
    return (entry.published_at or "")[:10]


def _day_of_front(name: str, day: date, entries: Sequence[Entry]) -> dict[str, Any]:
    of_day = [one for one in entries if _day(one) == day.isoformat()]
    parts = []
    for code in sorted({one.region or "" for one in of_day}, key=lambda code: (not code, code)):
        of_region = [one for one in of_day if (one.region or "") == code]
        parts.append({
            "code": code, "name": name_of(code), "count": len(of_region),
            "entries": of_region[:_ON_FRONT],
        })  # fmt: skip
    return {"name": name, "day": day.isoformat(), "count": len(of_day), "regions": parts}


def _group(anchor: str, name: str, href: str, entries: list[Entry]) -> dict[str, Any]:
    return {"anchor": anchor, "name": name, "href": href, "entries": entries}


def _month(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1)


def _beside(months: list[str], month: str) -> tuple[str, str]:
    """The months with articles before and after one; `months` are newest first."""
    before = next((one for one in months if one < month), "")
    after = next((one for one in reversed(months) if one > month), "")
    return before, after


def _link(month: str, t: Texts) -> dict[str, str]:
    return {"href": f"?month={month}", "text": t("month", *month.split("-"))}
