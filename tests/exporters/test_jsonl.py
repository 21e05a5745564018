"""Lines of a run: made with the first, whole or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from crawler.exporters.jsonl import JsonlWriter
from crawler.items import as_line
from crawler.storage import StorageError
from tests.ledger.conftest import line

if TYPE_CHECKING:
    from pathlib import Path

NAME = "jsonl/2026/01/xinhua-r1.jsonl"


def test_a_file_is_made_with_its_first_line(tmp_path: Path) -> None:
    writer = JsonlWriter(tmp_path, NAME)
    writer.sync()
    writer.close()
    assert list(tmp_path.iterdir()) == []
    for number in (1, 2):
        writer.write(line(number))
    writer.sync()
    assert writer.lines == 2
    assert writer.path == tmp_path / "jsonl/2026/01/xinhua-r1.jsonl.open"
    assert writer.path.read_bytes() == as_line(line(1)) + as_line(line(2))
    writer.close()


def test_a_half_line_is_cut_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JsonlWriter(tmp_path, NAME)
    writer.write(line(1))
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data[:-50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left"):
        writer.write(line(2))
    monkeypatch.undo()
    assert writer.lines == 1
    writer.write(line(3))
    assert writer.path.read_bytes() == as_line(line(1)) + as_line(line(3))
    writer.close()
