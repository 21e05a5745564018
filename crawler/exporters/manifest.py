"""The rows of a manifest: published files with their digests, of a part or of a whole run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from crawler.archive.compression import members
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def rows_of(data_dir: Path, files: Iterable[Path]) -> list[dict[str, Any]]:
    """One row a file, sorted by path: path relative to DATA_DIR, hex SHA-256, size in bytes, and
    how many WARC records, JSONL lines or CDXJ lines it holds. Raises StorageError."""
    try:
        return [_row(data_dir, path) for path in sorted(files)]
    except OSError as error:
        raise StorageError.of("reading", data_dir, error) from error


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
