"""STORE: what it may name, that it is one cluster's, and how replication goes on."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from crawler.data_dir import lines_of, reports_of
from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.s3 import S3Place
from crawler.shared_storage.store import Replication, StoreError, claim, place_of
from crawler.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.processes import Crawl
    from tests.s3 import S3Server


def test_two_clusters_in_one_place(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    place = S3Place(s3.bucket(), "a prefix")
    claim(place, "first")
    claim(place, "first")
    with pytest.raises(StoreError, match="belongs to another cluster"):
        claim(place, "second")
    claim(S3Place(place.bucket, "another"), "second")
    folder = place_of(str(tmp_path / "folder"))
    claim(folder, "first")
    with pytest.raises(StoreError, match="belongs to another cluster"):
        claim(folder, "second")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gs://bucket/x", "a folder or s3://BUCKET/PREFIX"),
        ("s3://", "s3://BUCKET/PREFIX is wanted"),
        ("s3://key:secret@bucket/x", "credentials are the environment's"),
    ],
)
def test_what_is_no_store(setting: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as error:
        place_of(setting)
    assert "secret" not in str(error.value)


@pytest.fixture
def replication(first: Crawl, tmp_path: Path) -> Replication:
    data_dir = shutil.copytree(first.data_dir, tmp_path / "data")
    return Replication(data_dir, FolderPlace(tmp_path / "shared"))


def test_what_was_interrupted_is_gone_on_with(
    replication: Replication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place refuses at the third file, then the disk of the second try; nothing that a manifest
    in it lists is missing."""
    data_dir, place = replication.data_dir, replication.place
    put, calls = FolderPlace.put, 0

    def refusing(self: FolderPlace, name: str, path: Path) -> bool:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise StorageError("refused")
        return put(self, name, path)

    monkeypatch.setattr(FolderPlace, "put", refusing)
    with pytest.raises(StorageError, match="refused"):
        replication.push()
    assert [*place.names("runs")] == []
    assert Replication(data_dir, place).push() == 1
    (report,) = reports_of(data_dir)
    for row in json.loads(report.read_text())["files"]:
        assert place.has(row["path"])
    assert place.has(f"runs/{report.name}")
    calls = 10
    assert Replication(data_dir, place).push() == 0
    assert calls == 10


def test_a_file_that_is_not_what_its_manifest_says_is_not_shared(replication: Replication) -> None:
    (lines,) = lines_of(replication.data_dir)
    lines.write_bytes(lines.read_bytes() + b"{}\n")
    with pytest.raises(StorageError, match="is not what its manifest says"):
        replication.push()
    assert [*replication.place.names("runs")] == []
    assert [*replication.place.names("jsonl")] == []
