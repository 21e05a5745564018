"""A shared place: what it can do, and what it says when it can't.

A file has a name in it, relative as in pointers and manifests, and is written once. Whoever writes
one that is there already, such as a worker that was frozen and woke, changes nothing; other bytes
under a name that is taken are an error.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from crawler.storage import StorageError, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_PIECE = 1024 * 1024


class TakenError(StorageError):
    """A file of that name, with other bytes, is published already."""


class SharedPlace(Protocol):
    """A folder, or storage behind an interface. Every method raises StorageError."""

    @property
    def shown(self) -> str:
        """The place in a sentence, without secrets."""

    def has(self, name: str) -> bool:
        """Whether a file of that name is published."""

    def size(self, name: str) -> int | None:
        """The bytes of a published file; None where there is none."""

    def put(self, name: str, path: Path) -> bool:
        """Publish a file, whole or not at all; whether it was not there before. Raises TakenError
        where other bytes are."""

    def get(self, name: str, path: Path) -> None:
        """Copy a published file to `path`, whole or not at all. Raises MissingError."""

    def open(self, name: str, size: int) -> BufferedReader:
        """Open a published file of so many bytes, to be read where it is. Raises OSError, here and
        while it is read."""

    def names(self, folder: str, after: str = "") -> Iterator[str]:
        """The names of the files in a folder and below, sorted, from behind the name `after`."""


class MissingError(StorageError):
    """No file of that name is published."""


@contextmanager
def coming(path: Path) -> Iterator[Path]:
    """Where a file is written that is `path` once it is whole. Others may fetch the same file at
    the same time, and no recovery may take it for what a killed run of this folder left open."""
    own = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield own
        own.replace(path)
    except OSError as error:
        raise StorageError.of("writing", own, error) from error
    finally:
        own.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The hex SHA-256 of a file. Raises OSError."""
    hashed = hashlib.sha256()
    with open_file(path) as file:
        while piece := file.read(_PIECE):
            hashed.update(piece)
    return hashed.hexdigest()
