"""The setting STORE: which place it names, and whose the place is."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from crawler.clock import iso, now
from crawler.data_dir import PROJECT
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import TakenError
from crawler.storage import StorageError

if TYPE_CHECKING:
    from crawler.shared_storage.s3 import S3Place

# Says whose a place is.
OWNER: Final = "cluster.json"
INSTALL: Final = "make install EXTRAS='cluster'"


class StoreError(ValueError):
    """STORE names no place, or that of somebody else; one line."""


def place_of(setting: str) -> FolderPlace | S3Place:
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


def claim(place: FolderPlace | S3Place, cluster: str) -> None:
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
            f" ({owner.get('cluster')}, this one is {cluster}): name another bucket or prefix"
        )
        raise StoreError(message)


def _owner(path: Path, where: str) -> dict[str, Any]:
    try:
        owner: dict[str, Any] = json.loads(path.read_text())
        owner.get("cluster")
    except (ValueError, AttributeError) as error:
        raise StorageError(f"{where}: {OWNER} can't be read: {error}") from error
    return owner
