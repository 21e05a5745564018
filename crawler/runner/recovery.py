"""Start-up recovery: what a killed run left is cut, closed, published and told to the ledger.

WARC first, then JSONL, so that a line is only kept when the record it points at is there. A part
whose files have their names gets its manifest before anything later is published, so that `seq`
only ever grows for whoever reads along. A killed run gets its report too: it is the manifest of
what could be saved.

Of runs whose ledger is on a server only those are mended whose process is gone and whose files are
in this folder, as the locks there say: other folders may share the ledger. One that was superseded,
another run having taken over a region of it, loses the lines that it had not published: they are
owed again.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler import alarms
from crawler.alarms import loose
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.archive.torn_warcs import recover_warcs
from crawler.clock import now
from crawler.coverage import certificates
from crawler.coverage.sightings import publish_sightings
from crawler.data_dir import (
    INDEX_SUFFIX,
    accepted_layouts_of,
    files_of_run,
    lines_name,
    open_layouts_of,
    open_lines_of,
    open_warcs_of,
    part_manifest_name,
    part_manifests_of,
    part_of,
    report_name,
    reports_of,
    run_of,
    warc_folders_of,
)
from crawler.exit_codes import LOCKED
from crawler.exporters.pictures import publish_pictures
from crawler.exporters.report import (
    KILLED,
    SUPERSEDED,
    build_report,
    corrections_in,
    read_report,
    write_report,
)
from crawler.exporters.run_parts import (
    begin_manifest,
    index_and_measure,
    read_manifest,
    take_seq,
    write_manifest,
)
from crawler.items import WarcPointer
from crawler.ledger.leases import is_superseded as is_superseded_by_another
from crawler.ledger.leases import void_own
from crawler.ledger.rows import RunKind
from crawler.run_lock import forget_run, lock_dead_runs, runs_on
from crawler.storage import OPEN_SUFFIX, StorageError, fsync_dir, publish

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from crawler.archive.torn_warcs import Recovered
    from crawler.ledger.ledger import Ledger
    from crawler.ledger.rows import RunRow


def recover(
    data_dir: Path,
    ledger: Ledger,
    schedule: Sequence[timedelta],
    dead: Mapping[str, int] | None = None,
) -> list[str]:
    """Mend and publish every `.open` file under `data_dir`; close runs that were killed.

    `schedule` holds the ages at which articles are looked at again. `dead` are the runs whose locks
    the caller has (`run_lock.lock_dead_runs`), for a ledger on a server; they are let go. Returns
    what was done, in sentences; nothing to do gives []. Idempotent. Commits the ledger. Raises
    StorageError.
    """
    if not ledger.is_on_server:
        return _recover(data_dir, ledger, schedule, ledger.runs.unfinished(), frozenset())
    dead = lock_dead_runs(data_dir) if dead is None else dead
    on = runs_on(data_dir) - dead.keys()
    ours = [run for run in ledger.runs.unfinished() if run.run_id in dead]
    did = _recover(data_dir, ledger, schedule, ours, on)
    for run_id, lock in dead.items():
        forget_run(data_dir, run_id, lock)
    return did


def _recover(
    data_dir: Path,
    ledger: Ledger,
    schedule: Sequence[timedelta],
    runs: Sequence[RunRow],
    on: Container[str],
) -> list[str]:
    """Mend these runs, and all open files but those of the runs that are `on`."""
    killed = [_Killed(data_dir, ledger, run) for run in runs]
    did = [sentence for run in killed for sentence in run.finish_renamed()]
    warcs = [path for path in open_warcs_of(data_dir) if _run_of(path) not in on]
    mended = recover_warcs(warcs, warc_folders_of(data_dir))
    did += [_sentence(data_dir, warc) for warc in mended]
    by_id = {run.run_id: run for run in killed}
    left: dict[str | None, list[Path]] = {}
    for path in open_lines_of(data_dir):
        run_id = _run_of(path)
        if run_id not in on:
            left.setdefault(run_id, []).append(path)
    for run_id in [one for one in left if one not in by_id]:
        for path in left[run_id]:
            if run_id and _was_superseded(data_dir, run_id):
                did.append(_delete_lines(data_dir, path))
            else:
                final = path.with_suffix("").name
                did.append(_recover_jsonl(data_dir, path, final, ledger, schedule))
    # One after the other: what a run saw on lists is published before what a later one saw.
    for run in killed:
        did += [run.end_lines(path, schedule) for path in left.get(run.run_id, ())]
        did += run.close()
    return did


def end_superseded(data_dir: Path, ledger: Ledger, run_id: str, why: str) -> dict[str, Any] | None:
    """End a run of this process that has lost its leases, over another connection than its own: its
    WARCs, their indexes and its report are published; its open JSONL stays for the next recovery.
    Returns the report. Raises StorageError."""
    void_own(ledger.connection, run_id, now())
    ledger.commit()
    for run in [one for one in ledger.runs.unfinished() if one.run_id == run_id]:
        killed = _Killed(data_dir, ledger, run, is_superseded=True)
        killed.finish_renamed()
        mine = [path for path in open_warcs_of(data_dir) if _run_of(path) == run_id]
        recover_warcs(mine, warc_folders_of(data_dir))
        killed.told.append(why)
        for path in open_lines_of(data_dir):
            if _run_of(path) == run_id and killed.is_void:
                killed.told.append(f"{_lines_told(data_dir, path)}; the next crawl deletes it")
            elif _run_of(path) == run_id:
                part = killed.part
                publish(path, lines_name(run_id, part).rpartition("/")[2])
        killed.close()
    return read_report(data_dir, run_id)


def _run_of(path: Path) -> str | None:
    return run_of(path.name.removesuffix(OPEN_SUFFIX))


def _was_superseded(data_dir: Path, run_id: str) -> bool:
    report = read_report(data_dir, run_id)
    return report is not None and report.get("reason") == SUPERSEDED


def _lines_told(data_dir: Path, path: Path) -> str:
    name = path.relative_to(data_dir).as_posix()
    with path.open("rb") as file:
        lines = sum(1 for _ in file)
    return f"{name} holds {lines} lines of a superseded run, which are owed again"


def _delete_lines(data_dir: Path, path: Path) -> str:
    told = f"{_lines_told(data_dir, path)}; it is deleted"
    path.unlink()
    fsync_dir(path.parent)
    return told


class _Killed:
    """A run of which the ledger knows no end. `part` is the number of the next part to publish,
    None where the run publishes no parts: its report is then its manifest. `told` are alarms of its
    report."""

    def __init__(
        self, data_dir: Path, ledger: Ledger, run: RunRow, *, is_superseded: bool = False
    ) -> None:
        self.run_id = run.run_id
        self.told: list[str] = []
        self._is_superseded = is_superseded or (
            ledger.is_on_server and is_superseded_by_another(ledger.connection, run.run_id)
        )
        self._data_dir = data_dir
        self._ledger = ledger
        self._run = run
        self._rows: list[dict[str, Any]] = []
        known = ledger.publications.of_run(run.run_id)
        self._begun = {one.part for one in known if one.part is not None}
        self._is_report_begun = any(one.part is None for one in known)
        for path in part_manifests_of(data_dir, run.run_id):
            self._rows += read_manifest(path)["files"]
            named = part_of(path.name)
            assert named
            self._begun.add(named.part)
        self.part = self._next_part()

    @property
    def is_void(self) -> bool:
        """Whether the lines that are open are those of a superseded run: not of a part, or of a
        report, that it had begun to publish while its leases held."""
        return self._is_superseded and self.part not in self._begun and not self._is_report_begun

    @property
    def archives_pictures(self) -> bool:
        """Whether it archives those of the articles that it publishes."""
        return bool(self._run.archives_pictures)

    def _next_part(self) -> int | None:
        """The first part that was begun and has no manifest, else the one after the last."""
        for part in sorted(self._begun):
            if not self._manifest(part).is_file():
                return part
        return max(self._begun) + 1 if self._begun else None

    def _manifest(self, part: int) -> Path:
        return self._data_dir / part_manifest_name(self.run_id, part)

    def begin(self) -> None:
        """Take the number of the part or report in which the open lines are: from the commit on
        they count, whoever takes the region over before the rest is done."""
        if self._ledger.is_on_server:
            take_seq(self._data_dir, self._ledger, self.run_id, self.part, now())

    def end_lines(self, path: Path, schedule: Sequence[timedelta]) -> str:
        """Publish lines that are open, or delete those that are void; what was done."""
        if self.is_void or _was_superseded(self._data_dir, self.run_id):
            sentence = _delete_lines(self._data_dir, path)
            self.told.append(sentence)
            return sentence
        final = path.with_suffix("").name
        if self.part is not None:
            final = lines_name(self.run_id, self.part).rpartition("/")[2]
        return _recover_jsonl(self._data_dir, path, final, self._ledger, schedule, self)

    def finish_renamed(self) -> list[str]:
        """Write the manifest of a part that the run had renamed: while its JSONL has its name and
        it lacks the manifest, what is still open belongs to the part after it."""
        part = self.part
        if part not in self._begun or not (self._data_dir / lines_name(self.run_id, part)).exists():
            return []
        return self._write_manifest()

    def close(self) -> list[str]:
        """Publish what is left, as a part where there are others, and write the report."""
        written = read_report(self._data_dir, self.run_id)
        if written is not None:  # killed when all was said and done
            if written.get("reason") != SUPERSEDED:  # whose lines wait for who has the region next
                self._ledger.placements.drop_lines(self.run_id)
            end_run(self._ledger, written)
            return []
        run, ledger = self._run, self._ledger
        ledger.visits.end_open(run.run_id)
        if not self._is_superseded:
            publish_sightings(self._data_dir, ledger, run.run_id)
            publish_pictures(self._data_dir, ledger, run.run_id)
        certificates.give_back_unwritten(self._data_dir, ledger, run.run_id)
        for path in open_layouts_of(self._data_dir):
            path.unlink()
        did = []
        if self.part is not None and (self.part in self._begun or self._unlisted()):
            did += self._write_manifest()
        if not self._rows:
            self._rows = index_and_measure(self._data_dir, self._unlisted())
        # What had begun to publish its report had all it needed for it.
        is_superseded = self._is_superseded and not self._is_report_begun
        seq = take_seq(self._data_dir, ledger, run.run_id, None, now())
        ledger.commit()
        files = sorted(self._rows, key=lambda row: str(row["path"]))
        is_correction = run.kind == RunKind.CORRECTION
        closed = certificates.closed_by(self._data_dir, ledger, run.run_id).verdicts
        report = build_report(
            ledger,
            run_id=run.run_id,
            started_at=run.started_at,
            # another machine's clock may be ahead of ours
            finished_at=max(now(), run.started_at),
            command=run.command,
            narrowed=True,
            reason=SUPERSEDED if is_superseded else KILLED,
            seq=seq,
            parts=len(self._begun),
            files=files,
            stats={},
            coverage={"closed": {str(day): one for day, one in closed.items()}, "open": {}},
            corrections=corrections_in(self._data_dir, files) if is_correction else None,
            archives_pictures=self.archives_pictures,
        )
        if is_superseded:
            told = [loose(sentence) for sentence in self.told]
            report["alarms"] = [alarm.text for alarm in told]
            report["alarm_states"] = alarms.rows(told, report["started_at"], {})
            report["exit_code"] = LOCKED
        write_report(self._data_dir, report)
        end_run(ledger, report)
        what = "was superseded" if is_superseded else "was killed"
        return [*did, f"run {run.run_id} {what}; its report is written"]

    def _unlisted(self) -> list[Path]:
        """The published files of the run, but indexes, that no manifest of a part lists."""
        listed = {row["path"] for row in self._rows}
        certified = certificates.files_of_run(self._data_dir, self._ledger, self.run_id)
        if self._run.kind == RunKind.LAYOUTS:
            certified += _layouts_nobody_lists(self._data_dir)
        return [
            path
            for path in (*files_of_run(self._data_dir, self.run_id), *certified)
            if path.suffix != INDEX_SUFFIX
            and path.relative_to(self._data_dir).as_posix() not in listed
        ]

    def _write_manifest(self) -> list[str]:
        part = self.part
        assert part is not None
        manifest = begin_manifest(self._data_dir, self._ledger, self.run_id, part)
        self._ledger.commit()
        rows = index_and_measure(self._data_dir, self._unlisted())
        write_manifest(self._data_dir, manifest, rows)
        self._rows += rows
        self._begun.add(part)
        self.part = self._next_part()
        return [f"part {part} of run {self.run_id} is published"]


def end_run(ledger: Ledger, report: Mapping[str, Any]) -> None:
    """Tell the ledger that a run is over, as its written report says. Commits."""
    finished_at = datetime.fromisoformat(report["finished_at"])
    ledger.runs.finish(
        report["run_id"],
        finished_at,
        report["exit_code"],
        report["reason"],
        report["outcomes"],
    )
    if "seq" in report:  # those of before there were any have none
        path, run_id = report_name(report["run_id"]), report["run_id"]
        ledger.publications.take(path, run_id=run_id, part=None, published_at=finished_at)
    ledger.commit()


def _sentence(data_dir: Path, warc: Recovered) -> str:
    name = warc.path.relative_to(data_dir).as_posix()
    if not warc.path.exists():
        return f"{name}: no whole exchange; removed"
    cut = f", {warc.cut} bytes cut" if warc.cut else ""
    why = f" ({warc.why})" if warc.why else ""
    return f"{name}: published and indexed{cut}{why}"


def _recover_jsonl(
    data_dir: Path,
    path: Path,
    final: str,
    ledger: Ledger,
    schedule: Sequence[timedelta],
    run: _Killed | None = None,
) -> str:
    """Mend a file of lines and publish it under the name `final`. Of a run that archives pictures
    those of its articles are owed: of the last lines the ledger may not have heard."""
    cut = cut_lines(path)
    name = path.with_name(final).relative_to(data_dir).as_posix()
    lines, lost = 0, set()
    with path.open("rb") as file:  # line by line: a long run's file is larger than memory
        for line in file:
            record = _record(data_dir, line)
            if record:
                ledger.articles.add_line(record, jsonl=name, schedule=schedule)
                if run and run.archives_pictures:
                    at = datetime.fromisoformat(record["fetched_at"])
                    ledger.pictures.note_line(record, at=at)
            else:
                lost.add(lines)
            lines += 1
    if lines == len(lost):
        path.unlink()
        return f"{name}: no whole line with its record; removed"
    if lost:
        _drop(path, lost)
    if run:
        run.begin()
    ledger.commit()  # before the rename: a kill in between only repeats this
    publish(path, final)
    return f"{name}: published {lines - len(lost)} lines; {len(lost)} lines, {cut} bytes cut"


def _layouts_nobody_lists(data_dir: Path) -> list[Path]:
    """Accepted layouts that no report lists: their run was killed after it wrote the file and
    before its report."""
    listed = set()
    for path in reports_of(data_dir):
        report = read_report(data_dir, path.stem)
        listed |= {row["path"] for row in report["files"]} if report else set()
    known = accepted_layouts_of(data_dir)
    return [path for path in known if path.relative_to(data_dir).as_posix() not in listed]


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
    """What a line says; None where the line is damaged or a WARC record that it points at can't be
    read. A gone line points at none."""
    try:
        record: dict[str, Any] = json.loads(line)
        pointers = record["warc_pages"] or ([record["warc"]] if record["warc"] else [])
        for pointer in pointers:
            read_page(data_dir, WarcPointer(**pointer))
    except (WarcError, ValueError, KeyError, TypeError):
        return None
    return record
