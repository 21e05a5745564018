"""The report as a page: charts, each with its table, for the room and as a folder of files.

In: a Report of numbers, the texts of a language, and where the pages of days stand. Out: what the
template shows; or a folder that opens from disk without a server.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import regions
from crawler.alarms import FIELDS
from crawler.outcomes import Outcome
from crawler.room import charts
from crawler.room.rendering import name_of, render
from crawler.storage import write_atomically
from crawler.views.archive_status import sized
from crawler.views.report import NEWEST_RUNS, added_later, certificate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crawler.room.rendering import Texts
    from crawler.views.report import Report

# Days that the table of the heat map shows one by one.
TABLE_DAYS = 31

# Series that are drawn by themselves; the rest is one.
_DRAWN = charts.SERIES - 1
_MOST_HOSTS = 200
_STORED = ("warc", "jsonl", "other")


def context(report: Report, t: Texts, link: Callable[[str], str | None]) -> dict[str, Any]:
    """What the template shows. `link` is the address of a day's page, None for a day without."""
    tally, status = report.tally, report.status
    days = _days(report.since, report.until)
    codes = sorted({code for code, _ in report.articles if code} | set(regions.load()))
    names = [(code, name_of(code)) for code in codes]
    runs = sorted(tally.runs, key=lambda run: run.started_at, reverse=True)
    return {
        "report": report,
        "status": status,
        "days": days[-TABLE_DAYS:][::-1],
        "names": names,
        "heat": charts.heat_map(
            names, days,
            lambda code, day: report.articles.get((code, day), 0),
            lambda code, day: report.verdicts.get((code, day), ""),
            lambda code, day: link(day) if (code, day) in report.verdicts else None,
        ),
        "link": link,
        "has_verdicts": bool(report.verdicts),
        "by_month": _by_month(report, names),
        "runs": runs[:NEWEST_RUNS],
        "first_run": runs[-1].started_at if runs else None,
        "runs_count": len(runs),
        "history": _history(report),
        "outcomes": _outcomes(report, t),
        "layouts": _layouts(report, t),
        "fields": _fields(report, t),
        "hosts": sorted(tally.hosts.items(), key=lambda one: -one[1].requests)[:_MOST_HOSTS],
        "storage": _storage(report, t),
        "owed": [(name_of(code) if code else "", row) for code, row in status.owed.items()],
        "size": sized,
        "region_name": name_of,
    }  # fmt: skip


def write_folder(report: Report, t: Texts, folder: Path, data_dir: Path) -> int:
    """Write the report as `index.html` with a page for each day that has a certificate; the number
    of files. They need no server and no other file. Raises StorageError, OSError."""
    certified = sorted({day for _, day in report.verdicts})
    folder.mkdir(parents=True, exist_ok=True)
    style = Path(__file__).with_name("static") / "room.css"
    write_atomically(folder / "room.css", style.read_bytes())
    pages = {f"days/{day}.html": _day_page(data_dir, day, t) for day in certified}
    known = set(certified)
    shown = context(report, t, lambda day: f"days/{day}.html" if day in known else None)
    pages["index.html"] = render("report_file.html", t, **shown)
    if certified:
        (folder / "days").mkdir(exist_ok=True)
    for name, text in pages.items():
        write_atomically(folder / name, text.encode())
    return len(pages) + 1


def _day_page(data_dir: Path, day: str, t: Texts) -> str:
    of = date.fromisoformat(day)
    return render(
        "certificate_file.html", t, day=day, certificate=certificate_of(data_dir, of),
        added=added_later(data_dir, of), region_name=name_of,
    )  # fmt: skip


def _days(since: date, until: date) -> list[str]:
    count = (until - since).days + 1
    return [(since + timedelta(days=number)).isoformat() for number in range(count)]


def _by_month(report: Report, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Region × month: articles, and on how many days of the period there was none."""
    found: Counter[tuple[str, str]] = Counter()
    with_any: Counter[str] = Counter()
    for (code, day), count in report.articles.items():
        found[code, day[:7]] += count
        with_any[code] += 1
    months = sorted({day[:7] for day in _days(report.since, report.until)})
    length = (report.until - report.since).days + 1
    rows = [
        (name, [found[code, month] for month in months], length - with_any[code])
        for code, name in names
    ]
    return {"months": months, "rows": rows}


def _history(report: Report) -> dict[str, Any]:
    tally = report.tally
    days = _days(report.since, report.until)
    values = [tally.records_of_day[date.fromisoformat(day)] for day in days]
    failed = [tally.failed_of_day[date.fromisoformat(day)] for day in days]
    return {"chart": charts.bars([day[5:] for day in days], {"records": values}),
            "failed": sum(failed),
            "rows": [row for row in zip(days, values, failed, strict=True) if any(row[1:])][::-1],
            }  # fmt: skip


def _outcomes(report: Report, t: Texts) -> dict[str, Any]:
    by_month = report.tally.outcomes_of_month
    months = sorted(by_month)
    total: Counter[str] = Counter()
    for counts in by_month.values():
        total.update(counts)
    meanings = {one.value: one.meaning for one in Outcome}
    return _stacked(months, by_month, total, t) | {
        "meanings": meanings,
        "total": total.most_common(),
    }


def _layouts(report: Report, t: Texts) -> dict[str, Any]:
    by_week = {week.isoformat(): counts for week, counts in report.tally.layouts_of_week.items()}
    total: Counter[str] = Counter()
    for counts in by_week.values():
        total.update(counts)
    return _stacked(sorted(by_week), by_week, total, t)


def _stacked(labels: Sequence[str], counts: Any, total: Counter[str], t: Texts) -> dict[str, Any]:
    """Bars of the most frequent names, the rest together, and all of it as a table."""
    ordered = [name for name, count in total.most_common() if count]
    drawn, rest = ordered[:_DRAWN], ordered[_DRAWN:]
    series = {name: [counts[label][name] for label in labels] for name in drawn}
    if rest:
        series[t("other")] = [sum(counts[label][name] for name in rest) for label in labels]
    return {
        "chart": charts.bars(labels, series) if labels and series else None,
        "keys": _keys(series),
        "labels": labels,
        "table": [(name, [counts[label][name] for label in labels]) for name in ordered],
    }


def _fields(report: Report, t: Texts) -> dict[str, Any]:
    by_week = report.tally.fields_of_week
    weeks = sorted(by_week)
    series = {
        name: [
            by_week[week][name] / by_week[week]["records"] if by_week[week]["records"] else None
            for week in weeks
        ]
        for name in FIELDS
    }
    labels = [week.isoformat() for week in weeks]
    return {
        "chart": charts.shares(labels, series) if labels else None,
        "keys": _keys(t.get(f"field_{name}", name) for name in series),
        "labels": labels,
        "records": [by_week[week]["records"] for week in weeks],
        "table": [(t.get(f"field_{name}", name), values) for name, values in series.items()],
    }


def _storage(report: Report, t: Texts) -> dict[str, Any]:
    by_month = report.tally.written_of_month
    months = sorted(by_month)
    series = {t(f"kind_{kind}"): [by_month[month][kind] for month in months] for kind in _STORED}
    rows, sum_so_far = [], 0
    for place, month in enumerate(months):
        row = [values[place] for values in series.values()]
        sum_so_far += sum(row)
        rows.append((month, row, sum_so_far))
    return {
        "chart": charts.bars(months, series, lambda size: sized(int(size))) if months else None,
        "keys": _keys(series),
        "rows": rows,
    }


def _keys(names: Iterable[str]) -> list[tuple[Any, str]]:
    return [(charts.key(number), name) for number, name in enumerate(names)]
