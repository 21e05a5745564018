"""The JSONL output of a run: records in key order, one on a line.

A file is made with its first line, so that a run with nothing new leaves none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from crawler.items import as_line
from crawler.storage import StorageError, fsync_dir, make_folder, open_path

if TYPE_CHECKING:
    from pathlib import Path


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
