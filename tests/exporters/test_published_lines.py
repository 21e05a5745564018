"""Lines found by their digests, published or not yet."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from crawler.exporters.published_lines import lines_with

if TYPE_CHECKING:
    from pathlib import Path

LINES = [b'{"id": "1"}\n', '{"id": "二"}\n'.encode(), b'{"id": "3"}\n']
DIGESTS = [hashlib.sha256(line).hexdigest() for line in LINES]
NAME = "jsonl/2026/01/xinhua-r.jsonl"


@pytest.mark.parametrize("ending", ["", ".open"])
def test_lines_are_found(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"{NAME}{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(LINES))

    found = lines_with(tmp_path, NAME, [DIGESTS[1], DIGESTS[2], "0" * 64])

    assert found == {DIGESTS[1]: {"id": "二"}, DIGESTS[2]: {"id": "3"}}


def test_of_a_missing_file_there_are_none(tmp_path: Path) -> None:
    assert lines_with(tmp_path, NAME, DIGESTS) == {}
