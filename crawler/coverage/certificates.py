"""`data/coverage/`: a certificate for each day of publication, all regions in one file.

A day is closed 48 hours after its end by the run that first claims it in the ledger; the file is
written once. What is archived of it later stands in `DD.1.json`, `DD.2.json`, …. A claim whose file
was never written, for the run was killed, is given back by the recovery.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.alarms import Alarm
from crawler.clock import iso
from crawler.coverage.verdicts import (
    CLOSED_AFTER,
    CLOSED_AT_LAST,
    RegionDay,
    Verdict,
    day_at,
    day_of,
    end_of,
    judge,
    region_days,
    start_of,
    why_owed,
)
from crawler.data_dir import certificate_name
from crawler.downloader.robots_rules import AGENT, UnknownRulesError, rules_of
from crawler.ledger.rows import RunKind
from crawler.ledger.schedule import LOOK_BACK
from crawler.outcomes import Outcome
from crawler.storage import make_folder, open_path, write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from protego import Protego

    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import DayLink

SCHEMA_VERSION = 1

logger = logging.getLogger(__name__)

_DAY = timedelta(days=1)

# So many days are closed by one run: after a long pause there are many.
MOST_CLOSED = 400

# So many killed runs are looked back at.
MOST_KILLED = 100

# So many open days stand in the report.
MOST_OPEN_DAYS = 10

# An address that ended so, or not yet, was not asked for: its host was closed, or nobody could say
# whether it may be asked for.
_NOT_ASKED = frozenset({None, Outcome.ROBOTS_UNREACHABLE, Outcome.DEFERRED})


@dataclass(slots=True)
class WrittenCertificates:
    """The certificates that a run has written: their files relative to the data folder, and the
    verdicts by day and region."""

    files: list[str] = field(default_factory=list)
    verdicts: dict[date, dict[str, Verdict]] = field(default_factory=dict)


def days_of(ledger: Ledger, day: date, at: datetime) -> dict[str, RegionDay]:
    """What is known of a day now, by region. Raises LedgerError."""
    part = ledger.certificates
    links = (link for link in part.not_archived(day) if day_of(link) == day)
    return region_days(
        day,
        archived=part.archived(day),
        not_archived=_with_denied(ledger, at, links),
        sources=part.sources(day),
        holes=part.holes(day),
        shown_by=lambda region: ledger.sources.shown_by(region, day_at(at) - LOOK_BACK),
        watched_since=part.watched_since(),
        unread_since=part.unread_since(),
    )


def _with_denied(ledger: Ledger, at: datetime, links: Iterable[DayLink]) -> Iterator[DayLink]:
    """The links; those that were not asked for, and that the last robots.txt answer of their host
    forbids, as denied: an outage of robots.txt makes nothing of them that is owed."""
    rules: dict[str, Protego | None] = {}
    for link in links:
        if link.result in _NOT_ASKED:
            parts = urlsplit(link.url)
            origin = f"{parts.scheme}://{parts.netloc}"
            if origin not in rules:
                rules[origin] = _last_rules(ledger, origin, at)
            known = rules[origin]
            if known and not known.can_fetch(link.url, AGENT):
                yield replace(link, result=Outcome.ROBOTS_DENIED)
                continue
        yield link


def _last_rules(ledger: Ledger, origin: str, at: datetime) -> Protego | None:
    kept = ledger.hosts.robots(origin, at)
    try:
        return rules_of(kept.status, kept.body) if kept else None
    except UnknownRulesError:
        return None


def first_whole_day(ledger: Ledger) -> date | None:
    """The first day through all of which a region's lists were read; None before the first."""
    since = ledger.certificates.watched_since().values()
    return day_at(min(since) - timedelta(seconds=1)) + _DAY if since else None


def last_closable(at: datetime) -> date:
    """The last day whose end is CLOSED_AFTER ago."""
    return day_at(at - CLOSED_AFTER) - _DAY


def open_days(ledger: Ledger, at: datetime) -> list[date]:
    """The days that have begun, count and have no certificate yet, oldest first."""
    first = first_whole_day(ledger)
    if first is None:
        return []
    return _without_certificate(ledger, first, day_at(at))


def _without_certificate(ledger: Ledger, first: date, last: date) -> list[date]:
    closed = ledger.certificates.days()
    days = ((first + _DAY * number) for number in range((last - first).days + 1))
    return [day for day in days if day not in closed]


