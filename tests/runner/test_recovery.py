"""What a killed run left of its lines; `tests/chaos` kills whole runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.runner.recovery import cut_lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [1, 10, 70_000])
def test_jsonl_is_cut_to_its_last_whole_line(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.jsonl.open"
    line = b"x" * size + b"\n"
    for torn in (b"", b"y", b"y" * 200_000):
        path.write_bytes(line * 3 + torn)
        assert cut_lines(path) == len(torn)
        assert path.read_bytes() == line * 3
    path.write_bytes(b"torn")
    assert cut_lines(path) == 4
    assert path.read_bytes() == b""
