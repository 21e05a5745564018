"""Published files between a data folder and the shared place, by their manifests.

A worker writes into a folder of its own. What it published goes to the shared place once its
manifest is there: the files first, each held against its digest, the manifest last, so that what a
manifest in the shared place lists is in it. Whatever stops that, the next call goes on from there.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.data_dir import (
    LAYOUTS_FOLDER,
    REPORTS_FOLDER,
    accepted_layouts_of,
    manifests_of,
    part_of,
    run_stamp,
    stored_file,
)
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import sha256_of
from crawler.storage import StorageError, make_folder, open_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from io import BufferedReader
    from pathlib import Path

    from crawler.shared_storage.s3 import S3Place


@dataclass(slots=True)
class Replication:
    """Between a folder and a place; which manifests are in both is kept in `state/stored`."""

    data_dir: Path
    place: FolderPlace | S3Place
    _stored: set[str] | None = None

    def push(self) -> int:
        """Publish what isn't in the shared place yet; how many manifests went. Raises
        StorageError."""
        stored = self._known()
        waiting = [path for path in manifests_of(self.data_dir) if path.name not in stored]
        for manifest in waiting:
            for row in _files(manifest):
                self._push(row)
            self.place.put(f"{REPORTS_FOLDER}/{manifest.name}", manifest)
            self._note(manifest.name)
        for layout in accepted_layouts_of(self.data_dir):
            self.place.put(layout.relative_to(self.data_dir).as_posix(), layout)
        return len(waiting)

    def pull(self, since: datetime) -> int:
        """Fetch the reports of runs that began since then, and all accepted layouts, which other
        workers published: alarms and extraction rest on them. How many came."""
        first = f"{REPORTS_FOLDER}/{run_stamp(since)}"
        names = [*self.place.names(REPORTS_FOLDER, after=first), *self.place.names(LAYOUTS_FOLDER)]
        came = 0
        for name in names:
            path = self.data_dir / name
            if part_of(path.name) is None and not path.exists():
                make_folder(path.parent)
                self.place.get(name, path)
                came += 1
                if name.startswith(f"{REPORTS_FOLDER}/"):
                    self._note(path.name)
        return came

    def fetch(self, names: Iterable[str]) -> None:
        """Fetch published files that aren't in the folder."""
        for name in names:
            path = self.data_dir / name
            if not path.exists():
                make_folder(path.parent)
                self.place.get(name, path)

    def _push(self, row: dict[str, Any]) -> None:
        name, path = row["path"], self.data_dir / row["path"]
        if not path.is_file():
            if self.place.has(name):
                return
            raise StorageError(f"{name} is listed in a manifest, and neither here nor shared")
        digest = sha256_of(path)
        if digest != row["sha256"]:
            raise StorageError(f"{name} is not what its manifest says: see `scrapy verify`")
        self.place.put(name, path)

    def _known(self) -> set[str]:
        if self._stored is None:
            file = stored_file(self.data_dir)
            self._stored = set(file.read_text().split()) if file.is_file() else set()
        return self._stored

    def _note(self, manifest: str) -> None:
        self._known().add(manifest)
        file = stored_file(self.data_dir)
        make_folder(file.parent)
        try:
            with file.open("a") as kept:
                kept.write(f"{manifest}\n")
        except OSError as error:
            raise StorageError.of("writing", file, error) from error


def _files(manifest: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = json.loads(manifest.read_bytes())["files"]
    except (OSError, ValueError, KeyError) as error:
        raise StorageError(f"{manifest} is no manifest ({error})") from error
    return rows


@dataclass(slots=True)
class ReadThere:
    """A shared place as where `storage` looks for files; `held` are whole copies, by name."""

    place: FolderPlace | S3Place
    held: dict[str, Path] = field(default_factory=dict)
    _sizes: dict[str, int | None] = field(default_factory=dict)

    def size(self, name: str) -> int | None:
        """The bytes of a file. One that is there stays there."""
        if self._sizes.get(name) is None:
            try:
                self._sizes[name] = self._size(name)
            except StorageError as error:
                raise OSError(str(error)) from error
        return self._sizes[name]

    def open(self, name: str) -> BufferedReader:
        """Open a file."""
        if name in self.held:
            return open_file(self.held[name])
        if isinstance(self.place, FolderPlace):
            return open_file(self.place.root / name)
        return self.place.open(name, self.size(name) or 0)

    def _size(self, name: str) -> int | None:
        if isinstance(self.place, FolderPlace):
            path = self.place.root / name
            return os.stat(path).st_size if path.is_file() else None  # noqa: PTH116
        return self.place.size(name)
