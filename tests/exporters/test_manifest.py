"""The manifest's rows: every published file of the run, none of another, none that is open."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

from crawler.exporters.manifest import files_of

if TYPE_CHECKING:
    from pathlib import Path


def test_one_row_a_file(tmp_path: Path) -> None:
    files = {
        "jsonl/2026/01/xinhua-r1.jsonl": (b"{}\n{}\n", 2),
        "warc/2026/01/xinhua-r1-00001.cdxj": (b"a\nb\nc\n", 3),
        "warc/2026/01/xinhua-r1-00001.warc.gz": (gzip.compress(b"x") * 4, 4),
    }
    others = ["jsonl/2026/01/xinhua-r2.jsonl", "warc/2026/01/xinhua-r1-00002.warc.gz.open"]
    for name in [*files, *others]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files.get(name, (b"", 0))[0])
    assert files_of(tmp_path, "r1") == [
        {
            "path": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "records": count,
        }
        for name, (data, count) in files.items()
    ]
