"""What the runs of a year came to, for the report that people look at.

In: the run reports, the ledger and the certificates of a data folder. Out: a Report of plain
numbers. A run report never changes: ReportSums takes each once and can be kept; 9,000 of them (a
year of hourly runs of all regions) are read in some seconds.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler import regions
from crawler.clock import BEIJING
from crawler.coverage.verdicts import Verdict
from crawler.data_dir import (
    INDEX_SUFFIX,
    LINES_FOLDER,
    LINES_SUFFIX,
    REPORT_SUFFIX,
    REPORTS_FOLDER,
    WARC_FOLDER,
    certificate_name,
    certificates_of,
    certified_by,
    files_of_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.views.archive_status import Status

# So many days back the report goes.
PERIOD = timedelta(days=365)

# Runs that are listed one by one, and examples of an alarm.
NEWEST_RUNS = 30
EXAMPLES = 3

# Examples as sentences have them: an address, its WARC, the offset there.
_POINTED = re.compile(r"(https?://\S+) \((\S+) at (\d+)\)")

# Names in the id of an alarm on a field: region, layout, field.
_FIELD_NAMES = 3

# Longer files are not read through for examples.
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as it is listed. `seconds` it took, `records` lines it published, `written` bytes."""

    run_id: str
    started_at: datetime
    seconds: float
    exit_code: int | None
    reason: str
    urls_seen: int
    records: int
    written: int
    alarms: int


@dataclass(slots=True)
class HostRow:
    """What a host got. `gaps`: median gap of a run, in tenths of a second → requests with it."""

    requests: int = 0
    not_modified: int = 0
    bytes_saved: int = 0
    waits_obeyed: int = 0
    gaps: Counter[int] = field(default_factory=Counter)

    @property
    def median_gap(self) -> float | None:
        """The gap of the median request, in seconds."""
        half, seen = sum(self.gaps.values()) / 2, 0
        for gap, count in sorted(self.gaps.items()):
            seen += count
            if seen >= half:
                return gap / 10
        return None


class ReportSums:
    """Sums over run reports. Days, weeks (by their Monday) and months are Beijing's."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.runs: list[ListedRun] = []
        self.records_of_day: Counter[date] = Counter()
        self.failed_of_day: Counter[date] = Counter()
        self.outcomes_of_month: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.layouts_of_week: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self.fields_of_week: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self.hosts: defaultdict[str, HostRow] = defaultdict(HostRow)
        self.written_of_month: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.newest: dict[str, Any] | None = None

    def read(self, data_dir: Path, since: date) -> None:
        """Take the reports of runs since a day that weren't taken yet. What is no report is passed
        over: `scrapy verify` tells of it. Raises OSError."""
        folder = data_dir / REPORTS_FOLDER
        first = f"{since - timedelta(days=1):%Y%m%d}"
        if not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name >= first)
        for name in names:
            if name.endswith(REPORT_SUFFIX) and name not in self.known:
                self.known.add(name)
                try:
                    report = json.loads((folder / name).read_bytes())
                    started = datetime.fromisoformat(report["started_at"])
                    finished = datetime.fromisoformat(report["finished_at"])
                    if "outcomes" in report and started.astimezone(BEIJING).date() >= since:
                        self._add(report, started, finished)
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue

    def _add(self, report: dict[str, Any], started: datetime, finished: datetime) -> None:
        day = started.astimezone(BEIJING).date()
        week, month = day - timedelta(days=day.weekday()), f"{day:%Y-%m}"
        records = 0
        for file in report["files"]:
            folder = file["path"].partition("/")[0]
            kind = folder if folder in {WARC_FOLDER, LINES_FOLDER} else "other"
            self.written_of_month[month][kind] += file["bytes"]
            if folder == LINES_FOLDER:
                records += file["records"]
        exit_code = report["exit_code"]
        self.runs.append(ListedRun(
            report["run_id"], started, (finished - started).total_seconds(), exit_code,
            str(report["reason"]), report["urls_seen"], records,
            sum(file["bytes"] for file in report["files"]), len(report["alarms"]),
        ))  # fmt: skip
        self.records_of_day[day] += records
        self.failed_of_day[day] += exit_code not in {0, 3}
        self.outcomes_of_month[month].update(report["outcomes"])
        self.layouts_of_week[week].update(report["layouts"])
        for counts in report.get("fields", {}).values():
            self.fields_of_week[week].update(counts)
        for host, told in report["hosts"].items():
            self._add_host(self.hosts[host], told)
        if self.newest is None or report["run_id"] > self.newest["run_id"]:
            self.newest = report

    def _add_host(self, row: HostRow, told: Mapping[str, Any]) -> None:
        row.requests += told["requests"]
        row.not_modified += told["not_modified"]
        row.bytes_saved += told["bytes_saved"]
        row.waits_obeyed += told["waits_obeyed"]
        if told["median_gap_seconds"] is not None:
            row.gaps[round(told["median_gap_seconds"] * 10)] += told["requests"]


@dataclass(frozen=True, slots=True)
class AlarmWithExamples:
    """An alarm that holds, with what it shows itself in: addresses, and where their captures are.

    `kind` is the first part of its id, `text` the sentence of the run's report, in English.
    """

    kind: str
    region: str | None
    text: str
    since: str
    is_new: bool
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `articles`: (region or "", day) → archived articles published then; `verdicts`:
    the same keys → verdict of the day's certificate."""

    made_at: datetime
    since: date
    until: date
    status: Status
    tally: ReportSums
    articles: dict[tuple[str, str], int]
    verdicts: dict[tuple[str, str], str]
    alarms: list[AlarmWithExamples]


