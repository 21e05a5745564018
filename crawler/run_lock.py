"""The lock of a run on its data folder: one process at a time writes there, or several together
whose ledger on a server keeps them apart. Each run whose ledger is on a server locks a file of its
own besides, which says that it is of this folder, and whether its process is still there, however
long it stands still."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.data_dir import (
    LINES_FOLDER,
    REPORTS_FOLDER,
    WARC_FOLDER,
    ledger_file,
    ledger_url_file,
    lock_file,
    run_lock_file,
    run_lock_files,
)
from crawler.exit_codes import LOCKED, STORAGE, USAGE
from crawler.shown_text import shown
from crawler.storage import StorageError, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class CannotStartError(Exception):
    """The run can't begin: the message says why, `exitcode` what the shell sees."""

    def __init__(self, message: str, exitcode: int) -> None:
        super().__init__(message)
        self.exitcode = exitcode


def take_lock(data_dir: Path, *, is_shared: bool = False) -> int:
    """Take the data folder for this process: a file descriptor that locks it until closed, for
    others like it too where `is_shared`.

    Raises CannotStartError: 2 the folder can't be written, 5 its disk is full, 75 another run holds
    it.
    """
    path = lock_file(data_dir)
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
        kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        message = f"another run holds {shown(path)}; this one does nothing"
        raise CannotStartError(message, LOCKED) from error
    return lock


def is_begun(data_dir: Path) -> bool:
    """Whether an archive was ever begun in the folder: something is published, or there is a
    ledger, or the first run is just making it. Raises OSError as `is_locked`."""
    folders = (WARC_FOLDER, LINES_FOLDER, REPORTS_FOLDER)
    return (
        any((data_dir / name).is_dir() for name in folders)
        or ledger_file(data_dir).exists()
        or ledger_url_file(data_dir).exists()
        or is_locked(data_dir)
    )


def is_locked(data_dir: Path) -> bool:
    """Whether a process holds the lock; asking leaves nothing behind. Raises OSError when the lock
    can't be opened."""
    return _is_busy(lock_file(data_dir)) or bool(runs_on(data_dir))


def _is_busy(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def runs_on(data_dir: Path) -> set[str]:
    """The runs of this folder whose process is there, of those that share a ledger. Raises OSError
    as `is_locked`."""
    return {path.name for path in run_lock_files(data_dir) if _is_busy(path)}


def lock_run(data_dir: Path, run_id: str) -> int:
    """Say that this run's process is there, until the file descriptor is closed. Raises
    StorageError."""
    path = run_lock_file(data_dir, run_id)
    try:
        make_folder(path.parent)
        # Locked before anybody finds it there.
        unseen = path.parent.with_name(f"{path.parent.name}-{run_id}")
        lock = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unseen.rename(path)
    except OSError as error:
        raise StorageError.of("locking", path, error) from error
    return lock


def lock_dead_runs(data_dir: Path) -> dict[str, int]:
    """The runs of this folder that share a ledger and whose process is gone, each with the lock
    that keeps them for the caller. Raises StorageError."""
    dead = {}
    for path in run_lock_files(data_dir):
        try:
            lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError.of("locking", path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        dead[path.name] = lock
    return dead


@contextmanager
def running(data_dir: Path, run_id: str, *, is_on_server: bool) -> Iterator[None]:
    """A run that others wait for, whatever its regions; where it fails its file stays, for the
    recovery. Raises StorageError."""
    lock = lock_run(data_dir, run_id) if is_on_server else None
    try:
        yield
    except BaseException:
        if lock is not None:
            os.close(lock)
        raise
    if lock is not None:
        forget_run(data_dir, run_id, lock)


def forget_run(data_dir: Path, run_id: str, lock: int) -> None:
    """The run is over: its lock goes, and the file with it."""
    run_lock_file(data_dir, run_id).unlink(missing_ok=True)
    os.close(lock)
