"""The run report `data/runs/<run>.json`: what a run did and the manifest of its files."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.clock import iso
from crawler.durable import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crawler.context import Context

_LIBRARIES = ("scrapy", "twisted", "selectolax", "warcio", "fastwarc", "isal", "sqlalchemy")


def build_report(
    context: Context,
    *,
    started_at: datetime,
    finished_at: datetime,
    command: str,
    reason: str,
    stats: Mapping[str, Any],
    published: Iterable[Path],
) -> dict[str, Any]:
    """The report of a run that is over; the caller sets `exit_code`."""
    ledger = context.ledger
    return {
        "run_id": context.run_id,
        "started_at": iso(started_at),
        "finished_at": iso(finished_at),
        "command": command,
        "exit_code": None,
        "reason": reason,
        "urls_seen": ledger.urls_seen(context.run_id),
        "outcomes": dict(sorted(ledger.outcomes(context.run_id).items())),
        "regions": {
            region: dict(sorted(outcomes.items()))
            for region, outcomes in sorted(ledger.outcomes_by_region(context.run_id).items())
        },
        "lists": {name: stats.get(f"crawler/lists/{name}", 0) for name in ("asked", "answered")},
        "robots": {
            name: stats.get(f"crawler/robots/{name}", 0) for name in ("requests", "unreachable")
        },
        "redirects": _sum(stats, "downloader/response_status_count/", {"301", "302", "303", "307", "308"}),
        "links_refused": stats.get("crawler/links/refused", 0),
        "layouts": _under(stats, "crawler/layout/"),
        "hosts": _hosts(context, stats),
        "alarms": list(context.alarms),
        "files": [describe(context.data_dir, path) for path in published],
        "versions": versions(),
    }


def describe(data_dir: Path, path: Path) -> dict[str, Any]:
    """One manifest row: path relative to DATA_DIR, hex SHA-256, size in bytes, records.

    Records are WARC records, lines of JSONL, lines of CDXJ.
    """
    digest = hashlib.sha256()
    size = newlines = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
            newlines += block.count(b"\n")
    records = count_records(path) if path.name.endswith(".warc.gz") else newlines
    return {
        "path": path.relative_to(data_dir).as_posix(),
        "sha256": digest.hexdigest(),
        "bytes": size,
        "records": records,
    }


def versions() -> dict[str, str]:
    """Our version and those of what shaped the bytes."""
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"crawler": __version__, "python": platform.python_version(), **libraries}


def write_report(data_dir: Path, report: Mapping[str, Any]) -> Path:
    """Write the report whole or not at all."""
    path = data_dir / "runs" / f"{report['run_id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, indent=1)
    write_atomically(path, text.encode() + b"\n")
    return path


def _under(stats: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {
        key.removeprefix(prefix): value
        for key, value in sorted(stats.items())
        if key.startswith(prefix)
    }


def _sum(stats: Mapping[str, Any], prefix: str, names: Iterable[str]) -> int:
    return sum(stats.get(prefix + name, 0) for name in names)


def _hosts(context: Context, stats: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Requests and obeyed waits by host."""
    return {
        host: {"requests": count, "waits_obeyed": context.holds.waits(host)}
        for host, count in _under(stats, "crawler/host/").items()
    }
