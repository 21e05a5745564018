"""The manifest of a run: its published files with their digests, part of the run report."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from crawler.archive.gzip_members import members
from crawler.data_dir import files_of_run

if TYPE_CHECKING:
    from pathlib import Path


def files_of(data_dir: Path, run_id: str) -> list[dict[str, Any]]:
    """One row a file: path relative to DATA_DIR, hex SHA-256, size in bytes, and how many WARC
    records, JSONL lines or CDXJ lines it holds."""
    return [_row(data_dir, path) for path in files_of_run(data_dir, run_id)]


def _row(data_dir: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        file.seek(0)
        things = members(file) if path.suffix == ".gz" else file
        records = sum(1 for _ in things)
    return {
        "path": path.relative_to(data_dir).as_posix(),
        "sha256": digest.hexdigest(),
        "bytes": path.stat().st_size,
        "records": records,
    }
