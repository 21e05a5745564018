"""The rows of a manifest: digest, size and number of records of each file, by path."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from crawler.exporters.manifest import rows_of
from crawler.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path


def test_one_row_a_file(tmp_path: Path) -> None:
    files = {
        "jsonl/2026/01/xinhua-r1.jsonl": (b"{}\n{}\n", 2),
        "warc/2026/01/xinhua-r1-00001.cdxj": (b"a\nb\nc\n", 3),
        "warc/2026/01/xinhua-r1-00001.warc.gz": (gzip.compress(b"x") * 4, 4),
    }
    for name, (data, _) in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    paths = [tmp_path / name for name in files]
    assert rows_of(tmp_path, paths[::-1]) == [
        {
            "path": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "records": count,
        }
        for name, (data, count) in files.items()
    ]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        rows_of(tmp_path, [tmp_path / "gone"])
