"""Re-extraction of many WARC files: in parallel, also over the spans of large ones; resumable.

In: files and a filter. Out: one part file of JSONL for each span, made whole or not at all, and one
for what only several together give. A part that stands already, of the same input and the same
code, is not made again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from crawler.archive.pointers import name_in
from crawler.archive.reader import FileSpan, WarcError, fit, spans_of
from crawler.archive.wacz import warcs_in
from crawler.items import as_line
from crawler.process_pool import begin_worker, cancelling_on_error
from crawler.reextraction.cross_archive import CrossArchiveStore
from crawler.reextraction.one_warc import Tally, assemble, scan
from crawler.storage import StorageError, fsync_dir, make_folder, open_path, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crawler.layouts import AcceptedLayouts
    from crawler.reextraction.one_warc import Filter

# Seconds between two looks at the progress.
_TICK = 0.5

# Bytes read so far by all workers together; set in each worker when it begins.
_read: Any = None


@dataclass(frozen=True, slots=True)
class Job:
    """One input: the file, its name in the pointers, the part it becomes; or one span of the file.

    Beside the part stand its tally, the store for `assemble`, and WARCs unpacked from a WACZ.
    """

    file: Path
    name: str
    part: Path
    wanted: Filter
    accepted: AcceptedLayouts
    edges: tuple[int, int] | None = None

    @property
    def tally(self) -> Path:
        return self.part.with_suffix(".json")

    @property
    def store(self) -> Path:
        return self.part.with_suffix(".store")

    @property
    def unpacked(self) -> Path:
        return self.part.with_suffix(".unpacked")

    @classmethod
    def of(
        cls, file: Path, data_dir: Path, folder: Path, wanted: Filter, accepted: AcceptedLayouts
    ) -> Job:
        """The job of a file. Its part has another name when the file, the filter, the code or
        an accepted layout has changed."""
        path, stat, name = file.resolve(), file.stat(), name_in(data_dir, file)
        state = (str(path), name, stat.st_size, stat.st_mtime_ns, wanted.key, accepted.version)
        digest = hashlib.sha256(repr(state).encode()).hexdigest()[:32]
        return cls(path, name, folder / f"{digest}.jsonl", wanted, accepted)

    def spans(self) -> list[Job]:
        """The file's spans as jobs of their own; the job itself where there is only one."""
        edges = spans_of(self.file)
        if len(edges) == 1:
            return [self]
        names = [f"{self.part.stem}-{start}-{end}.jsonl" for start, end in edges]
        return [
            replace(self, part=self.part.with_name(name), edges=span)
            for name, span in zip(names, edges, strict=True)
        ]


def make_parts(
    jobs: Sequence[Job], folder: Path, processes: int, *, quiet: bool
) -> tuple[list[Path], list[Tally]]:
    """Make every part. Returns the parts and their tallies in the order of the jobs; last comes
    that of what only several files together give. Raises BrokenProcessPool when a worker was
    killed."""
    divided = [[job] if job.tally.exists() else job.spans() for job in jobs]
    todo = [span for spans in divided for span in spans if not span.tally.exists()]
    context = multiprocessing.get_context("fork")
    read = context.Value("q", 0)
    # its thread would be forked
    tqdm.monitor_interval = 0
    with (
        ProcessPoolExecutor(processes, context, _begin, (read,)) as pool,
        tqdm(total=_size(todo), unit="B", unit_scale=True, disable=quiet or None) as bar,
    ):
        _run(pool, todo, read, bar)
        unfit = [job for job, spans in zip(jobs, divided, strict=True) if not _spans_fit(spans)]
        bar.total = (bar.total or 0) + _size(unfit)
        _run(pool, unfit, read, bar)
    whole = zip(jobs, divided, strict=True)
    made = [one for job, spans in whole for one in ([job] if job in unfit else spans)]
    tallies = [_read_tally(job)[0] for job in made]
    together, tally = _assemble(made, folder)
    return [*(job.part for job in made), together], [*tallies, tally]


