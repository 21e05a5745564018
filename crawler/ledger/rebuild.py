"""Making a lost ledger again from what is published.

Articles, versions with their revisions, addresses and confirmed withdrawals are read from the JSONL
lines, runs and publications from `runs/*.json`, and when each article was last answered for from
the CDXJ beside each WARC.

What lists show, and addresses that are owed, are read from the sightings, which days have
certificates from these, and what became of pictures from their lines. A run whose report tells of
pictures owes those of its lines that no line of a picture names.

What is published nowhere is lost, and costs requests, not articles: list walks (each list is walked
as if for the first time), suspected withdrawals (observed again), validators newer than the last
line, holds and robots answers. What was learnt of lists and pages is told by `coverage.restoring`.
"""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

from crawler import urls
from crawler.data_dir import (
    REPORTS_FOLDER,
    certificates_of,
    images_of,
    in_order_of_seq,
    indexes_of,
    lines_of,
    manifests_of,
    open_files_of,
    part_manifests_of,
    part_of,
    reports_of,
    run_began,
    run_of,
    sightings_of,
)
from crawler.ledger import line_rows, location
from crawler.ledger.errors import ledger_error
from crawler.ledger.ledger import Ledger
from crawler.ledger.opening import companions
from crawler.ledger.rows import RunKind
from crawler.ledger.schedule import next_check
from crawler.storage import OPEN_SUFFIX, StorageError, open_path, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    Further = Callable[[Path, Ledger], list[str]]

# HTTP status codes in a CDXJ with which a page answered.
_ANSWERED = ("200", "304")

COMMIT_EVERY = 10_000


@dataclass(slots=True)
class Rebuilt:
    """What was found; `problems` name file, line and reason of what could not be taken over."""

    lines: int = 0
    sightings: int = 0
    pictures: int = 0
    runs: int = 0
    captures: int = 0
    committed: int = 0
    problems: list[str] = field(default_factory=list)
    with_pictures: set[str] = field(default_factory=set)  # runs that archived them


def rebuild(
    data_dir: Path,
    where: Path | URL,
    *,
    schedule: Sequence[timedelta] = (),
    further: Further | None = None,
) -> Rebuilt:
    """Make a ledger, where there must be none, from the published files of `data_dir`.

    `where` is its file or its database, of which an empty one is wanted. `schedule`
    (RECHECK_SCHEDULE) sets when each article is due next. `further` is called with the ledger when
    all else is in it, and returns what it could not take over. The ledger is there when it is
    whole; a kill leaves none and the next call starts again. Returns what was found. Raises
    LedgerError.
    """
    if isinstance(where, URL):
        return _rebuild_on_server(data_dir, where, schedule, further)
    return _rebuild_file(data_dir, where, schedule, further)


def _rebuild_on_server(
    data_dir: Path, url: URL, schedule: Sequence[timedelta], further: Further | None
) -> Rebuilt:
    done = Rebuilt()
    with closing(Ledger.at(url, fresh=True)) as ledger:
        if not ledger.is_empty():
            advice = "Stop all runs and name an empty database, then rebuild."
            raise ledger_error(location.shown(url), "is in the way of a new one", advice)
        # one transaction: a kill leaves the database empty
        _fill(ledger, data_dir, schedule, done, commit=lambda: None)
        done.problems += further(data_dir, ledger) if further else ()
        ledger.commit()
    location.keep(data_dir, url)
    return done


def _rebuild_file(
    data_dir: Path, path: Path, schedule: Sequence[timedelta], further: Further | None
) -> Rebuilt:
    wal, shm = companions(path)
    if path.exists() or (wal.exists() and wal.stat().st_size):
        advice = f"Stop all runs and move it, {wal.name} and {shm.name} aside, then rebuild."
        raise ledger_error(str(path), "is in the way of a new one", advice)
    unfinished = open_path(path)
    for leftover in (wal, shm, unfinished, *companions(unfinished)):
        leftover.unlink(missing_ok=True)
    done = Rebuilt()
    with closing(Ledger.open(unfinished, fresh=True)) as ledger:
        _fill(ledger, data_dir, schedule, done, commit=partial(_commit_at_times, ledger, done))
        done.problems += further(data_dir, ledger) if further else ()
        ledger.commit()
    try:
        publish(unfinished)
    except StorageError as error:
        problem = f"can't be put in place ({error})"
        raise ledger_error(str(path), problem, "Check the disk.") from error
    return done


