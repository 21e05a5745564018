"""What small crawls write is what `written.txt` says: no change of it goes unnoticed."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from tests.golden.crawls import WRITTEN, written

if TYPE_CHECKING:
    from pathlib import Path


def test_the_crawls_write_what_they_wrote(tmp_path: Path) -> None:
    """Where a change is meant, `make golden` writes the file again; its diff shows the change."""
    before, now = WRITTEN.read_text().splitlines(), written(tmp_path).splitlines()
    assert "\n".join(unified_diff(before, now, "written.txt", "now", n=1, lineterm="")) == ""
