"""What a small crawl writes is what `written.txt` says: no change of it goes unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.crawls import WRITTEN, written

if TYPE_CHECKING:
    from pathlib import Path


def test_the_crawls_write_what_they_wrote(tmp_path: Path) -> None:
    """Where a change is meant, `make golden` writes the file again; its diff shows the change."""
    assert written(tmp_path).splitlines() == WRITTEN.read_text().splitlines()
