"""Putting jobs into the queue: crawls of regions, the search index, exports; a job a file.

Archive jobs of many files are a batch, which is named after what it is of: the kind of job, the
version of the extractor, the names and digests of the files. Put again, it is the same batch: what
is done stays done, what was given up is tried again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from crawler.archive.pointers import name_in
from crawler.data_dir import LINES_FOLDER, LINES_SUFFIX, WARC_FOLDER, WARC_SUFFIX, manifests_of
from crawler.jobs.archive_files import REEXTRACT
from crawler.jobs.database import connect, failed
from crawler.jobs.queue import CRAWL, JOIN, Putting
from crawler.shared_storage.store import listed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from psycopg.rows import DictRow

    from crawler.jobs.database import JobsCluster


def put_crawls(cluster: JobsCluster, regions: Sequence[str], arguments: Sequence[str]) -> int:
    """Put a crawl of each region; how many were put. One that waits already, with whatever
    arguments, is not put a second time unless it brings arguments of its own."""
    put = 0
    try:
        with connect(cluster.url) as connection, connection.transaction():
            putting = Putting(cluster.url, connection)
            for region in regions:
                key = " ".join((CRAWL, region, *arguments))
                values = {"region": region, "arguments": list(arguments)}
                put += putting.put_once(CRAWL, key, **values)
    except psycopg.Error as error:
        raise failed(cluster.url, error) from error
    return put


def put_command(cluster: JobsCluster, kind: str, **values: str | list[str]) -> int:
    """Put a job for `scrapy index` or `scrapy export`; how many were put: none where it waits
    already."""
    key = " ".join((kind, *map(str, values.values())))
    try:
        with connect(cluster.url) as connection, connection.transaction():
            return int(Putting(cluster.url, connection).put_once(kind, key, **values))
    except psycopg.Error as error:
        raise failed(cluster.url, error) from error


# --- a job a file -------------------------------------------------------------------------------


class ListedFile(NamedTuple):
    """A published file as its manifest has it."""

    name: str
    sha256: str
    bytes: int


class NoFilesError(ValueError):
    """What was asked for has no files; one line."""


class Put(NamedTuple):
    """A batch that was put: its id, how many files it has, for how many of them jobs were put now,
    and its joined output where it is done."""

    batch: str
    files: int
    put: int
    output: str | None


def listed_files(data_dir: Path, kind: str, words: Sequence[str]) -> list[ListedFile]:
    """The published files that jobs of a kind are for: those of runs, years (`2017`), months
    (`2017/09`), or paths, or all of the folder, sorted by name. Raises NoFilesError."""
    suffixes = (WARC_SUFFIX,) if kind == REEXTRACT else (WARC_SUFFIX, LINES_SUFFIX)
    folders = (f"{WARC_FOLDER}/", f"{LINES_FOLDER}/")
    found: dict[str, ListedFile] = {}
    for manifest in manifests_of(data_dir):
        for row in listed_in(manifest):
            name = row["path"]
            if name.endswith(suffixes) and name.startswith(folders):
                found[name] = ListedFile(name, row["sha256"], row["bytes"])
    wanted: dict[str, ListedFile] = {} if words else found
    for word in words:
        some = {name: found[name] for name in _matching(found, data_dir, word)}
        if not some:
            raise NoFilesError(f"no manifest lists files of {word!r}")
        wanted |= some
    if not wanted:
        raise NoFilesError("nothing is published yet")
    return [wanted[name] for name in sorted(wanted)]


def _matching(names: Iterable[str], data_dir: Path, word: str) -> list[str]:
    """The names of a year, a month, a run, or below a path."""
    inside = name_in(data_dir, data_dir / word).rstrip("/")
    folders = {f"{folder}/{word.strip('/')}/" for folder in (WARC_FOLDER, LINES_FOLDER)}
    return [
        name
        for name in names
        if name == inside
        or name.startswith((f"{inside}/", *folders))
        or f"-{word}-" in name.rpartition("/")[2]
        or f"-{word}." in name.rpartition("/")[2]
    ]


def put_batch(
    cluster: JobsCluster,
    kind: str,
    files: Sequence[ListedFile],
    *,
    extractor: str,
    max_bytes: int,
    has: Callable[[str], bool],
) -> Put:
    """Put a job for each file of a batch that isn't done or on its way; for all of them where what
    they gave was deleted since: `has` says whether a file is published. Raises LedgerError."""
    batch = _name(kind, files, extractor, max_bytes)
    try:
        with connect(cluster.url) as connection, connection.transaction():
            row = connection.execute(
                "INSERT INTO batches (id, kind, extractor, max_bytes) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET id = excluded.id"
                " RETURNING xmax = 0 AS is_new, output",
                [batch, kind, extractor, max_bytes],
            ).fetchone()
            assert row
            output = row["output"]
            if row["is_new"]:
                _add_files(connection, batch, files)
            elif output and not has(output):
                _begin_again(connection, batch)
                output = None
            return Put(batch, len(files), _put(cluster, connection, kind, batch), output)
    except psycopg.Error as error:
        raise failed(cluster.url, error) from error


def _add_files(
    connection: psycopg.Connection[DictRow], batch: str, files: Sequence[ListedFile]
) -> None:
    columns = "(batch, number, name, sha256, bytes, state)"
    with connection.cursor().copy(f"COPY files {columns} FROM STDIN") as copy:
        for number, file in enumerate(files):
            copy.write_row((batch, number, *file, "new"))


def _begin_again(connection: psycopg.Connection[DictRow], batch: str) -> None:
    connection.execute("UPDATE files SET state = 'new', ended_at = NULL WHERE batch = %s", [batch])
    connection.execute(
        "UPDATE batches SET output = NULL, problems = NULL, enqueued_at = now() WHERE id = %s",
        [batch],
    )


def _put(
    cluster: JobsCluster, connection: psycopg.Connection[DictRow], kind: str, batch: str
) -> int:
    """Put the jobs that a batch lacks: of files that are new or were given up; or, where all files
    are done and the joining was given up, that."""
    putting = Putting(cluster.url, connection)
    numbers = connection.execute(
        "UPDATE files SET state = 'waiting' WHERE batch = %s AND state IN ('new', 'failed')"
        " RETURNING number, name",
        [batch],
    ).fetchall()
    if numbers:
        connection.execute("UPDATE batches SET ended_at = NULL WHERE id = %s", [batch])
        order = sorted((row["number"], row["name"]) for row in numbers)
        values = [{"batch": batch, "number": number, "name": name} for number, name in order]
        return len(putting.put(kind, values))
    waits = connection.execute(
        "SELECT 1 FROM files JOIN batches b ON b.id = batch WHERE batch = %s"
        " AND (state <> 'done' OR b.output IS NOT NULL) LIMIT 1",
        [batch],
    ).fetchone()
    return 0 if waits else int(putting.put_once(JOIN, f"{JOIN} {batch}", batch=batch))


def _name(kind: str, files: Sequence[ListedFile], extractor: str, max_bytes: int) -> str:
    told = [kind, extractor, max_bytes, [[file.name, file.sha256] for file in files]]
    return f"{kind}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"
