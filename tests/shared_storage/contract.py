"""What every place that is shared keeps to, whatever it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.shared_storage.place import MissingError, TakenError

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.shared_storage.place import SharedPlace


def file_of(folder: Path, data: bytes, name: str = "file") -> Path:
    """A file of these bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


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