def _fill(
    ledger: Ledger,
    data_dir: Path,
    schedule: Sequence[timedelta],
    done: Rebuilt,
    *,
    commit: Callable[[], None],
) -> None:
    """Tell the ledger all that is published; `commit` is called after each file."""
    for file in lines_of(data_dir):
        _read_lines(ledger, data_dir, file, schedule, done)
        commit()
    for file in in_order_of_seq(data_dir, sightings_of(data_dir)):
        _read_sightings(ledger, data_dir, file, done)
        commit()
    for file in sorted(images_of(data_dir), key=lambda path: path.name):
        _read_pictures(ledger, data_dir, file, done)
        commit()
    for file in certificates_of(data_dir):
        _read_certificate(ledger, data_dir, file, done)
        commit()
    for file in manifests_of(data_dir):
        _read_report(ledger, file, done)
        commit()
    for file in lines_of(data_dir):
        if run_of(file.name) in done.with_pictures:
            _owe_pictures(ledger, file)
            commit()
    _begin_unreported(ledger, data_dir)
    for file in indexes_of(data_dir):
        _read_index(ledger, file, schedule, done)
        commit()


def _commit_at_times(ledger: Ledger, done: Rebuilt) -> None:
    """Keep SQLite's log short. No more often, since after years there are many small files."""
    count = done.lines + done.sightings + done.pictures + done.runs + done.captures
    if count - done.committed >= COMMIT_EVERY:
        ledger.commit()
        done.committed = count


def _read_lines(
    ledger: Ledger, data_dir: Path, file: Path, schedule: Sequence[timedelta], done: Rebuilt
) -> None:
    name = file.relative_to(data_dir).as_posix()
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                told = json.loads(line)
                ledger.articles.add_line(told, jsonl=name, schedule=schedule)
                if (told["version"], told["status"]) != (1, "live"):
                    ledger.addresses.restore(told)
            except (ValueError, KeyError, TypeError) as error:
                done.problems.append(f"{name} line {number} is no record: {error!r}")
            else:
                done.lines += 1


def _read_certificate(ledger: Ledger, data_dir: Path, file: Path, done: Rebuilt) -> None:
    name = file.relative_to(data_dir).as_posix()
    try:
        told = json.loads(file.read_bytes())
        day, at = date.fromisoformat(told["day"]), datetime.fromisoformat(told["closed"])
        ledger.certificates.claim(day, int(told["number"]), run_id=str(told["run_id"]), at=at)
    except (ValueError, KeyError, TypeError) as error:
        done.problems.append(f"{name} is no certificate: {error!r}")


def _read_sightings(ledger: Ledger, data_dir: Path, file: Path, done: Rebuilt) -> None:
    name = file.relative_to(data_dir).as_posix()
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                told = json.loads(line)
                article = urls.article(told["url"])
                ledger.placements.restore(told, day=article.day if article else None)
            except (ValueError, KeyError, TypeError) as error:
                done.problems.append(f"{name} line {number} is no sighting: {error!r}")
            else:
                done.sightings += 1


def _read_pictures(ledger: Ledger, data_dir: Path, file: Path, done: Rebuilt) -> None:
    name = file.relative_to(data_dir).as_posix()
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                told = json.loads(line)
                article = ledger.articles.get(told["article_id"])
                ledger.pictures.restore(told, region=article.region if article else None)
            except (ValueError, KeyError, TypeError) as error:
                done.problems.append(f"{name} line {number} is no picture: {error!r}")
            else:
                done.pictures += 1


