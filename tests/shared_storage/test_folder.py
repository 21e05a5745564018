"""A folder as the shared place: what is written once stays, whoever writes beside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crawler.shared_storage.folder import FolderPlace
from crawler.shared_storage.place import TakenError
from crawler.storage import StorageError
from tests.shared_storage.contract import check_fetching, check_publishing, file_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path / "shared")


def test_a_file_is_published_once(place: FolderPlace, tmp_path: Path) -> None:
    check_publishing(place, "a/b/one", b"one" * 1000, tmp_path)
    assert [path.name for path in place.root.rglob("*") if path.is_file()] == ["one"]


def test_a_file_is_fetched_whole(
    place: FolderPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_fetching(place, tmp_path, monkeypatch)


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
