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
from crawler.data_dir import INDEX_SUFFIX, LINES_SUFFIX, REPORT_SUFFIX, REPORTS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crawler.ledger.ledger import Ledger
    from crawler.views.archive_status import Status

# So many days back the report goes.
PERIOD = timedelta(days=365)

CERTIFICATES_FOLDER = "coverage"
VERDICTS = ("complete", "incomplete", "unknown")

# Runs that are listed one by one, and examples of an alarm.
NEWEST_RUNS = 30
EXAMPLES = 3

# Examples as sentences have them: an address, its WARC, the offset there.
_POINTED = re.compile(r"(https?://\S+) \((\S+) at (\d+)\)")

# Names in the id of an alarm on a field: region, layout, field.
_FIELD_NAMES = 3

# Longer files are not read through for examples.
_MOST_BYTES = 64 * 1024 * 1024

_CERTIFICATE = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?:\.\d+)?\.json", re.ASCII)
_KINDS = {"warc": "warc", "jsonl": "jsonl"}


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
            kind = _KINDS.get(file["path"].partition("/")[0], "other")
            self.written_of_month[month][kind] += file["bytes"]
            if kind == "jsonl":
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
    return Report(
        made_at=made_at,
        since=since,
        until=until,
        status=status,
        tally=tally,
        articles=ledger.catalogue.by_day(since, until + timedelta(days=1)),
        verdicts=verdicts_of(data_dir, since),
        alarms=[_alarm(data_dir, ledger, one, tally.newest or {}, status) for one in status.alarms],
    )


def _alarm(
    data_dir: Path,
    ledger: Ledger,
    row: Mapping[str, Any],
    newest: Mapping[str, Any],
    status: Status,
) -> AlarmWithExamples:
    """An alarm with the address its id names or the examples in its sentence, else with those that
    the newest run or the ledger have: pages that no layout claims, lists that fail, lines without
    the field."""
    text = str(row["text"])
    kind, _, about = str(row["id"]).partition(":")
    names = about.split(":")
    region = row.get("region")
    examples: list[str] = []
    if about.startswith(("http://", "https://")):
        examples = [_pointed(data_dir, ledger, about, newest)]
    elif pointed := _POINTED.findall(text):
        examples = [f"{url} {file}:{offset}" for url, file, offset in pointed]
        text = text[: text.index(pointed[0][0])].rstrip(": ")
    elif kind.startswith("unclaimed"):
        unclaimed = [str(one) for one in newest.get("unclaimed", ())]
        of_region = (one for one in unclaimed if region is None or _is_of(one, region))
        examples = [_pointed(data_dir, ledger, one, newest) for one in islice(of_region, EXAMPLES)]
    elif kind in {"no_list", "dead_lists"}:
        examples = list(status.silent_lists.get(region or "", ()))
    elif kind == "field" and len(names) == _FIELD_NAMES:
        examples = list(islice(_lines_without(data_dir, newest, *names), EXAMPLES))
    return AlarmWithExamples(
        kind, region, text, row["since"], bool(row["is_new"]), tuple(examples[:EXAMPLES])
    )


def _pointed(data_dir: Path, ledger: Ledger, url: str, newest: Mapping[str, Any]) -> str:
    """An address and where its capture is: that of its article's newest content, else one of the
    newest run; the address alone where there is none."""
    address = ledger.addresses.get(url)
    lines = ledger.articles.versions(address.article_id) if address else []
    for row in reversed(lines):
        if row.warc_pages:
            return f"{url} {row.warc_pages[0].file}:{row.warc_pages[0].offset}"
    wanted = f'"url": "{url}"'.encode()
    for file in newest.get("files", ()):
        path = data_dir / str(file["path"])
        if path.suffix == INDEX_SUFFIX and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            for raw in path.read_bytes().splitlines():
                if wanted in raw:
                    keys = json.loads(raw[raw.index(b"{") :])
                    warc = path.with_name(keys["filename"]).relative_to(data_dir).as_posix()
                    return f"{url} {warc}:{keys['offset']}"
    return url


def _is_of(url: str, code: str) -> bool:
    region = regions.region_of_url(url)
    return region is not None and region.code == code


def _lines_without(
    data_dir: Path, newest: Mapping[str, Any], code: str, layout: str, name: str
) -> Iterator[str]:
    """Addresses and pointers of lines of a run that lack a field."""
    for file in newest.get("files", ()):
        path = data_dir / str(file["path"])
        if path.suffix != LINES_SUFFIX or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            continue
        for raw in path.read_bytes().splitlines():
            try:
                line = json.loads(raw)
                of_region = (line["region"] or {}).get("code", "") == code
                if of_region and line["layout"] == layout and not line[name]:
                    yield _example(line)
            except (ValueError, KeyError, TypeError):
                continue


def _example(line: Mapping[str, Any]) -> str:
    pointer = line.get("warc") or {}
    place = f"{pointer['file']}:{pointer['offset']}" if pointer else ""
    return f"{line.get('url', '')} {place}".strip()


def certificate_of(data_dir: Path, day: date) -> dict[str, Any] | None:
    """The certificate of a day of publication; None where there is none that can be read."""
    return _certificate(data_dir / CERTIFICATES_FOLDER / f"{day:%Y/%m/%d}.json")


def added_later(data_dir: Path, day: date) -> dict[str, list[dict[str, Any]]]:
    """Region → articles of a day that were archived after its certificate was closed."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((data_dir / CERTIFICATES_FOLDER / f"{day:%Y/%m}").glob(f"{day:%d}.*.json")):
        try:
            for code, region in json.loads(path.read_bytes())["regions"].items():
                found[code] += region["added"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return dict(found)


def verdicts_of(data_dir: Path, since: date) -> dict[tuple[str, str], str]:
    """(region, day) → verdict, of all certificates of days since one."""
    found: dict[tuple[str, str], str] = {}
    folder = data_dir / CERTIFICATES_FOLDER
    for path in sorted(folder.glob("*/*/*.json")):
        name = _CERTIFICATE.fullmatch(path.relative_to(folder).as_posix())
        if name is None or path.name.count(".") > 1 or "-".join(name.groups()) < since.isoformat():
            continue
        certificate = _certificate(path)
        for code, region in (certificate or {"regions": {}})["regions"].items():
            found[code, "-".join(name.groups())] = region["verdict"]
    return found


def _certificate(path: Path) -> dict[str, Any] | None:
    try:
        certificate = json.loads(path.read_bytes())
        verdicts = [one["verdict"] for one in certificate["regions"].values()]
        return certificate if set(verdicts) <= set(VERDICTS) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
