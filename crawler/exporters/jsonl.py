"""Lines of articles in JSONL: written by a run, found again by their digests, their JSON Schemas.

A run's file has records in key order, one on a line. It is made with its first line, so that a run
with nothing new leaves none. The schemas, one for each schema version, are shipped beside this
module.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from crawler.data_dir import lines_now
from crawler.items import SCHEMA_VERSION, as_line
from crawler.storage import StorageError, fsync_dir, make_folder, open_file, open_path

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

# The schema of each schema version; the newest under the plain name.
SCHEMA_FILES = {1: "article-1.schema.json", SCHEMA_VERSION: "article.schema.json"}

# Appending, so that after a half line was cut off the next one leaves no gap.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND


class JsonlWriter:
    """Appends whole lines to the file `name` below `data_dir`, which isn't published yet. `lines`
    counts those of all files; `ids` are the articles of the lines in this one, `size` its bytes.
    """

    def __init__(self, data_dir: Path, name: str) -> None:
        self.lines = 0
        self._data_dir = data_dir
        self._fd: int | None = None
        self._begin(name)

    def _begin(self, name: str) -> None:
        self.name = name
        self.path = open_path(self._data_dir / name)
        self.ids: list[str] = []
        self.size = 0

    def write(self, record: dict[str, Any]) -> None:
        """Append one record. Raises StorageError; a half line is cut off again."""
        line = as_line(record)
        try:
            if self._fd is None:
                make_folder(self.path.parent)
                self._fd = os.open(self.path, _FLAGS, 0o644)
                fsync_dir(self.path.parent)
            start = os.fstat(self._fd).st_size
            try:
                written = os.write(self._fd, line)
                while written < len(line):
                    written += os.write(self._fd, line[written:])
            except OSError:
                os.ftruncate(self._fd, start)
                raise
        except OSError as error:
            raise StorageError(f"writing {self.path} failed: {error.strerror}") from error
        self.lines += 1
        self.size += len(line)
        self.ids.append(record["id"])

    def sync(self) -> None:
        """Make the lines durable. Raises StorageError."""
        if self._fd is not None:
            try:
                os.fsync(self._fd)
            except OSError as error:
                raise StorageError(f"syncing {self.path} failed: {error.strerror}") from error

    def close(self) -> None:
        """Close the file, which keeps its name."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def take(self, name: str) -> Path | None:
        """Sync, close and hand over the file, which keeps its `.open` name; None where there is no
        line. What follows goes to the file `name`. Raises StorageError."""
        self.sync()
        self.close()
        taken = self.path if self.ids else None
        self._begin(name)
        return taken


def lines_with(data_dir: Path, jsonl: str, digests: Collection[str]) -> dict[str, dict[str, Any]]:
    """By digest, the lines of a file whose SHA-256, line feed included, is one of `digests` (hex).

    `jsonl` is the file's published name, relative to `data_dir`; while its run is on it is read
    under the name it has until then. The file is read once, line by line. What isn't there is left
    out. Raises OSError where a file can't be read.
    """
    path = lines_now(data_dir, jsonl)
    found: dict[str, dict[str, Any]] = {}
    if path is None:
        return found
    with open_file(path) as lines:
        for line in lines:
            digest = hashlib.sha256(line).hexdigest()
            if digest in digests:
                found[digest] = json.loads(line)
    return found


@cache
def line_schema(schema_version: int = SCHEMA_VERSION) -> dict[str, Any]:
    """The schema of a line of this version (DATA_FORMAT.md says what the keys mean). Raises
    KeyError for one that isn't known."""
    text = resources.files(__package__).joinpath(SCHEMA_FILES[schema_version]).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
