"""Lines found again in their files by their digests, as the ledger has them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from crawler.data_dir import lines_now
from crawler.storage import open_file

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def lines_with(data_dir: Path, jsonl: str, digests: Collection[str]) -> dict[str, dict[str, Any]]:
    """By digest, the lines of a file whose SHA-256, line feed included, is one of `digests` (hex).

    `jsonl` is the file's published name, relative to `data_dir`; while its run is on it is read
    under the name it has until then. The file is read once, line by line. What isn't there is left
    out. Raises OSError where a file can't be read.
    """
    path = lines_now(data_dir, jsonl)
    found: dict[str, dict[str, Any]] = {}
    if path is None:
        return found
    with open_file(path) as lines:
        for line in lines:
            digest = hashlib.sha256(line).hexdigest()
            if digest in digests:
                found[digest] = json.loads(line)
    return found