def report_of(
    data_dir: Path, ledger: Ledger, status: Status, tally: ReportSums, made_at: datetime
) -> Report:
    """The report of the year that ends today. `tally` is brought up to date. Raises LedgerError,
    OSError."""
    until = made_at.astimezone(BEIJING).date()
    since = until - PERIOD + timedelta(days=1)
    tally.read(data_dir, since)
    examples = _Examples(data_dir, ledger, tally, status)
    return Report(
        made_at=made_at,
        since=since,
        until=until,
        status=status,
        tally=tally,
        articles=ledger.catalogue.by_day(since, until + timedelta(days=1)),
        verdicts=verdicts_of(data_dir, since),
        alarms=list(map(examples.with_examples, status.alarms)),
    )


class _Examples:
    """What alarms show themselves in: addresses, and where their captures are."""

    def __init__(self, data_dir: Path, ledger: Ledger, tally: ReportSums, status: Status) -> None:
        self._data_dir = data_dir
        self._ledger = ledger
        self._runs = tally.runs
        self._newest = tally.newest or {}
        self._silent_lists = status.silent_lists

    def with_examples(self, row: Mapping[str, Any]) -> AlarmWithExamples:
        """An alarm of a run report with the address its id names or the examples in its sentence,
        else with those that the newest run or the ledger have: pages that no layout claims, lists
        that fail, lines without the field."""
        text = str(row["text"])
        kind, _, about = str(row["id"]).partition(":")
        names = about.split(":")
        region = row.get("region")
        found: Iterable[str] = ()
        if about.startswith(("http://", "https://")):
            found = [self._pointed(about)]
        elif pointed := _POINTED.findall(text):
            found = [f"{url} {file}:{offset}" for url, file, offset in pointed]
            text = text[: text.index(pointed[0][0])].rstrip(": ")
        elif kind.startswith("unclaimed"):
            unclaimed = (str(one) for one in self._newest.get("unclaimed", ()))
            found = (self._pointed(one) for one in unclaimed if region in {None, _code_of(one)})
        elif kind in {"no_list", "dead_lists"}:
            found = map(self._pointed, self._silent_lists.get(region or "", ()))
        elif kind == "field" and len(names) == _FIELD_NAMES:
            found = self._lines_without(*names)
        examples = tuple(islice(found, EXAMPLES))
        return AlarmWithExamples(kind, region, text, row["since"], bool(row["is_new"]), examples)

    def _pointed(self, url: str) -> str:
        """An address and where its capture is: that of its article's newest content, else one of
        the run that asked for the list, else of the newest run; the address alone without any."""
        address = self._ledger.addresses.get(url)
        lines = self._ledger.articles.versions(address.article_id) if address else []
        for row in reversed(lines):
            if row.warc_pages:
                return f"{url} {row.warc_pages[0].file}:{row.warc_pages[0].offset}"
        wanted = f'"url": "{url}"'.encode()
        for path in self._indexes(self._ledger.lists.state(url).last_at):
            for raw in path.read_bytes().splitlines():
                if wanted in raw:
                    keys = json.loads(raw[raw.index(b"{") :])
                    warc = path.with_name(keys["filename"]).relative_to(self._data_dir).as_posix()
                    return f"{url} {warc}:{keys['offset']}"
        return url

    def _indexes(self, at: datetime | None) -> Iterator[Path]:
        """The indexes of the run in which a list was asked at a time, of the newest run without."""
        files = [self._data_dir / str(file["path"]) for file in self._newest.get("files", ())]
        run = max((run.run_id for run in self._runs if at and run.started_at <= at), default=None)
        if run and run != self._newest["run_id"]:
            files = files_of_run(self._data_dir, run)
        for path in files:
            if path.suffix == INDEX_SUFFIX and _is_short_file(path):
                yield path

    def _lines_without(self, code: str, layout: str, name: str) -> Iterator[str]:
        """Addresses and pointers of lines of the newest run that lack a field."""
        for file in self._newest.get("files", ()):
            path = self._data_dir / str(file["path"])
            if path.suffix != LINES_SUFFIX or not _is_short_file(path):
                continue
            for raw in path.read_bytes().splitlines():
                try:
                    line = json.loads(raw)
                    of_region = (line["region"] or {}).get("code", "") == code
                    if of_region and line["layout"] == layout and not line[name]:
                        yield _example(line)
                except (ValueError, KeyError, TypeError):
                    continue


