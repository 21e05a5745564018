"""Who is told at the end of a run, and how: the terminal or cron, Prometheus, two other programs.

In: the report, as it was written. Out: a block on stderr when somebody is there to read it or must
hear of it, METRICS_FILE, PING_URL, WEBHOOK_URL. What fails here is logged and changes nothing.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES

from crawler.clock import now
from crawler.data_dir import told_file
from crawler.file_name_escapes import shown
from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import Ledger
from crawler.masking import masked
from crawler.notify import calls
from crawler.notify.closing_block import block, is_due, unpublished
from crawler.notify.metrics import write_metrics
from crawler.outcomes import DENIED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)


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
        _measure(Path(settings["METRICS_FILE"]), report, data_dir)
    if settings["WEBHOOK_URL"]:
        keys = ("run_id", "exit_code", "outcomes", "alarm_states", "alarms_over")
        calls.post(settings["WEBHOOK_URL"], {"text": text} | {key: report[key] for key in keys})
    ping_end(settings, report["exit_code"])


def tell_unpublished(run_id: str, exit_code: int, problem: str, settings: BaseSettings) -> None:
    """Tell of a run whose report could not be written."""
    text = unpublished(run_id, exit_code, masked(problem))
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    if settings["WEBHOOK_URL"]:
        told = {"text": text, "run_id": run_id, "exit_code": exit_code}
        calls.post(settings["WEBHOOK_URL"], told)
    ping_end(settings, exit_code)


def ping_start(settings: BaseSettings) -> None:
    """Tell PING_URL that a run begins."""
    if settings["PING_URL"]:
        calls.ping(settings["PING_URL"], "/start")


def ping_end(settings: BaseSettings, exit_code: int) -> None:
    """Tell PING_URL how a run ended; any code but 0 is a failure to it."""
    if settings["PING_URL"]:
        calls.ping(settings["PING_URL"], "/fail" if exit_code else "")


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


def _measure(path: Path, report: Mapping[str, Any], data_dir: Path) -> None:
    try:
        ledger = Ledger.of(data_dir, read_only=True)
        try:
            rows = ledger.addresses.owed_by_region()
        finally:
            ledger.close()
        owed: Counter[str] = Counter()
        denied: Counter[str] = Counter()
        for row in rows:
            (denied if row.result in DENIED else owed)[row.region or ""] += row.addresses
        days = [row.oldest_day for row in rows if row.oldest_day and row.result not in DENIED]
        free = shutil.disk_usage(data_dir).free
        oldest = min(days) if days else None
        write_metrics(
            path, report, owed=owed, denied=denied, oldest_incomplete_day=oldest, bytes_free=free
        )
    except (OSError, LedgerError) as error:
        logger.warning("METRICS_FILE could not be written: %s", error)
