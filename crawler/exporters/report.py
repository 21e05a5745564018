"""The run report `data/runs/<run>.json`: what a run did and the manifest of its files."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.clock import iso
from crawler.durable import make_folder, write_atomically
from crawler.outcomes import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.state.ledger import Ledger

logger = logging.getLogger(__name__)

MOST_UNCLAIMED = 1000
"""So many addresses of unclaimed pages are listed; the outcomes count them all."""

_REDIRECTS = (301, 302, 303, 307, 308)
_LIBRARIES = (
    "scrapy", "twisted", "selectolax", "warcio", "fastwarc", "isal", "brotli", "zstandard",
    "sqlalchemy",
)  # fmt: skip


def build_report(
    ledger: Ledger,
    *,
    run_id: str,
    started_at: datetime,
    finished_at: datetime,
    command: str,
    narrowed: bool,
    reason: str,
    alarms: Sequence[str],
    files: Sequence[Mapping[str, Any]],
    stats: Mapping[str, Any],
) -> dict[str, Any]:
    """The report of a run that is over (DATA_FORMAT.md). `exit_code` is None: the caller knows it.

    `files` are rows of `manifest.files_of`; `stats` are Scrapy's, {} for a run that was killed.
    """
    return {
        "run_id": run_id,
        "started_at": iso(started_at),
        "finished_at": iso(finished_at),
        "command": command,
        "narrowed": narrowed,
        "exit_code": None,
        "reason": reason,
        "urls_seen": ledger.urls_seen(run_id),
        "outcomes": ledger.outcomes(run_id),
        "regions": {code or "": row for code, row in ledger.outcomes_by_region(run_id).items()},
        "lists": _counters(stats, "lists", ("asked", "answered", "failed", "unreadable")),
        "unreached": stats.get("crawler/unreached", {}),
        "robots": _counters(stats, "robots", ("requests", "unreachable")),
        "redirects": sum(
            stats.get(f"downloader/response_status_count/{status}", 0) for status in _REDIRECTS
        ),
        "links_refused": stats.get("crawler/links/refused", 0),
        "layouts": _under(stats, "crawler/layout/"),
        "unclaimed": ledger.ended_as(run_id, UNREAD, MOST_UNCLAIMED),
        "fields": _fields(stats),
        "hosts": stats.get("crawler/hosts", {}),
        "alarms": list(alarms),
        "files": list(files),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Our version and those of what shaped the bytes."""
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"crawler": __version__, "python": platform.python_version(), **libraries}


def write_report(data_dir: Path, report: Mapping[str, Any]) -> Path:
    """Write the report, whole or not at all."""
    path = _path(data_dir, report["run_id"])
    make_folder(path.parent)
    write_atomically(path, json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n")
    return path


def read_report(data_dir: Path, run_id: str) -> dict[str, Any] | None:
    """A written report, None if there is none."""
    try:
        report: dict[str, Any] = json.loads(_path(data_dir, run_id).read_bytes())
    except FileNotFoundError:
        return None
    return report


def _path(data_dir: Path, run_id: str) -> Path:
    return data_dir / "runs" / f"{run_id}.json"


def _counters(stats: Mapping[str, Any], group: str, names: Iterable[str]) -> dict[str, int]:
    return {name: stats.get(f"crawler/{group}/{name}", 0) for name in names}


def earlier_reports(data_dir: Path, *, since: datetime) -> list[dict[str, Any]]:
    """The reports of runs that ended by themselves and saw all of their regions, oldest first; one
    that can't be read is passed over (`scrapy verify` names it)."""
    first = f"{since:%Y%m%dT%H%M%SZ}"
    found = []
    for path in sorted(path for path in (data_dir / "runs").glob("*.json") if path.stem >= first):
        try:
            report = json.loads(path.read_bytes())
            if report["reason"] == "finished" and not report["narrowed"]:
                found.append(report)
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("%s is no report: %r", path, error)
    return found


def _fields(stats: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """By layout, how many records were written and how many of them have each watched field."""
    found: dict[str, dict[str, int]] = {}
    for key, count in _under(stats, "crawler/fields/").items():
        layout, _, name = key.partition("/")
        found.setdefault(layout, {})[name] = count
    return found


def _under(stats: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {
        key.removeprefix(prefix): value
        for key, value in sorted(stats.items())
        if key.startswith(prefix)
    }
