"""The JSONL output of a run: `data/jsonl/YYYY/MM/xinhua-<run>.jsonl`, `.open` while written.

In: records in key order. Out: one line each. The file is made with its first line, so a run with
nothing new leaves none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from crawler.items import as_line
from crawler.storage import StorageError, fsync_dir, make_folder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


# Appending, so that after a half line was cut off the next one leaves no gap.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND


class JsonlWriter:
    """Appends whole lines; `name` is the published file relative to DATA_DIR."""

    def __init__(self, data_dir: Path, run_id: str, started_at: datetime) -> None:
        self.name = f"jsonl/{started_at:%Y/%m}/xinhua-{run_id}.jsonl"
        self.path = data_dir / f"{self.name}.open"
        self.lines = 0
        self._fd: int | None = None

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

    def sync(self) -> None:
        """Make the lines durable. Raises StorageError."""
        if self._fd is not None:
            try:
                os.fsync(self._fd)
            except OSError as error:
                raise StorageError(f"syncing {self.path} failed: {error.strerror}") from error

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
