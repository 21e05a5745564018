"""An archive with a history, read through the room's own command, as a person does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.room.served import Served, Trap, add_attack, make_history, serving
from tests.shared_folders import made_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    """The server that the hostile page would have its readers ask."""
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture(scope="session")
def read_archive(tmp_path_factory: pytest.TempPathFactory, trap: Trap) -> Path:
    """A data folder with edits, a withdrawal, a restoral and a hostile page, and its index."""
    history = made_once(tmp_path_factory, "room-history", make_history)
    data_dir = shutil.copytree(history, tmp_path_factory.mktemp("room") / "data")
    return add_attack(data_dir, trap.base)


@pytest.fixture(scope="session")
def room(read_archive: Path) -> Iterator[Served]:
    """The room over it, served."""
    with serving(read_archive) as served:
        yield served