def _is_short_file(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= _MOST_BYTES


def _code_of(url: str) -> str | None:
    region = regions.region_of_url(url)
    return region.code if region else None


def _example(line: Mapping[str, Any]) -> str:
    pointer = line.get("warc") or {}
    place = f"{pointer['file']}:{pointer['offset']}" if pointer else ""
    return f"{line.get('url', '')} {place}".strip()


def certificate_of(data_dir: Path, day: date) -> dict[str, Any] | None:
    """The certificate of a day of publication; None where there is none that can be read."""
    return _certificate(data_dir / certificate_name(day, 0))


def added_later(data_dir: Path, day: date) -> dict[str, list[dict[str, Any]]]:
    """Region → articles of a day that were archived after its certificate was closed."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(data_dir.glob(certificate_name(day, 0).replace(".json", ".*.json"))):
        try:
            for code, region in json.loads(path.read_bytes())["regions"].items():
                found[code] += region["added"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return dict(found)


def verdicts_of(data_dir: Path, since: date) -> dict[tuple[str, str], str]:
    """(region, day) → verdict, of all certificates of days since one."""
    found: dict[tuple[str, str], str] = {}
    for path in certificates_of(data_dir):
        day, number = certified_by(path.relative_to(data_dir).as_posix()) or (date.min, 0)
        if number or day < since:
            continue
        for code, region in (_certificate(path) or {"regions": {}})["regions"].items():
            found[code, day.isoformat()] = region["verdict"]
    return found


def _certificate(path: Path) -> dict[str, Any] | None:
    try:
        certificate = json.loads(path.read_bytes())
        verdicts = [one["verdict"] for one in certificate["regions"].values()]
        return certificate if set(verdicts) <= set(Verdict) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
