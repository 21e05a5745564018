"""Who is told at the end of a run, and how: the terminal or cron, Prometheus, two other programs.

In: the report, as it was written. Out: a block on stderr when somebody is there to read it or must
hear of it; METRICS_FILE, a Prometheus textfile for the node exporter's collector, whole or not at
all; WEBHOOK_URL, which gets the block as JSON; PING_URL, called as healthchecks.io has it:
`<url>/start` when a run begins, `<url>` when it ended with 0, `<url>/fail` otherwise. Calls are
bounded in time. What fails here is logged and changes nothing.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.request import Request, build_opener

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from scrapy.settings import SETTINGS_PRIORITIES

from crawler.clock import now
from crawler.data_dir import told_file
from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import Ledger
from crawler.notify.closing_block import block, is_due, unpublished
from crawler.outcomes import DENIED, UNREAD, Outcome
from crawler.shown_text import masked, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

# Seconds for one call, name look-up and answer included.
SECONDS = 5.0


def tell(
    report: Mapping[str, Any],
    data_dir: Path,
    settings: BaseSettings,
    *,
    is_first: bool,
    problem: str | None = None,
) -> None:
    """Tell of a run whose report is written; `is_first`: it began the archive; `problem`: how
    storage failed."""
    unsigned = settings["CONTACT"] if is_unsigned(settings) else None
    problem = masked(problem) if problem else None
    text = block(report, shown(data_dir), is_first=is_first, unsigned=unsigned, problem=problem)
    _print(text, report, data_dir, settings, is_first=is_first)
    if settings["METRICS_FILE"]:
        _measure(settings, report, data_dir)
    if settings["WEBHOOK_URL"]:
        keys = ("run_id", "exit_code", "outcomes", "alarm_states", "alarms_over")
        post(settings["WEBHOOK_URL"], {"text": text} | {key: report[key] for key in keys})
    ping_end(settings, report["exit_code"])


def tell_unpublished(run_id: str, exit_code: int, problem: str, settings: BaseSettings) -> None:
    """Tell of a run whose report could not be written."""
    text = unpublished(run_id, exit_code, masked(problem))
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    if settings["WEBHOOK_URL"]:
        told = {"text": text, "run_id": run_id, "exit_code": exit_code}
        post(settings["WEBHOOK_URL"], told)
    ping_end(settings, exit_code)


def ping_start(settings: BaseSettings) -> None:
    """Tell PING_URL that a run begins."""
    if settings["PING_URL"]:
        ping(settings["PING_URL"], "/start")


def ping_end(settings: BaseSettings, exit_code: int) -> None:
    """Tell PING_URL how a run ended; any code but 0 is a failure to it."""
    if settings["PING_URL"]:
        ping(settings["PING_URL"], "/fail" if exit_code else "")


def is_unsigned(settings: BaseSettings) -> bool:
    """Whether nobody has set CONTACT, so that requests are signed with this machine's name."""
    is_ours = settings.getpriority("CONTACT") == SETTINGS_PRIORITIES["project"]
    return is_ours and not os.environ.get("XINHUA_CONTACT")


def is_silent(settings: BaseSettings) -> bool:
    """Whether whatever is printed is mailed by cron: no terminal is there, nor goes the log to
    stderr, where a block at its end is no mail more."""
    level = settings["LOG_LEVEL"]
    number = level if isinstance(level, int) else logging.getLevelNamesMapping()[level]
    is_logged = settings.getbool("LOG_ENABLED") and not settings["LOG_FILE"]
    return not (sys.stderr.isatty() or (is_logged and number <= logging.INFO))


def told_at(told: Path) -> datetime | None:
    """When something that holds was last printed, by the time of its file."""
    with suppress(OSError):
        return datetime.fromtimestamp(told.stat().st_mtime, UTC)
    return None


def _print(
    text: str,
    report: Mapping[str, Any],
    data_dir: Path,
    settings: BaseSettings,
    *,
    is_first: bool,
) -> None:
    """Print the block where it is due; a file's time says when alarms were last printed."""
    told = told_file(data_dir)
    repeat = timedelta(hours=settings.getfloat("ALARM_REPEAT"))
    is_news = is_first or is_due(report, told_at(told), repeat)
    if is_silent(settings) and not is_news:
        return
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
        if report["alarms"]:
            told.touch()
            os.utime(told, (now().timestamp(), now().timestamp()))
        else:
            told.unlink(missing_ok=True)


