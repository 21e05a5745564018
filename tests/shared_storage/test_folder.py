"""A folder as the shared place: what is written once stays, whoever writes beside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import MissingError, TakenError
from crawler.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path / "shared")


def file_of(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_file_is_published_once(place: FolderPlace, tmp_path: Path) -> None:
    file = file_of(tmp_path, b"one" * 1000)
    assert not place.has("a/b/one")
    assert place.put("a/b/one", file)
    assert not place.put("a/b/one", file)
    with pytest.raises(TakenError, match="with other bytes"):
        place.put("a/b/one", file_of(tmp_path, b"two", "other"))
    place.get("a/b/one", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"one" * 1000
    assert [*place.names("a")] == ["a/b/one"]
    assert [path.name for path in place.root.rglob("*") if path.is_file()] == ["one"]
    with pytest.raises(MissingError):
        place.get("a/b/none", tmp_path / "copy")


def test_many_writers_of_one_name(place: FolderPlace, tmp_path: Path) -> None:
    file = file_of(tmp_path, b"x" * 300_000)
    with ThreadPoolExecutor(8) as pool:
        done = [*pool.map(lambda _: place.put("one", file), range(40))]
    assert sum(done) == 1
    assert [path.name for path in place.root.iterdir()] == ["one"]
    others = [file_of(tmp_path, b"%d" % number, f"f{number}") for number in range(8)]

    def put(path: Path) -> str:
        try:
            return "put" if place.put("two", path) else "same"
        except TakenError:
            return "taken"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, others)) == ["put", *["taken"] * 7]


def test_names_in_their_order(place: FolderPlace, tmp_path: Path) -> None:
    file = file_of(tmp_path, b"x")
    for name in ("runs/b", "runs/a", "runs/c/d", "other/e"):
        place.put(name, file)
    (place.root / "runs" / "f.open").write_bytes(b"unfinished")
    assert [*place.names("runs")] == ["runs/a", "runs/b", "runs/c/d"]
    assert [*place.names("runs", after="runs/a")] == ["runs/b", "runs/c/d"]
    assert [*place.names("none")] == []


def test_a_folder_that_can_t_be_written(tmp_path: Path) -> None:
    place = FolderPlace(file_of(tmp_path, b"no folder", "shared"))
    with pytest.raises(StorageError):
        place.put("a", file_of(tmp_path, b"x"))
