"""Start-up recovery: what a killed run left is cut, closed, published and told to the ledger (I4).

WARC first, then JSONL, so that a line is only kept when the record it points at is there. A killed
run gets its report too: it is the manifest of what could be saved.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.archive.torn_warcs import recover_warcs
from crawler.clock import now
from crawler.coverage.sightings import publish_sightings
from crawler.data_dir import open_lines_of, open_warcs_of, warc_folders_of
from crawler.exporters.manifest import files_of
from crawler.exporters.report import KILLED, build_report, read_report, write_report
from crawler.items import WarcPointer
from crawler.storage import OPEN_SUFFIX, StorageError, fsync_dir, publish

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from crawler.archive.torn_warcs import Recovered
    from crawler.ledger.ledger import Ledger


def recover(data_dir: Path, ledger: Ledger, schedule: Sequence[timedelta]) -> list[str]:
    """Mend and publish every `.open` file under `data_dir`; close runs that were killed.

    `schedule` holds the ages at which articles are looked at again. Returns what was done, in
    sentences; nothing to do gives []. Idempotent. Commits the ledger. Raises StorageError.
    """
    mended = recover_warcs(open_warcs_of(data_dir), warc_folders_of(data_dir))
    did = [_sentence(data_dir, warc) for warc in mended]
    did += [_recover_jsonl(data_dir, path, ledger, schedule) for path in open_lines_of(data_dir)]
    for run in ledger.runs.unfinished():
        written = read_report(data_dir, run.run_id)
        if written is not None:  # killed when all was said and done
            ledger.placements.drop_lines(run.run_id)
            end_run(ledger, written)
            continue
        ledger.visits.end_open(run.run_id)
        publish_sightings(data_dir, ledger, run.run_id)
        report = build_report(
            ledger,
            run_id=run.run_id,
            started_at=run.started_at,
            finished_at=now(),
            command=run.command,
            narrowed=True,
            reason=KILLED,
            files=files_of(data_dir, run.run_id),
            stats={},
        )
        write_report(data_dir, report)
        end_run(ledger, report)
        did.append(f"run {run.run_id} was killed; its report is written")
    return did


def end_run(ledger: Ledger, report: Mapping[str, Any]) -> None:
    """Tell the ledger that a run is over, as its written report says. Commits."""
    ledger.runs.finish(
        report["run_id"],
        datetime.fromisoformat(report["finished_at"]),
        report["exit_code"],
        report["reason"],
        report["outcomes"],
    )
    ledger.commit()


def _sentence(data_dir: Path, warc: Recovered) -> str:
    name = warc.path.relative_to(data_dir).as_posix()
    if not warc.path.exists():
        return f"{name}: no whole exchange; removed"
    cut = f", {warc.cut} bytes cut" if warc.cut else ""
    why = f" ({warc.why})" if warc.why else ""
    return f"{name}: published and indexed{cut}{why}"


def _recover_jsonl(
    data_dir: Path, path: Path, ledger: Ledger, schedule: Sequence[timedelta]
) -> str:
    cut = cut_lines(path)
    name = path.relative_to(data_dir).as_posix().removesuffix(OPEN_SUFFIX)
    lines, lost = 0, set()
    with path.open("rb") as file:  # line by line: a long run's file is larger than memory
        for line in file:
            record = _record(data_dir, line)
            if record:
                ledger.articles.add_line(record, jsonl=name, schedule=schedule)
            else:
                lost.add(lines)
            lines += 1
    if lines == len(lost):
        path.unlink()
        return f"{name}: no whole line with its record; removed"
    if lost:
        _drop(path, lost)
    ledger.commit()  # before the rename: a kill in between only repeats this
    publish(path)
    return f"{name}: published {lines - len(lost)} lines; {len(lost)} lines, {cut} bytes cut"


def cut_lines(path: Path) -> int:
    """Cut a JSONL file to its last whole line and make it durable; returns the bytes cut."""
    try:
        with path.open("r+b") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - 65536)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                if newline >= 0:
                    end = start + newline + 1
                    break
                end = start
            if end < size:
                file.truncate(end)
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError.of("recovering", path, error) from error
    return size - end


def _drop(path: Path, lost: Container[int]) -> None:
    """Write the file again without these lines."""
    kept = path.with_name(path.name + ".kept")
    try:
        with path.open("rb") as file, kept.open("wb") as whole:
            whole.writelines(line for number, line in enumerate(file) if number not in lost)
            whole.flush()
            os.fsync(whole.fileno())
        kept.replace(path)
    except OSError as error:
        raise StorageError.of("recovering", path, error) from error
    fsync_dir(path.parent)


def _record(data_dir: Path, line: bytes) -> dict[str, Any] | None:
    """The record on a line; None where a record it points at can't be read, and for a line that a
    failing disk damaged. A gone line points at none."""
    try:
        record: dict[str, Any] = json.loads(line)
        pointers = record["warc_pages"] or ([record["warc"]] if record["warc"] else [])
        for pointer in pointers:
            read_page(data_dir, WarcPointer(**pointer))
    except (WarcError, ValueError, KeyError, TypeError):
        return None
    return record