def _measure(settings: BaseSettings, report: Mapping[str, Any], data_dir: Path) -> None:
    try:
        # the folder knows where its ledger is, but not a password that stands in LEDGER
        with closing(Ledger.of(data_dir, settings["LEDGER"] or "", read_only=True)) as ledger:
            rows = ledger.addresses.owed_by_region()
        owed: Counter[str] = Counter()
        denied: Counter[str] = Counter()
        for row in rows:
            (denied if row.result in DENIED else owed)[row.region or ""] += row.addresses
        days = [row.oldest_day for row in rows if row.oldest_day and row.result not in DENIED]
        free = shutil.disk_usage(data_dir).free
        oldest = min(days) if days else None
        write_metrics(
            Path(settings["METRICS_FILE"]),
            report,
            owed=owed,
            denied=denied,
            oldest_incomplete_day=oldest,
            bytes_free=free,
        )
    except (OSError, LedgerError) as error:
        logger.warning("METRICS_FILE could not be written: %s", error)


def write_metrics(
    path: Path,
    report: Mapping[str, Any],
    *,
    owed: Mapping[str, int],
    denied: Mapping[str, int],
    oldest_incomplete_day: date | None,
    bytes_free: int,
) -> None:
    """Write METRICS_FILE; `owed` and `denied` hold addresses by region code. Names begin with
    `xinhua_`, times are seconds since 1970, sizes bytes. Raises OSError."""
    registry = CollectorRegistry()
    started = datetime.fromisoformat(report["started_at"])
    finished = datetime.fromisoformat(report["finished_at"])
    values = {
        "run_end_timestamp_seconds": ("When the last run ended", finished.timestamp()),
        "run_duration_seconds": (
            "How long the last run took", (finished - started).total_seconds(),
        ),
        "run_exit_code": ("Exit code of the last run", report["exit_code"]),
        "alarms": ("Alarms that hold", len(report["alarms"])),
        "disk_free_bytes": ("Free bytes on the disk of the data folder", bytes_free),
    }  # fmt: skip
    if oldest_incomplete_day is not None:
        said = "Start of the oldest day of publication of which something is owed"
        midnight = datetime.combine(oldest_incomplete_day, datetime.min.time(), finished.tzinfo)
        values["oldest_incomplete_day_timestamp_seconds"] = (said, midnight.timestamp())
    for name, (said, value) in values.items():
        Gauge(f"xinhua_{name}", said, registry=registry).set(value)
    outcomes = Gauge(
        "xinhua_addresses", "Addresses of the last run by outcome", ["outcome"], registry=registry
    )
    for outcome in Outcome:
        outcomes.labels(outcome.value).set(report["outcomes"].get(outcome.value, 0))
    waiting = Gauge("xinhua_owed", "Addresses owed by region", ["region"], registry=registry)
    kept_out = Gauge(
        "xinhua_denied", "Addresses that robots.txt forbids, by region", ["region"],
        registry=registry,
    )  # fmt: skip
    unread = Gauge(
        "xinhua_unexplained", "Pages of the last run that no one layout claims, by region",
        ["region"], registry=registry,
    )  # fmt: skip
    for region in sorted({*owed, *denied, *report["regions"]}):
        counts = report["regions"].get(region, {})
        waiting.labels(region).set(owed.get(region, 0))
        kept_out.labels(region).set(denied.get(region, 0))
        unread.labels(region).set(sum(counts.get(one.value, 0) for one in UNREAD))
    write_to_textfile(str(path), registry)


def ping(url: str, suffix: str = "") -> None:
    """Call PING_URL. Returns after SECONDS at the latest."""
    _call("PING_URL", Request(url.rstrip("/") + suffix))  # noqa: S310 - checked at the start


def post(url: str, value: Mapping[str, Any]) -> None:
    """Send an object to WEBHOOK_URL as JSON. Returns after SECONDS at the latest."""
    data = json.dumps(value, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    _call("WEBHOOK_URL", Request(url, data, headers))  # noqa: S310 - checked at the start


def _call(setting: str, request: Request) -> None:
    """The socket's time-out bounds each step, a thread of its own that is left behind all of them.

    The address is a secret: neither it nor an error's text, which may repeat it, is logged.
    """

    def call() -> None:
        try:
            with build_opener().open(request, timeout=SECONDS) as response:
                response.read(1024)
        except (OSError, ValueError) as error:
            logger.warning("%s could not be called: %s", setting, type(error).__name__)

    thread = Thread(target=call, daemon=True, name=setting)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        logger.warning("%s gave no answer in %g s", setting, SECONDS)
