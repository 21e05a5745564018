"""The parts in which a run publishes: a long one gives readers its lines while it goes on.

In: the files that a run has open. Out: published files and the manifest of each part, numbered
`seq` in the order in which they came. A part is closed as a whole: WARC and JSONL are fsynced, the
ledger is committed with the part's `seq`, the files are renamed (WARCs first, so that no published
line points into an open file), indexed, and then the manifest is written. A run of one part has no
such manifest: its report is it.

What a kill leaves between these steps is finished by `runner.recovery` with the same functions.
"""

from __future__ import annotations

import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from crawler.archive import cdxj
from crawler.archive.compression import members
from crawler.clock import iso, now
from crawler.data_dir import (
    LINES_SUFFIX,
    REPORTS_FOLDER,
    WARC_SUFFIX,
    lines_name,
    newest_manifest,
    part_manifest_name,
    report_name,
)
from crawler.storage import StorageError, make_folder, publish, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from pathlib import Path

    from crawler.archive.reader import WarcError
    from crawler.archive.writer import WarcWriter
    from crawler.exporters.jsonl import JsonlWriter
    from crawler.ledger.ledger import Ledger

logger = logging.getLogger(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PartLimits:
    """When a part is closed: its first line waits for `seconds`, or WARC and JSONL together have
    `bytes`."""

    seconds: float
    bytes: int


class Parts:
    """Publishes what a run writes. `archive` is None for a run that fetches nothing.

    To be told at each checkpoint (`publish_due`) and at the end (`close`, then the report is
    written with `seq` and `count`). Indexing and digests are the work of a thread of its own, so
    that a crawl doesn't stand still meanwhile; the ledger is written by the caller's alone.
    """

    def __init__(
        self,
        data_dir: Path,
        run_id: str,
        ledger: Ledger,
        archive: WarcWriter | None,
        output: JsonlWriter,
        limits: PartLimits,
    ) -> None:
        # of the manifests that were written
        self.count = 0
        self.newest_at: str | None = None
        # of the report
        self.seq = 0
        self._data_dir = data_dir
        self._run_id = run_id
        self._ledger = ledger
        self._archive = archive
        self._output = output
        self._limits = limits
        self._first_line_at: float | None = None
        self._rows: Rows = []
        self._manifest: dict[str, Any] = {}
        self._indexing: Future[Rows] | None = None
        self._thread = ThreadPoolExecutor(1, "parts")

    def publish_due(self) -> None:
        """Write the manifest of a part whose files are indexed, and close the next one where its
        time has come. Raises StorageError."""
        if self._indexing:
            if not self._indexing.done():
                return
            self._finish()
        if self._is_due():
            self._close_part()

    def close(self, further: Callable[[], Sequence[Path]], *, has_more: bool) -> Rows:
        """Publish the rest; the manifest rows of all the run's files, sorted by path. `seq` and
        `count` are the report's from now on. `further` publishes what a run has only at its end,
        from the ledger as it is committed, and returns these files; `has_more` says that there are
        some which whoever takes its regions over would publish as well.

        The number of the report is taken with that of the last part, before any of its files get
        their names: whoever takes the run's regions over then leaves all that is left to it. Raises
        StorageError.
        """
        if self._indexing:
            self._finish()
        self._sync()
        if not self.count:
            self._take_report()
            self._ledger.commit()
            published = self._rename(lines_name(self._run_id))
            return index_and_measure(self._data_dir, [*published, *further()])
        if has_more or self._output.ids or (self._archive and self._archive.files):
            self._close_part(further)
            self._finish()
        else:
            self._ledger.commit()
            # certificates, which nobody else writes
            if last := further():
                self._close_part(lambda: last)
                self._finish()
        self._take_report()
        self._ledger.commit()
        return sorted(self._rows, key=_path)

    def finish_begun(self) -> None:
        """Write the manifest of a part that is being indexed, whatever comes of the run. Raises
        StorageError."""
        if self._indexing:
            self._finish()

    def _is_due(self) -> bool:
        """Whether the part is to be closed; what is fetched without giving any line waits for
        the next one that does."""
        if not self._output.ids:
            return False
        if self._first_line_at is None:
            self._first_line_at = monotonic()
        size = self._output.size + (self._archive.size if self._archive else 0)
        waited = monotonic() - self._first_line_at
        return waited >= self._limits.seconds or size >= self._limits.bytes

    def _close_part(self, further: Callable[[], Sequence[Path]] | None = None) -> None:
        """Close a part; with `further` the last one."""
        self._sync()
        part = self.count
        name = lines_name(self._run_id, part)
        # the first of several was begun as the only one
        if name != self._output.name:
            self._ledger.articles.move_lines(self._output.ids, self._output.name, name)
        self._manifest = begin_manifest(self._data_dir, self._ledger, self._run_id, part)
        if further is not None:
            self._take_report()
        self._ledger.commit()
        published = self._rename(name)
        if further is not None:
            published += further()
        self._first_line_at = None
        self._indexing = self._thread.submit(index_and_measure, self._data_dir, published)

    def _sync(self) -> None:
        """Make WARCs and then lines durable, so that a durable line has its record."""
        if self._archive:
            self._archive.sync()
        self._output.sync()

    def _rename(self, name: str) -> list[Path]:
        """Give the open files their names, WARCs first; `name` is that of the JSONL."""
        published = [publish(path) for path in self._archive.take()] if self._archive else []
        lines = self._output.take(lines_name(self._run_id, self.count + 1))
        return [*published, publish(lines, name.rpartition("/")[2])] if lines else published

    def _finish(self) -> None:
        """Write the manifest of the part whose files are indexed by now."""
        assert self._indexing
        rows, self._indexing = self._indexing.result(), None
        write_manifest(self._data_dir, self._manifest, rows)
        logger.info("part %d is published: %s", self.count, _told(rows))
        self.newest_at = self._manifest["published_at"]
        self._rows += rows
        self.count += 1

    def _take_report(self) -> None:
        self.seq = take_seq(self._data_dir, self._ledger, self._run_id, None, now())


def begin_manifest(data_dir: Path, ledger: Ledger, run_id: str, part: int) -> dict[str, Any]:
    """The manifest of a part but for its files, its `seq` noted in the ledger, to be committed
    before the files are renamed. One that was begun before keeps its `seq`."""
    at = now()
    seq = take_seq(data_dir, ledger, run_id, part, at)
    return {"run_id": run_id, "part": part, "published_at": iso(at), "seq": seq, "files": []}


def take_seq(data_dir: Path, ledger: Ledger, run_id: str, part: int | None, at: datetime) -> int:
    """The place of a part, or of a run's report, among all publications. The ledger knows the last
    one; should it be an older copy that was put back, the newest manifest says more."""
    path = report_name(run_id) if part is None else part_manifest_name(run_id, part)
    return ledger.publications.take(
        path, run_id=run_id, part=part, published_at=at, least=1 + _newest_seq(data_dir)
    )


def _newest_seq(data_dir: Path) -> int:
    """The `seq` of the newest manifest by name; 0 where there is none or it can't be read."""
    newest = newest_manifest(data_dir)
    try:
        told = json.loads(newest.read_bytes()) if newest else {}
        return int(told.get("seq", 0))
    except (OSError, ValueError, TypeError, AttributeError):
        return 0


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a part. Raises StorageError where it can't be read."""
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        return manifest | {"files": list(manifest["files"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError.of("reading", path, str(error)) from error


def write_manifest(data_dir: Path, manifest: dict[str, Any], rows: Rows) -> None:
    """Write the manifest of a part, whole or not at all. Raises StorageError."""
    path = data_dir / part_manifest_name(manifest["run_id"], manifest["part"])
    make_folder(data_dir / REPORTS_FOLDER)
    text = json.dumps(manifest | {"files": rows}, ensure_ascii=False, indent=1)
    write_atomically(path, text.encode() + b"\n")


def index_and_measure(data_dir: Path, published: Iterable[Path]) -> Rows:
    """Index the WARCs among these published files that have no index; the manifest rows of files
    and indexes, sorted by path. Raises StorageError."""
    files = []
    for path in published:
        files.append(path)
        if path.name.endswith(WARC_SUFFIX):
            index = cdxj.index_path(path)
            if not index.exists():
                cdxj.write_index(path, on_damage=_passed_over)
            files.append(index)
    return rows_of(data_dir, files)


def rows_of(data_dir: Path, files: Iterable[Path]) -> list[dict[str, Any]]:
    """One row a file, sorted by path: path relative to DATA_DIR, hex SHA-256, size in bytes, and
    how many WARC records, JSONL lines or CDXJ lines it holds. Raises StorageError."""
    try:
        return [_row(data_dir, path) for path in sorted(files)]
    except OSError as error:
        raise StorageError.of("reading", data_dir, error) from error


def _row(data_dir: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        file.seek(0)
        things = members(file) if path.suffix == ".gz" else file
        records = sum(1 for _ in things)
    return {
        "path": path.relative_to(data_dir).as_posix(),
        "sha256": digest.hexdigest(),
        "bytes": path.stat().st_size,
        "records": records,
    }


def _passed_over(error: WarcError) -> None:
    logger.error("passed over by the index: %s", error)


def _path(row: Mapping[str, Any]) -> str:
    return str(row["path"])


def _told(rows: Rows) -> str:
    """What a part holds, for people."""
    lines = sum(row["records"] for row in rows if row["path"].endswith(LINES_SUFFIX))
    warcs = [row for row in rows if row["path"].endswith(WARC_SUFFIX)]
    records = sum(row["records"] for row in warcs)
    return f"{lines} lines, {records} WARC records in {len(warcs)} files"
