"""The data folder as a run meets it: where it is, whether it is free to take and has room.

Out: the folder, a lock on it, or why a run can't start and the exit code that says so.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.exit_codes import LOCKED, STORAGE, USAGE
from crawler.file_names import shown
from crawler.storage import StorageError, make_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


class CannotStartError(Exception):
    """The run can't begin: the message says why, `exitcode` what the shell sees."""

    def __init__(self, message: str, exitcode: int) -> None:
        super().__init__(message)
        self.exitcode = exitcode


def folder_of(settings: BaseSettings) -> Path:
    """DATA_DIR; a relative one is relative to the working directory."""
    return Path(settings["DATA_DIR"]).absolute()


def claim(data_dir: Path) -> int:
    """Take the data folder for this process: a file descriptor that locks it until closed.

    Raises CannotStartError: 2 the folder can't be written, 5 its disk is full, 75 another run holds
    it.
    """
    path = data_dir / "state" / "lock"
    try:
        make_folder(path.parent)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except (OSError, StorageError) as error:
        why = error if isinstance(error, OSError) else error.__cause__
        assert isinstance(why, OSError)
        message = f"the data folder {shown(data_dir)} can't be written: {why.strerror}"
        is_full = why.errno in {errno.ENOSPC, errno.EDQUOT}
        raise CannotStartError(message, STORAGE if is_full else USAGE) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        message = f"another run holds {shown(path)}; this one does nothing"
        raise CannotStartError(message, LOCKED) from error
    return lock


def check_disk(data_dir: Path, least: int) -> None:
    """Raise StorageError when fewer than `least` bytes are free."""
    free = shutil.disk_usage(data_dir).free
    if free < least:
        raise StorageError(
            f"{shown(data_dir)} has {free} bytes free, fewer than DISK_MIN_FREE ({least})"
        )