def _owe_pictures(ledger: Ledger, file: Path) -> None:
    """Owe the pictures of a run's lines that no line of a picture names. What is no line is told
    already."""
    with file.open("rb") as opened:
        for line in opened:
            with suppress(ValueError, KeyError, TypeError):
                told = json.loads(line)
                at = datetime.fromisoformat(told["fetched_at"])
                ledger.pictures.note_line(told, at=at)


def _read_report(ledger: Ledger, file: Path, done: Rebuilt) -> None:
    """Take over a run's report, or the manifest of one of its parts, which is a publication only.
    Without `seq` it was written before publications had numbers."""
    name = f"{REPORTS_FOLDER}/{file.name}"
    try:
        report = json.loads(file.read_bytes())
        part = report.get("part")
        if part is None:
            is_correction = report.get("corrections") is not None
            kind = RunKind.CORRECTION if is_correction else RunKind.CRAWL
            started_at = datetime.fromisoformat(report["started_at"])
            began = (report["run_id"], started_at, report["command"], kind)
            ended = (
                report["run_id"], datetime.fromisoformat(report["finished_at"]),
                report["exit_code"], report["reason"], dict(report["outcomes"]),
            )  # fmt: skip
        if "seq" in report:
            published_at = report["finished_at"] if part is None else report["published_at"]
            ledger.publications.add(
                int(report["seq"]),
                name,
                run_id=report["run_id"],
                part=part,
                published_at=datetime.fromisoformat(published_at),
            )
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        done.problems.append(f"{name} is no report: {error!r}")
        return
    if part is None:
        if report.get("pictures") is not None:
            done.with_pictures.add(report["run_id"])
        ledger.runs.start(*began)
        ledger.runs.finish(*ended)
        done.runs += 1


def _begin_unreported(ledger: Ledger, data_dir: Path) -> None:
    """Runs that have files and no report were killed, or their reports are lost: recovery closes
    them. Their commands are known no more."""
    published = (lines_of, sightings_of, images_of, indexes_of, open_files_of)
    files = [path for those_of in published for path in those_of(data_dir)]
    found = {run_of(path.name.removesuffix(OPEN_SUFFIX)) for path in files}
    found |= {part.run_id for path in part_manifests_of(data_dir) if (part := part_of(path.name))}
    reported = {path.stem for path in reports_of(data_dir)}
    for run_id in sorted(one for one in found if one and one not in reported):
        ledger.runs.start(run_id, run_began(run_id), "")


def _read_index(ledger: Ledger, file: Path, schedule: Sequence[timedelta], done: Rebuilt) -> None:
    with file.open(encoding="utf-8") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                _, timestamp, fields = line.split(" ", 2)
                values: dict[str, Any] = json.loads(fields)
                address = _article_address(values["url"])
                if address and str(values.get("status")) in _ANSWERED:
                    at = datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                    _note_answer(ledger, address, at, schedule)
            except (ValueError, KeyError, TypeError) as error:
                done.problems.append(f"{file.name} line {number} is no index line: {error!r}")
            else:
                done.captures += 1


@lru_cache(maxsize=2**16)
def _article_address(url: str) -> str | None:
    """An article's canonical address; None for lists, which are most of what runs ask for."""
    article = urls.article(url)
    return article.url if article else None


def _note_answer(ledger: Ledger, url: str, at: datetime, schedule: Sequence[timedelta]) -> None:
    """A page that answered after its last line was a re-check: don't ask again at once."""
    address = ledger.addresses.get(url)
    article = None if address is None else ledger.articles.get(address.article_id)
    if article is not None and article.status == "live" and at > article.last_checked_at:
        published_at = article.published_at and line_rows.moment(article.published_at)
        due = next_check(article.first_seen_at, published_at or None, at, schedule)
        ledger.articles.note_check(article.id, at, due, article.etag, article.last_modified)