def close_days(
    data_dir: Path,
    ledger: Ledger,
    run_id: str,
    at: datetime,
    *,
    is_narrowed: bool,
) -> WrittenCertificates:
    """Write the certificates of the days that are over for long enough.

    A run that is narrowed, to some addresses or lists, leaves a day to one that isn't while a
    region has not been read since the day's end, for up to a week. Commits the ledger. Raises
    StorageError.
    """
    done = WrittenCertificates()
    first = first_whole_day(ledger)
    if first is not None:
        last = last_closable(at)
        for day in _without_certificate(ledger, first, last)[:MOST_CLOSED]:
            regions = watched(days_of(ledger, day, at))
            waits = is_narrowed and any(_waits(told) for told in regions.values())
            if waits and at < end_of(day) + CLOSED_AT_LAST:
                break
            _close(data_dir, ledger, run_id, at, day, regions, done)
    return done


def _waits(told: RegionDay) -> bool:
    """Whether a region has lists that were read once, and none since the day's end."""
    return not told.is_read_since and bool(told.alive or told.silent)


def watched(regions: Mapping[str, RegionDay]) -> dict[str, RegionDay]:
    """Those of the regions whose lists were read from the day's beginning on."""
    return {code: told for code, told in regions.items() if told.is_watched}


def close_on_demand(
    data_dir: Path, ledger: Ledger, run_id: str, at: datetime, days: Collection[date]
) -> WrittenCertificates:
    """Write the certificates of days before the first whole one. Commits the ledger."""
    done = WrittenCertificates()
    for day in days:
        _close(data_dir, ledger, run_id, at, day, days_of(ledger, day, at), done)
    return done


def _close(
    data_dir: Path,
    ledger: Ledger,
    run_id: str,
    at: datetime,
    day: date,
    regions: Mapping[str, RegionDay],
    done: WrittenCertificates,
) -> None:
    if not ledger.certificates.claim(day, 0, run_id=run_id, at=at):
        return
    ledger.commit()
    rows = {code: region_row(told) for code, told in regions.items()}
    done.files.append(_write(data_dir, run_id, at, day, 0, rows))
    done.verdicts[day] = {code: Verdict(row["verdict"]) for code, row in rows.items()}


def write_late(data_dir: Path, ledger: Ledger, run_id: str, at: datetime) -> list[str]:
    """Name what was archived of certified days since, a file a day. To be called before a run
    closes days itself. Commits the ledger. Raises StorageError."""
    part = ledger.certificates
    part.note_late(run_id)
    names = []
    for day, ids in part.late().items():
        number = part.next_number(day)
        if not part.claim(day, number, run_id=run_id, at=at):
            continue
        ledger.commit()
        regions: dict[str, dict[str, Any]] = {}
        for link in part.links_of(ids):
            row = regions.setdefault(link.region or "", {"added": []})
            row["added"].append(_found(link) | {"first_seen_at": iso(link.first_seen_at)})
        names.append(_write(data_dir, run_id, at, day, number, regions))
        part.drop_late(day)
        ledger.commit()
    return names


def _write(
    data_dir: Path,
    run_id: str,
    at: datetime,
    day: date,
    number: int,
    regions: Mapping[str, Mapping[str, Any]],
) -> str:
    name = certificate_name(day, number)
    path = data_dir / name
    make_folder(path.parent)
    told = {
        "schema_version": SCHEMA_VERSION,
        "day": day.isoformat(),
        "number": number,
        "closed": iso(at),
        "run_id": run_id,
        "regions": dict(sorted(regions.items())),
    }
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    write_atomically(path, text.encode() + b"\n")
    return name


