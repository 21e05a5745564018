"""How the archive stands: the last run, alarms, what is owed, silent lists, disk, what runs now,
what the workers of a cluster do.

In: a data folder and its ledger, opened for reading. Out: a Status, which commands print as a
screen or as JSON. Only the newest reports are read, so five years of hourly runs cost no more than
a month of them.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler import alarms
from crawler.clock import BEIJING, iso, now
from crawler.coverage.certificates import open_days_in_short
from crawler.data_dir import reports_of
from crawler.ledger.rows import left_of
from crawler.outcomes import DENIED
from crawler.run_lock import is_locked, runs_on
from crawler.shown_text import padded, wrapped
from crawler.storage import path_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from crawler.ledger.jobs import BatchState, JobsState
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import RunRow

# The disk's growth is taken from the files of the runs of so many days.
GROWTH = timedelta(days=30)

# A month's cost is told from so many days on.
TELLING = timedelta(days=7)

# An unreadable list is silent from so many failures in a row on: one is a hiccup.
SILENT_AFTER = 2

# From so many months on nobody counts.
MANY_MONTHS = 600

# Jobs that were given up and are shown; all are counted.
_FAILED_SHOWN = 5

# How the commands of runs begin that are no crawls.
_OTHER_RUNS = ("scrapy coverage ", "scrapy survey ")

# The width of what stands before each line.
_LABEL = 10
_INDENT = " " * _LABEL


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest crawl that is over, as its report tells it. Times are UTC."""

    run_id: str
    started_at: str
    finished_at: str
    reason: str
    exit_code: int | None
    urls_seen: int
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Running:
    """A run that is on: what has its outcome, what waits, how many were asked for in a minute, and
    how long what waits will take at that pace.

    `left_seconds` and `done_at` are None while there is no pace to tell by. `parts` of it are
    published by now, the last at `published_at`.
    """

    run_id: str
    started_at: str
    done: int
    waiting: int
    per_minute: float
    left_seconds: int | None
    done_at: str | None
    parts: int
    published_at: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """All of it. `alarms` are those that hold, of the last run and of what it did not look at, rows
    as in a report (DATA_FORMAT.md); `alarms_over` are those of the last run's report.

    `owed`: region code → outcome of the last attempt (`new` before the first) → addresses;
    `oldest_incomplete_day` is the first day of publication (Beijing) of which something is owed.
    `denied`: region code → addresses that robots.txt forbids, which are owed to nobody.
    `pictures_owed`: pictures of articles, where they are archived.
    `silent_lists`: region code → lists that failed several times in a row. `unreadable_reports`:
    so many reports of the last 30 days are none, which `scrapy verify` names. `open_days`: day of
    publication → what is known of it by now, as in a report's `coverage.open`. `bytes_free` is the
    disk's, `bytes_written` what the runs of the last 30 days wrote, `bytes_per_month` what a month
    costs at that pace; None before there is a week to tell by. `jobs`: what workers do; None where
    there are none. `is_late`: no run is on and the last one ended longer ago than STATUS_MAX_AGE.
    `running` is the newest of the runs that are on, `also_running` are the others, where several
    share the ledger.
    """

    data_dir: str
    at: str
    last: LastRun | None
    is_late: bool
    running: Running | None
    alarms: list[dict[str, Any]] = field(default_factory=list)
    alarms_over: list[dict[str, Any]] = field(default_factory=list)
    owed: dict[str, dict[str, int]] = field(default_factory=dict)
    oldest_incomplete_day: str | None = None
    denied: dict[str, int] = field(default_factory=dict)
    pictures_owed: int = 0
    silent_lists: dict[str, list[str]] = field(default_factory=dict)
    open_days: dict[str, Any] = field(default_factory=dict)
    bytes_free: int = 0
    unreadable_reports: int = 0
    bytes_written: int = 0
    bytes_per_month: int | None = None
    jobs: dict[str, Any] | None = None
    also_running: list[Running] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        """Whether nothing asks for a person."""
        return not (self.alarms or self.is_late or self.wrong_jobs)

    @property
    def wrong_jobs(self) -> list[str]:
        """What of the jobs asks for a person, in words."""
        if self.jobs is None:
            return []
        given_up = len(self.jobs["failed"])
        batches = self.jobs["batches"]
        damaged = sum(bool(one["problems"]) and not one["is_mended"] for one in batches)
        return [
            *([_counted(given_up, "job") + " given up"] if given_up else []),
            *([_counted(damaged, "batch") + " with damage"] if damaged else []),
        ]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with `is_fine`."""
        return asdict(self) | {"is_fine": self.is_fine}


def status_of(data_dir: Path, ledger: Ledger, at: datetime, max_age: timedelta) -> Status:
    """How the archive stands at this moment. Raises LedgerError, OSError."""
    files = reports_of(data_dir, since=at - GROWTH)
    reports = [report for report in map(_read, files) if report]
    crawls = [report for report in reports if _is_crawl(report)]
    last = crawls[-1] if crawls else _newest_crawl(data_dir)
    running = _running(data_dir, ledger, at)
    owed, denied, oldest = _owed(ledger)
    written = sum(_bytes(report) for report in reports)
    return Status(
        data_dir=str(data_dir),
        at=iso(at),
        last=_last_run(last) if last else None,
        is_late=not running and (last is None or _finished(last) < at - max_age),
        running=running[-1] if running else None,
        also_running=running[:-1],
        alarms=_alarms_that_hold(crawls) if crawls else _alarms(last) if last else [],
        alarms_over=list(last.get("alarms_over", [])) if last else [],
        owed=owed,
        oldest_incomplete_day=oldest.isoformat() if oldest else None,
        denied=denied,
        pictures_owed=ledger.pictures.owed_count(),
        silent_lists=_silent_lists(ledger),
        open_days=open_days_in_short(ledger, at),
        bytes_free=shutil.disk_usage(data_dir).free,
        unreadable_reports=len(files) - len(reports),
        bytes_written=written,
        bytes_per_month=_a_month(written, reports, at),
        jobs=jobs_as_json(ledger.jobs.state()),
    )


def _newest_crawl(data_dir: Path) -> dict[str, Any] | None:
    found = map(_read, reversed(reports_of(data_dir)))
    return next((report for report in found if report and _is_crawl(report)), None)


def _is_crawl(report: Mapping[str, Any]) -> bool:
    """Whether a run asked the site; one that corrects lines, certifies days or accepts a layout
    looks at no list and no alarm."""
    command = str(report.get("command", ""))
    return report.get("corrections") is None and not command.startswith(_OTHER_RUNS)


def _read(path: Path) -> dict[str, Any] | None:
    """A report; None for what is none, which `scrapy verify` tells of."""
    try:
        report: dict[str, Any] = json.loads(path.read_bytes())
        # raised here is what would be raised where a report is told of
        datetime.fromisoformat(report["finished_at"])
        _last_run(report), _alarms(report), _bytes(report), list(report.get("alarms_over", []))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return report


def _finished(report: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(report["finished_at"])


def _last_run(report: Mapping[str, Any]) -> LastRun:
    return LastRun(
        run_id=report["run_id"],
        started_at=report["started_at"],
        finished_at=report["finished_at"],
        reason=report["reason"],
        exit_code=report["exit_code"],
        urls_seen=report["urls_seen"],
        outcomes=dict(report["outcomes"]),
    )


def _alarms(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alarms with their states; reports of before there were states have sentences alone."""
    if "alarm_states" in report:
        return list(report["alarm_states"])
    return [
        {"id": text, "region": None, "layout": None, "since": report["started_at"],
         "is_new": True, "text": text}
        for text in report.get("alarms", ())
    ]  # fmt: skip


