"""What every place that is shared keeps to, whatever it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.data_dir import lines_name, lines_of, open_files_of
from crawler.shared_storage.place import MissingError, TakenError

if TYPE_CHECKING:
    from crawler.shared_storage.place import SharedPlace


def file_of(folder: Path, data: bytes, name: str = "file") -> Path:
    """A file of these bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


def check_fetching(place: SharedPlace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fetched into a data folder is its own when it is whole: a crawl that begins meanwhile
    would mend what it finds open there, and another one may fetch the same file."""
    name, data = lines_name("20260101T080000Z-0001"), b"a line\n" * 1000
    place.put(name, file_of(folder, data))
    path = folder / name
    path.parent.mkdir(parents=True)
    replace, seen = Path.replace, list[list[str]]()

    def fetch_again(own: Path, final: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        seen.append([*map(str, open_files_of(folder)), *map(str, lines_of(folder))])
        place.get(name, path)
        return replace(own, final)

    monkeypatch.setattr(Path, "replace", fetch_again)
    place.get(name, path)
    assert seen == [[]]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == data


def check_publishing(place: SharedPlace, name: str, data: bytes, folder: Path) -> None:
    """A file is published once under a name in `a/b`, is had again, and no other takes its name."""
    file = file_of(folder, data)
    assert not place.has(name)
    assert place.put(name, file)
    assert not place.put(name, file)
    with pytest.raises(TakenError, match="with other bytes"):
        place.put(name, file_of(folder, b"two", "other"))
    place.get(name, folder / "copy")
    assert (folder / "copy").read_bytes() == data
    assert [*place.names("a")] == [name]
    with pytest.raises(MissingError):
        place.get("a/b/none", folder / "copy")
