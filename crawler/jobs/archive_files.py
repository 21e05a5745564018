"""Archive jobs: one published file extracted again or verified, and the files of a batch together.

In: a file by its name and digest. Out: what it gives, published once under a name made of that
digest and the version of the extractor: lines (`.jsonl`), what only several files together give
(`.rest`), counts (`.json`) of a re-extraction; a report (`.json`) and what is compared between
files (`.rest`) of a verification. The `.json` comes last: where it is, the job is done. `join`
makes of all of a batch what one process makes of its files.

As a program it does one job after the other, in a process that a worker keeps: it reads lines of
JSON on stdin, one a job, and answers each with a line of JSON, `done` or `error`. It ends with
stdin, or with its worker. A page that kills it costs the job of its file one of three tries, and no
other.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from crawler.archive.pointers import name_in
from crawler.data_dir import (
    INDEX_SUFFIX,
    LINES_SUFFIX,
    REEXTRACTED_FOLDER,
    VERIFIED_FOLDER,
    WARC_SUFFIX,
    warc_folders_of,
)
from crawler.items import as_line
from crawler.layouts import AcceptedLayouts
from crawler.process_pool import keep_heap
from crawler.reextraction.batch import Job, make_part
from crawler.reextraction.cross_archive import CrossArchiveStore
from crawler.reextraction.one_warc import Filter, Tally, assemble
from crawler.run_lock import is_locked
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import sha256_of
from crawler.shared_storage.store import ReadThere, Replication, place_of
from crawler.storage import StorageError, look_elsewhere
from crawler.verification.across_warcs import spool_ids
from crawler.verification.file_places import MovedMonths
from crawler.verification.findings import (
    lines_as_json,
    lines_from_json,
    warc_as_json,
    warc_from_json,
)
from crawler.verification.jsonl_lines import verify_lines
from crawler.verification.scope import Scope
from crawler.verification.warc_files import verify_warc
from crawler.verification.whole_archive import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.shared_storage.place import SharedPlace
    from crawler.verification.findings import LinesReport, WarcReport

REEXTRACT: Final = "reextract"
VERIFY: Final = "verify"
FOLDERS: Final = {REEXTRACT: REEXTRACTED_FOLDER, VERIFY: VERIFIED_FOLDER}


class ArchiveJobError(Exception):
    """The job can't be done, now or later: one sentence."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A published file: its name in pointers and manifests, and its digest by its manifest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchiveJobs:
    """Does archive jobs of one kind: `extractor` is the version they were enqueued for."""

    kind: str
    extractor: str
    max_bytes: int
    data_dir: Path
    place: SharedPlace

    def output(self, name: str, suffix: str) -> str:
        """The name of what is published of a file, by its digest, or of a batch, by its id."""
        return f"{FOLDERS[self.kind]}/{name}{suffix}"

    def is_done(self, file: ArchiveFile) -> bool:
        """Whether the job of a file was done before."""
        return self.place.has(self.output(f"{file.sha256}-{self.extractor}", ".json"))

    def needed(self, files: Sequence[ArchiveFile]) -> list[str]:
        """The files that are to be in the data folder for these: of a verification their lines, and
        the index beside each WARC. WARCs are read where they are."""
        if self.kind == REEXTRACT:
            return []
        return [file.name.removesuffix(WARC_SUFFIX) + INDEX_SUFFIX
                if file.name.endswith(WARC_SUFFIX) else file.name
                for file in files]  # fmt: skip

    def do(self, file: ArchiveFile, scratch: Path) -> bool:
        """Do the job of a file; False where it was done before. Raises ArchiveJobError,
        StorageError."""
        accepted = self._accepted()
        base = f"{file.sha256}-{self.extractor}"
        if self.is_done(file):
            return False
        path = self.data_dir / file.name
        digest = sha256_of(path)
        if digest != file.sha256:
            message = f"{file.name} has the digest {digest}, its manifest says {file.sha256}"
            raise ArchiveJobError(message)
        make = self._extract if self.kind == REEXTRACT else self._verify
        for suffix, made in make(path, scratch, accepted):
            self.place.put(self.output(base, suffix), made)
        return True

    def join(self, batch: str, files: Sequence[ArchiveFile], scratch: Path) -> tuple[str, int]:
        """Publish what all files of a batch give together, as one process makes it; its name, and
        how much was found to be damaged or wrong."""
        self._accepted()
        if self.kind == REEXTRACT:
            return self._join_lines(batch, files, scratch)
        return self._join_reports(batch, files, scratch)

    def _accepted(self) -> AcceptedLayouts:
        accepted = AcceptedLayouts.of(self.data_dir)
        if accepted.version != self.extractor:
            message = (
                f"it was enqueued for version {self.extractor}, this worker is of"
                f" {accepted.version}: enqueue it again"
            )
            raise ArchiveJobError(message)
        return accepted

    # --- re-extraction ---------------------------------------------------------------------------

    def _extract(
        self, path: Path, scratch: Path, accepted: AcceptedLayouts
    ) -> Iterator[tuple[str, Path]]:
        part = Job(
            path, name_in(self.data_dir, path), scratch / "part.jsonl", self._wanted(), accepted
        )
        make_part(part)
        yield LINES_SUFFIX, part.part
        with CrossArchiveStore(part.store) as store:
            yield ".rest", _written(scratch / "rest", store.rows())
        yield ".json", part.tally

    def _join_lines(
        self, batch: str, files: Sequence[ArchiveFile], scratch: Path
    ) -> tuple[str, int]:
        whole, tally = scratch / "whole.jsonl", Tally()
        with whole.open("wb") as output, CrossArchiveStore(scratch / "together.store") as store:
            for file in files:
                told = json.loads(self._got(file, ".json", scratch).read_text())
                tally.counts.update(told["counts"])
                tally.problems += told["problems"]
                with self._got(file, LINES_SUFFIX, scratch).open("rb") as part:
                    shutil.copyfileobj(part, output)
                store.add_rows(_rows(self._got(file, ".rest", scratch)), self.data_dir.joinpath)
            for record in assemble(store, self._wanted(), tally, self._accepted()):
                output.write(as_line(record))
        told = {"counts": dict(sorted(tally.counts.items())), "problems": tally.problems}
        name = self.output(batch, LINES_SUFFIX)
        self.place.put(self.output(batch, ".json"), _written(scratch / "told", [told]))
        self.place.put(name, whole)
        return name, len(tally.problems)

    def _wanted(self) -> Filter:
        return Filter(max_bytes=self.max_bytes)

    # --- verification ----------------------------------------------------------------------------

    def _verify(
        self, path: Path, scratch: Path, accepted: AcceptedLayouts
    ) -> Iterator[tuple[str, Path]]:
        rest = scratch / "rest"
        if path.name.endswith(LINES_SUFFIX):
            moved, folders = MovedMonths.of(self.data_dir), warc_folders_of(self.data_dir)
            lines = verify_lines(path, self.data_dir, folders, rest, moved, accepted)
            told = lines_as_json(lines, self.data_dir)
        else:
            report = verify_warc(path)
            spool_ids(report.ids, rest)
            told = warc_as_json(report, self.data_dir)
        yield ".rest", rest
        yield ".json", _written(scratch / "told", [told])

    def _join_reports(
        self, batch: str, files: Sequence[ArchiveFile], scratch: Path
    ) -> tuple[str, int]:
        paths = [self.data_dir / file.name for file in files]
        lines = [path for path in paths if path.name.endswith(LINES_SUFFIX)]
        scope = Scope(self.data_dir, [path for path in paths if path not in lines], lines)
        verdict = verify(
            scope,
            1,
            quiet=True,
            is_busy=lambda: is_locked(self.data_dir),
            checks=_Made(self, {file.name: file for file in files}, scratch),
        )
        told = _written(scratch / "told", [verdict.as_json(self.data_dir)])
        name = self.output(batch, ".json")
        self.place.put(name, told)
        return name, len(verdict.findings)

    def _got(self, file: ArchiveFile, suffix: str, scratch: Path) -> Path:
        """A copy of what the job of a file published."""
        copy = scratch / f"got{suffix}"
        self.place.get(self.output(f"{file.sha256}-{self.extractor}", suffix), copy)
        return copy