def _run(pool: ProcessPoolExecutor, jobs: Sequence[Job], read: Any, bar: tqdm[Any]) -> None:
    with cancelling_on_error(pool):
        pending = {pool.submit(_make, job) for job in jobs}
        while pending:
            done, pending = wait(pending, _TICK)
            bar.update(read.value - bar.n)
            for future in done:
                future.result()


def _spans_fit(spans: Sequence[Job]) -> bool:
    """Whether a file's spans give what the whole file would; where not, it is read as a whole."""
    found = [span for job in spans if (span := _read_tally(job)[1]) is not None]
    return not found or fit(found)


def _size(jobs: Iterable[Job]) -> int:
    edges = (job.edges or (0, job.file.stat().st_size) for job in jobs)
    return sum(end - start for start, end in edges)


@contextmanager
def parts_folder(output: Path | None) -> Iterator[Path]:
    """The folder of the parts: beside the output, so that a killed run can be gone on with; a
    temporary one where there is no output file."""
    if output is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = output.with_name(output.name + ".parts")
    make_folder(folder)
    yield folder
    shutil.rmtree(folder)


def join_parts(parts: Iterable[Path], output: Path) -> None:
    """Put the parts together, in order; the output appears when it is whole and on disk."""
    partial = open_path(output)
    with partial.open("wb") as whole:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole)
        whole.flush()
        os.fsync(whole.fileno())
    partial.replace(output)
    fsync_dir(output.parent)


def _begin(read: Any) -> None:
    # the pool's way to share a value
    global _read
    _read = read
    begin_worker()


def _make(job: Job) -> None:
    """In a worker: one part, whose progress all workers add to."""
    make_part(job, _advance)


def make_part(job: Job, on_read: Callable[[int], None] | None = None) -> Tally:
    """Make one part with its store and its tally, the tally last. Raises StorageError."""
    tally = Tally()
    span = FileSpan(*job.edges) if job.edges else None
    job.store.unlink(missing_ok=True)
    shutil.rmtree(job.unpacked, ignore_errors=True)
    try:
        with job.part.open("wb") as part, CrossArchiveStore(job.store) as store:
            for file, name in _opened(job, tally):
                found = scan(
                    file, name, job.wanted, tally, store,
                    accepted=job.accepted, span=span, on_read=on_read,
                )  # fmt: skip
                for line in found:
                    part.write(as_line(line))
            part.flush()
            os.fsync(part.fileno())
    except OSError as error:
        raise StorageError.of("writing", job.part, error) from error
    told = {
        "counts": tally.counts,
        "problems": tally.problems,
        "others": tally.others,
        "span": span and asdict(span),
    }
    write_atomically(job.tally, json.dumps(told).encode())
    return tally


def _assemble(jobs: Sequence[Job], folder: Path) -> tuple[Path, Tally]:
    """Make the part of what several files give together, anew each time."""
    tally = Tally()
    path, database = folder / "together.jsonl", folder / "together.store"
    database.unlink(missing_ok=True)
    with path.open("wb") as part, CrossArchiveStore(database) as store:
        for job in jobs:
            store.take(job.store)
        for line in assemble(store, jobs[0].wanted, tally, jobs[0].accepted):
            part.write(as_line(line))
    return path, tally


def _advance(size: int) -> None:
    with _read.get_lock():
        _read.value += size


def _opened(job: Job, tally: Tally) -> Iterator[tuple[Path, str]]:
    """The WARC files of an input with their names: itself, or those packed in a WACZ."""
    if job.edges:
        yield job.file, job.name
        return
    try:
        for path, inner in warcs_in(job.file, job.unpacked):
            yield path, job.name + inner
    except WarcError as error:
        tally.problem(job.name, error.offset, error.why)


def _read_tally(job: Job) -> tuple[Tally, FileSpan | None]:
    told = json.loads(job.tally.read_text())
    tally = Tally(problems=told["problems"], others=told["others"])
    tally.counts.update(told["counts"])
    return tally, FileSpan(**told["span"]) if told["span"] else None
