"""Re-extraction of many WARC files: in parallel, resumable by file, with progress.

In: files and a filter. Out: one part file of JSONL for each, made whole or not at all. A part that
stands already, of the same input and the same code, is not made again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from crawler.durable import OPEN_SUFFIX, make_folder, publish
from crawler.extractor_version import extractor_version
from crawler.items import as_line
from crawler.reextraction import Filter, Tally, reextract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TICK = 0.5
"""Seconds between two looks at the progress."""

_read: Any = None
"""Bytes read so far by all workers together; set in each worker when it begins."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input: the file, its name in the pointers, the part it becomes."""

    file: Path
    name: str
    part: Path
    wanted: Filter

    @property
    def tally(self) -> Path:
        return self.part.with_suffix(".json")

    @classmethod
    def of(cls, file: Path, data_dir: Path, folder: Path, wanted: Filter) -> Job:
        """A file of the data folder is named relative to it, as in our own lines."""
        path, stat = file.resolve(), file.stat()
        is_ours = path.is_relative_to(data_dir.resolve())
        name = path.relative_to(data_dir.resolve()).as_posix() if is_ours else file.name
        state = (str(path), stat.st_size, stat.st_mtime_ns, repr(wanted), extractor_version())
        digest = hashlib.sha256(repr(state).encode()).hexdigest()[:32]
        return cls(file, name, folder / f"{digest}.jsonl", wanted)


def work(jobs: Sequence[Job], processes: int, *, quiet: bool) -> list[Tally]:
    """Make every part; the tallies in the order of the jobs."""
    todo = [job for job in jobs if not job.tally.exists()]
    context = multiprocessing.get_context("fork")
    read = context.Value("Q", 0)
    total = sum(job.file.stat().st_size for job in todo)
    with (
        ProcessPoolExecutor(processes, context, _begin, (read,)) as pool,
        tqdm(total=total, unit="B", unit_scale=True, disable=quiet or None) as bar,
    ):
        pending = {pool.submit(_make, job) for job in todo}
        while pending:
            done, pending = wait(pending, _TICK)
            bar.update(read.value - bar.n)
            for future in done:
                future.result()
    return [_read_tally(job) for job in jobs]


@contextmanager
def parts_folder(output: Path | None) -> Iterator[Path]:
    """Where the parts go: beside the output, to go on from after a kill, else for this run only."""
    if output is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = output.with_name(output.name + ".parts")
    make_folder(folder)
    yield folder
    shutil.rmtree(folder)


def join(jobs: Sequence[Job], output: Path) -> None:
    """Put the parts together, in the order of the jobs; the output appears when it is whole."""
    partial = output.with_name(output.name + OPEN_SUFFIX)
    with partial.open("wb") as whole:
        for job in jobs:
            with job.part.open("rb") as part:
                shutil.copyfileobj(part, whole)
    partial.replace(output)


def _begin(read: Any) -> None:
    global _read  # the pool's way to share a value
    _read = read


def _make(job: Job) -> None:
    """In a worker: one part and its tally, the tally last."""
    tally = Tally()
    partial = job.part.with_name(job.part.name + OPEN_SUFFIX)
    with partial.open("wb") as part, _opened(job) as files:
        for file, name in files:
            for record in reextract(file, name, job.wanted, tally, on_read=_advance):
                part.write(as_line(record))
    partial.replace(job.part)
    open_tally = job.tally.with_name(job.tally.name + OPEN_SUFFIX)
    open_tally.write_text(json.dumps({"counts": tally.counts, "problems": tally.problems}))
    publish(open_tally)


def _advance(size: int) -> None:
    with _read.get_lock():
        _read.value += size


@contextmanager
def _opened(job: Job) -> Iterator[Iterator[tuple[Path, str]]]:
    """The WARC files of an input with their names: itself, or those packed in a WACZ."""
    if not zipfile.is_zipfile(job.file):
        yield iter([(job.file, job.name)])
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(job.file) as packed:
        yield _unpacked(packed, Path(folder), job.name)


def _unpacked(packed: zipfile.ZipFile, folder: Path, name: str) -> Iterator[tuple[Path, str]]:
    """One after the other, under a name of ours: those in the package are not to be trusted."""
    for entry in packed.infolist():
        if entry.filename.startswith("archive/") and not entry.is_dir():
            path = folder / "unpacked.warc"
            with packed.open(entry) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            yield path, f"{name}#{entry.filename}"


def _read_tally(job: Job) -> Tally:
    told = json.loads(job.tally.read_text())
    tally = Tally(problems=told["problems"])
    tally.counts.update(told["counts"])
    return tally