@dataclass(frozen=True, slots=True)
class _Made:
    """What the jobs of a batch found, for `verify`."""

    jobs: ArchiveJobs
    files: dict[str, ArchiveFile]
    scratch: Path

    def warc(self, path: Path, spool: Path) -> WarcReport:
        """The report of a WARC."""
        return warc_from_json(self._told(path, spool), path, self.jobs.data_dir)

    def lines(self, path: Path, spool: Path) -> LinesReport:
        """The report of a JSONL file."""
        return lines_from_json(self._told(path, spool), path, self.jobs.data_dir, spool)

    def _told(self, path: Path, spool: Path) -> Any:
        file = self.files[name_in(self.jobs.data_dir, path)]
        self.jobs._got(file, ".rest", self.scratch).replace(spool)
        return json.loads(self.jobs._got(file, ".json", self.scratch).read_text())


def _written(path: Path, values: Any) -> Path:
    """A file with values as JSON, one a line."""
    try:
        with path.open("w", encoding="ascii") as file:
            file.writelines(json.dumps(value) + "\n" for value in values)
    except OSError as error:
        raise StorageError.of("writing", path, error) from error
    return path


def _rows(path: Path) -> Iterator[list[Any]]:
    with path.open(encoding="ascii") as file:
        yield from map(json.loads, file)


# --- the process that does them ------------------------------------------------------------------


def main() -> None:
    """Do jobs until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_heap()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is none of them
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"done": _done(told)}
    except ArchiveJobError as error:
        return {"error": str(error), "is_final": True}
    except (StorageError, OSError) as error:
        return {"error": str(error), "is_final": False}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "is_final": False}


def _done(told: dict[str, Any]) -> Any:
    data_dir = Path(told["data_dir"])
    place = place_of(told["store"]) if told["store"] else FolderPlace(data_dir)
    jobs = ArchiveJobs(told["kind"], told["extractor"], told["max_bytes"], data_dir, place)
    files = [ArchiveFile(name, sha256) for name, sha256 in told["files"]]
    there = ReadThere(place)
    if told["store"]:
        look_elsewhere(data_dir, there)
    with TemporaryDirectory(prefix="job-") as folder:
        scratch = Path(folder)
        if told["store"]:
            Replication(data_dir, place).fetch(jobs.needed(files))
        if told["batch"]:
            return jobs.join(told["batch"], files, scratch)
        (file,) = files
        if not (data_dir / file.name).exists() and not jobs.is_done(file):
            there.held[file.name] = scratch / "held"
            place.get(file.name, there.held[file.name])
        return jobs.do(file, scratch)


if __name__ == "__main__":
    main()
