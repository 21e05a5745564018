"""Making files last: fsync, atomic publishing, room on the disk, the error of a storage that fails.

A file is written under `<name>.open` and gets its name by `publish` when it is whole and on disk.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from typing import TYPE_CHECKING, Protocol, Self

from crawler.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader
    from pathlib import Path

# How names of files end: one that isn't published yet, WARCs (ours, and others'), their indexes.
OPEN_SUFFIX = ".open"
WARC_SUFFIX = ".warc.gz"
WARC_SUFFIXES = (WARC_SUFFIX, ".warc", ".warc.zst")
INDEX_SUFFIX = ".cdxj"


class Elsewhere(Protocol):
    """Where published files are read that don't lie in the data folder."""

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none. Raises OSError."""

    def open(self, name: str) -> BufferedReader:
        """Open a file. Raises OSError."""

    def names(self, folder: str) -> Iterator[str]:
        """The names of the files in a folder and below, sorted. Raises StorageError."""


_elsewhere: tuple[Path, Elsewhere] | None = None


def look_elsewhere(data_dir: Path, elsewhere: Elsewhere | None) -> None:
    """Let `open_file` and `path_now` find files of a data folder elsewhere when they aren't in it.
    For the whole process, as the place is that of a setting."""
    global _elsewhere
    _elsewhere = None if elsewhere is None else (data_dir, elsewhere)


def _found_elsewhere(path: Path) -> tuple[Elsewhere, str] | None:
    if _elsewhere is None or not path.is_relative_to(_elsewhere[0]):
        return None
    data_dir, elsewhere = _elsewhere
    name = path.relative_to(data_dir).as_posix()
    return None if elsewhere.size(name) is None else (elsewhere, name)


def open_path(path: Path) -> Path:
    """The path of a file until it is published at `path`."""
    return path.with_name(path.name + OPEN_SUFFIX)


def path_now(path: Path) -> Path | None:
    """Where a file stands that is published at `path` or will be, here or elsewhere; None where
    there is none."""
    here = next((one for one in (path, open_path(path)) if one.is_file()), None)
    return here or (path if _found_elsewhere(path) else None)


def is_there(path: Path) -> bool:
    """Whether a file is published at `path`, here or elsewhere."""
    return path.is_file() or _found_elsewhere(path) is not None


def is_elsewhere(data_dir: Path) -> bool:
    """Whether published files of a data folder may lie elsewhere."""
    return _elsewhere is not None and _elsewhere[0] == data_dir


def paths_elsewhere(folder: Path) -> list[Path]:
    """Where files would stand that are published elsewhere alone, in a folder of a data folder and
    below. Raises StorageError."""
    if _elsewhere is None or not folder.is_relative_to(_elsewhere[0]):
        return []
    data_dir, elsewhere = _elsewhere
    names = elsewhere.names(folder.relative_to(data_dir).as_posix())
    return [path for path in map(data_dir.joinpath, names) if not path.exists()]


class StorageError(Exception):
    """The disk refused: what we were doing, where, and why, in one sentence.

    Not an OSError, because Scrapy retries those and no retry mends a disk.
    """

    @classmethod
    def of(cls, what: str, where: Path, why: OSError | str) -> Self:
        reason = why if isinstance(why, str) else why.strerror or str(why)
        return cls(f"{what} {shown(where)}: {reason}")


def open_file(path: Path) -> BufferedReader:
    """Open a file to be read. Raises OSError, also for what is no file: a FIFO would wait for
    somebody who writes into it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if found := _found_elsewhere(path):
            elsewhere, name = found
            return elsewhere.open(name)
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def size_of(path: Path) -> int:
    """The bytes of a file, here or elsewhere. Raises OSError."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        if found := _found_elsewhere(path):
            elsewhere, name = found
            return elsewhere.size(name) or 0
        raise


def is_writable(path: Path) -> bool:
    """Whether a file can be written there: itself, or in the nearest folder above that exists."""
    if path.exists():
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    folder = next(parent for parent in path.parents if parent.exists())
    return os.access(folder, os.W_OK)


def fsync_dir(path: Path) -> None:
    """Make the entries of a folder durable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageError.of("fsync of folder", path, error) from error


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, each entry durable."""
    missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
    for folder in reversed(missing):
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise StorageError.of("creating folder", folder, error) from error
        fsync_dir(folder.parent)


def publish(path: Path, name: str | None = None) -> Path:
    """Give a written, fsynced `<name>.open` its final name, durably; return that path. With `name`
    it is called so, in the same folder."""
    if path.suffix != OPEN_SUFFIX:
        message = f"not an open file: {path}"
        raise ValueError(message)
    final = path.with_name(name) if name else path.with_suffix("")
    if final.exists():
        raise StorageError.of("publishing", final, "a published file of that name exists")
    try:
        path.rename(final)
    except OSError as error:
        raise StorageError.of("publishing", final, error) from error
    fsync_dir(final.parent)
    return final


def publish_lines(final: Path, lines: Iterable[bytes]) -> bool:
    """Write lines to a new file and give it its name once they are on disk; False where there are
    none, which leaves no file. Raises StorageError."""
    opened = open_path(final)
    rest = iter(lines)
    first = next(rest, None)
    try:
        if first is None:
            opened.unlink(missing_ok=True)
            return False
        make_folder(final.parent)
        with opened.open("wb") as file:
            file.write(first)
            file.writelines(rest)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError.of("writing", opened, error) from error
    publish(opened)
    return True


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole small file: readers see the old contents or the new, never a part."""
    partial = open_path(path)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise StorageError.of("writing", path, error) from error
    fsync_dir(path.parent)


def check_disk(data_dir: Path, least: int) -> None:
    """Raise StorageError when the disk of a data folder has fewer than `least` bytes free."""
    free = shutil.disk_usage(data_dir).free
    if free < least:
        raise StorageError(
            f"{shown(data_dir)} has {free} bytes free, fewer than DISK_MIN_FREE ({least})"
        )
