"""Who may write into a data folder: one process at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crawler.exit_codes import LOCKED, USAGE
from crawler.run_lock import CannotStartError, is_locked, take_lock

if TYPE_CHECKING:
    from pathlib import Path


def test_one_process_at_a_time(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert not is_locked(data_dir)
    assert not data_dir.exists()
    lock = take_lock(data_dir)
    assert is_locked(data_dir)
    with pytest.raises(CannotStartError, match="another run holds") as refused:
        take_lock(data_dir)
    assert refused.value.exitcode == LOCKED
    os.close(lock)
    assert not is_locked(data_dir)
    os.close(take_lock(data_dir))


def test_a_folder_that_can_t_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file of that name")
    with pytest.raises(CannotStartError, match="can't be written") as refused:
        take_lock(tmp_path / "data")
    assert refused.value.exitcode == USAGE