def _alarms_that_hold(crawls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The alarms of the last run, and those before it of what no run has looked at since: runs of
    a cluster are of one region each."""
    held: dict[str, dict[str, Any]] = {}
    for report in crawls:
        held = {
            key: row | {"is_new": False}
            for key, row in held.items()
            if not _has_looked(report, row)
        }  # fmt: skip
        held |= {row["id"]: row for row in _alarms(report)}
    return list(held.values())


def _has_looked(report: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a run can tell that an alarm no longer holds; one that doesn't say what it looked at
    is taken for one that saw all."""
    try:
        return alarms.Seen.of(report).looked_at(alarms.State.of(row).alarm)
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


def _bytes(report: Mapping[str, Any]) -> int:
    return sum(int(file.get("bytes", 0)) for file in report.get("files", ()))


def _a_month(written: int, reports: Sequence[Mapping[str, Any]], at: datetime) -> int | None:
    """What a month costs; a backfill's first days tell nothing of it."""
    since = min((_finished(report) for report in reports), default=at)
    span = min(at - since, GROWTH)
    return round(written * (GROWTH / span)) if span >= TELLING else None


def _running(data_dir: Path, ledger: Ledger, at: datetime) -> list[Running]:
    """The runs that are on, oldest first: those that hold regions, on whichever machine, or whose
    process is here; with a ledger of its own the one that holds the data folder's lock."""
    unfinished = ledger.runs.unfinished()
    on = ledger.runs.leased() | runs_on(data_dir)
    if not on and is_locked(data_dir):
        on = {run.run_id for run in unfinished[-1:]}
    return [_run_that_is_on(data_dir, ledger, at, run) for run in unfinished if run.run_id in on]


def _run_that_is_on(data_dir: Path, ledger: Ledger, at: datetime, run: RunRow) -> Running:
    regions = ledger.visits.progress(run.run_id)
    elapsed = at - run.started_at
    left = left_of(regions, elapsed)
    parts = [
        one
        for one in ledger.publications.of_run(run.run_id)
        if one.part is not None and path_now(data_dir / one.path)
    ]
    return Running(
        run_id=run.run_id,
        started_at=iso(run.started_at),
        done=sum(one.ended for one in regions),
        waiting=sum(one.waiting for one in regions),
        per_minute=round(sum(one.per_minute(elapsed) for one in regions), 1),
        left_seconds=None if left is None else round(left.total_seconds()),
        done_at=None if left is None else iso(at + left),
        parts=len(parts),
        published_at=iso(parts[-1].published_at) if parts else None,
    )


def _owed(ledger: Ledger) -> tuple[dict[str, dict[str, int]], dict[str, int], date | None]:
    owed: defaultdict[str, dict[str, int]] = defaultdict(dict)
    denied: Counter[str] = Counter()
    days = []
    for row in ledger.addresses.owed_by_region():
        if row.result in DENIED:
            denied[row.region or ""] += row.addresses
            continue
        owed[row.region or ""][row.result.value if row.result else "new"] = row.addresses
        days += [row.oldest_day] if row.oldest_day else []
    return dict(sorted(owed.items())), dict(sorted(denied.items())), min(days, default=None)


def _silent_lists(ledger: Ledger) -> dict[str, list[str]]:
    silent: defaultdict[str, list[str]] = defaultdict(list)
    for state in ledger.lists.states():
        if state.failures >= SILENT_AFTER:
            silent[state.region or ""].append(state.url)
    return dict(sorted(silent.items()))


def jobs_as_json(state: JobsState | None) -> dict[str, Any] | None:
    """The state as plain values, times in UTC; None where there are no jobs."""
    if state is None:
        return None
    return {
        "workers": [
            {
                "name": one.name,
                "version": one.version,
                "slots": one.slots,
                "started_at": iso(one.started_at),
                "seen_at": iso(one.seen_at),
                "is_lost": one.is_lost,
            }
            for one in state.workers
        ],
        "waiting": state.waiting,
        "running": state.running,
        "batches": [_batch(one) for one in state.batches],
        "failed": [
            {
                "what": one.what,
                "at": iso(one.at),
                "why": one.why,
                "worker": one.worker,
                "attempts": one.attempts,
            }
            for one in state.failed
        ],
    }


def _batch(batch: BatchState) -> dict[str, Any]:
    left = batch.left_bytes / batch.pace if batch.pace and batch.left_bytes else None
    is_over = batch.ended_at is not None
    return {
        "id": batch.id,
        "kind": batch.kind,
        "enqueued_at": iso(batch.enqueued_at),
        "total": batch.total,
        "done": batch.done,
        "failed": batch.failed,
        "running": batch.running,
        "waiting": batch.total - batch.done - batch.failed - batch.running,
        "left_seconds": None if left is None or is_over else round(left),
        "done_at": None if left is None or is_over else iso(now() + timedelta(seconds=left)),
        "output": batch.output,
        "problems": batch.problems,
        "is_mended": batch.is_mended,
        "ended_at": iso(batch.ended_at) if batch.ended_at else None,
    }


def screen(status: Status) -> str:
    """The status as a person reads it: a screen of 80 columns, most important first."""
    where = f"{status.data_dir} at {_local(status.at)} Beijing time"
    lines = [*wrapped(where), "", _verdict(status)]
    for number, run in enumerate([status.running, *reversed(status.also_running)]):
        lines += _running_lines(run, "" if number else "running")
    lines += jobs_lines(status.jobs) if status.jobs else []
    lines += _last_lines(status)
    lines += _alarm_lines(status)
    lines += _owed_lines(status)
    lines += _list_lines(status)
    if status.unreadable_reports:
        count = _counted(status.unreadable_reports, "report")
        lines += _labelled("damaged", f"{count} can't be read: `scrapy verify` names them")
    lines += _day_lines(status)
    lines += [_disk_line(status)]
    return "\n".join(lines)


def _labelled(label: str, text: str) -> list[str]:
    return wrapped(text, padded(label, _LABEL), _INDENT)


def _verdict(status: Status) -> str:
    wrong = [_counted(len(status.alarms), "alarm")] if status.alarms else []
    if status.is_late:
        late = "the last run is longer ago than STATUS_MAX_AGE"
        wrong += [late if status.last else "no run is over yet, and none is on"]
    wrong += status.wrong_jobs
    return padded("verdict", _LABEL) + (", ".join(wrong) or "all is well")


def _running_lines(running: Running | None, label: str) -> list[str]:
    if running is None:
        return []
    left = ""
    if running.left_seconds is not None and running.done_at is not None and running.waiting:
        span = _duration(timedelta(seconds=running.left_seconds))
        left = f"; about {span} left, until {_local(running.done_at)}"
    lines = [
        *_labelled(label, f"{running.run_id}, since {_local(running.started_at)}"),
        *_labelled(
            "",
            f"{_counted(running.done, 'address')} ended, {running.waiting} waiting, "
            f"{running.per_minute:g} a minute{left}",
        ),
    ]
    if running.published_at:
        parts = "1 part" if running.parts == 1 else f"{running.parts} parts"
        lines += _labelled("", f"{parts} published, the last at {_local(running.published_at)}")
    return lines


def jobs_lines(jobs: dict[str, Any]) -> list[str]:
    """What a screen shows of jobs, which are as `jobs_as_json` has them."""
    lost = [one for one in jobs["workers"] if one["is_lost"]]
    there = [one["name"] for one in jobs["workers"] if not one["is_lost"]]
    told = ", ".join(there) or "none is on"
    if lost:
        told += "; lost: " + ", ".join(
            f"{one['name']} since {_local(one['seen_at'])}" for one in lost
        )
    lines = _labelled("workers", told)
    counts = [
        f"{count} {kind} {state}"
        for state in ("running", "waiting")
        for kind, count in jobs[state].items()
    ]
    lines += _labelled("jobs", ", ".join(counts) or "none waits")
    for batch in jobs["batches"]:
        lines += _labelled("", _batch_text(batch))
    for one in jobs["failed"][:_FAILED_SHOWN]:
        text = f"given up after {one['attempts']} tries: {one['what']}: {one['why']}"
        lines += _labelled("", text)
    if len(jobs["failed"]) > _FAILED_SHOWN:
        lines += _labelled("", f"and {len(jobs['failed']) - _FAILED_SHOWN} more (--json)")
    return lines


def _batch_text(batch: dict[str, Any]) -> str:
    text = f"{batch['id']}: {batch['done']} of {batch['total']} files done"
    if batch["failed"]:
        text += f", {batch['failed']} given up"
    if batch["ended_at"]:
        ended = batch["output"] or "not joined"
        if batch["problems"]:
            ended += f" tells of {batch['problems']} that are damaged or wrong"
            ended += ", all of them mended since" if batch["is_mended"] else ""
        return f"{text}; {ended}, {_local(batch['ended_at'])}"
    if batch["left_seconds"] is not None:
        span = _duration(timedelta(seconds=max(batch["left_seconds"], 60)))
        text += f"; about {span} left, until {_local(batch['done_at'])}"
    return text


def _last_lines(status: Status) -> list[str]:
    last = status.last
    if last is None:
        return _labelled("last run", "none is over yet")
    age = datetime.fromisoformat(status.at) - datetime.fromisoformat(last.finished_at)
    by_number = sorted(last.outcomes.items(), key=lambda item: (-item[1], item[0]))
    counts = ", ".join(f"{count} {name}" for name, count in by_number if count)
    code = "no exit code" if last.exit_code is None else f"exit code {last.exit_code}"
    return [
        *_labelled("last run", f"{last.run_id}, {last.reason}, {code}"),
        *_labelled("", f"ended {_local(last.finished_at)}, {_duration(age)} ago"),
        *_labelled("", f"{_counted(last.urls_seen, 'address')}{': ' if counts else ''}{counts}"),
    ]


def _alarm_lines(status: Status) -> list[str]:
    lines = [] if status.alarms else _labelled("alarms", "none")
    told = []
    for alarm in status.alarms:
        since = "new" if alarm["is_new"] else f"since {_local(alarm['since'])}"
        told.append(f"{since}: {alarm['text']}")
    told += [f"over: {alarm['text']}" for alarm in status.alarms_over]
    for number, text in enumerate(told):
        is_labelled = not number and status.alarms
        lines += _labelled("alarms" if is_labelled else "", text)
    return lines


def _day_lines(status: Status) -> list[str]:
    """The days that have no certificate yet."""
    lines = []
    for number, (day, row) in enumerate(status.open_days.items()):
        wanting = ", ".join(
            f"{code} ({one['owed']} owed, {_counted(one['holes'], 'gap')})"
            for code, one in row["regions"].items()
        )
        text = f"{day} is open: {row['archived']} of {row['seen']} archived"
        if row["refused"]:
            text += f", {row['refused']} refused"
        if wanting:
            text += f"; not complete: {wanting}"
        lines += _labelled("" if number else "days", text)
    return lines


def _owed_lines(status: Status) -> list[str]:
    total = sum(sum(row.values()) for row in status.owed.values())
    day = status.oldest_incomplete_day
    oldest = f"; the oldest day not complete is {day}" if day else ""
    lines = _labelled("owed", f"{_counted(total, 'address')}{oldest}" if total else "nothing")
    for region, row in status.owed.items():
        by_number = sorted(row.items(), key=lambda item: (-item[1], item[0]))
        why = ", ".join(f"{count} {name}" for name, count in by_number)
        lines += wrapped(why, _INDENT + padded(region or "-", 6), _INDENT + " " * 6)
    if status.pictures_owed:
        lines += _labelled("", f"and {_counted(status.pictures_owed, 'picture')} of articles")
    if status.denied:
        regions = ", ".join(f"{count} {region or '-'}" for region, count in status.denied.items())
        lines += _labelled("denied", f"by robots.txt, owed to nobody: {regions}")
    return lines


def _list_lines(status: Status) -> list[str]:
    label = "silent"
    lines = []
    for region, lists in status.silent_lists.items():
        more = ", one of them" if len(lists) > 1 else ""
        text = f"{_counted(len(lists), 'list')}{more} {lists[0]}"
        lines += wrapped(text, padded(label, _LABEL) + padded(region or "-", 6), _INDENT + " " * 6)
        label = ""
    return lines


def _disk_line(status: Status) -> str:
    month = status.bytes_per_month
    cost = f"{sized(status.bytes_written)} written so far, too early to tell a month's cost"
    if month is not None:
        months = status.bytes_free / month if month else MANY_MONTHS
        lasts = f"{months:.0f} months" if months < MANY_MONTHS else "decades"
        cost = f"a month costs {sized(month)}: enough for {lasts}"
    return f"{padded('disk', _LABEL)}{sized(status.bytes_free)} free; {cost}"


def _counted(count: int, noun: str) -> str:
    plural = "es" if noun.endswith(("s", "ch")) else "s"
    return f"{count} {noun}{'' if count == 1 else plural}"


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _duration(span: timedelta) -> str:
    minutes = max(round(span.total_seconds() / 60), 0)
    if not minutes:
        return "less than a minute"
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // (24 * 60)} days"


def sized(count: int) -> str:
    """A number of bytes in the unit that reads best."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
