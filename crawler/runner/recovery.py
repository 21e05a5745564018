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
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler import alarms
from crawler.alarms import loose
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError
from crawler.archive.torn_warcs import recover_warcs, without_index
from crawler.clock import now
from crawler.coverage import certificates
from crawler.coverage.sightings import has_sightings, publish_sightings
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
    run_lock_files,
    run_of,
    warc_folders_of,
)
from crawler.exit_codes import LOCKED
from crawler.exporters.pictures import has_pictures, publish_pictures
from crawler.exporters.report import (
    KILLED,
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
from crawler.ledger.leases import void_own
from crawler.ledger.rows import SUPERSEDED, RunKind
from crawler.run_lock import forget_run, lock_dead_runs
from crawler.storage import OPEN_SUFFIX, StorageError, fsync_dir, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
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
    # Listed before it is asked whose files they may be: a run that begins now is not among them.
    left = _Left.of(data_dir)
    unfinished = ledger.runs.unfinished()
    if not ledger.is_on_server:
        return _recover(data_dir, ledger, schedule, unfinished, left)
    dead = lock_dead_runs(data_dir) if dead is None else dead
    others = {path.name for path in run_lock_files(data_dir)} - dead.keys()
    ours = [run for run in unfinished if run.run_id in dead]
    did = _recover(data_dir, ledger, schedule, ours, left.without(others))
    for run_id, lock in dead.items():
        forget_run(data_dir, run_id, lock)
    return did


@dataclass(frozen=True, slots=True)
class _Left:
    """Files that aren't whole: WARCs and JSONL that are open, and WARCs without index."""

    warcs: list[Path]
    lines: list[Path]
    bare: list[Path]

    @classmethod
    def of(cls, data_dir: Path) -> _Left:
        """Those that are in a data folder."""
        bare = list(without_index(warc_folders_of(data_dir)))
        return cls(open_warcs_of(data_dir), open_lines_of(data_dir), bare)

    def without(self, others: Container[str]) -> _Left:
        """All but those of other runs, and of such as have ended since."""
        return self._where(lambda run_id: run_id not in others)

    def of_run(self, run_id: str) -> _Left:
        """Those of one run."""
        return self._where(lambda one: one == run_id)

    def _where(self, is_meant: Callable[[str | None], bool]) -> _Left:
        every = (self.warcs, self.lines, self.bare)
        return _Left(*(
            [path for path in paths if is_meant(_run_of(path)) and path.exists()]
            for paths in every
        ))  # fmt: skip


def _recover(
    data_dir: Path,
    ledger: Ledger,
    schedule: Sequence[timedelta],
    runs: Sequence[RunRow],
    left: _Left,
) -> list[str]:
    """Mend these runs and these files."""
    killed = [_Killed(data_dir, ledger, run) for run in runs]
    did = [sentence for run in killed for sentence in run.finish_renamed()]
    did += [_sentence(data_dir, warc) for warc in recover_warcs(left.warcs, left.bare)]
    known = {run.run_id for run in killed}
    for path in left.lines:
        run_id = _run_of(path)
        if run_id in known:
            continue
        if run_id and _was_superseded(data_dir, run_id):
            did += _delete_lines(data_dir, path)
            continue
        final = path.with_suffix("").name
        did.append(_mend_lines(data_dir, path, final, ledger, schedule))
        ledger.commit()  # before the rename: a kill in between only repeats this
        if path.exists():
            publish(path, final)
    # One after the other: what a run saw on lists is published before what a later one saw.
    for run in killed:
        did += run.finish(left.of_run(run.run_id).lines, schedule)
    return did


def end_superseded(data_dir: Path, ledger: Ledger, run_id: str, why: str) -> dict[str, Any] | None:
    """End a run of this process that has lost its leases, over another connection than its own: its
    WARCs, their indexes and its report are published; its open JSONL stays for the next recovery.
    Of one that had begun its report before all is published. Returns the report. Raises
    StorageError."""
    void_own(ledger.connection, run_id, now())
    ledger.commit()
    for run in [one for one in ledger.runs.unfinished() if one.run_id == run_id]:
        killed = _Killed(data_dir, ledger, run)
        killed.finish_renamed()
        left = _Left.of(data_dir).of_run(run_id)
        recover_warcs(left.warcs, left.bare)
        killed.told.append(why)
        if killed.is_void:
            for path in left.lines:
                killed.told.append(f"{_lines_told(data_dir, path)}; the next crawl deletes it")
        killed.finish([] if killed.is_void else left.lines, ())
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


def _delete_lines(data_dir: Path, path: Path) -> list[str]:
    """Delete the lines of a superseded run, where no other recovery has."""
    try:
        told = f"{_lines_told(data_dir, path)}; it is deleted"
    except FileNotFoundError:
        return []
    path.unlink(missing_ok=True)
    fsync_dir(path.parent)
    return [told]


class _Killed:
    """A run of which the ledger knows no end. `part` is the number of the next part to publish,
    None where the run publishes no parts: its report is then its manifest. `told` are alarms of its
    report."""

    def __init__(self, data_dir: Path, ledger: Ledger, run: RunRow) -> None:
        self.run_id = run.run_id
        self.told: list[str] = []
        self._is_superseded = run.reason == SUPERSEDED
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
        """Whether the lines that are open are those of a superseded run: not of a part that it had
        begun to publish while its leases held."""
        return self._is_superseded and self.part not in self._begun

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

    def finish_renamed(self) -> list[str]:
        """Write the manifest of a part that the run had renamed: while its JSONL has its name and
        it lacks the manifest, what is still open belongs to the part after it, unless it was the
        last one."""
        part = self.part
        if part not in self._begun or self._is_report_begun:
            return []
        if not (self._data_dir / lines_name(self.run_id, part)).exists():
            return []
        return self._write_manifest()

    def finish(self, opened: Sequence[Path], schedule: Sequence[timedelta]) -> list[str]:
        """Publish what is left of it, these open files of lines among it unless they are void, as a
        part where there are others, and the report; what was done."""
        did: list[str] = []
        if self.is_void:
            did = [told for path in opened for told in _delete_lines(self._data_dir, path)]
            self.told += did
            opened = []
        written = read_report(self._data_dir, self.run_id)
        if written is not None:  # killed when all was said and done
            if not self._is_superseded:  # whose lines wait for who has the region next
                self._ledger.placements.drop_lines(self.run_id)
            end_run(self._ledger, written)
            return did
        run, ledger = self._run, self._ledger
        for path in opened:
            did.append(_mend_lines(self._data_dir, path, self._final(path), ledger, schedule, self))
        opened = [path for path in opened if path.exists()]
        ledger.visits.end_open(run.run_id)
        seq = self._begin(opened)
        for path in opened:
            publish(path, self._final(path))
        if not self._is_superseded:
            publish_sightings(self._data_dir, ledger, run.run_id)
            publish_pictures(self._data_dir, ledger, run.run_id)
        certificates.give_back_unwritten(self._data_dir, ledger, run.run_id)
        for path in open_layouts_of(self._data_dir):
            path.unlink(missing_ok=True)
        if self.part in self._begun:
            did += self._write_manifest()
        self._write_report(seq)
        what = "was superseded" if self._is_superseded else "was killed"
        return [*did, f"run {run.run_id} {what}; its report is written"]

    def _write_report(self, seq: int) -> None:
        run, ledger = self._run, self._ledger
        if not self._rows:
            self._rows = index_and_measure(self._data_dir, self._unlisted())
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
            reason=SUPERSEDED if self._is_superseded else KILLED,
            seq=seq,
            parts=len(self._begun),
            files=files,
            stats={},
            coverage={"closed": {str(day): one for day, one in closed.items()}, "open": {}},
            corrections=corrections_in(self._data_dir, files) if is_correction else None,
            archives_pictures=self.archives_pictures,
        )
        if self._is_superseded:
            told = [loose(sentence) for sentence in self.told]
            report["alarms"] = [alarm.text for alarm in told]
            report["alarm_states"] = alarms.rows(told, report["started_at"], {})
            report["exit_code"] = LOCKED
        write_report(self._data_dir, report)
        end_run(ledger, report)

    def _final(self, path: Path) -> str:
        """The name that an open file of lines is to get."""
        if self.part is None:
            return path.with_suffix("").name
        return lines_name(self.run_id, self.part).rpartition("/")[2]

    def _begin(self, opened: Sequence[Path]) -> int:
        """Take, in the commit that tells the ledger of its last lines, the numbers of what is left:
        of the last part, where it has parts and these files or others are in none, and of the
        report. From then on all of it counts, whoever takes the region over before the rest is
        done. The report's number."""
        data_dir, ledger, part = self._data_dir, self._ledger, self.part
        is_next = part not in self._begun and not self._is_report_begun
        if part is not None and is_next and (opened or self._unlisted() or self._has_more()):
            take_seq(data_dir, ledger, self.run_id, part, now())
            self._begun.add(part)
        seq = take_seq(data_dir, ledger, self.run_id, None, now())
        ledger.commit()
        return seq

    def _has_more(self) -> bool:
        """Whether it has sightings or pictures to tell."""
        asked = (self._data_dir, self._ledger, self.run_id)
        return not self._is_superseded and (has_sightings(*asked) or has_pictures(*asked))

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


def _mend_lines(
    data_dir: Path,
    path: Path,
    final: str,
    ledger: Ledger,
    schedule: Sequence[timedelta],
    run: _Killed | None = None,
) -> str:
    """Mend a file of lines that is to get the name `final`, and tell the ledger of them; what was
    done. A file without any is removed. Of a run that archives pictures those of its articles are
    owed: of the last lines the ledger may not have heard."""
    cut = cut_lines(path)
    name = path.with_name(final).relative_to(data_dir).as_posix()
    lines, lost = 0, set()
    with path.open("rb") as file:  # line by line: a long run's file is larger than memory
        for line in file:
            record = _record(data_dir, line)
            # a run that was gone for longer than its claims are kept
            if record and not (ledger.is_on_server and ledger.articles.is_overtaken(record)):
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