def region_row(told: RegionDay) -> dict[str, Any]:
    """What a certificate says of a region (DATA_FORMAT.md)."""
    verdict, reasons = judge(told)
    start = start_of(told.day)
    return {
        "verdict": str(verdict),
        "reasons": reasons,
        "seen": told.seen,
        "archived": len(told.archived),
        "refused": [{"url": link.url, "why": str(link.result)} for link in told.refused],
        "owed": [
            {"url": link.url, "why": why_owed(link), "first_seen_at": iso(link.first_seen_at)}
            for link in told.owed
        ],
        "implied": [
            {
                "list": one.hole.list_url,
                "kind": str(one.hole.kind),
                "since": iso(one.hole.since),
                "until": iso(one.hole.until),
                "missing": one.hole.missing,
                "covered": one.is_covered,
            }
            for one in told.implied
        ],
        "sources": {
            "alive": told.alive,
            "dead": [
                {"list": one.url, "since": iso(one.last_ok_at or start)} for one in told.silent
            ],
        },
        "hours_without_look": list(told.hours),
        "found_later": [
            _found(link) | {"first_seen_at": iso(link.first_seen_at)} for link in told.found_later
        ],
    }


def _found(link: DayLink) -> dict[str, Any]:
    return {"id": link.article_id, "url": link.url, "found_on": link.found_on}


def give_back_unwritten(data_dir: Path, ledger: Ledger, run_id: str) -> None:
    """Of what a killed run had claimed, let go of that whose file was never written; note what it
    archived of certified days."""
    ledger.certificates.note_late(run_id)
    for day, number in ledger.certificates.of_run(run_id):
        path = data_dir / certificate_name(day, number)
        open_path(path).unlink(missing_ok=True)
        if not path.is_file():
            ledger.certificates.give_back(day, number)


def files_of_run(data_dir: Path, ledger: Ledger, run_id: str) -> list[Path]:
    """The files that a run has written."""
    claimed = ledger.certificates.of_run(run_id)
    paths = [data_dir / certificate_name(day, number) for day, number in claimed]
    return [path for path in paths if path.is_file()]


def closed_by(data_dir: Path, ledger: Ledger, run_id: str) -> WrittenCertificates:
    """The certificates, but those on what was archived later, that a run has written. Damaged ones
    are for `verify` to tell of."""
    done = WrittenCertificates()
    for path in files_of_run(data_dir, ledger, run_id):
        try:
            told = json.loads(path.read_bytes())
            day, regions = date.fromisoformat(told["day"]), told["regions"].items()
            if not told["number"]:
                done.verdicts[day] = {code: Verdict(row["verdict"]) for code, row in regions}
                done.files.append(path.relative_to(data_dir).as_posix())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("%s is no certificate: %r", path, error)
    return done


def untold(data_dir: Path, ledger: Ledger, run_id: str) -> WrittenCertificates:
    """What was closed by killed runs since the last crawl before this one that came to its end:
    they could raise no alarm."""
    done = WrittenCertificates()
    for run in ledger.runs.newest(MOST_KILLED, RunKind.CRAWL):
        if run.run_id == run_id:
            continue
        if run.exit_code is not None:
            break
        found = closed_by(data_dir, ledger, run.run_id)
        done.files += found.files
        done.verdicts |= found.verdicts
    return done


def alarms_of(closed: WrittenCertificates) -> list[Alarm]:
    """An alarm for each day that was closed and isn't complete."""
    found = []
    for day, verdicts in sorted(closed.verdicts.items()):
        told = [
            f"{verdict} {', '.join(codes)}"
            for verdict in (Verdict.INCOMPLETE, Verdict.UNKNOWN)
            if (codes := [code for code, one in verdicts.items() if one is verdict])
        ]
        if told:
            text = f"{day} is closed: {'; '.join(told)} (see {certificate_name(day, 0)})"
            found.append(Alarm(f"coverage:{day}", text))
    return found


def open_days_in_short(ledger: Ledger, at: datetime) -> dict[str, Any]:
    """The newest days that are open, for the report and `status`: sums, and the regions that are
    not complete. Raises LedgerError."""
    return {
        day.isoformat(): dict(_short(watched(days_of(ledger, day, at))))
        for day in open_days(ledger, at)[-MOST_OPEN_DAYS:]
    }


def _short(regions: Mapping[str, RegionDay]) -> Iterator[tuple[str, Any]]:
    every = regions.values()
    yield "seen", sum(told.seen for told in every)
    for name in ("archived", "refused", "owed"):
        yield name, sum(len(getattr(told, name)) for told in every)
    wanting = {
        code: {"owed": len(told.owed), "holes": _holes(told)}
        for code, told in sorted(regions.items())
        if told.owed or _holes(told)
    }
    yield "regions", wanting


def _holes(told: RegionDay) -> int:
    return sum(not one.is_covered for one in told.implied)
