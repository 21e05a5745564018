"""The run report `data/runs/<run>.json`: what a run did, what one that corrects counted, and the
manifest of its files."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crawler import __version__
from crawler.alarms import FIELDS, Seen
from crawler.clock import iso
from crawler.data_dir import LINES_FOLDER, LINES_SUFFIX, report_file, reports_of
from crawler.outcomes import UNREAD
from crawler.shown_text import shown
from crawler.storage import make_folder, open_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from crawler.ledger.ledger import Ledger

logger = logging.getLogger(__name__)

# The reason in the report of a run that didn't end by itself.
KILLED = "killed"

# The reason of one that CRAWL_HOURS ended.
HOURS_OVER = "crawl_hours"

# How the alarm begins of a run that began while the clock stood before an earlier run.
CLOCK_STANDS = "the clock stands at "

# So many addresses of unclaimed pages are listed; the outcomes count them all.
MOST_UNCLAIMED = 1000

_REDIRECTS = (301, 302, 303, 307, 308)
_COUNTED = ("records", *FIELDS)
_LIBRARIES = (
    "scrapy", "twisted", "selectolax", "warcio", "isal", "brotli", "zstandard", "sqlalchemy",
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
    seq: int,
    parts: int,
    files: Sequence[Mapping[str, Any]],
    stats: Mapping[str, Any],
    regions: Collection[str] = (),
    watched: Collection[str] = (),
    corrections: Mapping[str, Any] | None = None,
    coverage: Mapping[str, Any] = MappingProxyType({}),
    archives_pictures: bool = False,
    captures: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report of a run that is over (DATA_FORMAT.md). `exit_code` is None and there are no
    alarms: the caller knows them.

    `seq` is its place among all publications, `parts` the number of manifests of parts that were
    written before; `files` are rows of `parts.rows_of`; `stats` are Scrapy's, {} for a run that
    was killed. `regions` are those whose lists were to be asked, `watched` those of which all was
    seen, `coverage` what is told of days of publication. `corrections` are the counts of a run that
    corrects, None for a crawl; `captures` those of a crawl of a web archive. `archives_pictures`
    says that ARCHIVE_IMAGES was on.
    """
    by_region = ledger.visits.outcomes_by_region(run_id)
    fields = _fields(stats)
    return {
        "run_id": run_id,
        "started_at": iso(started_at),
        "finished_at": iso(finished_at),
        "command": command,
        "narrowed": narrowed,
        "exit_code": None,
        "reason": reason,
        "urls_seen": ledger.visits.count(run_id),
        "outcomes": ledger.visits.outcomes(run_id),
        "regions": {code: by_region.get(code, {}) for code in sorted({*by_region, *regions})},
        "watched": sorted(watched),
        "lists": _counters(stats, "lists", ("asked", "answered", "failed", "unreadable")),
        "sources": _counters(stats, "sources", ("not_due", "over_budget")),
        "coverage": dict(coverage),
        "unreached": stats.get("crawler/unreached", {}),
        "robots": _counters(stats, "robots", ("requests", "unreachable")),
        "redirects": sum(
            stats.get(f"downloader/response_status_count/{status}", 0) for status in _REDIRECTS
        ),
        "links_refused": stats.get("crawler/links/refused", 0),
        "layouts": _under(stats, "crawler/layout/"),
        "unclaimed": ledger.visits.ended_as(run_id, UNREAD, MOST_UNCLAIMED),
        "fields": _by_layout(fields),
        "region_fields": fields,
        "fallback": _under(stats, "crawler/fallback/"),
        "hosts": stats.get("crawler/hosts", {}),
        "alarms": [],
        "alarm_states": [],
        "alarms_over": [],
        "seq": seq,
        "parts": parts,
        "pictures": _pictures(ledger, run_id, is_on=archives_pictures),
        "corrections": None if corrections is None else dict(corrections),
        "captures": None if captures is None else dict(captures),
        "files": list(files),
        "versions": versions(),
    }


