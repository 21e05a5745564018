"""STORE: which place the setting names, whose the place is, and what goes there from a data folder
and comes from there.

A worker writes into a folder of its own. What it published goes to the shared place once its
manifest is there: the files first, each held against its digest, the manifest last, so that what a
manifest in the shared place lists is in it. Whatever stops that, the next call goes on from there.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from crawler.clock import iso, now
from crawler.data_dir import (
    COVERAGE_FOLDER,
    IMAGES_FOLDER,
    LAYOUTS_FOLDER,
    LINES_FOLDER,
    PROJECT,
    REPORTS_FOLDER,
    SIGHTINGS_FOLDER,
    WARC_FOLDER,
    WARC_SUFFIX,
    accepted_layouts_of,
    manifests_of,
    part_of,
    run_stamp,
    stored_file,
)
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import TakenError, sha256_of
from crawler.storage import StorageError, make_folder, open_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from io import BufferedReader

    from crawler.shared_storage.place import SharedPlace


# Says whose a place is.
OWNER: Final = "cluster.json"

# What runs publish in. Manifests go there last, and come first: what they list is there by then.
_FOLDERS: Final = (
    REPORTS_FOLDER, LINES_FOLDER, WARC_FOLDER, SIGHTINGS_FOLDER, IMAGES_FOLDER, COVERAGE_FOLDER,
    LAYOUTS_FOLDER,
)  # fmt: skip

# So many files are fetched at a time.
_AT_A_TIME: Final = 8

INSTALL: Final = "make install EXTRAS='cluster'"


class StoreError(ValueError):
    """STORE names no place, or that of somebody else; one line."""


def place_of(setting: str) -> SharedPlace:
    """The place that STORE names: a folder, a relative one in the project, or `s3://…`. Raises
    StoreError."""
    if "://" not in setting:
        return FolderPlace(PROJECT / setting)
    if not setting.startswith("s3://"):
        raise StoreError(f"STORE: a folder or s3://BUCKET/PREFIX is wanted, not {setting!r}")
    bucket, _, prefix = setting.removeprefix("s3://").partition("/")
    if not bucket or "@" in bucket or "?" in prefix:
        raise StoreError("STORE: s3://BUCKET/PREFIX is wanted; credentials are the environment's")
    if find_spec("boto3") is None:
        raise StoreError(f"STORE: S3 needs an extra: {INSTALL}")
    from crawler.shared_storage.s3 import S3Place

    return S3Place(bucket, prefix.strip("/"))


def claim(place: SharedPlace, cluster: str) -> None:
    """Take a place for a cluster, where it is nobody's. Raises StoreError where it is another's,
    StorageError where it can't be read or written."""
    with TemporaryDirectory(prefix="claim-") as folder:
        told = Path(folder) / OWNER
        if not place.has(OWNER):
            told.write_text(json.dumps({"cluster": cluster, "since": iso(now())}) + "\n")
            with suppress(TakenError):  # by another one, meanwhile
                place.put(OWNER, told)
        place.get(OWNER, told)
        owner = _owner(told, place.shown)
    if owner.get("cluster") != cluster:
        message = (
            f"STORE: {place.shown} belongs to another cluster since {owner.get('since')}"
            f" ({owner.get('cluster')}, this one is {cluster}): name another bucket or prefix;"
            f" where it is the same archive, with its ledger moved or made again, delete {OWNER}"
            " there"
        )
        raise StoreError(message)


def _owner(path: Path, where: str) -> dict[str, Any]:
    try:
        owner: dict[str, Any] = json.loads(path.read_text())
        owner.get("cluster")
    except (ValueError, AttributeError) as error:
        raise StorageError(f"{where}: {OWNER} can't be read: {error}") from error
    return owner


@dataclass(slots=True)
class Replication:
    """Between a folder and a place; which manifests are in both is kept in `state/stored`."""

    data_dir: Path
    place: SharedPlace
    _stored: set[str] | None = None

    def push(self) -> int:
        """Publish what isn't in the shared place yet; how many manifests went. Raises
        StorageError."""
        stored = self._known()
        waiting = [path for path in manifests_of(self.data_dir) if path.name not in stored]
        for manifest in waiting:
            for row in listed_in(manifest):
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
        whole = [name for name in names if part_of(name.rpartition("/")[2]) is None]
        lacking = [name for name in whole if not (self.data_dir / name).exists()]
        self.fetch(lacking)
        for name in lacking:
            if name.startswith(f"{REPORTS_FOLDER}/"):
                self._note(name.rpartition("/")[2])
        return len(lacking)

    def fetch(self, names: Iterable[str]) -> None:
        """Fetch published files that aren't in the folder, several at a time."""
        lacking = [name for name in names if not (self.data_dir / name).exists()]
        for folder in {(self.data_dir / name).parent for name in lacking}:
            make_folder(folder)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for _ in pool.map(lambda name: self.place.get(name, self.data_dir / name), lacking):
                pass

    def fetch_all_but_warcs(self) -> None:
        """Fetch all that is published and isn't in the folder, but for WARC files."""
        for folder in _FOLDERS:
            names = [name for name in self.place.names(folder) if not name.endswith(WARC_SUFFIX)]
            self.fetch(names)
            if folder == REPORTS_FOLDER:
                for name in names:
                    manifest = name.rpartition("/")[2]
                    if manifest not in self._known():
                        self._note(manifest)

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


def listed_in(manifest: Path) -> list[dict[str, Any]]:
    """The files that a manifest lists, as its rows. Raises StorageError."""
    try:
        rows: list[dict[str, Any]] = json.loads(manifest.read_bytes())["files"]
    except (OSError, ValueError, KeyError) as error:
        message = f"{manifest} is no manifest ({error}): see `scrapy verify`"
        raise StorageError(message) from error
    return rows


@dataclass(slots=True)
class ReadThere:
    """A shared place as where `storage` looks for files; `held` are whole copies, by name."""

    place: SharedPlace
    held: dict[str, Path] = field(default_factory=dict)
    _sizes: dict[str, int | None] = field(default_factory=dict)

    def size(self, name: str) -> int | None:
        """The bytes of a file. One that is there stays there."""
        if self._sizes.get(name) is None:
            try:
                self._sizes[name] = self.place.size(name)
            except StorageError as error:
                raise OSError(str(error)) from error
        return self._sizes[name]

    def names(self, folder: str) -> Iterator[str]:
        """The names of the files in a folder and below."""
        return self.place.names(folder)

    def open(self, name: str) -> BufferedReader:
        """Open a file."""
        if name in self.held:
            return open_file(self.held[name])
        return self.place.open(name, self.size(name) or 0)
