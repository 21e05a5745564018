"""A folder as the shared place: the data folder itself, or one on a file server (NFS).

A file gets its name by link(2), which fails where the name is taken, on file servers too.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.shared_storage.place import MissingError, TakenError, coming, sha256_of
from crawler.shown_text import shown
from crawler.storage import OPEN_SUFFIX, StorageError, fsync_dir, make_folder, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder that all workers see."""

    root: Path

    @property
    def shown(self) -> str:
        """The folder."""
        return shown(self.root)

    def has(self, name: str) -> bool:
        """Whether a file of that name is there."""
        return (self.root / name).is_file()

    def size(self, name: str) -> int | None:
        """The bytes of a file; None where there is none."""
        path = self.root / name
        return path.stat().st_size if path.is_file() else None

    def put(self, name: str, path: Path) -> bool:
        """Copy a file there under a name of its own, and link it to its name once it is on disk."""
        final = self.root / name
        if final.exists():
            return _meet(final, path)
        make_folder(final.parent)
        own = final.with_name(f"{final.name}.{secrets.token_hex(8)}{OPEN_SUFFIX}")
        try:
            _copy(path, own)
            try:
                os.link(own, final)
            except FileExistsError:
                return _meet(final, path)
            finally:
                own.unlink()
        except OSError as error:
            own.unlink(missing_ok=True)
            raise StorageError.of("publishing", final, error) from error
        fsync_dir(final.parent)
        return True

    def get(self, name: str, path: Path) -> None:
        """Copy a file from there."""
        source = self.root / name
        with coming(path) as own:
            try:
                _copy(source, own)
            except FileNotFoundError as error:
                raise MissingError.of("reading", source, error) from error
            except OSError as error:
                raise StorageError.of("reading", source, error) from error

    def open(self, name: str, size: int) -> BufferedReader:
        """Open a file."""
        del size
        return open_file(self.root / name)

    def names(self, folder: str, after: str = "") -> Iterator[str]:
        """The names of what is there, but for what is being written."""
        top = self.root / folder
        found = (
            path.relative_to(self.root).as_posix() for path in top.rglob("*") if path.is_file()
        )
        yield from sorted(name for name in found if name > after and not name.endswith(OPEN_SUFFIX))


def _meet(final: Path, path: Path) -> bool:
    """That the file is there already: False. Raises TakenError where other bytes are."""
    if sha256_of(final) != sha256_of(path):
        raise TakenError(f"{shown(final)} is published already, with other bytes")
    return False


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, 1024 * 1024)
        written.flush()
        os.fsync(written.fileno())