def _pictures(ledger: Ledger, run_id: str, *, is_on: bool) -> dict[str, Any] | None:
    """What a run did with pictures; None where it archived none and was not to."""
    if not is_on and not ledger.pictures.is_concerned(run_id):
        return None
    counts = ledger.pictures.counts(run_id)
    return {
        "noted": counts.noted,
        "outcomes": dict(counts.outcomes),
        "bytes": counts.bytes,
        "owed": counts.owed,
    }


def versions() -> dict[str, str]:
    """Our version and those of the libraries that shape the bytes."""
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"crawler": __version__, "python": platform.python_version(), **libraries}


def write_report(data_dir: Path, report: Mapping[str, Any]) -> Path:
    """Write the report, whole or not at all."""
    path = report_file(data_dir, report["run_id"])
    make_folder(path.parent)
    write_atomically(path, json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n")
    return path


def read_report(data_dir: Path, run_id: str) -> dict[str, Any] | None:
    """A written report, None if there is none."""
    try:
        report: dict[str, Any] = json.loads(report_file(data_dir, run_id).read_bytes())
    except FileNotFoundError:
        return None
    return report


def _counters(stats: Mapping[str, Any], group: str, names: Iterable[str]) -> dict[str, int]:
    return {name: stats.get(f"crawler/{group}/{name}", 0) for name in names}


def earlier_reports(data_dir: Path, *, since: datetime, before: str) -> list[Seen]:
    """What the reports of the runs since then say that began before the run `before`, oldest first.
    Only these are read, for there are many after years. One that can't be read is passed over
    (`scrapy verify` names it), as are runs that correct: they look at nothing. Raises OSError if
    the folder can't be read."""
    found = []
    for path in reports_of(data_dir, since=since, before=before):
        try:
            with open_file(path) as file:
                report = json.load(file)
            if report.get("corrections") is None:
                found.append(Seen.of(report))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("%s is no report: %s", shown(path), error)
    return found


def _fields(stats: Mapping[str, Any]) -> dict[str, dict[str, dict[str, int]]]:
    """By region and layout, how many records were written and how many of them have each watched
    field."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for key, count in _under(stats, "crawler/fields/").items():
        region, layout, name = key.split("/", 2)
        counts = found.setdefault(region, {}).setdefault(layout, dict.fromkeys(_COUNTED, 0))
        counts[name] = count
    return found


def _by_layout(fields: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """The counts by layout, of all regions together."""
    found: dict[str, dict[str, int]] = {}
    for layouts in fields.values():
        for layout, counts in layouts.items():
            total = found.setdefault(layout, dict.fromkeys(_COUNTED, 0))
            for name, count in counts.items():
                total[name] += count
    return dict(sorted(found.items()))


def _under(stats: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {
        key.removeprefix(prefix): value
        for key, value in sorted(stats.items())
        if key.startswith(prefix)
    }


@dataclass(slots=True)
class CorrectionCounts:
    """What a run that corrects counts, `corrections` in its report.

    `looked_at` counts lines, None where it isn't known; `written` those that got a correction,
    `keys` for which keys, `left` by reason those that didn't though they are read otherwise.
    `fields` are the keys that were asked for by name."""

    fields: Sequence[str] = ()
    looked_at: int | None = 0
    written: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, keys: Iterable[str]) -> None:
        """Count a correction."""
        self.written += 1
        self.keys.update(keys)

    def as_json(self) -> dict[str, Any]:
        """Its form in a report."""
        return {
            "fields": list(self.fields),
            "looked_at": self.looked_at,
            "written": self.written,
            "keys": dict(sorted(self.keys.items())),
            "left": dict(sorted(self.left.items())),
        }


def corrections_in(data_dir: Path, files: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of a run that was killed, from its published files (rows of a manifest)."""
    counts = CorrectionCounts(looked_at=None)
    for row in files:
        name = str(row["path"])
        if name.startswith(f"{LINES_FOLDER}/") and name.endswith(LINES_SUFFIX):
            with (data_dir / name).open("rb") as lines:
                for line in lines:
                    counts.add(json.loads(line)["corrects"]["keys"])
    return counts.as_json()
